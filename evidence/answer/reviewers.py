"""How far verdicts are those of different people.

To name an origin under test takes two people, and whether a verdict does is noted when it is given.
A registry that is put right later makes a claim of what was none, so that one person may have
settled it alone: it waits for a second. Without accounts one person can sign as two.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector.settings import origins_under_test
from evidence.answer.question import Question
from evidence.case.sighting_tables import Verdict
from evidence.case.tables import Account, Item, Recipe
from evidence.case.verdicts import LOGIN
from evidence.link.sightings import chunks
from evidence.review.judgement import TestContext
from evidence.review.log import given, verdicts_on
from evidence.review.standing import COUNTED, NAMING, in_force


def settled_alone(
    session: Session, recipe: Recipe, registry: Registry, question: Question
) -> Collection[str]:
    """The keys of the recipe's items, sightings and frames, that one person alone settled as of a
    builder from an origin under test, or as of one that belongs there or makes machines there
    where that is asked, by the registry that is asked with; a third one, too, who decided where two
    disagreed."""
    tested = origins_under_test(recipe.values)
    bench = TestContext(registry, tested)

    def claims(builder: str | None) -> bool:
        if bench.from_tested(builder):
            return True
        return question.value in tested and question.fits(builder, None, registry) is True

    query = select(Item).where(
        Item.model == recipe.model,
        Item.settings == recipe.settings,
        Item.state == "settled",
        Item.builder.is_not(None),
    )
    items = [one for one in session.scalars(query) if claims(one.builder)]
    alone = set()
    for part in chunks(items):
        logs = verdicts_on(session, part)
        for item in part:
            held = in_force(map(given, logs[item.item]))
            say_so = {
                one.author
                for one in held
                if one.word in (*NAMING, "missed") and one.builder == item.builder
            }
            if len(say_so) == 1:
                alone.add(item.item)
    return alone


def count_without_login(session: Session, footage: Collection[str]) -> int:
    """How many authors of verdicts on this footage (SHA-256) had not logged in."""
    had = {one.name: (one.made, one.ended) for one in session.scalars(select(Account))}
    replaced = select(Verdict.supersedes).where(Verdict.supersedes.is_not(None))
    rows = session.execute(
        select(
            Verdict.author,
            Verdict.footage,
            Verdict.signed,
            func.min(Verdict.made),
            func.max(Verdict.made),
        )
        .where(Verdict.verdict.in_(COUNTED), Verdict.number.not_in(replaced))
        .group_by(Verdict.author, Verdict.footage, Verdict.signed)
    )
    unknown = set()
    for author, of, signed, first, last in rows:
        if of not in footage or signed == LOGIN:
            continue
        made, ended = had.get(author, (None, None))
        open_then = made is not None and made <= first and (ended is None or last <= ended)
        if signed is not None or not open_then:
            unknown.add(author)
    return len(unknown)
