"""Where footage comes from, and on which side it stands."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from evidence.case.case import Case
from evidence.case.sighting_tables import Copy, MachineRow, Membership, analysis_id, sighting_key
from evidence.case.tables import Recipe
from evidence.learn.sources import choose_val, find_sources
from tests.judged import LEFT, MODEL, Filler, film, machine
from tests.rows import look


def sources(case: Case) -> dict[str, str]:
    return look(case, find_sources)


def clips(filler: Filler, folder: Path, *provenance: dict[str, str]) -> list[str]:
    return [
        filler.clip(film(folder / f"{seed}.mp4", seed), [machine("m1", LEFT)], **said)
        for seed, said in enumerate(provenance)
    ]


def test_one_publisher_one_host_and_one_plant_are_one_source(case, filler, tmp_path):
    one, two, three, four, alone = clips(
        filler,
        tmp_path,
        {"publisher": "Zavod TV"},
        {"publisher": " zavod tv ", "plant_claimed": "Plant 9"},
        {"origin_url": "https://www.example.org/a", "plant_claimed": "plant 9"},
        {"origin_url": "http://example.org/b"},
        {},
    )
    found = sources(case)
    assert found[one] == found[two] == found[three] == found[four] == "example.org"
    assert found[alone] == f"footage {alone[:12]}"


def test_a_plant_that_is_written_in_several_languages_is_one_source(case, filler, tmp_path):
    plants = ("Завод № 9", "Plant No. 9", "plant №9", "Завод № 99")
    films = clips(filler, tmp_path, *({"plant_claimed": one} for one in plants))
    found = sources(case)
    assert [found[one] for one in films] == ["Plant No. 9"] * 3 + ["Завод № 99"]


def test_a_publisher_counts_for_more_than_where_it_was_put(case, filler, tmp_path):
    one, two = clips(
        filler,
        tmp_path,
        {"publisher": "A", "origin_url": "https://video.example/1"},
        {"publisher": "B", "origin_url": "https://video.example/2"},
    )
    found = sources(case)
    assert (found[one], found[two]) == ("A", "B")


def test_copies_and_machines_tie_footage_together(case, filler, tmp_path):
    first, second, third = clips(
        filler, tmp_path, {"publisher": "A"}, {"publisher": "B"}, {"publisher": "C"}
    )
    with case.session() as session, session.begin():
        [recipe] = session.query(Recipe).all()
        a, b = sorted((first, second))
        copy = {"a": a, "b": b, "model": MODEL, "settings": recipe.settings, "kind": "again"}
        more = {"mirrored": False, "seconds": 2, "share_a": 1, "share_b": 1, "score": 1}
        session.execute(insert(Copy), [copy | more | {"spans": [], "reason": ""}])
        keys = [
            sighting_key(analysis_id(footage, MODEL, recipe.settings), "m1")
            for footage in (second, third)
        ]
        row = {"id": "cd" * 16, "model": MODEL, "settings": recipe.settings, "grade": "U"}
        seen = {"probability": 0, "sightings": 2, "footages": 2, "conflict": False}
        session.execute(insert(MachineRow), [row | seen])
        session.execute(insert(Membership), [{"sighting": k, "machine": "cd" * 16} for k in keys])
    assert set(sources(case).values()) == {"A"}


@given(st.sets(st.text(), max_size=30), st.floats(0.05, 0.9))
def test_each_source_has_its_side_whatever_else_there_is(names, share):
    val = choose_val(names, share)
    assert val <= names
    assert choose_val(sorted(names, reverse=True), share) == val
    if len(names) > 1:
        assert 0 < len(val) < len(names)
    else:
        assert not val
