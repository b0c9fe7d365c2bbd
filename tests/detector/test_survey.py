"""What a case keeps of a footage, taken while its frames pass by."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from detector import Analyst, Survey, cut_stills
from detector.footage.files import open_footage
from detector.known_again.prints import WINDOW
from detector.look.stills import MARK_MARGIN, decode_frame
from detector.types import Still
from tests.detector.clips import write_clip
from tests.detector.conftest import SMALL


@pytest.fixture(scope="module")
def analyst() -> Analyst:
    """On one thread, so that a survey on two is one on more, wherever the tests run."""
    return Analyst(threads=1)


@pytest.fixture(scope="module")
def survey(analyst, drawn) -> Survey:
    return analyst.survey(drawn[0])


def pixels(still: Still) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(Image.open(BytesIO(still.picture)).convert("RGB"))


def test_its_analysis_is_the_one_without_the_rest(analyst, drawn, survey):
    assert survey.analysis.sightings
    assert analyst.analyze(drawn[0]) == survey.analysis


def test_a_second_survey_is_equal_byte_for_byte_whatever_the_threads(drawn, survey):
    assert Analyst(threads=2).survey(drawn[0]) == survey


def test_a_hash_known_before_is_not_computed_again(analyst, tmp_path):
    known = replace(open_footage(write_clip(tmp_path / "clip.mp4")), sha256="ab" * 32)
    assert analyst.survey(known).analysis.footage.sha256 == "ab" * 32


def test_every_sighting_has_the_whole_frame_it_is_best_seen_in(survey):
    best = [still for still in survey.stills if still.role == "best"]
    assert [still.sighting for still in best] == [s.id for s in survey.analysis.sightings]
    frames = cut_stills(survey.analysis.footage, sorted(still.pts for still in best))
    exact = {frame.pts: frame.image for frame in frames}
    for still, sighting in zip(best, survey.analysis.sightings, strict=True):
        assert (still.pts, still.box) == (sighting.best.pts, sighting.best.box)
        kept = decode_frame(still.picture)
        assert kept.shape == (SMALL.size[1], SMALL.size[0], 3)
        # Of another frame, or with anything drawn on it, it would differ far more.
        assert np.abs(kept.astype(int) - exact[still.pts]).mean() < 2


def test_the_mark_that_names_is_kept_with_its_pixels_unaltered(survey):
    named = next(s for s in survey.analysis.sightings if s.attribution.builder == "mazak")
    (mark,) = [s for s in survey.stills if (s.sighting, s.role) == (named.id, "mark")]
    assert mark.picture.startswith(b"\x89PNG")
    (frame,) = cut_stills(survey.analysis.footage, [mark.pts])
    height, width = pixels(mark).shape[:2]
    across, down = mark.box[2] - mark.box[0], mark.box[3] - mark.box[1]
    assert across <= width <= (1 + 2 * MARK_MARGIN) * across + 2
    assert down <= height <= (1 + 2 * MARK_MARGIN) * down + 2
    left = max(0, int(mark.box[0] - MARK_MARGIN * across))
    top = max(0, int(mark.box[1] - MARK_MARGIN * down))
    assert np.array_equal(pixels(mark), frame.image[top : top + height, left : left + width])


def test_every_sighting_has_a_look_of_its_best_frame(survey):
    looks = {look.sighting: look for look in survey.looks}
    assert list(looks) == [sighting.id for sighting in survey.analysis.sightings]
    for sighting in survey.analysis.sightings:
        look = looks[sighting.id]
        assert (look.pts, look.box) == (sighting.best.pts, sighting.best.box)
        assert np.linalg.norm(np.frombuffer(look.appearance, np.float32)) == pytest.approx(
            1, abs=1e-3
        )


def test_prints_tell_of_every_shot(survey):
    times = [one.pts for one in survey.prints]
    assert times == sorted(times)
    assert {one.shot for one in survey.prints} >= {shot.index for shot in survey.analysis.shots}
    assert all(one.hashes and len(one.hashes) % WINDOW.itemsize == 0 for one in survey.prints)
