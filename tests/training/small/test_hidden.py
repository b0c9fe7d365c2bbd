"""What the network for hidden marks learns from, and that it can be trained and exported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detector.read.concealment import CELL, ConcealmentDetector
from training.small.hidden import (
    PATCH,
    Ground,
    Patch,
    build_network,
    draw_patch,
    export,
    hide,
    teach,
)


@pytest.fixture(scope="module")
def grounds() -> list[Ground]:
    """Two pictures full of letters' worth of edges, one with a mark."""
    rng = np.random.default_rng(3)
    tiles = rng.integers(0, 255, (30, 40, 3), np.uint8)
    picture = np.kron(tiles, np.ones((10, 10, 1), np.uint8))
    return [Ground(picture, ((100.0, 100.0, 220.0, 140.0),)), Ground(picture[::-1].copy(), ())]


def patches(grounds: list[Ground], count: int = 60) -> list[Patch]:
    return [draw_patch(np.random.default_rng([7, n]), grounds) for n in range(count)]


def test_a_patch_says_which_cells_are_hidden(grounds: list[Ground]) -> None:
    drawn = patches(grounds)
    side = PATCH // CELL
    for patch in drawn:
        assert patch.picture.shape == (PATCH, PATCH, 3) and patch.picture.dtype == np.uint8
        assert patch.hidden.shape == patch.weight.shape == (side, side)
        assert set(np.unique(patch.hidden)) <= {0.0, 1.0}
    hiding = sum(patch.hidden.any() for patch in drawn)
    assert 10 < hiding < 40
    again = draw_patch(np.random.default_rng([7, 5]), grounds)
    assert (again.picture == drawn[5].picture).all() and (again.hidden == drawn[5].hidden).all()


def test_on_a_bare_sheet_nobody_is_asked_what_is_hidden() -> None:
    bare = Ground(np.full((400, 400, 3), 180, np.uint8), ())
    drawn = patches([bare])
    assert not any(patch.hidden.any() for patch in drawn)
    assert any((patch.weight == 0).any() for patch in drawn)


@pytest.mark.parametrize("seed", range(12))
def test_hiding_takes_the_edges_away(seed: int) -> None:
    picture = np.random.default_rng(3).integers(0, 255, (300, 400, 3), np.uint8)
    before = picture[100:140, 100:220].astype(float)
    result = hide(np.random.default_rng(seed), picture, (100, 100, 220, 140), 40.0).astype(float)
    assert result.shape == before.shape
    steps = [np.abs(np.diff(part, axis=1)).mean() for part in (before, result)]
    assert steps[1] < 0.5 * steps[0]


def test_it_learns_and_what_is_exported_says_the_same(
    grounds: list[Ground], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr("training.small.hidden.BATCH", 4)
    network = teach(grounds, 3, 0, tmp_path)
    export(network, tmp_path, {"steps": 3, "seed": 0})
    picture = patches(grounds, 1)[0].picture
    chances, scale = ConcealmentDetector(1, tmp_path).chances(picture)
    fed = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        expected = torch.sigmoid(network(fed))[0].numpy()
    assert scale == 1 and np.abs(chances - expected).max() < 0.02
    untrained = build_network().eval()
    with torch.no_grad():
        assert np.abs(torch.sigmoid(untrained(fed))[0].numpy() - expected).max() > 0.001
