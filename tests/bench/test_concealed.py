"""How places that are called hidden are counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from bench.concealed import FILM, FRAMES, WAYS, Camera, count, passed_by, table
from datasets.annotations import Box
from detector.types import Analysis, Attribution, Evidence
from tests.evidence.conftest import analysis as analysis
from tests.evidence.conftest import clip as clip
from tests.evidence.conftest import sighting

HIDDEN: Box = (100.0, 100.0, 200.0, 130.0)
ELSEWHERE: Box = (400.0, 300.0, 440.0, 340.0)


@pytest.mark.parametrize(
    ("called", "expected"),
    [
        ([], (1, 0, 1, 0, 0)),
        ([HIDDEN], (1, 1, 1, 0, 0)),
        ([(110.0, 105.0, 150.0, 125.0), ELSEWHERE, ELSEWHERE], (1, 1, 1, 1, 2)),
        ([ELSEWHERE], (1, 0, 1, 1, 1)),
    ],
)
def test_a_place_is_told_or_false(
    analysis: Analysis, called: list[Box], expected: tuple[int, ...]
) -> None:
    lines = tuple(Evidence("concealed", None, "", 0.0, analysis.probe.start, box) for box in called)
    said = Attribution(None, 0.5, "U", evidence=lines, concealed=bool(called))
    told: dict[str, Counter[str]] = {}
    count(told, "smeared", replace(analysis, sightings=(sighting("m1", said),)), [HIDDEN])
    *_, row = table(told)
    assert row == f"| smeared | {' | '.join(map(str, expected))} |"


@pytest.mark.parametrize("number", range(3))
def test_what_a_camera_shows_is_where_it_says(number: int) -> None:
    picture = np.zeros((600, 900, 3), np.uint8)
    picture[100:130, 300:400] = 255
    camera = Camera(picture, number)
    shown = dict(camera.frames())
    places = [camera.shown((300.0, 100.0, 400.0, 130.0), share) for share in (0.0, 1.0)]
    assert places[0] != places[1] and len(shown) == FRAMES
    for frame, place in zip((shown[0], shown[FRAMES - 1]), places, strict=True):
        rows, columns = np.nonzero(frame[:, :, 0] > 128)
        found = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        assert np.abs(np.array(found) - place).max() <= 2


def test_a_face_walks_by_and_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Camera(np.full((600, 900, 3), 200, np.uint8), 1)
    machine = (200.0, 100.0, 700.0, 500.0)
    frames = dict(passed_by(camera, machine, 1))
    changed = [np.nonzero((frames[n] != 200).any(axis=(0, 2)))[0].mean() for n in (0, FRAMES - 1)]
    assert changed[1] - changed[0] > 200
    for way in WAYS:
        monkeypatch.setitem(WAYS, way, lambda picture, box: None)
    shown = dict(passed_by(camera, machine, 1))
    assert all((shown[n] != frames[n]).any() for n in frames)


@pytest.mark.parametrize(("moved", "told"), [(False, 1), (True, 0)])
def test_in_a_film_a_place_is_where_the_camera_shows_it(
    analysis: Analysis, moved: bool, told: int
) -> None:
    camera = Camera(np.zeros((600, 900, 3), np.uint8), 1)
    last = Fraction(FRAMES - 1) / FILM.rate
    place = camera.shown((300.0, 100.0, 320.0, 130.0), 0.0 if moved else 1.0)
    line = Evidence("concealed", None, "", 0.0, last, place)
    said = Attribution(None, 0.5, "U", evidence=(line,), concealed=True)
    counts: dict[str, Counter[str]] = {}
    found = replace(analysis, sightings=(sighting("m1", said),))
    count(counts, "film", found, [(300.0, 100.0, 320.0, 130.0)], camera)
    assert (counts["film"]["told"], counts["film"]["false ones"]) == (told, 1 - told)
