"""What is claimed of footage is put right once, and no list takes that back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from datasets.errors import UsageError
from evidence.case.case import Case
from evidence.case.places import correct
from evidence.case.tables import Correction, FootageRow, Location, Recipe
from evidence.case.work_queue import FootageSource, add_work, done, take
from tests.rows import act, fetch

pytestmark = pytest.mark.databases

PATH = "/archive/hall.mp4"
LISTED = FootageSource(PATH, 10, 20, None, "Plant TV", "2024", "Plant 21")
FOOTAGE = "ab" * 32


def sweep(case: Case, recipe: Recipe, source: FootageSource = LISTED) -> None:
    """Puts the source on the list; the first time its file is hashed."""
    with case.session() as session, session.begin():
        add_work(session, recipe, [source])
        if session.get(FootageRow, FOOTAGE) is None:
            session.add(FootageRow(sha256=FOOTAGE, size=10, kind="video", container="mp4"))
            session.flush()
            session.get_one(Location, PATH).footage = FOOTAGE


def put_right(case: Case, path: str = PATH, **claims: str | None) -> list[tuple[str, object]]:
    with case.session() as session, session.begin():
        return [(one.claim, one.after) for one in correct(session, path, claims, "anna")]


def place(case: Case) -> Location:
    with case.session() as session:
        return session.get_one(Location, PATH)


def test_what_was_put_right_outlasts_the_list(case, recipe):
    sweep(case, recipe)
    said = [("plant_claimed", "Plant 12"), ("published", None)]
    assert put_right(case, plant_claimed=" Plant 12 ", published=None) == said
    other = FootageSource(PATH, 10, 20, "http://a.example", "Other TV", "2024", "Plant 21")
    sweep(case, recipe, other)
    found = place(case)
    assert (found.plant_claimed, found.published) == ("Plant 12", None)
    assert (found.publisher, found.origin_url) == ("Other TV", "http://a.example")


def test_what_stood_there_before_is_kept_with_the_name(case, recipe):
    sweep(case, recipe)
    put_right(case, plant_claimed="Plant 12")
    assert put_right(case, plant_claimed="Plant 12", publisher="Plant TV") == []
    put_right(case, plant_claimed="")
    rows = fetch(case, select(Correction).order_by(Correction.made))
    assert [(one.author, one.before, one.after) for one in rows] == [
        ("anna", "Plant 21", "Plant 12"),
        ("anna", "Plant 12", None),
    ]


def test_of_another_file_at_that_path_nobody_has_put_anything_right(case, recipe):
    sweep(case, recipe)
    put_right(case, plant_claimed="Plant 12")
    sweep(case, recipe, replace(LISTED, size=11))
    assert place(case).plant_claimed == "Plant 21"
    with pytest.raises(UsageError, match="the case knows no footage there"):
        put_right(case, plant_claimed="Plant 12")


def test_what_was_put_right_outlasts_another_time_of_change(swept, recipe, survey):
    footage = survey.analysis.footage
    path = str(footage.path)
    for claims in ({"plant_claimed": "Plant 11", "publisher": "A"}, {"publisher": ""}):
        put_right(swept, path, **claims)
    put_right(swept, path, plant_claimed="Plant 12")
    copied = FootageSource(path, footage.size, 1, publisher="Plant TV", plant_claimed="Plant 21")
    for _ in range(2):  # the second time it is not known what lies there
        act(swept, add_work, recipe, [copied])
    with swept.session() as session, session.begin():
        assert done(session, take(session, recipe, 1)[0], footage.sha256)
    for _ in range(2):
        with swept.session() as session, session.begin():
            found = session.get_one(Location, path)
            assert (found.plant_claimed, found.publisher) == ("Plant 12", None)
            add_work(session, recipe, [copied])


@pytest.mark.parametrize(
    ("path", "claims", "said"),
    [
        ("/archive/other.mp4", {"note": "x"}, "/archive/other.mp4: the case knows no footage"),
        (PATH, {"held": "x"}, "held: nothing that is claimed"),
    ],
)
def test_what_is_not_there_is_refused(case, recipe, path, claims, said):
    sweep(case, recipe)
    with pytest.raises(UsageError, match=said):
        put_right(case, path, **claims)
    assert place(case).note is None


@pytest.mark.parametrize("change", [update(Correction).values(author="ben"), delete(Correction)])
def test_no_correction_is_changed_or_taken_out(case, recipe, change):
    sweep(case, recipe)
    put_right(case, plant_claimed="Plant 12")
    with pytest.raises(DBAPIError), case.session() as session, session.begin():
        session.execute(change)  # type: ignore[call-overload]
