"""Machines in the store: the same whatever the order, and people have the last word."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from datasets.errors import UsageError
from detector.types import Survey
from evidence.case.case import Case
from evidence.case.sighting_tables import Copy, Decision, Link, MachineRow, SightingRow
from evidence.link.alignment import CopySpan
from evidence.link.machines import cut, join, update_machines
from tests.evidence.link.conftest import MODEL, Linker, found_wrong, survey
from tests.rows import act, rows


@pytest.fixture
def clips(halls) -> list[Survey]:
    """The first hall from two places in one clip and in another one, and the other hall."""
    return [
        survey("one", [halls.wide, halls.other.only(0), halls.near.only(1)]),
        survey("two", [halls.near], builders=["haas", None, None]),
        survey("three", [halls.other]),
    ]


def test_each_machine_is_counted_once(linker, clips, key):
    linker.add(*clips)
    assert linker.link() == 11
    one, two, three = clips
    # m1..m3 of a hall stand side by side; the clip's fourth is the other hall's first.
    expected = [
        {key(one, "m1"), key(two, "m1")},
        {key(one, "m2"), key(one, "m5"), key(two, "m2")},
        {key(one, "m3"), key(two, "m3")},
        {key(one, "m4"), key(three, "m1")},
        {key(three, "m2")},
        {key(three, "m3")},
    ]
    assert sorted(linker.machines().values(), key=sorted) == sorted(expected, key=sorted)
    assert not found_wrong(linker.case)
    assert linker.link() == 0


def test_photographs_saved_again_are_counted_once(linker, halls):
    """As files by themselves, and as pictures of one folder."""
    linker.add(
        survey("one", [halls.wide], kind="still"),
        survey("two", [halls.saved, halls.other, halls.wide], kind="stills"),
    )
    linker.link()
    assert len(linker.machines()) == 6
    assert not found_wrong(linker.case)


def test_the_order_in_which_footage_comes_makes_no_difference(tmp_path, registry, halls):
    seen = []
    small = [
        survey("one", [halls.wide.only(0, 1), halls.other.only(0)]),
        survey("two", [halls.near.only(0), halls.near.only(1)], builders=["haas"]),
        survey("three", [halls.other.only(0, 1)]),
    ]
    for number, order in enumerate([(0, 1, 2), (2, 0, 1), (1, 2, 0), None]):
        with Case.new(tmp_path / str(number), "same") as case:
            linker = Linker(case, registry)
            for index in order or ():
                linker.add(small[index])
                linker.link()
            if order is None:
                linker.add(*small)
                linker.link()
            seen.append(rows(case))
    assert all(found == seen[0] for found in seen[1:])


def test_what_was_interrupted_is_done_again(linker, halls):
    linker.add(survey("one", [halls.wide.only(0)]), survey("two", [halls.near.only(0)]))
    with pytest.raises(ZeroDivisionError), linker.case.session() as session, session.begin():
        update_machines(session, MODEL, linker.settings)
        raise ZeroDivisionError
    assert linker.machines() == {}
    assert linker.link() == 2
    assert len(linker.machines()) == 1


def test_copies_found_late_are_tied(linker, halls, key):
    blind = [survey("a", [halls.wide.only(0)]), survey("b", [halls.wide.only(0)])]
    blind.sort(key=lambda one: one.analysis.footage.sha256)
    strangers = [Survey(one.analysis) for one in blind]  # without a look nothing is alike
    linker.add(*strangers)
    linker.link()
    a, b = (key(one, "m1") for one in blind)
    assert not linker.together(a, b)
    span = CopySpan("0", "2", "0", (1.0, 0.0, 1.0, 0.0), 8, 1.0).to_json()  # type: ignore[arg-type]
    shas = [one.analysis.footage.sha256 for one in blind]
    with linker.case.session() as session, session.begin():
        of = {"a": shas[0], "b": shas[1], "model": MODEL, "settings": linker.settings}
        much = {"seconds": 2.0, "share_a": 1.0, "share_b": 1.0, "score": 1.0, "mirrored": False}
        session.add(Copy(**of, **much, kind="recompressed", spans=[span], reason="the same"))
    linker.link()
    assert linker.together(a, b)
    before = rows(linker.case)
    linker.link()
    assert rows(linker.case) == before


def test_a_cut_by_hand_outlasts_a_rerun_and_another_model(linker, halls, key):
    clips = [survey("one", [halls.wide.only(0)]), survey("two", [halls.near.only(0)])]
    linker.add(*clips)
    linker.link()
    a, b = (key(one, "m1") for one in clips)
    assert linker.together(a, b)
    act(linker.case, cut, b, a, "Anna", "another number on the door")
    assert not linker.together(a, b)
    linker.add(survey("three", [halls.wide.only(1)]))
    linker.link()
    assert not linker.together(a, b)

    other = "cc" * 32
    anew = [
        survey("one", [halls.wide.only(1, 0).moved(2)], model=other),
        survey("two", [halls.near.only(1, 0).moved(3)], model=other),
    ]
    linker.add(*anew)
    linker.link(other)
    assert not linker.together(*(key(one, "m2") for one in anew))
    assert linker.together(*(key(one, "m1") for one in anew))
    assert not linker.together(a, b)


def test_a_later_decision_supersedes_and_none_is_lost(linker, halls, put):
    a, b = sorted(put(halls.wide.only(0), halls.near.only(0)))
    untouched = rows(linker.case)["links"]
    for how, together in ((cut, False), (join, True), (cut, False), (join, True)):
        act(linker.case, how, a, b, "Anna")
        assert linker.together(a, b) == together
    with linker.case.session() as session:
        decisions = session.scalars(select(Decision).order_by(Decision.number)).all()
        assert [d.what for d in decisions] == ["cut", "join", "cut", "join"]
        links = session.scalars(select(Link).where(Link.a == a)).all()
        assert sorted(link.kind for link in links) == ["joined", "place"]
        assert all(link.held for link in links)
        assert next(k for k in links if k.kind == "joined").reason.startswith("joined by Anna")
    assert set(untouched) < set(rows(linker.case)["links"])


def test_a_decision_settles_no_other_and_leaves_nothing_to_be_settled(linker, halls, put):
    wide, near, other = halls.wide.only, halls.near.only, halls.other.only
    a, b, c, d, e, f = put(wide(0), near(0), other(0), other(1), wide(1), near(1))
    with linker.case.session() as session, session.begin():
        cut(session, a, b, "Anna")
        join(session, e, f, "Anna")
    asked: list[str] = []
    engine = linker.case.engine
    event.listen(engine, "before_cursor_execute", lambda *sent: asked.append(str(sent[3])))
    act(linker.case, join, c, d, "Anna")
    assert linker.together(c, d) and not linker.together(a, b)
    assert not any(other in one for one in asked for other in (a, b, e))
    told = rows(linker.case)
    linker.link()
    assert rows(linker.case) == told and found_wrong(linker.case) == []


@pytest.mark.databases
@pytest.mark.parametrize("back", [False, True], ids=["in order", "the other way round"])
def test_a_join_that_a_cut_forbids_is_refused_and_leaves_no_trace(linker, halls, put, back):
    """Whichever of the sightings sorts first: an earlier join does not give way to a later one."""
    keys = put(halls.wide.only(0), halls.other.only(0), halls.other.only(1))
    a, b, c = sorted(keys, reverse=back)
    for how, pair in ((join, (a, b)), (cut, (a, c))):
        act(linker.case, how, *pair, "Anna")
    before = rows(linker.case)
    with (
        pytest.raises(UsageError, match="cut apart by hand"),
        linker.case.session() as session,
        session.begin(),
    ):
        join(session, b, c, "Boris")
    assert rows(linker.case) == before


@pytest.mark.parametrize(
    ("a", "b", "author", "says"),
    [
        ("m1", "m1", "Anna", "one sighting"),
        ("m1", "m2", " ", "author"),
        ("m1", "m9", "Anna", "no sighting"),
    ],
    ids=["itself", "nobody", "unknown"],
)
def test_a_decision_that_means_nothing_is_refused(linker, halls, key, a, b, author, says):
    one = survey("one", [halls.wide])
    linker.add(one)
    linker.link()
    with pytest.raises(UsageError, match=says), linker.case.session() as session, session.begin():
        join(session, key(one, a), key(one, b), author)


def test_builders_that_disagree_in_a_copy_are_a_conflict_and_claim_nothing_chinese(
    linker, halls, key
):
    clips = [
        survey("one", [halls.wide.only(0)], builders=["dmtg"], grade="A"),
        survey("two", [halls.wide.only(0)], builders=["dmg-mori"]),
    ]
    linker.add(*clips)
    linker.link()
    a, b = (key(one, "m1") for one in clips)
    assert not linker.together(a, b)
    act(linker.case, join, a, b, "Anna")
    with linker.case.session() as session:
        (machine,) = session.scalars(select(MachineRow))
        assert machine.conflict and machine.builder is None and machine.grade == "U"


def test_a_tie_that_must_give_way_is_kept_but_not_held(linker, halls, put):
    a, b = sorted(put(halls.wide.only(0), halls.near.only(0)))
    act(linker.case, cut, a, b, "Anna")
    with linker.case.session() as session:
        (link,) = session.scalars(select(Link))
        assert (link.a, link.b, link.kind, link.held) == (a, b, "place", False)
        found = session.scalars(select(SightingRow.key).order_by(SightingRow.key)).all()
        assert found == [a, b]
    assert not found_wrong(linker.case)
