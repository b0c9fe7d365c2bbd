"""The scout learns, goes on where it was stopped, ships, and its curve says what it loses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.errors import DataError
from detector.look.scout import Scout
from detector.types import MACHINE
from tests.training.conftest import NEEDS_TORCH, SIDE, write_made_data
from training.fit import Step
from training.machines.scout import (
    LOSSES,
    TrainedScout,
    curve_of,
    read_frames,
    read_pool,
    train_scout,
)

pytestmark = [*NEEDS_TORCH, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
SAMPLES = 64 * 2


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Bright boxes are machines; `pool` holds dark floors. Each picture is of its own source."""
    folder = write_made_data(tmp_path_factory.mktemp("made") / "data", {"train": 9, "val": 4})
    table = folder / "train" / "annotations.jsonl"
    rows = [json.loads(line) for line in table.read_text("utf-8").splitlines()]
    named = [json.dumps(row | {"source": f"made-{number}"}) for number, row in enumerate(rows)]
    table.write_text("\n".join(named) + "\n", "utf-8")
    (folder / "pool").mkdir()
    rng = np.random.default_rng(1)
    lines = []
    for number in range(9):
        dark = rng.integers(0, 60, (SIDE, SIDE, 3), dtype=np.uint8)
        Image.fromarray(dark).save(folder / "pool" / f"{number}.png")
        lines.append(json.dumps({"image": f"{number}.png", "source": f"dark-{number}"}))
    (folder / "pool" / "sources.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def learn(data: Path, start: Path, out: Path, stop_after: int | None = None) -> TrainedScout:
    seen = 0

    def stop(name: str, step: Step) -> None:
        nonlocal seen
        seen += 1
        if seen == stop_after:
            raise KeyboardInterrupt

    return train_scout(data, start, out, samples=SAMPLES, device="cpu", progress=stop)


def test_the_scout_learns_and_goes_on_where_it_was_stopped(data, start, tmp_path):
    whole = learn(data, start, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        learn(data, start, tmp_path / "stopped", stop_after=3)
    went_on = learn(data, start, tmp_path / "stopped")
    assert went_on.file.with_suffix(".bin").read_bytes() == (
        whole.file.with_suffix(".bin").read_bytes()
    )
    assert went_on.curve == whole.curve
    thresholds, losses, passed = zip(*whole.curve, strict=True)
    assert list(losses) == list(LOSSES)
    assert sorted(thresholds) == list(thresholds) and sorted(passed) == list(passed)
    card = json.loads(whole.file.with_suffix(".json").read_text("utf-8"))
    assert card["val"]["rows"] == whole.measured and card["val"]["machines"] == 4


def test_the_curve_states_the_share_that_is_lost():
    shown, others = np.linspace(0.5, 1, 1000), np.linspace(0, 0.6, 600)
    for threshold, lost, passed in curve_of(shown, others):
        assert (shown < threshold).mean() == pytest.approx(lost, abs=0.0011)
        assert (others < threshold).mean() == pytest.approx(passed, abs=1e-3)
    with pytest.raises(DataError, match="without any"):
        curve_of(shown, np.zeros(0))


def test_the_shipped_scout_loses_little_that_it_never_saw(shared, tmp_path):
    """On val one frame in 256 was lost; those with a machine are real plants and products."""
    scout = Scout.open()
    shown = [one for one in read_frames(shared / "data" / "val") if MACHINE in one.kinds]
    scores = scout.scores([one.picture for one in shown])
    assert (scores < scout.threshold).mean() < 0.02
    pool = shared / "data" / "pool"
    (tmp_path / "images").symlink_to(pool / "images")
    lines = (pool / "sources.jsonl").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "sources.jsonl").write_text("".join(lines[::4]), "utf-8")
    others = scout.scores([one.picture for one in read_pool(tmp_path)])
    assert (others < scout.threshold).mean() > 0.3
