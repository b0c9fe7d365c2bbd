"""The whole evaluation, on a few of the labelled photographs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.evaluate import Parts, evaluate

PICTURES = ("m248", "m251", "s075", "s077", "m053")
"""Four machines of Hurco's and one of Goodway's, of photographs never trained on."""


@pytest.fixture
def few(tmp_path: Path, shared: Path) -> Path:
    """A data set of these photographs and one negative."""
    held = tmp_path / "data" / "val"
    (held / "images").mkdir(parents=True)
    lines, negatives = [], 0
    for line in (shared / "data" / "val" / "annotations.jsonl").read_text("utf-8").splitlines():
        said = json.loads(line)
        wanted = Path(said["image"]).stem in PICTURES
        if wanted or (said["scene"] == "negative" and not negatives):
            negatives += not wanted
            lines.append(line)
            picture = shared / "data" / "val" / said["image"]
            (held / said["image"]).symlink_to(picture)
    (held / "annotations.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return tmp_path / "data"


def test_builders_are_named_and_left_unknown_where_the_registry_lacks_them(
    few: Path,
) -> None:
    stages: set[str] = set()
    report = evaluate(
        few, parts=Parts(open_set=1), progress=lambda stage, done, total: stages.add(stage)
    )
    assert report.pictures == 6
    outcomes = {(case.truth, case.outcome) for case in report.named.cases}
    assert outcomes == {("hurco", "right"), ("goodway", "right")}
    assert report.open_set is not None
    (hurco,) = report.open_set.held_out
    assert (hurco.builder, hurco.named.hits, hurco.wrong) == ("hurco", 0, ())
    assert hurco.named.total >= 3
    assert (hurco.others_right.hits, hurco.others_right.total) == (1, 1)
    assert stages == {"detecting", "naming", "open set", "open set, without hurco"}
