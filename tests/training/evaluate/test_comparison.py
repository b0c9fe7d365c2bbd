"""Two runs on the same pictures, and whether the new model may take the old one's place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datasets.errors import DataError
from datasets.photographs.splits import read_splits
from tests.datasets.sets import empty, line, write_data
from tests.tables import cases
from training.evaluate.comparison import (
    BESIDES,
    JUDGED,
    MeasureDifference,
    ModelComparison,
    compare,
    judge,
    read_report,
)
from training.evaluate.page import comparison_blocks
from training.weights import check_unlearnt, traces_of

SOURCES = 20
RECALL = "machines found (recall)"
PRECISION = "machines reported that are some (precision)"
MARKS = "legible builder marks found"
RIGHT, WRONG = "named right", "named wrong"
FALSE, SURELY = "false names a picture", "surely false names a picture"


def evaluation(rows: list[tuple[str, int, int, str]], model: str = "a") -> dict[str, Any]:
    """Of each picture: source, machines wanted and found, and the outcome of its case, if any."""
    return {
        "version": 2,
        "split": "val",
        "data_sha256": "d" * 64,
        "model_sha256": model * 64,
        "by_picture": [
            {"picture": f"images/{n}.jpg", "source": source, "wanted": wanted, "found": found,
             "reported": wanted, "hits": found, "marks": int(wanted > 0),
             "marks_found": int(wanted > 0)}
            for n, (source, wanted, found, _) in enumerate(rows)
        ],
        "cases": [
            {"picture": f"images/{n}.jpg", "source": source, "machine": 0, "truth": "mazak",
             "outcome": outcome}
            for n, (source, _, _, outcome) in enumerate(rows)
            if outcome
        ],
        "false_names": [],
    }  # fmt: skip


def report(right: set[int], model: str = "a", found: int = 1) -> dict[str, Any]:
    """One case a picture, one picture a source; those in `right` named right."""
    outcomes = ["right" if n in right else "unknown" for n in range(SOURCES)]
    return evaluation([(f"s{n}", 2, found, said) for n, said in enumerate(outcomes)], model)


def difference(compared: ModelComparison, of: str) -> MeasureDifference:
    return next(one for one in compared.differences if one.of == of)


def test_a_better_run_is_told_from_chance():
    compared = compare(report(set(range(5))), report(set(range(15)), "b"))
    right = difference(compared, "named right")
    assert (right.old, right.new, right.change) == (0.25, 0.75, 0.5)
    assert right.low is not None and right.low > 0
    assert len(compared.gained) == 10 and compared.lost == ()
    # Ten of ten discordant cases one way: 2 * 0.5 ** 10.
    assert compared.chance == pytest.approx(2 * 0.5**10)


def test_gains_and_losses_that_balance_are_no_change():
    compared = compare(report({0, 1, 2}), report({2, 3, 4}))
    right = difference(compared, "named right")
    assert right.change == 0 and right.low is not None and right.high is not None
    assert right.low < 0 < right.high
    assert compared.gained == ("3.jpg mazak", "4.jpg mazak")
    assert compared.lost == ("0.jpg mazak", "1.jpg mazak")
    assert compared.chance == 1.0


def test_the_same_run_twice_differs_nowhere():
    compared = compare(report({1}), report({1}))
    assert all((d.low, d.high) in ((0, 0), (None, None)) for d in compared.differences)
    # Nothing outside the registry was there: no share, no interval.
    assert difference(compared, "outside the registry, named wrong").old is None


def test_detection_is_compared_picture_by_picture():
    compared = compare(report(set(), found=1), report(set(), found=2))
    recall = difference(compared, "machines found (recall)")
    assert (recall.old, recall.new, recall.low, recall.high) == (0.5, 1.0, 0.5, 0.5)
    assert (recall.cases, recall.sources) == (2 * SOURCES, SOURCES)


def test_only_sources_that_have_any_count_and_each_once_however_spelt():
    old, new = report(set()), report(set())
    for one in (old, new):
        rows = one["by_picture"]
        rows[0]["marks"] = rows[1]["wanted"] = 0
        rows[2]["source"] = " S3"
    compared = compare(old, new)
    recall = difference(compared, "machines found (recall)")
    marks = difference(compared, "legible builder marks found")
    assert (recall.cases, recall.sources) == (2 * SOURCES - 2, SOURCES - 2)
    assert (marks.cases, marks.sources) == (SOURCES - 1, SOURCES - 2)
    outside = difference(compared, "outside the registry, named wrong")
    assert (outside.cases, outside.sources) == (0, 0)


def test_an_interval_of_few_cases_or_sources_is_marked_however_narrow_it_is():
    """From one source every draw is the same: an interval without width is no certainty."""
    old, new = report(set(), found=1), report(set(), found=2)
    for one in (old, new):
        for row in one["by_picture"]:
            row["source"] = "s0"
            row["wanted"] *= 30
    table = comparison_blocks(compare(old, new))[1]
    assert "| machines found (recall) | 1.7 % | 3.3 % | +1.7 | +1.7 to +1.7 (too few) |" in table
    assert "| 1200 | 1 |" in table
    for one in (old, new):
        for number, row in enumerate(one["by_picture"]):
            row["source"] = f"s{number}"
    table = comparison_blocks(compare(old, new))[1]
    assert "+1.7 to +1.7 | 1200 | 20 |" in table


def test_machines_whose_builder_only_one_registry_has_are_not_compared():
    """Naming them is right in one run and wrong in the other."""
    old, new = report({0, 1}), report({0, 1, 5, 6, 7})
    for case in old["cases"][5:8]:
        case["truth"] = "x-mazak"
    compared = compare(old, new)
    right = difference(compared, "named right")
    assert (right.old, right.new, right.cases) == (2 / 17, 2 / 17, 17)
    assert (compared.gained, compared.chance, compared.left_out) == ((), 1.0, 3)
    assert "only one run's registry has their builders: 3." in comparison_blocks(compared)[2]
    assert not any("left out" in block for block in comparison_blocks(compare(old, old)))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("", "cannot be read", id="empty"),
        pytest.param("[]", "no evaluation.json", id="another file"),
        pytest.param(json.dumps({"cases": [], "version": 1}), "measure that model again", id="old"),
    ],
)
def test_a_file_that_is_no_evaluation_is_named(tmp_path, text, complaint):
    file = tmp_path / "old.json"
    file.write_text(text)
    with pytest.raises(DataError, match=complaint):
        read_report(file, "val", "d" * 64)
    with pytest.raises(DataError, match=r"none\.json: cannot be read"):
        read_report(tmp_path / "none.json", "val", "d" * 64)


def test_other_data_is_refused(tmp_path):
    file = tmp_path / "old.json"
    file.write_text(json.dumps(report(set())))
    assert read_report(file, "val", "d" * 64) == report(set())
    with pytest.raises(DataError, match="split 'val', this run is on 'train'"):
        read_report(file, "train", "d" * 64)
    with pytest.raises(DataError, match=r"old\.json: measured on other pictures"):
        read_report(file, "val", "e" * 64)


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


@pytest.mark.parametrize(("case", "wanted", "intervals"), cases("judgements", "judged"))
def test_what_a_comparison_says(case, wanted, intervals):
    """Each interval as `measure: low high`, of new minus old."""
    rows = [(of, *map(float, ends.split())) for of, _, ends in
            (text.partition(": ") for text in intervals.split("; "))]  # fmt: skip
    judgement, reasons = judge(compared(*rows))
    assert (judgement, bool(reasons)) == (wanted, True), case


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
    machines = [(f"plant {n % plants}", 1, int(n < found), "right") for n in range(60)]
    return evaluation(machines + [(f"elsewhere {n}", 0, 0, "") for n in range(19)])


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
    data = write_data(tmp_path / "a", {"train": [line(source="Hall 7 ")]})
    learnt = traces_of(read_splits(data)["train"])
    same = write_data(tmp_path / "b", {"val": [line("x.png"), line("y.png", source="hall 7")]})
    with pytest.raises(DataError, match="source 'hall 7' is learnt from as well"):
        check_unlearnt(learnt, tmp_path, same)
    other = write_data(tmp_path / "c", {"val": [line("y.png", source="hall 8")]})
    with pytest.raises(DataError, match="the same picture is learnt from"):
        check_unlearnt(learnt, tmp_path, other)
    (other / "val" / "images" / "y.png").write_bytes(
        (same / "val" / "images" / "y.png").read_bytes()
    )
    check_unlearnt(learnt, tmp_path, other)


def test_the_same_footage_under_two_names_is_known_by_its_hash(tmp_path):
    """As where two cases call its publisher or plant differently."""
    clip = {"footage": "ab" * 32, "pts": "1/2"}
    data = write_data(tmp_path / "a", {"val": [empty()], "train": [line(origin=clip)]})
    learnt = traces_of(read_splits(data)["train"])
    held = write_data(tmp_path / "b", {"val": [line("y.png", source="Zavod TV", origin=clip)]})
    with pytest.raises(DataError, match=r"y\.png: footage abababababab is learnt from as well"):
        check_unlearnt(learnt, tmp_path, held)
    for number, origin in enumerate(("ab" * 32, {"footage": None}, {"footage": "cd" * 32})):
        other = {"val": [line(source="another", origin=origin)]}
        check_unlearnt(learnt, tmp_path, write_data(tmp_path / str(number), other))


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
