"""Who is shown what next, and who may see whose verdict."""

from __future__ import annotations

from collections.abc import Callable, Collection
from types import SimpleNamespace

import pytest

from datasets.registry import Registry
from evidence.answer.audit import keep_control
from evidence.case.case import Case
from evidence.case.sighting_tables import Link
from evidence.case.tables import Item
from evidence.case.verdicts import page_of_log
from evidence.review.agreement import report_agreement
from evidence.review.cards import cards
from evidence.review.items import rebuild
from evidence.review.judgement import doubt, judge, withdraw
from evidence.review.queue import KNOWN_ONE_IN, LEASE_SECONDS, ONE_IN, PUT_OFF_SECONDS, ItemDealer
from tests.evidence.review.conftest import undrawn
from tests.evidence.review.test_audit import EVERY
from tests.rows import act, look

Deal = Callable[..., list[str]]
Say = Callable[..., int]


@pytest.fixture
def clock() -> SimpleNamespace:
    """A clock that goes when it is told to."""
    return SimpleNamespace(now=0.0)


@pytest.fixture
def desk(clock) -> ItemDealer:
    return ItemDealer(lambda: clock.now)


@pytest.fixture
def deal(case, recipe, desk) -> Deal:
    """Names within the analysis (`:m1`, `@3`) of what a person is dealt."""

    def ask(person: str, number: int = 5, held: Collection[str] = ()) -> list[str]:
        return [row.item[32:] for row in look(case, desk.deal, recipe, person, number, held)]

    return ask


@pytest.fixture
def say(case, bench, desk) -> Say:
    def put(item: str, person: str, word: str, **more: str) -> int:
        number = act(case, judge, bench, item, person, word, **more).number
        desk.release(item)
        return number

    return put


def test_claims_come_first_then_what_is_doubtful(store, deal):
    store()
    assert deal("anna") == [":m2", ":m1", ":m3", ":m4"]


def test_what_is_at_hand_is_not_dealt_to_others(store, deal, clock):
    key = store()
    assert deal("anna", 2) == [":m2", ":m1"]
    assert deal("ben", 2) == [":m3", ":m4"]
    assert deal("anna", 2) == [":m2", ":m1"]  # as after a reload
    clock.now += LEASE_SECONDS + 1
    assert deal("ben", 1) == [":m2"]
    # Nor to themselves, though its time has run out.
    assert deal("anna", 5, [f"{key}:m2", f"{key}:m1"]) == [":m3", ":m4"]


def test_who_asks_for_more_keeps_what_is_at_hand(store, deal, say, clock):
    key = store()
    held = [f"{key}:m2", f"{key}:m1"]
    assert deal("anna", 2) == [":m2", ":m1"]
    for _ in range(2):
        clock.now += LEASE_SECONDS - 1
        assert deal("anna", 1, held) == [":m3"]
    assert deal("ben") == [":m4"]
    # What they have judged is kept from nobody, though their page may not know yet that it is sent.
    say(f"{key}:m2", "anna", "accept")
    assert deal("anna", 1, held) == [":m3"]
    assert deal("ben") == [":m4", ":m2"]
    say(f"{key}:m3", "anna", "accept")
    assert deal("anna", 5, held) == []


def test_nobody_is_dealt_what_they_have_judged(case, store, deal, say):
    key = store()
    number = say(f"{key}:m1", "anna", "accept")
    say(f"{key}:m3", "anna", "unknown")
    assert deal("anna") == [":m2", ":m4"]
    act(case, withdraw, number, "anna")
    assert ":m1" in deal("anna")
    say(f"{key}:m1", "anna", "accept")
    assert deal("ben", 1) == [":m1"]  # nearest to being settled


def test_what_is_disputed_goes_to_a_third(store, deal, say):
    key = store()
    say(f"{key}:m1", "anna", "accept")
    say(f"{key}:m1", "ben", "unknown")
    for person in ("anna", "ben"):
        assert ":m1" not in deal(person, 1)
    assert deal("carla", 1) == [":m1"]


def test_skipped_items_go_to_others_and_come_back_later(store, deal, desk, clock):
    key = store()
    assert deal("anna", 1) == [":m2"]
    desk.put_off("anna", f"{key}:m2")
    assert deal("anna", 1) == [":m1"]
    assert deal("ben", 1) == [":m2"]
    clock.now += PUT_OFF_SECONDS + 1
    assert deal("anna", 1) == [":m2"]


def test_one_in_six_is_of_the_audit_sample(case, store, deal):
    store("first")
    act(case, rebuild, EVERY)
    for number in range(1, 5):
        store(f"clip {number}")
    # Claims keep their own lane; all else is of the sample here, and comes in its turn.
    claims = [name in (":m1", ":m2") for name in deal("anna", 12)]
    assert claims == [(n + 1) % ONE_IN != 0 for n in range(12)]


def test_a_frame_that_was_judged_is_not_dealt_again(case, store, deal, say):
    key = store("empty", sightings=(), frames=0)
    act(case, rebuild, EVERY)
    assert len(deal("anna", 20)) == 6
    say(f"{key}@1", "anna", "nothing")
    act(case, doubt, f"{key}@1", "ben")
    assert "@1" not in deal("anna", 20)
    assert deal("ben", 20) == ["@1"]


def seen(case: Case, registry: Registry, person: str, item: str) -> tuple[str, list[str]]:
    with case.session() as session:
        (card,) = cards(session, registry, person, [session.get_one(Item, item)])
    return card["state"], [one["author"] for one in card["verdicts"]]


def log(case: Case, person: str) -> list[str | None]:
    return [one.get("author") for one in look(case, page_of_log, person, 0, 50)]


