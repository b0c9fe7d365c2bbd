"""What a card shows, and which others a machine is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import select

from evidence.case.rows import record_survey
from evidence.case.sighting_tables import Copy, SightingRow, Verdict
from evidence.case.tables import Item
from evidence.link.alignment import CopySpan
from evidence.review.cards import cards, look_alikes
from evidence.review.items import rebuild
from evidence.review.judgement import judge
from tests.evidence.review.conftest import named, survey_of
from tests.evidence.review.test_audit import EVERY
from tests.rows import act

Say = Callable[..., Verdict]


@pytest.fixture
def say(case, bench) -> Say:
    return partial(act, case, judge, bench)


def test_an_item_of_the_sample_looks_like_any_other(case, store, registry):
    key = store()
    act(case, rebuild, EVERY)
    with case.session() as session:
        items = [session.get_one(Item, f"{key}{name}") for name in (":m5", ":m3", "@3")]
        told = cards(session, registry, "anna", items)
    assert [card["about"] for card in told] == ["sighting", "sighting", "frame"]
    assert told[0].keys() == told[1].keys()
    assert (told[0]["kind"], told[0]["reason"]) == (None, None)
    assert told[1]["kind"] == "uncorroborated"
    assert "audit" not in str(told)


def test_a_card_has_what_is_needed_to_judge(case, store, registry, say):
    key, other = store(), store("two")
    say(f"{other}:m3", "ben", "accept")
    with case.session() as session:
        (card,) = cards(session, registry, "anna", [session.get_one(Item, f"{key}:m3")])
    assert card["sighting"]["builder"]["name"] == "Mazak"
    assert (card["footage"]["width"], card["footage"]["height"]) == (480, 270)
    assert [one["text"] for one in card["readings"]] == ["MAZAK"]
    assert card["evidence"][0]["words"] == "very strongly for"
    assert "MAZAK" in [mark.upper() for mark in card["marks"]["wordmarks"]]
    assert card["marks"]["registry"]["says"] == "the registry has no document on this builder"
    assert card["stills"]["best"]["sha256"]
    assert [one["sighting"] for one in card["alike"]] == [f"{other}:m3"]


@pytest.mark.parametrize(("copy", "number"), [("excerpt", 1), ("same view", 0)])
def test_a_card_tells_of_other_footage_that_shows_the_recording_then(
    case, store, registry, copy, number
):
    key, other = store(), store("two")
    with case.session() as session, session.begin():
        mine, theirs = (session.get_one(Item, f"{one}:m3") for one in (key, other))
        a, b = sorted((mine, theirs), key=lambda item: item.footage)
        # Of the one from a second before to one after, of the other three seconds later.
        span = CopySpan(a.pts - 1, a.pts + 1, b.pts - a.pts + 3, (1.0, 0.0, 1.0, 0.0), 8, 1.0)
        of = {"a": a.footage, "b": b.footage, "model": a.model, "settings": a.settings}
        much = {"seconds": 2.0, "share_a": 0.5, "share_b": 1.0, "score": 1.0, "mirrored": False}
        session.add(Copy(**of, **much, kind=copy, spans=[span.to_json()], reason="the same"))
    with case.session() as session:
        items = [session.get_one(Item, one.item) for one in (a, b)]
        told = cards(session, registry, "anna", items)
    # What the other shows then is not in it.
    assert [card["copies"] for card in told] == [number, 0]


def test_what_others_were_settled_as_is_told_once_one_has_judged(case, store, registry, say):
    key, other, third = store(), store("two"), store("three")
    say(f"{other}:m3", "ben", "accept")
    for person in ("ben", "carla"):
        say(f"{third}:m1", person, "builder", builder="mazak")

    def beside(name: str, person: str) -> dict[str, tuple[str, str | None]]:
        with case.session() as session:
            (card,) = cards(session, registry, person, [session.get_one(Item, f"{key}:{name}")])
        return {one["sighting"]: (one["builder"]["id"], one["outcome"]) for one in card["alike"]}

    assert beside("m3", "anna")[f"{other}:m3"] == ("mazak", None)
    say(f"{key}:m1", "anna", "accept")
    assert beside("m1", "ben")[f"{other}:m1"] == ("smtcl", None)
    assert {outcome for _, outcome in beside("m1", "ben").values()} == {None}
    say(f"{key}:m3", "anna", "accept")
    assert beside("m3", "anna")[f"{other}:m3"] == ("mazak", "accept")


def test_what_another_model_found_is_not_held_against_it(case, analysis, registry, store):
    """After a case was looked at anew it would be the machine itself, once more."""

    def shown(key: str) -> list[str]:
        with case.session() as session:
            rows = session.scalars(select(SightingRow).where(SightingRow.key == key)).all()
            return list(look_alikes(session, rows)[key])

    key = f"{store('a', [named('m1', 'mazak')])}:m1"
    again = survey_of(analysis, "a", [named("m1", "mazak")])
    with case.session() as session, session.begin():
        anew = replace(again, analysis=replace(again.analysis, model_hash="ee" * 32))
        record_survey(session, case, anew, registry)
    assert shown(key) == []
    other = f"{store('b', [named('m1', 'mazak')])}:m1"
    assert shown(key) == [other]
