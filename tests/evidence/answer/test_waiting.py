"""What others have still to agree on, and what people settled of another model's sightings, is not
passed over."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from datasets.entry import Maker
from datasets.registry import Registry, load_registry
from detector.settings import Settings
from evidence.answer.answer import Answer, answer
from evidence.answer.question import Question
from evidence.answer.sentence import AnswerKind
from evidence.case import sighting_tables
from evidence.case.case import Case
from evidence.case.sighting_tables import SightingRow
from evidence.case.summary import add_recipe, begin_run
from evidence.case.tables import Chance, FootageRow, Item, Location, Recipe, Work
from evidence.case.work_queue import FootageSource, add_work
from evidence.review.audit import RATES
from evidence.review.items import rebuild
from evidence.review.judgement import doubt, judge, test_context
from evidence.review.manual_entries import Statement, enter
from tests.evidence.answer.conftest import CHINESE, MADE, Builder, judge_all, key
from tests.evidence.answer.made import LEAD, NAMED, OTHER, drawn, seen
from tests.evidence.answer.test_never_more import hall


def make_items(session: Session, accepted: int | None = None) -> None:
    """Of what was drawn, not judged but for that of one clip; nothing more is drawn."""
    session.add_all(Chance(stratum=name, probability=0.0, seed=0, made=MADE) for name in RATES)
    rebuild(session)
    if accepted is not None:
        drawn = session.scalars(select(Item).where(Item.footage == key("f", accepted))).one()
        judge(session, test_context(session, load_registry()), drawn.item, "carla", "accept")


def say(case: Case, registry: Registry, clip: int, author: str, word: str, **more: object) -> None:
    """Somebody judges what was drawn from the clip that was added as this number."""
    with case.session() as session, session.begin():
        item = session.scalars(select(Item).where(Item.footage == key("f", clip))).one()
        judge(session, test_context(session, registry), item.item, author, word, **more)  # type: ignore[arg-type]


def test_more_judgements_are_asked_for_only_where_something_waits(registry):
    """Half of the machines were drawn and judged; the others are never shown to a reviewer."""
    judged, lead = seen(drawn(OTHER), NAMED), seen(LEAD, plants=(0,))
    assert answer(Question(), judged, registry).judgements == {}
    # To judge the one claim that waits is not enough.
    assert answer(Question(), [*judged, *lead], registry).judgements is None


def test_none_is_not_said_while_a_verdict_waits_for_a_second(case, registry, b, ask):
    """The program reads nothing on the machine; anna says that it is a DMTG."""
    hall(b)
    b.add("Plant 1", chance=0.05)  # 210
    make_items(b.session, 10)
    b.write()
    say(case, registry, 210, "anna", "builder", builder="dmtg")
    found = ask()
    assert found.said.kind is AnswerKind.OPEN
    assert found.caveat("pending") == 1
    say(case, registry, 210, "ben", "builder", builder="dmtg")
    assert ask().said.kind is AnswerKind.CONFIRMED


def test_none_is_not_said_once_people_saw_one_in_a_frame(case, registry, b, ask):
    """The detector missed it altogether, so that it is no machine that is counted."""
    hall(b)
    b.frame("Plant 1")  # 210
    make_items(b.session, 10)
    b.write()
    said = {"builder": "dmtg", "box": (0.0, 0.0, 9.0, 9.0)}
    say(case, registry, 210, "anna", "missed", **said)
    found = ask()
    assert found.caveat("pending") == 1
    assert found.missed.missed == 1
    say(case, registry, 210, "ben", "missed", **said)
    found = ask()
    assert found.said.kind is AnswerKind.OPEN
    assert found.caveat("kind_in_frames") == 1


def test_those_that_wait_for_a_second_are_not_left_out_of_the_sample(case, registry, b, ask):
    """A quarter of the machines is Chinese, and nobody but anna has judged yet: what she says of
    the others stands at once."""
    for plant in range(12):
        for _ in range(8):
            b.add(f"Plant {plant}", chance=0.5)
    make_items(b.session)
    b.write()
    with case.session() as session, session.begin():
        bench = test_context(session, registry)
        for number, item in enumerate(session.scalars(select(Item).order_by(Item.item)).all()):
            builder = "mazak" if number % 4 else "dmtg"
            judge(session, bench, item.item, "anna", "builder", builder=builder)
    found = ask()
    assert found.counts.confirmed == 0 and found.found_low.value == 0
    assert found.found_high.value == pytest.approx(0.25)


def test_none_is_not_said_while_footage_waits_to_be_looked_at(case, b, ask):
    """What could not be looked at will not be: it is told, and holds nothing up."""
    hall(b)
    b.write()
    with case.session() as session, session.begin():
        done = session.scalars(select(SightingRow)).first()
        assert done is not None
        for number, state in enumerate(("waiting", "aside", "aside", "done")):
            path = f"/archive/more/{number}.mp4"
            session.add(Location(path=path, held=False))
            names = {"path": path, "model": done.model, "settings": done.settings}
            session.add(Work(**names, state=state, tries=0, changed=MADE))
    found = ask()
    assert (found.caveat("not_looked_at"), found.caveat("set_aside")) == (1, 2)
    assert found.said.kind is AnswerKind.OPEN
    with case.session() as session, session.begin():
        waiting = session.scalars(select(Work).where(Work.state == "waiting")).one()
        waiting.state = "aside"
    found = ask()
    assert (found.caveat("not_looked_at"), found.caveat("set_aside")) == (0, 3)


def known_better(registry: Registry) -> Registry:
    """The registry, sure that what MetalTec sells is built in China."""
    return Registry(
        entry.model_copy(update={"makers": (Maker(country="CN", confidence="high"),)})
        if entry.id == "metaltec"
        else entry
        for entry in registry
    )


@pytest.mark.parametrize("entered", [False, True], ids=["found", "entered by hand"])
def test_what_one_person_settled_is_no_claim_that_takes_two_by_a_later_registry(
    case, registry, b, ask, entered
):
    """One who named a seller said nothing of China."""
    b.add("Plant 1", *([] if entered else ["metaltec", "accept"]))
    judge_all(b.session)
    b.write()
    if entered:
        with case.session() as session, session.begin():
            row = session.get_one(FootageRow, key("f", 1))
            row.width, row.height = 400, 300
            told = Statement(builder="metaltec")
            bench = test_context(session, registry)
            enter(session, bench, row.sha256, Fraction(1), (200, 0, 300, 300), told, "anna")
    assert ask().counts.confirmed == 0
    better = known_better(registry)
    found = ask(CHINESE, better)
    assert found.counts.confirmed == 0 and found.said.kind is not AnswerKind.CONFIRMED
    assert found.caveat("pending") + found.counts.probable == 1
    if entered:
        return
    with case.session() as session, session.begin():
        item = session.scalars(select(Item).where(Item.sighting.is_not(None))).one().item
        doubt(session, item, "ben")
        judge(session, test_context(session, better), item, "ben", "accept")
    assert ask(CHINESE, better).counts.confirmed == 1


@pytest.mark.parametrize("by", ["owner", "production"])
def test_nor_is_a_builder_from_elsewhere_whose_owner_or_works_are_asked_about(
    case, registry, b, ask, by
):
    """A builder at home in Germany takes one person, and says nothing of China until asked so."""
    chinese = Registry(
        entry.model_copy(update={"production": ("CN",)}) if entry.id == "schiess" else entry
        for entry in registry
    )

    b.add("Plant 1", "schiess", "accept")
    judge_all(b.session)
    b.write()
    question = Question(by=by, value="CN")

    def confirmed() -> tuple[int, int]:
        found = ask(question, chinese)
        return found.counts.confirmed, found.caveat("pending") + found.counts.probable

    assert confirmed() == (0, 1)
    at_home = ask(Question(value="DE"), chinese).counts
    assert at_home.confirmed == 1
    with case.session() as session, session.begin():
        item = session.scalars(select(Item)).one().item
        doubt(session, item, "ben")
        judge(session, test_context(session, chinese), item, "ben", "accept")
    assert confirmed() == (1, 0)


AnswerOf = Callable[..., Answer]
CONFIRMED = 210
"""The number of the clip whose machine people settled as Chinese."""


def hall_of_two_models(session: Session, registry: Registry) -> tuple[Builder, Builder]:
    """An earlier model, which has found nothing yet, and the one worked with last, which finds
    nothing Chinese in the hall."""
    earlier = add_recipe(session, "aa" * 32, Settings(), registry)
    later = add_recipe(session, "bb" * 32, Settings(), registry)
    new = Builder(session, later)
    hall(new)
    run = begin_run(session, "sweep", later)
    mine = sighting_tables.AnalysisRow.model == later.model
    new.session.execute(update(sighting_tables.AnalysisRow).where(mine).values(run=run.id))
    return Builder(session, earlier, new.number), new


@pytest.fixture
def answer_of(case, registry, ask) -> AnswerOf:
    """`answer_of(settled, now)`: the answer of the model worked with last, which finds nothing
    Chinese in the hall and cannot read the machine that was settled as `settled` under an earlier
    model; what it found there is settled as `now`, or not at all."""

    def made(settled: str, now: str | None) -> Answer:
        with case.session() as session, session.begin():
            old, new = hall_of_two_models(session, registry)
            old.add("Plant 1", outcome="builder", builder=settled)
            assert old.number == CONFIRMED
            again = Builder(session, new.recipe, CONFIRMED - 1)
            again.add("Plant 1", outcome=now and "builder", builder=now)
        return ask()

    return made


def test_none_is_not_said_over_what_was_settled_under_another_model(answer_of):
    found = answer_of("dmtg", None)
    assert (found.counts.confirmed, found.caveat("settled_elsewhere")) == (0, 1)
    assert found.said.kind is AnswerKind.OPEN


def test_none_is_not_said_over_a_frame_in_which_people_saw_one_under_another_model(
    case, registry, ask
):
    with case.session() as session, session.begin():
        old, _ = hall_of_two_models(session, registry)
        old.frame("Plant 1", "missed", "dmtg")
    found = ask()
    assert found.said.kind is AnswerKind.OPEN
    assert found.caveat("other_settings") == 1  # the model of now has not seen that clip
    assert found.missed.drawn == 0


def test_none_is_not_said_over_footage_that_another_model_alone_looked_at(case, registry, ask):
    """Nobody had judged it, so nothing told of it; on the list of the model now it waits."""
    with case.session() as session, session.begin():
        old, new = hall_of_two_models(session, registry)
        old.add("Plant 1", claim="mazak")
        model, settings = new.recipe.model, new.recipe.settings
    before = ask()
    assert (before.caveat("other_settings"), before.caveat("not_looked_at")) == (1, 0)
    assert before.said.kind is AnswerKind.OPEN
    with case.session() as session, session.begin():
        recipe = session.get_one(Recipe, (model, settings))
        add_work(session, recipe, [FootageSource(f"/archive/{CONFIRMED}.mp4")])
    listed = ask()
    assert (listed.caveat("other_settings"), listed.caveat("not_looked_at")) == (0, 1)


@pytest.mark.parametrize(
    ("settled", "now", "kind"),
    [("mazak", None, AnswerKind.OPEN), ("dmtg", "smtcl", AnswerKind.CONFIRMED)],
    ids=["of another kind", "settled anew as of the kind"],
)
def test_nothing_is_told_of_what_is_of_another_kind_or_was_settled_anew(
    answer_of, settled, now, kind
):
    found = answer_of(settled, now)
    assert found.caveat("settled_elsewhere") == 0 and found.said.kind is kind
