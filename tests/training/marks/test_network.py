"""Learning on from a model of marks, of which no run is at hand."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.errors import ModelError, UsageError
from datasets.registry import Registry, load_registry
from detector.read.logo_files import PACKAGED, Embedder, read_folder
from training.marks.network import find_start, take_over
from training.marks.train import train_marks

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="training needs the extra nameplate[train]"
)


def test_what_ships_is_taken_over_whole_and_can_be_trained() -> None:
    import torch

    from training.marks.network import build_network

    rng = np.random.default_rng(0)
    looks = [rng.integers(0, 256, (8, 32, 128)).astype(np.uint8) for _ in range(8)]
    network = build_network()
    take_over(network, find_start(PACKAGED), looks)
    pictures = np.concatenate(looks)
    _, files = read_folder(PACKAGED)
    shipped = Embedder(files["marks.xml"], files["marks.bin"], 1).embed(list(pictures))
    both = torch.from_numpy(np.stack([pictures, 255 - pictures]).astype(np.float32))[:, :, None]

    def said(network: Any) -> NDArray[np.float32]:
        with torch.no_grad():
            vectors = (network(both[0]) + network(both[1])).numpy()
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    assert np.abs(said(network.eval()) - shipped).max() < 1e-4
    # As it learns, each layer is brought to mean 0 and spread 1 batch by batch: what was learnt
    # is lost there unless the norms know of it.
    assert (said(network.train()) * shipped).sum(axis=1).min() > 0.999


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    broken = Path(shutil.copytree(PACKAGED, tmp_path / "model"))
    (broken / "marks.bin").write_bytes(b"no weights")
    with pytest.raises(ModelError, match=r"marks\.bin"):
        find_start(broken)


def test_a_model_says_which_builders_it_has_learnt(made_data: Path, tmp_path: Path) -> None:
    """OKUMA is among those kept aside to measure adding builders; what ships has learnt it."""
    okuma = Registry([load_registry().get("okuma")])
    with pytest.raises(UsageError, match="trained on okuma"):
        train_marks(made_data, tmp_path / "run", registry=okuma, start=PACKAGED)
