"""A machine entered by hand is a verdict in the log, and others judge it without seeing that."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select

from datasets.errors import CaseConflict, UsageError
from datasets.registry import Registry
from detector.types import Survey
from evidence.case.case import Case
from evidence.case.rows import record_survey
from evidence.case.sighting_tables import AnalysisRow, SightingRow, Verdict
from evidence.case.tables import Draw, Item
from evidence.case.verdicts import page_of_log
from evidence.review.agreement import report_agreement
from evidence.review.audit import RATES, AuditPlan
from evidence.review.cards import cards
from evidence.review.items import ENTERED, expected, rebuild
from evidence.review.judgement import TestContext, doubt, judge, withdraw
from evidence.review.manual_entries import Statement, enter
from evidence.review.queue import ItemDealer, waiting
from tests.evidence.review.conftest import sound, survey_of
from tests.evidence.work.helping import until
from tests.postgres import somebody_waits
from tests.rows import act, fetch, look

HERE = (300.0, 10.0, 460.0, 200.0)
AT = Fraction(5, 2)
EVERY = AuditPlan(rates=dict.fromkeys(RATES, 1.0))
Put = Callable[..., Verdict]


@pytest.fixture
def footage(case, recipe, store) -> str:
    """Footage that was looked at and in which nothing was found."""
    analysis = store(sightings=(), frames=0)
    with case.session() as session:
        return session.get_one(AnalysisRow, analysis).footage


@pytest.fixture
def put(case, bench, footage) -> Put:
    def run(author: str, box: Any = HERE, pts: Fraction = AT, **told: Any) -> Verdict:
        return act(case, enter, bench, footage, pts, box, Statement(**told), author)

    return run


def item_of(case: Case, name: str | None) -> Item:
    return fetch(case, select(Item).where(Item.sighting == name))[0]


def give(case: Case, bench: TestContext, item: str, author: str, word: str, **more: Any) -> Verdict:
    return act(case, judge, bench, item, author, word, **more)


def test_one_person_settles_what_is_not_under_test(case, put):
    row = put("anna", builder="haas", concealed=True, note="the H", source="a newspaper")
    assert (row.verdict, row.builder, row.note) == ("concealed", "haas", "the H")
    assert (row.sighting, row.box) == (f"entered-{row.number}", list(HERE))
    assert row.before["said"] == {"concealed": True, "source": "a newspaper"}
    item = item_of(case, row.sighting)
    assert (item.kind, item.outcome, item.builder) == (ENTERED, "concealed", "haas")
    assert item.state == "settled"
    assert sound(case)


def test_an_origin_under_test_needs_a_second_person_who_sees_nothing(
    case, put, bench, recipe, registry
):
    row = put("anna", builder="smtcl", control="ctl-siemens", note="the plate", source="a paper")
    item = item_of(case, row.sighting)
    assert (item.state, item.outcome, item.needs) == ("partial", None, 2)
    with case.session() as session:
        assert waiting(session, recipe, "anna", 9, lane="flags") == []
        (dealt,) = ItemDealer().deal(session, recipe, "ben", 5)
        assert dealt.item == item.item
        (card,) = cards(session, registry, "ben", [dealt])
        assert card["about"] == "entered" and card["verdicts"] == []
        assert card["box"] == list(HERE) and card["outcome"] is None
        shown = repr(card)
        for secret in ("smtcl", "siemens", "the plate", "a paper", "anna"):
            assert secret not in shown
        (hidden,) = page_of_log(session, "ben", 0, 9)
        assert hidden["hidden"] is True
    give(case, bench, item.item, "ben", "builder", builder="smtcl")
    item = item_of(case, row.sighting)
    assert (item.state, item.outcome, item.builder) == ("settled", "builder", "smtcl")
    # So does one that was made there, whoever its builder is.
    made = put("anna", box=(0.0, 0.0, 90.0, 90.0), builder="tsugami", made="CN")
    assert item_of(case, made.sighting).state == "partial"
    assert sound(case)


def test_what_is_probable_waits_for_others_however_sure_its_author(case, put, bench):
    row = put("anna", builder="tsugami", probable=True)
    item = item_of(case, row.sighting)
    assert (row.verdict, item.state, item.given) == ("probable", "partial", 0)
    with pytest.raises(CaseConflict, match="already"):
        give(case, bench, item.item, "anna", "builder", builder="tsugami")
    give(case, bench, item.item, "ben", "builder", builder="tsugami")
    assert item_of(case, row.sighting).state == "settled"
    assert sound(case)


def test_a_hidden_mark_does_not_part_those_who_name_one_builder(case, put, bench):
    row = put("anna", builder="smtcl", concealed=True)
    give(case, bench, item_of(case, row.sighting).item, "ben", "builder", builder="smtcl")
    assert item_of(case, row.sighting).state == "settled"
    other = put("anna", box=(0.0, 0.0, 90.0, 90.0), builder="smtcl", concealed=True)
    give(case, bench, item_of(case, other.sighting).item, "ben", "concealed")
    assert item_of(case, other.sighting).state == "disputed"
    found = look(case, report_agreement, "carla")
    assert [one["state"] for one in found["disagreements"]] == ["disputed"]
    assert sound(case)


def test_the_same_place_entered_twice_is_one_machine(case, put):
    first = put("anna", builder="smtcl")
    assert put("anna", builder="smtcl").number == first.number
    with pytest.raises(CaseConflict, match="already"):
        put("anna", builder="mazak")
    second = put("ben", box=(305.0, 20.0, 455.0, 210.0), builder="smtcl")
    assert (second.sighting, second.number) == (first.sighting, first.number + 1)
    assert item_of(case, first.sighting).state == "settled"
    elsewhere = put("ben", box=(0.0, 0.0, 90.0, 90.0), builder="smtcl")
    later = put("ben", pts=Fraction(1), builder="smtcl")
    assert len({first.sighting, elsewhere.sighting, later.sighting}) == 3
    assert sound(case)


def test_what_is_taken_back_waits_for_nobody_and_may_be_entered_again(case, put, recipe):
    row = put("anna", builder="smtcl")
    act(case, withdraw, row.number, "anna")
    item = item_of(case, row.sighting)
    assert (item.state, item.outcome) == ("settled", "withdrawn")
    assert look(case, waiting, recipe, "ben", 9, lane="flags") == []
    again = put("anna", builder="mazak")
    assert again.sighting != row.sighting
    assert sound(case)


def test_it_is_doubted_like_any_other(case, put, bench):
    row = put("anna", builder="haas")
    key = item_of(case, row.sighting).item
    act(case, doubt, key, "ben")
    give(case, bench, key, "ben", "not-cnc")
    give(case, bench, key, "carla", "not-cnc")
    item = item_of(case, row.sighting)
    assert (item.state, item.outcome) == ("settled", "not-cnc")
    assert sound(case)


def test_no_entered_machine_is_in_the_audit_sample(case, put):
    with case.session() as session, session.begin():
        rebuild(session, EVERY)
        drawn = set(session.scalars(select(Draw.item)))
    put("anna", builder="haas")
    act(case, rebuild)
    with case.session() as session:
        assert set(session.scalars(select(Draw.item))) == drawn
        assert session.scalars(select(SightingRow.key)).all() == []
        assert [len(items) for _, items in expected(session)] == [len(drawn) + 1]


def test_a_later_analysis_has_it_too(case, put, analysis, registry):
    row = put("anna", builder="haas")
    record(case, later(analysis), registry)
    assert of_both(case, row.sighting)
    assert sound(case)


@pytest.mark.databases
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_an_analysis_stored_while_it_is_entered_has_it_too(
    case, database, bench, footage, analysis, registry
):
    with ThreadPoolExecutor(1) as pool:
        with case.session() as session, session.begin():
            row = enter(session, bench, footage, AT, HERE, Statement(builder="haas"), "anna")
            stored = pool.submit(record, case, later(analysis), registry)
            until(lambda: stored.done() or somebody_waits(database), "it is stored, or waits")
        stored.result()
    assert of_both(case, row.sighting)
    assert sound(case)


def later(analysis: Any) -> Survey:
    """The same footage, looked at with another model."""
    survey = survey_of(analysis, "one", (), 0)
    return replace(survey, analysis=replace(survey.analysis, model_hash="bb" * 32))


def record(case: Case, survey: Survey, registry: Registry) -> None:
    act(case, record_survey, case, survey, registry)


def of_both(case: Case, name: str | None) -> bool:
    """Whether a machine is shown, and settled, with each of the two models."""
    items = fetch(case, select(Item).where(Item.sighting == name))
    return sorted((one.model[:2], one.state, one.builder or "") for one in items) == [
        ("aa", "settled", "haas"),
        ("bb", "settled", "haas"),
    ]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"pts": Fraction(-1)}, "goes from"),
        ({"pts": Fraction(99)}, "goes from"),
        ({"box": (0.0, 0.0, 9999.0, 9.0)}, "within the frame"),
        ({"builder": "nobody"}, "registry"),
        ({"builder": "ctl-fanuc"}, "never the builder"),
        ({"control": "mazak"}, "makes no controls"),
        ({"made": "XX"}, "no country code"),
        ({"probable": True}, "name the builder"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_makes_no_sense_is_refused(case, put, more, told):
    with pytest.raises(UsageError, match=told):
        put("anna", **more)
    assert fetch(case, select(Verdict)) == []


def test_footage_nobody_looked_at_is_refused(case, bench):
    with pytest.raises(UsageError, match="sweep"):
        act(case, enter, bench, "00" * 32, AT, None, Statement(), "anna")


def test_a_missed_machine_and_a_sighting_may_be_concealed_too(case, store, bench):
    analysis = store()
    act(case, rebuild, EVERY)
    box = (10.0, 20.0, 110.0, 90.5)
    row = give(
        case, bench, f"{analysis}@3", "anna", "missed", box=box, builder="haas", concealed=True
    )
    assert row.before["said"] == {"concealed": True}
    row = give(case, bench, f"{analysis}:m4", "anna", "concealed", builder="haas")
    assert row.builder == "haas"
    item = item_of(case, f"{analysis}:m4")
    assert (item.state, item.outcome, item.builder) == ("settled", "concealed", "haas")
    with pytest.raises(UsageError, match="belongs to `missed`"):
        give(case, bench, f"{analysis}:m3", "anna", "unknown", concealed=True)
    with pytest.raises(UsageError, match="does not fit a machine found"):
        give(case, bench, f"{analysis}:m3", "anna", "probable", builder="haas")
    assert sound(case)
