"""Copies in the case: found whatever came first, in place of those known before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector.settings import Settings
from detector.types import Analysis, Footage, Loss, Print, Survey
from evidence.case.case import Case
from evidence.case.rows import record_survey
from evidence.case.sighting_tables import Copy, settings_key
from evidence.link.alignment import CopySpan
from evidence.link.copies import CopyFinder
from evidence.link.fingerprint import Fingerprint
from tests.evidence.link import films
from tests.evidence.link.conftest import survey, view
from tests.probe import probe as probe_of

MODEL = "aa" * 32
TAKES = (films.Take(1), films.Take(2), films.Take(3))


@dataclass(frozen=True)
class Made:
    """Footage under the SHA-256 of its name."""

    name: str
    takes: tuple[films.Take, ...]
    edit: films.Edit | None = None


ORIGINAL = Made("original", TAKES)
CROP = Made("crop", TAKES, films.cropped(0.1, 0.05, 0.95, 0.9))
MIRRORED = Made("mirrored excerpt", TAKES[1:], films.mirrored)
OTHER = Made("other", (films.Take(11), films.Take(12)))
ALL = (ORIGINAL, CROP, MIRRORED, OTHER)


@lru_cache(maxsize=16)
def prints_of(made: Made) -> tuple[Print, ...]:
    return films.prints(made.takes, made.edit)


@pytest.fixture
def settings(registry) -> str:
    return settings_key(Settings().digest, registry.digest)


def store(case: Case, session: Session, registry: Registry, made: Made) -> str:
    """Records footage of which nothing was found but its prints."""
    seconds = sum((take.seconds for take in made.takes), Fraction(0))
    footage = Footage(Path(f"{made.name}.mp4"), films.sha(made.name), 1000, "video", "mp4")
    probe = probe_of(films.SIZE, seconds, rate=8)
    analysis = Analysis(footage, probe, Loss(), (), (), (), MODEL, Settings().digest)
    record_survey(session, case, Survey(analysis, prints_of(made)), registry)
    return footage.sha256


def by_sha(footage: Fingerprint) -> str:
    return footage.footage


def rows(session: Session) -> list[tuple[object, ...]]:
    found = session.scalars(select(Copy).order_by(Copy.a, Copy.b))
    return [
        (c.a, c.b, c.kind, c.mirrored, c.seconds, c.share_a, c.share_b, c.score, str(c.spans))
        for c in found
    ]


def swept(
    case: Case, registry: Registry, settings: str, order: Sequence[Made]
) -> list[tuple[object, ...]]:
    """The copies after footage was stored and settled one after another, and then dropped."""
    finder = CopyFinder(MODEL, settings)
    with case.session() as session, session.begin():
        for made in order:
            finder.update(session, store(case, session, registry, made))
        found = rows(session)
        session.rollback()
    # It has read each footage, and kept it for the next: what an archive's speed hangs on.
    assert len(finder) == len(order)
    return found


def test_copies_do_not_depend_on_the_order_in_which_footage_came(case, registry, settings):
    forwards = swept(case, registry, settings, ALL)
    backwards = swept(case, registry, settings, ALL[::-1])
    mixed = swept(case, registry, settings, (CROP, OTHER, ORIGINAL, MIRRORED))
    assert forwards == backwards == mixed
    pairs = {frozenset(row[:2]) for row in forwards}
    names = (ORIGINAL, CROP, MIRRORED)
    assert pairs == {
        frozenset((films.sha(a.name), films.sha(b.name)))
        for a in names
        for b in names
        if a is not b
    }


def test_a_copy_is_kept_as_it_was_matched(case, registry, settings):
    with case.session() as session, session.begin():
        first = store(case, session, registry, ORIGINAL)
        second = store(case, session, registry, MIRRORED)
        (copy,) = CopyFinder(MODEL, settings).update(session, second)
        session.flush()
        session.expire_all()
        a, b = sorted(
            (films.film(m.name, m.takes, m.edit) for m in (ORIGINAL, MIRRORED)), key=by_sha
        )
        found = films.match(a, b)
        assert found is not None
        assert (copy.a, copy.b) == (a.footage, b.footage) == tuple(sorted((first, second)))
        assert (copy.kind, copy.mirrored, copy.reason) == ("excerpt", True, found.reason)
        assert (copy.share_a, copy.share_b) == (found.share_a, found.share_b)
        stored = [CopySpan.from_json(plain) for plain in copy.spans]
        assert [(s.start, s.end, s.offset) for s in stored] == [
            (s.start, s.end, s.offset) for s in found.spans
        ]


STAND = (films.Take(2, Fraction(1), begin=(0.5, 0.5, 0.8), end=(0.5, 0.5, 0.8)),)


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (("still", "still"), "recompressed"),
        (("still", "stills"), "recompressed"),
        (("still", "video"), "same view"),
        (("video", "video"), "same view"),
    ],
)
def test_a_photograph_that_was_saved_again_is_a_copy_and_film_that_stands_a_view(
    case, registry, settings, kinds, said
):
    made = Made("first", STAND), Made("second", STAND, films.recompressed)
    with case.session() as session, session.begin():
        for one, kind in zip(made, kinds, strict=True):
            picture = next(films.frames(one.takes, one.edit))[0].image
            shown = survey(one.name, [view(picture, {1: (40.0, 30.0, 200.0, 150.0)})], kind=kind)
            looks = tuple(replace(look, pts=Fraction(0)) for look in shown.looks)
            shown = replace(shown, prints=prints_of(one), looks=looks)
            record_survey(session, case, shown, registry)
            found = CopyFinder(MODEL, settings).update(session, films.sha(one.name))
        assert [copy.kind for copy in found] == [said]


def test_looking_again_gives_the_same_rows(case, registry, settings):
    with case.session() as session, session.begin():
        stored = [store(case, session, registry, made) for made in ALL]
        finder = CopyFinder(MODEL, settings)
        for footage in stored:
            finder.update(session, footage)
        before = rows(session)
        assert len(finder) == len(ALL)
        for footage in stored[::-1]:
            CopyFinder(MODEL, settings).update(session, footage)
        assert rows(session) == before


def test_other_settings_have_copies_of_their_own(case, registry, settings):
    with case.session() as session, session.begin():
        stored = [store(case, session, registry, made) for made in (ORIGINAL, CROP)]
        assert CopyFinder(MODEL, "bb" * 32).update(session, stored[0]) == []
        assert len(CopyFinder(MODEL, settings).update(session, stored[0])) == 1
        assert CopyFinder(MODEL, "bb" * 32).update(session, stored[0]) == []
        assert session.scalar(select(func.count()).select_from(Copy)) == 1


def test_footage_that_is_not_stored_has_no_copies(case, settings):
    with case.session() as session, session.begin():
        assert CopyFinder(MODEL, settings).update(session, films.sha("nothing")) == []
