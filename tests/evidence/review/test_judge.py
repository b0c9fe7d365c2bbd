"""A verdict is checked, kept for ever, and moves its item; three people in any order; and
agreement, against examples worked out in print."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from datasets.errors import CaseConflict, UsageError
from detector.types import Attribution
from evidence.case.case import Case
from evidence.case.sighting_tables import SightingRow, Verdict
from evidence.case.tables import Item, LeadRow
from evidence.case.verdicts import verify
from evidence.review.agreement import alpha_of
from evidence.review.items import rebuild
from evidence.review.judgement import NoItem, TestContext, doubt, judge, withdraw
from evidence.review.standing import confirms
from tests.evidence.conftest import PLATE, lead, read, sighting
from tests.evidence.review.conftest import sound
from tests.evidence.review.test_audit import EVERY
from tests.rows import act

Give = Callable[..., Verdict]

BOX = (10.0, 20.0, 110.0, 90.5)


@pytest.fixture
def key(case, store) -> str:
    made = store()
    act(case, rebuild, EVERY)
    return made


@pytest.fixture
def give(case, bench) -> Give:
    return partial(act, case, judge, bench)


def state(case: Case, item: str) -> tuple[str, str | None, str | None]:
    with case.session() as session:
        row = session.get_one(Item, item)
        return row.state, row.outcome, row.builder


def test_one_is_enough_for_most(case, key, give):
    row = give(f"{key}:m3", "anna", "accept", seconds=3.456, note="clear")
    assert (row.builder, row.seconds, row.note) == ("mazak", 3.46, "clear")
    assert row.before["item"]["state"] == "open" and row.before["grade"] == "B"
    assert state(case, f"{key}:m3") == ("settled", "accept", "mazak")
    assert state(case, f"{key}:m4") == ("open", None, None)


def test_a_claim_needs_two_and_a_third_settles(case, key, give):
    item = f"{key}:m1"
    give(item, "anna", "accept")
    assert state(case, item) == ("partial", None, None)
    with pytest.raises(CaseConflict, match="already"):
        give(item, "anna", "unknown")
    give(item, "ben", "builder", builder="mazak")
    assert state(case, item) == ("disputed", None, None)
    give(item, "carla", "accept")
    assert state(case, item) == ("settled", "accept", "smtcl")
    with pytest.raises(CaseConflict, match="settled"):
        give(item, "dora", "unknown")


def test_two_settle_a_lead_to_a_country_that_nothing_claims(case, store, give):
    unlisted = Attribution(None, 0.4, "U", leads=(lead(None, "CN", 0.6, PLATE),))
    item = f"{store('leads', [sighting('m1', unlisted, [read(PLATE)])])}:m1"
    with case.session() as session:
        row = session.scalars(select(SightingRow).where(SightingRow.key == item)).one()
        assert (row.origin, row.lead_origin) == (None, "CN")
        (kept,) = session.scalars(select(LeadRow).where(LeadRow.analysis == row.analysis))
        assert (kept.origin, kept.probability, kept.evidence[0]["text"]) == ("CN", 0.6, PLATE)
        assert session.get_one(Item, item).kind == "lead"
    assert give(item, "anna", "accept").before["tested"] is True
    assert state(case, item) == ("partial", None, None)
    give(item, "ben", "accept")
    assert state(case, item) == ("settled", "accept", None)


@pytest.mark.parametrize(
    ("name", "word", "builder"),
    [("m4", "builder", "smtcl"), ("m2", "accept", None)],
    ids=["a builder under test", "an origin told by the plate"],
)
def test_two_say_what_is_under_test(case, key, give, name, word, builder):
    assert give(f"{key}:{name}", "anna", word, builder=builder).before["tested"] is True
    assert state(case, f"{key}:{name}") == ("partial", None, None)
    give(f"{key}:{name}", "ben", word, builder=builder)
    assert state(case, f"{key}:{name}") == ("settled", word, builder)
    assert confirms(word, builder)


def test_a_verdict_sent_twice_is_one(case, key, give):
    first = give(f"{key}@3", "anna", "missed", box=BOX, builder="mazak")
    again = give(f"{key}@3", "anna", "missed", box=BOX, builder="mazak")
    assert first.number == again.number
    assert first.box == list(BOX)
    with pytest.raises(CaseConflict):
        give(f"{key}@3", "anna", "missed", box=(0, 0, 9, 9), builder="mazak")


def test_undo_leaves_both_in_the_log(case, key, give):
    item = f"{key}:m3"
    row = give(item, "anna", "accept")
    taken = act(case, withdraw, row.number, "anna")
    assert (taken.verdict, taken.supersedes) == ("withdrawn", row.number)
    assert taken.before["verdict"]["verdict"] == "accept"
    assert state(case, item) == ("open", None, None)
    give(item, "anna", "unknown")
    assert state(case, item) == ("settled", "unknown", None)
    with case.session() as session:
        assert len(session.scalars(select(Verdict)).all()) == 3
        assert verify(session) == []


def test_only_ones_own_can_be_undone_and_only_once(case, key, give):
    row = give(f"{key}:m3", "anna", "accept")
    with pytest.raises(CaseConflict, match="yours"):
        act(case, withdraw, row.number, "ben")
    taken = act(case, withdraw, row.number, "anna")
    for number in (row.number, taken.number):
        with pytest.raises(CaseConflict):
            act(case, withdraw, number, "anna")
    with pytest.raises(NoItem):
        act(case, withdraw, 99, "anna")
    # A mind can be changed by naming what is replaced.
    row = give(f"{key}:m3", "anna", "accept")
    give(f"{key}:m3", "anna", "unknown", supersedes=row.number)
    assert state(case, f"{key}:m3") == ("settled", "unknown", None)
    with pytest.raises(CaseConflict):
        give(f"{key}:m3", "ben", "unknown", supersedes=row.number)


def test_a_settled_item_can_be_doubted(case, key, give):
    item = f"{key}:m3"
    with pytest.raises(CaseConflict, match="queue"):
        act(case, doubt, item, "ben")
    give(item, "anna", "accept")
    act(case, doubt, item, "ben", "the letters do not fit")
    assert state(case, item) == ("partial", None, None)
    give(item, "ben", "builder", builder="haas")
    assert state(case, item)[0] == "disputed"
    give(item, "carla", "builder", builder="haas")
    assert state(case, item) == ("settled", "builder", "haas")


REFUSED: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "no such word": ("{}:m3", "perhaps", {}, "is no verdict"),
    "a doubt is no judgement": ("{}:m3", "doubt", {}, "is no verdict"),
    "a builder without a name": ("{}:m3", "builder", {}, "by its id"),
    "a builder nobody knows": ("{}:m3", "builder", {"builder": "nobody"}, "registry"),
    "a control": ("{}:m3", "builder", {"builder": "ctl-fanuc"}, "never the builder"),
    "accept what nobody claims": ("{}:m4", "accept", {}, "neither"),
    "unknown with a name": ("{}:m3", "unknown", {"builder": "haas"}, "names no builder"),
    "a frame is not accepted": ("{}@3", "accept", {}, "does not fit a frame"),
    "nothing in a sighting": ("{}:m3", "nothing", {}, "does not fit a machine"),
    "missed without a box": ("{}@3", "missed", {}, "box"),
    "nothing with a box": ("{}@3", "nothing", {"box": BOX}, "box"),
    "a box beyond the frame": ("{}@3", "missed", {"box": (0, 0, 481, 10)}, "within"),
    "a box turned over": ("{}@3", "missed", {"box": (50, 0, 10, 10)}, "within"),
    "a box of nothing": ("{}@3", "missed", {"box": (0, 0, float("nan"), 10)}, "four numbers"),
    "time before time": ("{}:m3", "unknown", {"seconds": -1.0}, "seconds"),
    "no such item": ("{}:m99", "unknown", {}, "no item"),
}


@pytest.mark.parametrize(("item", "word", "more", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_what_does_not_fit_is_refused(key, give, item, word, more, told):
    with pytest.raises(UsageError, match=told):
        give(item.format(key), "anna", word, **more)


STEP = st.tuples(
    st.sampled_from(["anna", "ben", "carla"]),
    st.sampled_from(["accept", "unknown", "mazak", "smtcl", "doubt", "withdraw", "change"]),
)
_words = itertools.count()


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEP, min_size=1, max_size=10), name=st.sampled_from(["m1", "m3"]))
def test_any_order_of_three_people_ends_as_a_rebuild_would(case, store, bench, steps, name):
    item = f"{store(f'footage {next(_words)}')}:{name}"
    last: dict[str, int] = {}
    for person, what in steps:
        with case.session() as session, session.begin():
            try:
                row = _step(session, bench, item, person, what, last)
            except (CaseConflict, UsageError):
                continue
            last[person] = row.number
    assert sound(case)


def _step(
    session: Any, bench: TestContext, item: str, person: str, what: str, last: Any
) -> Verdict:
    if what == "doubt":
        return doubt(session, item, person)
    if what == "withdraw":
        return withdraw(session, last.get(person, 1 << 40), person)
    if what == "change":
        number = last.get(person)
        return judge(session, bench, item, person, "concealed", supersedes=number)
    if what in ("mazak", "smtcl"):
        return judge(session, bench, item, person, "builder", builder=what)
    return judge(session, bench, item, person, what)


# Krippendorff (2011), sections C and D: 4 observers, 12 units, missing values.
OBSERVERS = {"A": "123321412...", "B": "1233224125.3", "C": ".3332342251.", "D": "12332441251."}
UNITS = [
    {name: row[unit] for name, row in OBSERVERS.items() if row[unit] != "."} for unit in range(12)
]


def test_krippendorffs_example():
    found = alpha_of(UNITS)
    assert found.value == pytest.approx(0.743, abs=0.0005)
    assert found.units == 11  # the last unit has one value, and nothing to compare it with
    assert alpha_of(UNITS) == found  # bounds are the same every time
    assert found.low is not None and found.value is not None and found.high is not None
    assert found.low <= found.value <= found.high <= 1.0
    three, two, one = ({"a": "x", "b": "x"}, {"a": "x", "b": "y"}, dict.fromkeys("abc", "y"))
    # 8 values x and 5 y; the two of x and y are unlike: 1 - (13 - 1) * 2 / (8 * 5).
    assert alpha_of([*[three] * 3, *[two] * 2, one]).value == pytest.approx(0.4)


@pytest.mark.parametrize(("pairs", "alpha"), [("xx yy", 1), ("xy yx", -0.9), ("xx xy yx yy", 0.05)])
def test_alpha_of_two_always_never_and_by_chance(pairs, alpha):
    units = [{"a": a, "b": b} for a, b in pairs.split()] * 5
    assert alpha_of(units).value == pytest.approx(alpha, abs=0.03)


def test_what_cannot_be_told_is_not_told():
    assert alpha_of([{"a": "x"}, {"b": "y"}]).units == 0
    assert alpha_of([{"a": "x", "b": "x"}] * 3).value is None  # one category: nothing by chance
