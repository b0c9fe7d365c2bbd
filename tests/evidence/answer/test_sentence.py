"""Which sentence is said, and what stands in the way of a stronger one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datasets.errors import UsageError
from datasets.registry import Registry, load_registry
from evidence.answer.caveats import Caveat
from evidence.answer.question import Question
from evidence.answer.sentence import CONFIRMED_MEANS, AnswerCounts, AnswerKind, say
from evidence.answer.share import noticed

NOBODY = dict.fromkeys(("confirmed", "least", "plants", "recordings", "probable"), 0)
FOUND = {"machines": 200, "different": 200, "unidentified": 50, "unknown": 50}
NONE = AnswerCounts(**FOUND, **NOBODY, identified=150, by_people=40, judged=40)
CHINESE = Question().kind(load_registry())
WELL = noticed([10] * 20, [(9, 10)] * 20)
WAITS = Caveat("leads", 3, "3 leads wait", True)


@pytest.mark.parametrize(("share", "told"), [(0.0404, "4.1 %"), (0.04, "4.0 %"), (0.0002, "0.1 %")])
def test_no_smaller_share_is_said_to_be_noticed_than_would_be(share, told):
    said = say(CHINESE, NONE, (), replace(WELL, share=share))
    assert f"Had more than {told} of" in said.noticed


def test_a_share_above_one_in_five_is_not_told():
    assert say(CHINESE, NONE, (), replace(WELL, share=0.21)).noticed == ""
    assert say(CHINESE, NONE, (), noticed([10] * 20, [])).noticed == ""


def test_what_is_not_confirmed_is_not_said_to_be():
    said = say(CHINESE, replace(NONE, probable=2, unidentified=48), (WAITS,), WELL)
    assert said.kind is AnswerKind.PROBABLE
    assert said.sentence == (
        "No machine of Chinese make is confirmed yet, among 150 whose builder was identified (40 "
        "by reviewers); 48 more could not be identified; 2 claims for this kind wait for a "
        "reviewer."
    )


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({"machines": 0, "judged": 0}, "No answer: no CNC machine was found."),
        (
            {"judged": 0, "by_people": 0},
            "No answer yet: none of the 200 machines found has been reviewed.",
        ),
    ],
)
def test_where_nothing_was_found_or_judged_there_is_no_answer(counts, sentence):
    assert say(CHINESE, replace(NONE, **counts), (WAITS,), WELL).sentence == sentence


def test_what_confirmed_means_stands_with_it_and_with_nothing_else():
    said = say(CHINESE, replace(NONE, confirmed=3, least=3, plants=1), (), WELL)
    assert said.means == CONFIRMED_MEANS
    assert "slide counts unless they judged it only pictured" in said.means
    assert "nobody here confirmed that it stands there" in said.means
    assert "Confirmed" not in say(CHINESE, NONE, (), WELL).means


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        (Question(), "of Chinese make"),
        (Question("origin", "NO"), "of a make from Norway"),
        (Question("owner", "CN"), "of a make owned in China"),
        (Question("production", "JP"), "of a make produced in Japan"),
        (Question("production", "US"), "of a make produced in the United States"),
        (Question("builder", "haas"), "of Haas make"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.by,
)
def test_the_kind_is_named_as_it_was_asked_for(question, kind):
    counts = replace(NONE, confirmed=3, least=3, plants=1)
    said = say(question.kind(load_registry()), counts, (), WELL)
    assert said.sentence.startswith(f"3 machines {kind} confirmed in 1 plant, among 150")


@pytest.mark.parametrize(
    ("plants", "recordings", "where"),
    [
        (2, 0, "in 2 plants"),
        (0, 1, "in 1 recording of which no plant is known for certain"),
        (1, 2, "in 1 plant and in 2 recordings of which no plant is known for certain"),
    ],
)
def test_recordings_of_nobody_knows_which_plant_are_no_plants(plants, recordings, where):
    counts = replace(NONE, confirmed=3, least=2, plants=plants, recordings=recordings)
    said = say(CHINESE, counts, (), WELL)
    assert said.sentence.startswith(f"2 to 3 machines of Chinese make confirmed {where}, among")


def test_worse_sensitivity_and_fewer_machines_notice_less():
    assert noticed([10] * 20, [(5, 10)] * 20).share > WELL.share
    assert noticed([10] * 10, [(9, 10)] * 20).share > WELL.share
    assert noticed([100] * 2, [(9, 10)] * 20).share > WELL.share
    assert noticed([10] * 20, [(9, 10)] * 20, known=0.5).share > WELL.share
    assert noticed([10] * 20, [(180, 200)]).share > WELL.share, "of one shoot"
    assert noticed([10] * 20, [(0, 10)] * 20).share == 1


def test_a_sellers_badge_tells_no_owner_and_no_place_that_is_hearsay():
    stalex = load_registry().get("stalex").model_copy(update={"production": ("CN",)})
    registry = Registry([*load_registry(), stalex])
    for asked in (Question("origin", "CN"), Question("production", "CN"), Question("owner", "RU")):
        assert asked.fits("stalex", None, registry) is None
    assert Question("production", "TW").fits("yama-seiki", None, registry) is True


@pytest.mark.parametrize("day", ["soon", "2023-13", "2023-02-31", "31.12.2023", "2023-05-01 10:00"])
@pytest.mark.parametrize("end", ["since", "until"])
def test_a_period_is_of_days_that_there_are(end, day):
    with pytest.raises(UsageError, match="no such day; write a year, a month or a day"):
        Question(**{end: day}).check(load_registry())  # type: ignore[arg-type]
