"""Which sentence is said, and what stands in the way of a stronger one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.errors import UsageError
from datasets.registry import Registry, load_registry
from evidence.answer.estimators.detectable import noticed
from evidence.answer.percentages import above
from evidence.answer.question import ADJECTIVES, Question
from evidence.answer.report.page import FIGURES, figures_for
from evidence.answer.sentence import CONFIRMED_MEANS, Counts, Kind, say

NONE = Counts(
    machines=200,
    different=200,
    confirmed=0,
    least=0,
    plants=0,
    probable=0,
    unknown=50,
    waiting=0,
    judged=40,
)
WELL = noticed([10] * 20, 45, 50)


def test_a_zero_comes_with_what_would_have_been_noticed() -> None:
    said = say("Chinese", NONE, WELL)
    assert said.kind is Kind.NONE
    assert f"a share above {above(WELL.share)} would have been noticed" in said.sentence


@pytest.mark.parametrize(
    ("counts", "among"),
    [
        ({"unknown": 0}, "among 200 machines;"),
        ({}, "among 200 machines, 50 of them of unknown builder;"),
        (
            {"unknown": 0, "different": 60},
            "among at least 60 machines that must be different ones (200 counted);",
        ),
        (
            {"different": 60},
            "among at least 60 machines that must be different ones (200 counted, 50 of them of "
            "unknown builder);",
        ),
    ],
)
def test_it_says_among_how_many_there_is_none(counts: dict[str, int], among: str) -> None:
    assert among in say("Chinese", replace(NONE, **counts), WELL).sentence


@pytest.mark.parametrize(("share", "told"), [(0.0404, "4.1 %"), (0.04, "4.0 %"), (0.0002, "0.1 %")])
def test_no_smaller_share_is_said_to_be_noticed_than_would_be(share: float, told: str) -> None:
    said = say("Chinese", NONE, replace(WELL, share=share))
    assert f"a share above {told} would have been noticed" in said.sentence


@pytest.mark.parametrize(
    ("counts", "seen", "why"),
    [
        (NONE, noticed([10] * 20, 0, 0), "not measured"),
        (NONE, noticed([6], 45, 50), "only a share above 77.1 % would have been noticed"),
        (NONE, noticed([2], 45, 50), "because no share is sure to have been noticed."),
        (replace(NONE, waiting=3), WELL, "people have not settled 3 claims"),
        (replace(NONE, machines=0, different=0), noticed([], 45, 50), "no CNC machine"),
        (
            replace(NONE, different=2),
            noticed([2], 45, 50),
            "because of 200 machines counted only 2 are sure to be different ones; no share",
        ),
        (replace(NONE, judged=0), WELL, "because people have judged no machine found in it."),
        (replace(NONE, judged=0, pending=1), WELL, "people have settled no machine found in it; "),
        (replace(NONE, pending=2), WELL, "verdicts on 2 machines wait for others to agree"),
        (replace(NONE, in_frames=1), WELL, "people saw such a machine in 1 frame"),
    ],
    ids=[
        "no controls",
        "too few machines",
        "none is sure",
        "claims wait",
        "no machine",
        "few are sure to be different",
        "nothing is judged",
        "nothing is settled",
        "verdicts wait",
        "frames",
    ],
)
def test_the_footage_cannot_tell(counts: Counts, seen: object, why: str) -> None:
    said = say("Chinese", counts, seen)  # type: ignore[arg-type]
    assert said.kind is Kind.OPEN
    assert said.sentence.startswith("The footage cannot tell, because")
    assert why in said.sentence


def test_what_is_not_confirmed_is_not_said_to_be() -> None:
    said = say("Chinese", replace(NONE, probable=2, waiting=2), WELL)
    assert said.kind is Kind.PROBABLE
    assert said.sentence == "Nothing is confirmed; 2 machines may be of Chinese make."


def test_confirmed_counts_machines_and_plants() -> None:
    said = say("Chinese", replace(NONE, confirmed=3, least=3, plants=1, probable=4), WELL)
    assert said.sentence == "Confirmed: at least 3 machines of Chinese make in 1 plant."


def test_what_would_have_been_noticed_is_said_with_its_probability_and_condition() -> None:
    means = say("Chinese", NONE, WELL).means
    assert "with a probability of 95 %, if such machines are recognised no less often" in means
    assert "a smaller share may stand there unnoticed" in means


def test_what_confirmed_means_stands_with_it_and_with_nothing_else() -> None:
    said = say("Chinese", replace(NONE, confirmed=3, least=3, plants=1), WELL)
    assert said.means == CONFIRMED_MEANS
    assert "slide counts unless they judged it only pictured" in said.means
    assert "nobody here confirmed that it stands there" in said.means
    assert "Confirmed" not in say("Chinese", NONE, WELL).means
    for counts in (replace(NONE, probable=2), replace(NONE, waiting=1)):
        assert say("Chinese", counts, WELL).means == ""


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        (Question(), "of Chinese make"),
        (Question("origin", "NO"), "of Norway make"),
        (Question("origin", "HK"), "of Hong Kong make"),
        (Question("owner", "CN"), "of a make owned in China,"),
        (Question("production", "JP"), "of a make produced in Japan,"),
        (Question("production", "US"), "of a make produced in the United States,"),
        (Question("builder", "haas"), "of Haas make"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.by,
)
def test_the_kind_is_named_as_it_was_asked_for(question: Question, kind: str) -> None:
    what = question.in_a_word(load_registry())
    said = say(what, replace(NONE, confirmed=3, least=3, plants=1), WELL, question.by)
    assert said.sentence == f"Confirmed: at least 3 machines {kind} in 1 plant."


def test_a_sellers_badge_tells_no_owner_and_no_place_that_is_hearsay() -> None:
    stalex = load_registry().get("stalex").model_copy(update={"production": ("CN",)})
    registry = Registry([*load_registry(), stalex])
    for asked in (Question("origin", "CN"), Question("production", "CN"), Question("owner", "RU")):
        assert asked.fits("stalex", None, registry) is None
    assert Question("production", "TW").fits("yama-seiki", None, registry) is True


def test_every_home_of_a_builder_has_a_word() -> None:
    homes = {entry.origin for entry in load_registry().builders}
    assert homes - ADJECTIVES.keys() == set()


@given(
    st.builds(Counts, *[st.integers(0, 50)] * 6, judged=st.integers(0, 2)),
    st.lists(st.integers(0, 30), max_size=12),
    st.integers(0, 20),
    st.integers(0, 20),
)
def test_nothing_seen_is_never_said_lightly(
    counts: Counts, machines: list[int], hits: int, more: int
) -> None:
    seen = noticed(machines, hits, hits + more)
    said = say("Chinese", counts, seen)
    if said.kind is Kind.NONE:
        assert counts.machines and not counts.confirmed and not counts.probable and counts.judged
        assert not counts.waiting and seen.sensitivity is not None and seen.share < 0.5
    if said.kind is Kind.CONFIRMED:
        assert counts.confirmed


def test_worse_sensitivity_and_fewer_machines_notice_less() -> None:
    assert noticed([10] * 20, 25, 50).share > WELL.share
    assert noticed([10] * 10, 45, 50).share > WELL.share
    assert noticed([100] * 2, 45, 50).share > WELL.share
    assert noticed([10] * 20, 0, 50).share == 1


def test_all_published_figures_but_the_last_are_flows_as_the_page_says() -> None:
    assert [one.of for one in FIGURES] == ["flow"] * (len(FIGURES) - 1) + ["stock"]


@pytest.mark.parametrize(
    ("plants", "recordings", "where"),
    [
        (2, 0, "in 2 plants"),
        (0, 1, "in 1 recording of which no plant is known for certain"),
        (1, 2, "in 1 plant and in 2 recordings of which no plant is known for certain"),
    ],
)
def test_recordings_of_nobody_knows_which_plant_are_no_plants(
    plants: int, recordings: int, where: str
) -> None:
    said = say(
        "Chinese", replace(NONE, confirmed=3, least=3, plants=plants, recordings=recordings), WELL
    )
    assert said.sentence == f"Confirmed: at least 3 machines of Chinese make {where}."


@pytest.mark.parametrize("day", ["soon", "2023-13", "2023-02-31", "31.12.2023", "2023-05-01 10:00"])
@pytest.mark.parametrize("end", ["since", "until"])
def test_a_period_is_of_days_that_there_are(end: str, day: str) -> None:
    with pytest.raises(UsageError, match="no such day; write a year, a month or a day"):
        Question(**{end: day}).check(load_registry())  # type: ignore[arg-type]


def test_published_figures_stand_beside_the_question_they_are_of() -> None:
    assert figures_for("origin", "CN") == figures_for("production", "CN") == FIGURES
    assert figures_for("origin", "JP") == figures_for("builder", "haas") == ()
