"""Where footage came from, as its sources say: one, several that differ, in several languages, or
none any more; and which footages are one recording."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from datasets.errors import UsageError
from datasets.registry import Registry
from evidence.answer.package import recompute, write_package
from evidence.answer.question import Question
from evidence.case.case import Case
from evidence.case.places import claimed_plants, leave
from evidence.case.tables import Location
from evidence.link.copies import join
from evidence.spelling import PlantNames
from tests.evidence.answer.conftest import CHINESE, Ask, Builder, judge_all, key
from tests.evidence.answer.test_package import ON_SQLITE
from tests.rows import look


@pytest.mark.parametrize("known", [True, False], ids=["where it lay is known", "or not"])
def test_machines_count_whose_files_were_replaced(case, b, ask, known):
    b.add("Kazan works", claim="dmtg", outcome="accept", published="2024")
    b.write()
    with case.session() as session, session.begin():
        place = session.scalars(select(Location)).one()
        if known:
            leave(session, place)
        place.footage = None
    found = ask()
    assert (found.counts.machines, found.counts.confirmed) == (1, 1)
    assert [(one.stated, one.confirmed) for one in found.plants] == [(known, 1)]
    if known:
        asked = Question(plants=("Kazan works",), since="2024")
        assert ask(asked).counts.confirmed == 1


def also(case: Case, number: int, *plants: str) -> None:
    """The clip of that number lies at further places, said to be in these plants."""
    with case.session() as session, session.begin():
        session.add_all(
            Location(path=f"/more/{n}.mp4", footage=key("f", number), plant_claimed=plant)
            for n, plant in enumerate(plants)
        )


def about(ask: Ask, *plants: str) -> tuple[int, int]:
    """Machines in these plants, and files whose sources name others too."""
    found = ask(Question(plants=plants))
    return found.counts.machines, found.caveat("plants_disagree")


def test_footage_of_two_plants_alike_is_of_neither(case, b, ask):
    b.add("Kazan works", claim="dmtg", outcome="accept")
    b.write()
    also(case, 1, "Izhevsk works")
    found = ask()
    assert [row.stated for row in found.plants] == [False]
    assert "in 1 recording of which no plant is known for certain" in found.said.sentence
    note = (
        "files whose sources name several plants (Izhevsk works, Kazan works): 1; they count as of "
        "another plant, or of none that is known"
    )
    assert note in found.warnings
    for plant in ("Kazan works", "izhevsk works"):
        asked = ask(Question(plants=(plant,)))
        assert asked.counts.machines == 0 and note in asked.warnings
    with pytest.raises(UsageError, match="Izhevsk works, Kazan works"):
        ask(Question(plants=("Tula",)))


def test_footage_of_several_plants_is_of_the_one_named_most(case, b, ask):
    b.add("Kazan works", claim="dmtg", outcome="accept")
    b.write()
    also(case, 1, "Izhevsk works", "KAZAN works")
    found = ask()
    assert [(row.plant, row.stated) for row in found.plants] == [("KAZAN works", True)]
    assert found.caveat("plants_disagree") == 0
    assert about(ask, "Izhevsk works") == about(ask, "izhevsk  works") == (0, 1)
    assert about(ask, "Izhevsk works", "kazan  works") == (1, 0)


def test_a_copy_whose_source_names_another_plant_tells_against_it(case, b, ask):
    """Else one machine would be confirmed in each of the two."""
    machine = b.add("Kazan works", claim="dmtg", outcome="accept")
    b.add("Izhevsk works", claim="dmtg", outcome="accept", same=machine)
    b.copy(1, 2)
    b.write()
    assert about(ask, "Kazan works") == about(ask, "Izhevsk works") == (0, 2)
    found = ask()
    assert "in 1 recording of which no plant is known for certain" in found.said.sentence
    also(case, 1, "Kazan works")
    found = ask()
    assert [(row.plant, row.confirmed) for row in found.plants] == [("Kazan works", 1)]
    assert about(ask, "Izhevsk works") == (0, 2)


def test_what_is_linked_to_a_confirmed_machine_moves_it_to_no_other_plant(b, ask):
    machine = b.add("Kazan works", claim="dmtg", outcome="accept")
    for _ in range(2):
        b.add("Izhevsk works", same=machine)
    unread = b.add("Tula", claim="mazak")
    for _ in range(2):
        b.add("Perm", same=unread)
    nowhere = b.add(None, claim="haas", outcome="accept")
    b.add("Omsk", same=nowhere)
    answer = ask()
    found = {row.plant: (row.machines, row.confirmed) for row in answer.plants}
    assert found["Kazan works"] == (1, 1)
    assert found["Perm"] == (1, 0) and found["Omsk"] == (1, 0)
    assert found["Izhevsk works"] == found["Tula"] == (0, 0)


def test_what_only_a_copy_says_is_not_known_of_the_other(b, ask):
    b.add("Kazan works", claim="dmtg", outcome="accept")
    b.add(None, claim="mazak")
    b.copy(1, 2)
    assert ask(Question(plants=("Kazan works",))).counts.machines == 1


def test_a_plant_is_written_in_several_ways(case, b, ask):
    for plant in ("Plant No. 12", "Plant No.12", "plant № 12", "Plant No. 12", "Plant 12"):
        b.add(plant, claim="dmtg", outcome="accept")
    found = ask()
    assert [(row.plant, row.machines) for row in found.plants] == [
        ("Plant No. 12", 4),
        ("Plant 12", 1),
    ]
    assert ask(Question(plants=("Plant N12",))).counts.machines == 4
    twice = ask(Question(plants=("Plant N12", "plant  no. 12")))
    assert "in 1 plant, in footage of Plant N12, " in twice.said.sentence
    assert PlantNames().once(look(case, claimed_plants)) == ["Plant 12", "Plant No. 12"]


def test_a_plant_that_no_source_names_is_told_of(b, ask):
    b.add("Plant 1", claim="dmtg")
    b.add(None, claim="dmtg")
    with pytest.raises(UsageError, match=r"Nowhere: no source names .*; those named are: Plant 1"):
        ask(Question(plants=("plant 1", "Nowhere")))


ENGLISH, RUSSIAN = "Plant No. 9", "завод №9"


def fill(b: Builder) -> None:
    """Four machines of each plant, of one plant the half in each language."""
    for plant in (ENGLISH, RUSSIAN, "KnAAZ", "Завод № 99"):
        for builder in ("dmtg", "dmtg", "mazak", "mazak"):
            b.add(plant, claim=builder, outcome="accept")
    judge_all(b.session)


def test_it_is_counted_once_under_the_registrys_name(case, registry, b, ask):
    fill(b)
    found = ask()
    assert {(row.plant, row.machines) for row in found.plants} == {
        (ENGLISH, 8),
        ("KnAAZ", 4),
        ("Завод № 99", 4),
    }
    assert found.counts.plants == 3
    apart = ask(CHINESE, Registry(registry))
    assert apart.counts.plants == 4
    named = PlantNames(registry.plants).once(look(case, claimed_plants))
    assert named == ["KnAAZ", ENGLISH, "Завод № 99"]


@pytest.mark.parametrize("asked", [(RUSSIAN,), ("plant n9",), (ENGLISH, "Завод No. 9")])
def test_it_is_asked_for_in_any_language(b, ask, asked):
    fill(b)
    found = ask(Question(plants=asked))
    assert (found.counts.machines, found.question.plants) == (8, (ENGLISH,))


def test_sources_that_name_it_in_two_languages_agree(case, b, ask):
    b.add(RUSSIAN, claim="dmtg", outcome="accept")
    b.write()
    also(case, 1, ENGLISH)
    found = ask()
    assert [(row.plant, row.stated) for row in found.plants] == [(ENGLISH, True)]
    assert found.caveat("plants_disagree") == 0


@ON_SQLITE
@pytest.mark.parametrize("known", [[("Works", "KnAAZ", "Завод № 99")], []], ids=["own", "none"])
def test_a_package_counts_plants_as_they_were_known_where_it_was_made(
    case, registry, b, known, tmp_path
):
    fill(b)
    b.write()
    registry = Registry(registry, known)
    asked = Question(plants=("Завод № 99",))
    for number, question in enumerate((Question(), asked)):
        write_package(case, question, registry, tmp_path / str(number))
        found, otherwise, *_ = recompute(tmp_path / str(number))
        assert otherwise == []
        assert found.counts.plants == (1 if number else 3 if known else 4)
        assert found.counts.machines == (16, 8 if known else 4)[number]


SAME, HELD, PART = (1.0, 0.9), (1.0, 0.1), (0.3, 0.3)


@pytest.mark.parametrize(
    ("shares", "recordings"),
    [
        ({("a", "b"): SAME, ("b", "c"): SAME}, ["abc"]),  # copies of copies
        ({("a", "b"): PART}, ["a", "b"]),
        ({("a", "b"): HELD}, ["ab"]),
        ({("a", "c"): HELD, ("b", "c"): HELD, ("a", "b"): SAME}, ["abc"]),
        ({("a", "c"): HELD, ("b", "c"): HELD, ("a", "b"): HELD}, ["abc"]),
        ({("a", "c"): HELD, ("b", "c"): HELD}, ["a", "b", "c"]),  # a programme, of clips
        ({("a", "c"): HELD, ("b", "c"): HELD, ("a", "b"): PART}, ["a", "b", "c"]),
        ({("a", "b"): HELD, ("a", "c"): HELD}, ["a", "b", "c"]),  # an advertisement in two
        ({("a", "b"): HELD, ("a", "d"): HELD, ("c", "d"): HELD}, ["ab", "c", "d"]),
        ({("a", "d"): HELD, ("c", "d"): HELD, ("d", "e"): SAME}, ["a", "c", "de"]),  # shown twice
    ],
)
def test_which_are_one_recording(shares, recordings):
    footage = {one for pair in shares for one in pair}
    names = join(footage, shares)
    found = {"".join(sorted(f for f in footage if names[f] == name)) for name in names.values()}
    assert sorted(found) == recordings


def test_what_a_programme_shows_of_a_clip_is_of_its_recording(b, ask):
    """And what it shows beside is of its own: two plants' machines, and one that it has alone."""
    first = b.add("Plant 1", claim="mazak", views=3)
    second = b.add("Plant 2", claim="mazak", views=3)
    b.add(None, claim="mazak", views=20, same=first)  # 3, best seen at 1
    b.add(None, claim="mazak", views=20, same=second)  # 4, best seen at 1
    b.add(None, claim="mazak", views=20)  # 5
    for programme, (one, other) in ((3, (1, 2)), (4, (2, 1)), (5, (1, 2))):
        begin = 0 if programme < 5 else 8
        b.copy(one, programme, 1.0, 0.2, later=begin, seconds=4)
        b.copy(other, programme, 1.0, 0.2, later=14, seconds=4)
    rows = ask().plants
    assert [row.recordings for row in rows] == [1, 1, 1]