def test_two_do_not_see_each_other_and_the_third_sees_both(case, store, say, registry):
    item = f"{store()}:m1"
    say(item, "anna", "accept")
    assert seen(case, registry, "anna", item) == ("open", ["anna"])
    assert seen(case, registry, "ben", item) == ("open", [])
    assert log(case, "ben") == [None]
    say(item, "ben", "unknown")
    assert seen(case, registry, "anna", item) == ("open", ["anna"])
    assert seen(case, registry, "ben", item) == ("open", ["ben"])
    assert seen(case, registry, "carla", item) == ("disputed", ["anna", "ben"])
    assert log(case, "anna") == ["anna", None]
    assert log(case, "carla") == ["anna", "ben"]
    with case.session() as session:
        assert report_agreement(session, "anna")["disagreements"] == []
        assert report_agreement(session, "anna")["pairs"] == []
        assert len(report_agreement(session, "carla")["disagreements"]) == 1
    say(item, "carla", "accept")
    for person in ("anna", "ben", "carla", "dora"):
        assert seen(case, registry, person, item) == ("settled", ["anna", "ben", "carla"])
        assert log(case, person) == ["anna", "ben", "carla"]


def test_what_is_left_for_one_is_not_what_they_have_judged(case, recipe, store, say, desk):
    key = store()

    def left(person: str) -> tuple[int, int, int]:
        found = look(case, desk.count, recipe, person)
        return found["mine"], found["my_claims"], found["others"]

    assert left("anna") == left("ben") == (4, 2, 0)
    say(f"{key}:m1", "anna", "accept")
    assert left("anna") == (3, 1, 1)
    assert left("ben") == (4, 2, 0)
    say(f"{key}:m3", "anna", "accept")
    assert left("anna") == (2, 1, 1)
    say(f"{key}:m1", "ben", "unknown")  # they disagree, which a third person settles
    assert left("anna") == (2, 1, 1) and left("ben") == (2, 1, 1)
    assert left("carla") == (3, 2, 0)


def test_copies_of_one_recording_are_one_item(case, recipe, registry, store, say, desk):
    copy, first = sorted((store(), store("copy")))

    def deal(person: str) -> set[str]:
        return {row.item for row in look(case, desk.deal, recipe, person, 20)}

    with case.session() as session, session.begin():
        for name in ("m1", "m3"):
            a, b = f"{copy}:{name}", f"{first}:{name}"
            session.add(Link(a=a, b=b, kind="copy", score=0.9, reason="the same place"))
    dealt = deal("anna")
    assert not dealt & {f"{copy}:m1", f"{copy}:m3"} and len(dealt) == 6
    with case.session() as session:
        assert desk.count(session, recipe, "anna")["mine"] == 6
        (card,) = cards(session, registry, "anna", [session.get_one(Item, f"{first}:m1")])
    assert (card["alike"][0]["sighting"], card["alike"][0]["why"]) == (f"{copy}:m1", "copy")
    for person in ("anna", "ben"):
        say(f"{first}:m1", person, "accept")
    assert f"{copy}:m1" not in deal("ben")
    # "Not from this picture" says nothing of the other.
    say(f"{first}:m3", "anna", "unknown")
    assert f"{copy}:m3" in deal("anna")


def test_positive_controls_are_dealt_between_work_and_never_alone(
    case, recipe, registry, store, desk
):
    control = store()
    act(case, keep_control, registry, undrawn("one"), "smtcl", "anna")

    def deal(person: str, number: int) -> list[str]:
        return [one.item for one in look(case, desk.deal, recipe, person, number)]

    assert deal("anna", 9) == []
    found = look(case, desk.count, recipe, "anna")
    assert (found["open"], found["claims"], found["mine"]) == (0, 0, 0)
    for number in range(12):
        store(f"clip {number}")
    hand = deal("ben", 60)
    known = [place for place, item in enumerate(hand, 1) if item.startswith(control)]
    assert known == [KNOWN_ONE_IN, 2 * KNOWN_ONE_IN]
    assert len(hand) == 48 + len(known)


def test_counts(case, recipe, store, deal, say, desk):
    key = store()
    say(f"{key}:m1", "anna", "accept")
    say(f"{key}:m3", "anna", "accept")
    deal("ben", 1)
    found = look(case, desk.count, recipe, "anna")
    states = {"open": 2, "partial": 1, "disputed": 0, "settled": 1, "claims": 2}
    assert found == states | {"held": 1, "put_off": 0, "mine": 2, "my_claims": 1, "others": 1}


def test_a_lead_sees_who_judged_how_much(case, store, bench):
    said = {"anna": ["accept", "accept", "unknown"], "ben": ["accept", "unknown", "unknown"]}
    for number in range(3):
        key = store(f"clip {number}")
        for person, words in said.items():
            act(case, judge, bench, f"{key}:m1", person, words[number], seconds=number + 2.0)
    found = look(case, report_agreement, "carla")
    assert [(one["name"], one["verdicts"], one["seconds"]) for one in found["people"]] == [
        ("anna", 3, 3.0),
        ("ben", 3, 3.0),
    ]
    (pair,) = found["pairs"]
    assert (pair["a"], pair["b"], pair["units"], pair["alike"]) == ("anna", "ben", 3, 2)
    # Six values, three of each kind; one unit unlike: alpha = 1 - (6 - 1) * 1 / (3 * 3).
    assert pair["value"] == pytest.approx(4 / 9)
    assert found["alpha"]["units"] == 3
    assert [one["state"] for one in found["disagreements"]] == ["disputed"]
