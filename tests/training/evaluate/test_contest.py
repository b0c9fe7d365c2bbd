"""Whether a new model may take the old one's place, told from a comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datasets.errors import DataError
from datasets.photographs.writing import read_splits
from tests.datasets.sets import empty, line, write_data
from training.evaluate.comparison import MeasureDifference, ModelComparison, compare
from training.evaluate.contest import BESIDES, JUDGED, judge
from training.weights import check_unlearnt, check_unseen, traces_of

RECALL = "machines found (recall)"
PRECISION = "machines reported that are some (precision)"
MARKS = "legible builder marks found"
RIGHT, WRONG = "named right", "named wrong"
FALSE, SURELY = "false names a picture", "surely false names a picture"


def compared(
    *rows: tuple[str, float, float], few: tuple[str, ...] = (), cases: int = 60, sources: int = 20
) -> ModelComparison:
    """A comparison with these intervals of new minus old; no other measure changed.

    few: measures of so many cases and sources, where the others have enough.
    """
    ends = dict.fromkeys(JUDGED, (0.0, 0.0)) | {of: (low, high) for of, low, high in rows}
    differences = [
        MeasureDifference(
            of, 0.5, 0.5 + (low + high) / 2, low, high,
            *((cases, sources) if of in few or not few else (60, 20)),
        )
        for of, (low, high) in ends.items()
    ]  # fmt: skip
    return ModelComparison("a" * 64, "b" * 64, tuple(differences), (), (), 1.0)


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
        pytest.param([(RECALL, 0.1, 0.2), (WRONG, 0.0, 0.04)], "unclear", id="some more wrong"),
        pytest.param([(SURELY, 0.0, 0.01)], "unclear", id="a wrong name more, anywhere"),
        pytest.param([(FALSE, 0.0, 0.01)], "no worse", id="a name more that may be right"),
        pytest.param([(RECALL, -0.1, 0.1)], "unclear", id="too few pictures"),
        pytest.param([(RECALL, 0.1, 0.2), (PRECISION, -0.1, 0.1)], "unclear", id="gain and doubt"),
        pytest.param([(RECALL, 0.1, 0.2), (MARKS, -0.2, -0.1)], "worse", id="marks lost"),
        pytest.param([(RECALL, 0.0, 0.0), ("unseen", -0.5, -0.4)], "no worse", id="not asked"),
    ],
)
def test_what_a_comparison_says(rows, wanted):
    judgement, reasons = judge(compared(*rows))
    assert judgement == wanted and reasons


def test_the_reasons_say_by_how_much():
    _, reasons = judge(compared((RECALL, -0.05, -0.01)))
    assert reasons == ("machines found (recall): -3.0 points (-5.0 to -1.0)",)


@pytest.mark.parametrize(("cases", "sources"), [(59, 20), (60, 19), (0, 0)])
def test_a_small_set_can_say_worse_but_never_that_all_is_well(cases, sources):
    """Eight machines that both models find are no sign that the new one misses no more."""
    for low, high in ((0.0, 0.0), (0.1, 0.2)):
        small = compared((RECALL, low, high), few=(RECALL,), cases=cases, sources=sources)
        judgement, [reason] = judge(small)
        assert judgement == "unclear" and f"{cases} cases of {sources} sources" in reason
    small = compared((RECALL, -0.2, -0.1), cases=cases, sources=sources)
    assert judge(small)[0] == "worse"


@pytest.mark.parametrize("of", sorted(set(JUDGED) - {BESIDES}))
def test_every_measure_needs_enough_of_its_own(of):
    judgement, reasons = judge(compared((RECALL, 0.01, 0.05), few=(of,), cases=5, sources=3))
    assert (judgement, len(reasons)) == ("unclear", 1)
    assert reasons[0].startswith(f"{of}: the validation set has 5 cases of 3 sources")


def test_builders_outside_the_registry_may_be_few_but_then_they_speak_for_nobody():
    few = {"few": (BESIDES,), "cases": 9, "sources": 6}
    assert judge(compared((BESIDES, -0.3, -0.1), **few))[0] == "no worse"  # type: ignore[arg-type]
    assert judge(compared((BESIDES, -0.1, 0.1), **few))[0] == "unclear"  # type: ignore[arg-type]
    assert judge(compared((BESIDES, 0.1, 0.3), **few))[0] == "worse"  # type: ignore[arg-type]


def measured(found: int, plants: int = 1) -> dict[str, Any]:
    """Sixty machines, `found` of them, spread over so many plants; and a negative each of 19 more
    sources."""
    machines = [(f"plant {number % plants}", 1, int(number < found)) for number in range(60)]
    rows = machines + [(f"elsewhere {number}", 0, 0) for number in range(19)]
    return {
        "model_sha256": "a" * 64,
        "by_picture": [
            {"picture": f"images/{number}.jpg", "source": source, "wanted": wanted, "found": hit,
             "reported": wanted, "hits": hit, "marks": wanted, "marks_found": wanted}
            for number, (source, wanted, hit) in enumerate(rows)
        ],
        "cases": [
            {"picture": f"images/{number}.jpg", "source": source, "machine": 0, "truth": "mazak",
             "outcome": "right"}
            for number, (source, _, _) in enumerate(machines)
        ],
        "false_names": [],
    }  # fmt: skip


def test_machines_of_one_plant_are_one_source_whatever_else_the_set_shows():
    """Whatever sources are drawn, the difference is the same: an interval without width."""
    judgement, reasons = judge(compare(measured(50), measured(51)))
    assert judgement == "unclear" and "60 cases of 1 sources" in reasons[0]
    # Nor does it help to spell the plant in twenty ways.
    spelt = measured(50), measured(51)
    for report in spelt:
        for number, row in enumerate(report["by_picture"][:60]):
            row["source"] = " " * (number % 20) + "Plant"
    judgement, reasons = judge(compare(*spelt))
    assert judgement == "unclear" and "60 cases of 1 sources" in reasons[0]
    assert judge(compare(measured(0, plants=20), measured(60, plants=20)))[0] == "unclear"
    assert judge(compare(measured(20, plants=20), measured(60, plants=20)))[0] == "better"


def test_a_model_that_finds_more_but_names_a_builder_where_none_is_is_not_called_better():
    """Once in 79 pictures is within the margin that missed machines have."""
    old, new = measured(20, plants=20), measured(60, plants=20)
    assert judge(compare(old, new))[0] == "better"
    for why, wanted in (("negative", "unclear"), ("other", "unclear"), ("nothing", "better")):
        new["false_names"] = [{"picture": "images/70.jpg", "why": why}]
        judgement, reasons = judge(compare(old, new))
        assert judgement == wanted
        assert judge(compare(new, new))[0] == "no worse"
        if wanted == "unclear":
            assert reasons == ("surely false names a picture: +1.3 points (+0.0 to +4.3)",)


def test_two_models_that_find_nothing_are_no_sign_either():
    nothing = compare(measured(0, plants=20), measured(0, plants=20))
    judgement, reasons = judge(nothing)
    assert judgement == "unclear" and "finds no machine" in reasons[0]


def test_a_validation_set_that_was_learnt_from_is_refused(tmp_path):
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


def test_the_same_footage_under_two_names_is_known_by_its_hash(tmp_path):
    """As where two cases call its publisher or plant differently."""
    clip = {"footage": "ab" * 32, "pts": "1/2"}
    data = write_data(tmp_path / "a", {"val": [empty()], "train": [line(origin=clip)]})
    learnt = read_splits(data)["train"]
    held = write_data(tmp_path / "b", {"val": [line("y.png", source="Zavod TV", origin=clip)]})
    with pytest.raises(DataError, match=r"y\.png: footage abababababab is learnt from as well"):
        check_unseen(learnt, held)
    for number, origin in enumerate(("ab" * 32, {"footage": None}, {"footage": "cd" * 32})):
        other = {"val": [line(source="another", origin=origin)]}
        check_unseen(learnt, write_data(tmp_path / str(number), other))


def test_a_model_knows_what_it_learnt_from_by_hashes_alone(tmp_path):
    clip = {"footage": "ab" * 32, "pts": "1/2"}
    data = write_data(tmp_path / "a", {"train": [line(origin=clip), line("b.png")]})
    traces = traces_of(read_splits(data)["train"])
    # Two pictures, a source, a piece of footage.
    assert len(traces) == 4 and {len(trace) for trace in traces} == {16}
    for changed, what in (
        ({"source": " HALL 7"}, "source ' HALL 7'"),
        ({"source": "other", "origin": clip}, "footage ab"),
        ({"source": "other"}, "the same picture"),
    ):
        held = write_data(tmp_path / what[:12], {"val": [line(**changed)]})
        with pytest.raises(DataError, match=rf"a\.png: {what}.* is learnt from as well \(old\)"):
            check_unlearnt(traces, Path("old"), held)
        check_unlearnt(None, Path("old"), held)


def test_a_model_of_which_nobody_knows_what_it_learnt_from_is_never_found_better():
    gain, loss = compared((RECALL, 0.01, 0.05)), compared((RECALL, -0.05, -0.01))
    judgement, [reason] = judge(gain, recorded=False)
    assert judgement == "unclear" and "nobody recorded all that the new model learnt" in reason
    assert judge(loss, recorded=False)[0] == "worse"
