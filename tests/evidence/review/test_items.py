"""Items follow from flags, draws and verdicts, and can be made anew from them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import delete, select, update

from evidence.browse.search import read_in
from evidence.browse.sightings import lone_marks, overlays
from evidence.case.check import check
from evidence.case.flags import PRIORITIES
from evidence.case.rows import record_survey
from evidence.case.tables import Draw, Item
from evidence.review.cards import cards
from evidence.review.items import IN_THE_SAMPLE, find_or_open, rebuild
from evidence.review.judgement import judge
from tests.evidence.conftest import lone_mark
from tests.evidence.review.conftest import sound, survey_of
from tests.evidence.review.test_audit import EVERY
from tests.rows import act, rows


def test_items_come_with_the_survey(case, store):
    key = store()
    with case.session() as session:
        items = {row.item: row for row in session.scalars(select(Item))}
    assert {one: (row.kind, row.needs, row.state) for one, row in items.items()} == {
        f"{key}:m1": ("claim", 2, "open"),
        f"{key}:m2": ("claim", 2, "open"),
        f"{key}:m3": ("uncorroborated", 1, "open"),
        f"{key}:m4": ("unread", 1, "open"),
    }
    assert items[f"{key}:m1"].priority == PRIORITIES["claim"]
    assert "claim under test" in items[f"{key}:m1"].reason


def test_a_lone_mark_is_a_frame_to_be_looked_at(case, analysis, registry, bench, recipe):
    read = (lone_mark(pts="3"), lone_mark("OMAX", "omax", pts="4"))
    survey = survey_of(analysis, "one", ())
    survey = replace(survey, analysis=replace(survey.analysis, lone_marks=read))
    key = act(case, record_survey, case, survey, registry)
    with case.session() as session:
        items = {row.item: row for row in session.scalars(select(Item))}
        marks = lone_marks(session, key)
        broadcast = overlays(session, key)
        [first, _] = cards(session, registry, "anna", sorted(items.values(), key=lambda i: i.item))
    assert {one: (row.kind, row.sighting, row.priority) for one, row in items.items()} == {
        f"{key}@3": ("lone-mark", None, PRIORITIES["lone-mark"]),
        f"{key}@4": ("lone-mark", None, PRIORITIES["lone-mark"]),
    }
    assert "a mark of Hurco" in items[f"{key}@3"].reason
    told = [(one.mark.text, [text.text for text in one.beside]) for one in marks]
    assert told == [("HURCO", ["CAUTION"]), ("OMAX", ["CAUTION"])]
    # Its reviewer sees where the mark is, and what else was read.
    assert (first["about"], first["kind"]) == ("frame", "lone-mark")
    assert [one["text"] for one in first["readings"]] == ["HURCO", "CAUTION"]
    assert first["readings"][0]["box"] == (60.0, 70.0, 160.0, 90.0)
    assert [text.text for text in broadcast] == ["ЗВЕЗДА"]
    with case.session() as session, session.begin():
        box = (10.0, 20.0, 200.0, 180.0)
        judge(session, bench, f"{key}@3", "anna", "missed", builder="hurco", box=box)
        judge(session, bench, f"{key}@4", "anna", "nothing")
    with case.session() as session:
        states = dict(session.execute(select(Item.item, Item.outcome)).all())
        [found] = session.scalars(read_in(recipe, "hurco")).all()
    assert states == {f"{key}@3": "missed", f"{key}@4": "nothing"}
    assert found == survey.analysis.footage.sha256
    assert sound(case)
    # One that is drawn as well stays what it is, in the sample's lane.
    act(case, rebuild, EVERY)
    with case.session() as session:
        drawn = {row.item: row for row in session.scalars(select(Item))}
    assert drawn[f"{key}@3"].kind == "lone-mark"
    assert drawn[f"{key}@3"].priority == IN_THE_SAMPLE


def test_what_is_drawn_has_its_own_lane_but_for_claims(case, store):
    key = store()
    act(case, rebuild, EVERY)
    with case.session() as session:
        found = dict(session.execute(select(Item.item, Item.priority)).all())
    assert found.pop(f"{key}:m1") == found.pop(f"{key}:m2") == PRIORITIES["claim"]
    assert set(found.values()) == {IN_THE_SAMPLE} and len(found) == 9


@pytest.mark.parametrize("at_once", [2, 500])
def test_an_order_of_footage_makes_no_difference(case, store, monkeypatch, at_once):
    """Nor does it of how much footage is asked about at once."""
    monkeypatch.setattr("evidence.review.items._AT_ONCE", at_once)
    monkeypatch.setattr("evidence.case.check._AT_ONCE", at_once)
    monkeypatch.setattr("evidence.case.rows._AT_ONCE", at_once)
    for word in ("one", "two", "three"):
        store(word)
    assert not [one for one in check(case) if "analysis" in one.about or "item" in one.about]
    before = rows(case)
    assert act(case, rebuild) == 12
    assert rows(case) == before


def test_check_tells_of_items_that_do_not_agree(case, store, bench):
    key = store()
    act(case, judge, bench, f"{key}:m3", "anna", "accept")
    assert not [one for one in check(case) if "item" in str(one)]
    with case.session() as session, session.begin():
        session.execute(update(Item).where(Item.item == f"{key}:m3").values(outcome="unknown"))
        session.execute(delete(Item).where(Item.item == f"{key}:m4"))
    told = [str(one) for one in check(case) if "item" in str(one)]
    assert len(told) == 2
    assert any(f"item {key}:m3: does not agree" in one for one in told)
    assert all("nameplate case items" in one for one in told)
    act(case, rebuild)
    assert not [one for one in check(case) if "item" in str(one)]


def test_a_verdict_on_a_frame_holds_for_every_recipe(case, store, bench, analysis, registry):
    key = store()
    with case.session() as session, session.begin():
        rebuild(session, EVERY)
        judge(session, bench, f"{key}@3", "anna", "nothing")
    again = survey_of(analysis, "one", ())
    again = replace(again, analysis=replace(again.analysis, model_hash="cc" * 32))
    other = act(case, record_survey, case, again, registry)
    with case.session() as session:
        assert session.get_one(Item, f"{other}@3").outcome == "nothing"
        assert session.get_one(Item, f"{other}@7/2").outcome is None
        assert session.scalars(select(Draw).where(Draw.analysis == other)).first() is not None
    assert sound(case)


def test_any_machine_can_be_called_up_and_its_verdict_counts_as_any_other(case, store, bench):
    key = f"{store()}:m5"  # of grade A, not of the origin under test: nothing asks about it
    with case.session() as session:
        opened = find_or_open(session, key)
        assert opened is not None and (opened.state, opened.needs) == ("open", 1)
        assert find_or_open(session, f"{'0' * 32}:m5") is None
        # To look at it stores nothing, and no card tells it from the audit sample's.
        assert session.get(Item, key) is None
        [card] = cards(session, bench.registry, "anna", [opened])
        assert (card["kind"], card["about"], card["state"]) == (None, "sighting", "open")
    act(case, judge, bench, key, "anna", "accept")
    with case.session() as session:
        item = session.get_one(Item, key)
        assert (item.state, item.outcome, item.builder) == ("settled", "accept", "haas")
    assert sound(case)
