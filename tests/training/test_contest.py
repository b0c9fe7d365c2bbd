"""Whether a new model may take the old one's place, told from a comparison."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasets.errors import DataError
from datasets.splits import read_splits
from tests.datasets.sets import line, write_data
from training.apart import check_unseen
from training.compare import Comparison, Difference
from training.contest import judge

RECALL = "machines found (recall)"
PRECISION = "machines reported that are some (precision)"
WRONG = "named wrong"


def compared(*rows: tuple[str, float | None, float | None]) -> Comparison:
    """A comparison with these intervals of new minus old."""
    differences = []
    for of, low, high in rows:
        middle = None if low is None or high is None else (low + high) / 2
        new = None if middle is None else 0.5 + middle
        differences.append(Difference(of, 0.5, new, low, high))
    return Comparison("a" * 64, "b" * 64, tuple(differences), (), (), 1.0)


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        pytest.param([(RECALL, 0.01, 0.05)], "better", id="a gain, no loss"),
        pytest.param([(RECALL, -0.04, 0.02)], "no worse", id="within the margin"),
        pytest.param([(RECALL, 0.0, 0.0), (WRONG, 0.0, 0.0)], "no worse", id="the same"),
        pytest.param([(RECALL, -0.05, -0.01)], "worse", id="a loss"),
        pytest.param([(RECALL, 0.1, 0.2), (PRECISION, -0.2, -0.1)], "worse", id="paid for"),
        pytest.param([(RECALL, 0.1, 0.2), (WRONG, 0.01, 0.05)], "worse", id="wrong names"),
        pytest.param([(RECALL, 0.0, 0.0), (WRONG, -0.05, -0.01)], "better", id="fewer wrong"),
        pytest.param([(RECALL, -0.1, 0.1)], "unclear", id="too few pictures"),
        pytest.param([(RECALL, 0.1, 0.2), (PRECISION, -0.1, 0.1)], "unclear", id="gain and doubt"),
        pytest.param([(PRECISION, 0.1, 0.2)], "unclear", id="nothing found was measured"),
        pytest.param([(RECALL, 0.0, 0.0), ("unseen", -0.5, -0.4)], "no worse", id="not asked"),
    ],
)
def test_what_a_comparison_says(rows: list[tuple[str, float, float]], wanted: str) -> None:
    judgement, reasons = judge(compared(*rows), 60, 20)
    assert judgement == wanted and reasons


def test_the_reasons_say_by_how_much() -> None:
    _, reasons = judge(compared((RECALL, -0.05, -0.01)), 60, 20)
    assert reasons == ("machines found (recall): -3.0 points (-5.0 to -1.0)",)


@pytest.mark.parametrize(("machines", "sources"), [(59, 20), (60, 19), (0, 0)])
def test_a_small_set_can_say_worse_but_never_that_all_is_well(machines: int, sources: int) -> None:
    """Eight machines that both models find are no sign that the new one misses no more."""
    for low, high in ((0.0, 0.0), (0.1, 0.2)):
        judgement, [reason] = judge(compared((RECALL, low, high)), machines, sources)
        assert judgement == "unclear" and f"{machines} machines of {sources} sources" in reason
    assert judge(compared((RECALL, -0.2, -0.1)), machines, sources)[0] == "worse"


def test_two_models_that_find_nothing_are_no_sign_either() -> None:
    nothing = Comparison("a" * 64, "b" * 64, (Difference(RECALL, 0, 0, 0, 0),), (), (), 1.0)
    judgement, reasons = judge(nothing, 500, 100)
    assert judgement == "unclear" and "finds no machine" in reasons[0]


def test_a_validation_set_that_was_learnt_from_is_refused(tmp_path: Path) -> None:
    learnt = read_splits(write_data(tmp_path / "a", {"train": [line(source="Hall 7 ")]}))["train"]
    same = write_data(tmp_path / "b", {"val": [line("x.png"), line("y.png", source="hall 7")]})
    with pytest.raises(DataError, match="source 'hall 7' is learnt from as well"):
        check_unseen(learnt, same)
    other = write_data(tmp_path / "c", {"val": [line("y.png", source="hall 8")]})
    with pytest.raises(DataError, match="the same picture is learnt from"):
        check_unseen(learnt, other)
    (other / "val" / "images" / "y.png").write_bytes(
        (same / "val" / "images" / "y.png").read_bytes()
    )
    check_unseen(learnt, other)
