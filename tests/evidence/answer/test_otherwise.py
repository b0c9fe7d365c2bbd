"""What people settled of another model's sightings counts nowhere, and is not passed over."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector.settings import Settings
from evidence.answer.answer import Answer
from evidence.answer.sentence import AnswerKind
from evidence.case import sighting_tables
from evidence.case.queue import FootageSource, add_work
from evidence.case.summary import add_recipe, begin_run
from evidence.case.tables import Recipe
from tests.evidence.answer.conftest import Builder
from tests.evidence.answer.test_never_more import hall

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
