"""Two drawn halls, each with a row of three machines of one model, alike to the last sticker,
and what a detector without fault would have found in pictures of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from sqlalchemy import select

from datasets.maker.machine import random_machine
from datasets.maker.scene import draw_scene, random_scene
from datasets.registry import Registry
from detector.known_again.surroundings import look_of_sighting
from detector.settings import Settings
from detector.types import (
    Analysis,
    Attribution,
    Box,
    Footage,
    FootageKind,
    Look,
    Loss,
    Observation,
    Picture,
    Shot,
    Sighting,
    Survey,
    Track,
)
from evidence.case.case import Case
from evidence.case.check import check
from evidence.case.rows import record_survey
from evidence.case.sighting_tables import Membership, settings_key
from evidence.case.summary import add_recipe
from evidence.case.tables import Location
from evidence.link.machines import update_machines
from evidence.link.sightings import LinkSighting
from tests.probe import probe as probe_of

SIZE = (640, 360)
MODEL = "aa" * 32


def found_wrong(case: Case) -> list[str]:
    """What a check finds wrong."""
    return [finding.what for finding in check(case) if finding.wrong]


@dataclass(frozen=True)
class View:
    """A picture of a hall: the box, appearance and points of each machine by its number."""

    machines: dict[int, tuple[Box, bytes, bytes]]

    def only(self, *numbers: int) -> View:
        return View({n: self.machines[n] for n in numbers})

    def moved(self, by: float) -> View:
        """The same with all boxes a little off, as another model would put them."""
        return View(
            {
                n: ((x1 + by, y1 + by, x2 + by, y2 + by), look, points)
                for n, ((x1, y1, x2, y2), look, points) in self.machines.items()
            }
        )


@dataclass(frozen=True)
class Halls:
    """wide, near: one hall, seen whole and from nearer in another light. other: the other hall.
    saved: the first picture compressed anew and mirrored."""

    wide: View
    near: View
    other: View
    saved: View


def view(picture: Picture, boxes: dict[int, Box]) -> View:
    found = {}
    for number, box in boxes.items():
        others = [other for n, other in boxes.items() if n != number]
        found[number] = (box, *look_of_sighting(picture, box, (), others))
    return View(found)


def nearer(picture: Picture, boxes: dict[int, Box]) -> tuple[Picture, dict[int, Box]]:
    """Three quarters of the picture, somewhat darker and flatter."""
    scale, dx, dy = 4 / 3, -0.1 * SIZE[0], -0.23 * SIZE[1]
    matrix = np.array([[scale, 0, dx], [0, scale, dy]])
    moved = cv2.warpAffine(picture, matrix, SIZE)
    near = {
        number: tuple(
            float(np.clip(v * scale + d, 0, most))
            for v, d, most in zip(box, (dx, dy, dx, dy), SIZE * 2, strict=True)
        )
        for number, box in boxes.items()
    }
    return np.asarray(cv2.convertScaleAbs(moved, alpha=0.85, beta=12), np.uint8), near  # type: ignore[return-value]


def saved_again(picture: Picture, boxes: dict[int, Box]) -> tuple[Picture, dict[int, Box]]:
    """The picture mirrored and compressed."""
    coded = cv2.imencode(".jpg", picture[:, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 70])[1]
    turned = {n: (SIZE[0] - x2, y1, SIZE[0] - x1, y2) for n, (x1, y1, x2, y2) in boxes.items()}
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8), turned


@pytest.fixture(scope="session")
def halls() -> Halls:
    spec = random_machine(np.random.default_rng(1), variant="marked")
    drawn = []
    for seed in (1, 51):
        scene = random_scene(seed, SIZE, machines=[spec] * 3, setting="hall")
        picture, truth = draw_scene(replace(scene, settled=scene.camera, clutter=18))
        drawn.append((picture, {m.number: m.box for m in truth.machines}))
    views = drawn[0], nearer(*drawn[0]), drawn[1], saved_again(*drawn[0])
    return Halls(*(view(*one) for one in views))


def seen(
    key: str,
    where: View | None = None,
    number: int = 0,
    *,
    footage: str = "",
    shot: int = 0,
    reason: str = "hit",
    times: Sequence[float] = (0, 1),
    box: Box = (10.0, 10.0, 60.0, 60.0),
    **more: object,
) -> LinkSighting:
    """A sighting for the functions that know no store."""
    points = b""
    if where is not None:
        box, _, points = where.machines[number]
    track = tuple((Fraction(t).limit_denominator(100), box) for t in times)
    return LinkSighting(
        key, footage or key, track[0][0], track[-1][0], shot, reason, track, track[0][0], box, SIZE,
        points=points, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def survey(
    word: str,
    shots: Sequence[View],
    builders: Sequence[str | None] = (),
    model: str = MODEL,
    grade: str = "B",
    kind: FootageKind = "video",
) -> Survey:
    """A footage, known by a word, of shots of two seconds; its sightings are m1, m2, ..."""
    sha256 = hashlib.sha256(word.encode()).hexdigest()
    footage = Footage(Path(f"{word}.mp4"), sha256, 1, kind, "mp4")
    sightings: list[Sighting] = []
    looks: list[Look] = []
    last = Fraction(49, 25)  # of a shot's frames
    spans = [Shot(i, Fraction(2 * i), 2 * i + last, "hit") for i in range(len(shots))]
    for span, shown in zip(spans, shots, strict=True):
        for box, appearance, points in shown.machines.values():
            name = f"m{len(sightings) + 1}"
            builder = builders[len(sightings)] if len(sightings) < len(builders) else None
            track = tuple(Observation(span.start + Fraction(i, 2), box, 0.9) for i in range(4))
            said = Attribution(builder, 0.95 if builder else 0.1, grade if builder else "U")  # type: ignore[arg-type]
            sightings.append(Sighting(name, Track(span, track), track[1], said))
            looks.append(Look(name, track[1].pts, box, appearance, points))
    probe = probe_of(SIZE, 2 * len(shots))
    analysis = Analysis(
        footage, probe, Loss(), tuple(spans), tuple(sightings), (), model, Settings().digest
    )
    return Survey(analysis, looks=tuple(looks))


class Linker:
    """A case that is filled and linked, footage by footage."""

    def __init__(self, case: Case, registry: Registry) -> None:
        self.case, self._registry = case, registry
        self.settings = settings_key(Settings().digest, registry.digest)

    def add(self, *surveys: Survey) -> None:
        with self.case.session() as session, session.begin():
            for one in surveys:
                add_recipe(session, one.analysis.model_hash, Settings(), self._registry)
                record_survey(session, self.case, one, self._registry)
                sha256 = one.analysis.footage.sha256
                original = self.case.folder.with_name(f"{sha256}.mp4")
                original.touch()
                session.merge(Location(path=str(original), footage=sha256))

    def link(self, model: str = MODEL) -> int:
        with self.case.session() as session, session.begin():
            return update_machines(session, model, self.settings)

    def machines(self) -> dict[str, set[str]]:
        """Keys of the sightings of each machine."""
        found: dict[str, set[str]] = {}
        with self.case.session() as session:
            for key, machine in session.execute(select(Membership.sighting, Membership.machine)):
                found.setdefault(machine, set()).add(key)
        return found

    def together(self, *keys: str) -> bool:
        return any(set(keys) <= members for members in self.machines().values())


@pytest.fixture
def linker(case, registry) -> Linker:
    return Linker(case, registry)


@pytest.fixture
def put(linker, key) -> Callable[..., list[str]]:
    """Stores views, a clip of each, and links them; gives the key of each one's first machine."""

    def store(*views: View) -> list[str]:
        clips = [survey(f"clip {number}", [one]) for number, one in enumerate(views)]
        linker.add(*clips)
        linker.link()
        return [key(one, "m1") for one in clips]

    return store


Key = Callable[[Survey, str], str]


@pytest.fixture
def key(registry) -> Key:
    """The key in the case of a sighting of a survey, by its name."""
    from evidence.case.sighting_tables import analysis_id, sighting_key

    def of(one: Survey, name: str) -> str:
        settings = settings_key(Settings().digest, registry.digest)
        analysis = one.analysis
        return sighting_key(
            analysis_id(analysis.footage.sha256, analysis.model_hash, settings), name
        )

    return of
