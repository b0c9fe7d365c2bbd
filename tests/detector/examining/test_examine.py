"""What is said of a machine by its looks, its sizes and how often it is one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from datasets.letters import scripts
from datasets.maker.clip import demo_spec
from datasets.maker.scene import draw_scene
from datasets.registry import load_registry
from detector.examining.checks import is_sure_in_sizes
from detector.examining.examination import Examination
from detector.examining.examine import Examiner
from detector.look.detect import YoloDetector
from detector.settings import Settings
from detector.types import (
    Attribution,
    Box,
    Frame,
    Likeness,
    Observation,
    Picture,
    Reading,
    Shot,
    Track,
)

DOOR: Box = (100.0, 100.0, 220.0, 130.0)
PANEL: Box = (400.0, 120.0, 480.0, 140.0)


def read(
    text: str,
    box: Box = DOOR,
    at: int = 0,
    *,
    score: float = 0.98,
    mirrored: bool = False,
    overlay: bool = False,
) -> Reading:
    script = "han" if "han" in scripts(text) else "latin"
    return Reading(text, score, box, Fraction(at), script, mirrored, overlay)  # type: ignore[arg-type]


def like(id: str, weight: float = 3.0, *, sure: bool = False) -> Likeness:
    return Likeness(id, id.upper(), weight, Fraction(0), DOOR, sure)


def named(a: Attribution) -> tuple[str | None, str]:
    return a.builder, a.grade


@pytest.mark.parametrize(
    ("text", "builder"), [("XD32H", "hanwha"), ("GLS-150", "goodway"), ("BMV 60", "bfw")]
)
def test_a_likeness_bears_out_a_code(attributor, text, builder):
    [alone, *_] = attributor.attribute([read(text)]).leads
    [borne_out, *_] = attributor.attribute([read(text)], likenesses=[like(builder, 4.0)]).leads
    assert alone.builder == borne_out.builder == builder
    assert borne_out.probability > alone.probability
    assert {"code", "look"} & {one.feature for one in borne_out.evidence}


def test_a_likeness_alone_names_nobody_and_is_a_lead_if_sure(attributor):
    result = attributor.attribute(
        [read("VELTRANIX")], likenesses=[like("haas", 9.0, sure=True), like("okuma", 9.0)]
    )
    assert named(result) == (None, "U")
    assert [lead.builder for lead in result.leads] == ["haas"]


def test_a_second_look_at_one_mark_is_no_new_evidence(attributor):
    once = attributor.attribute([read("XD32H")], likenesses=[like("hanwha")])
    again = attributor.attribute([read("XD32H")], likenesses=[like("hanwha")] * 3)
    assert again == once


@pytest.mark.parametrize(("text", "builder"), [("MAZAK", "mazak"), ("OKUMA", "okuma")])
def test_a_look_takes_no_lead_from_what_was_read(attributor, text, builder):
    readings = [read(text), read("WF2", PANEL)]
    result = attributor.attribute(readings, likenesses=[like("haas", 7.0, sure=True)])
    assert result.leads[0].builder == builder


def test_for_the_origin_under_test_a_likeness_is_not_enough(attributor):
    """A wrong Chinese machine is dearer: it takes the name itself, read."""
    readings = [read("CAK6150")]
    result = attributor.attribute(readings, likenesses=[like("smtcl", 9.0, sure=True)])
    assert result.leads[0].builder == "smtcl"
    assert named(result) == (None, "U")


SHOT = Shot(0, Fraction(0), Fraction(2), "hit")
NOTHING = np.full((720, 1280, 3), 128, np.uint8)
SMALL_BOX: Box = (549.0, 342.0, 648.0, 434.0)
"""Where the machine stands in the picture that is `small`."""

Frames = Callable[[Sequence[Fraction]], Iterable[Frame]]


@pytest.fixture(scope="module")
def detector() -> YoloDetector:
    return YoloDetector()


@pytest.fixture(scope="module")
def small() -> Picture:
    """A drawn machine a tenth of the frame wide."""
    scene = Image.fromarray(draw_scene(demo_spec().shots[2].scene)[0]).resize((320, 180))
    picture = NOTHING.copy()
    picture[300:480, 500:820] = np.asarray(scene)
    return picture


def showing(picture: Picture) -> Frames:
    def frames(times: Sequence[Fraction]) -> Iterator[Frame]:
        for time in times:
            yield Frame(time, picture)

    return frames


def track(*confidences: float) -> Track:
    return Track(
        SHOT, tuple(Observation(Fraction(n), SMALL_BOX, c) for n, c in enumerate(confidences))
    )


@pytest.mark.parametrize("confidence", [0.2, 0.6])
def test_what_larger_looks_see_is_sure_however_unsure_it_was(detector, small, confidence):
    seen = track(confidence)
    assert is_sure_in_sizes(detector, seen, {Fraction(0)}, showing(small), 0.5)
    assert not is_sure_in_sizes(detector, seen, {Fraction(0)}, showing(small), 0.999)


def test_what_one_size_alone_shows_is_not(detector):
    assert not is_sure_in_sizes(detector, track(0.95), {Fraction(0)}, showing(NOTHING), 0.5)


def test_what_stands_beside_it_does_not_count(detector, small):
    aside = Track(SHOT, (Observation(Fraction(0), (660.0, 342.0, 759.0, 434.0), 0.95),))
    assert not is_sure_in_sizes(detector, aside, {Fraction(0)}, showing(small), 0.5)


def test_one_of_its_frames_is_enough_and_others_are_not_asked(detector, small):
    asked: list[Fraction] = []

    def frames(times: Sequence[Fraction]) -> Iterator[Frame]:
        for time in times:
            asked.append(time)
            yield Frame(time, small if time == 1 else NOTHING)

    times = {Fraction(0), Fraction(1), Fraction(2), Fraction(7)}
    assert is_sure_in_sizes(detector, track(0.3, 0.3, 0.3), times, frames, 0.5)
    assert asked == [0, 1]


@pytest.mark.parametrize(
    ("mark", "code", "confidence", "there", "named"),
    [
        ("SMTCL", "CAK6150", 0.2, True, "smtcl"),
        ("SMTCL", "CAK6150", 0.9, True, "smtcl"),
        ("SMTCL", "CAK6150", 0.9, False, None),
        ("SMTCL", "CAK6150", 0.2, False, None),
        ("MAZAK", "VTC-300C", 0.9, False, "mazak"),
    ],
)
def test_a_claim_hangs_on_it_and_no_other_name_does(
    detector, small, mark, code, confidence, there, named
):
    # Nothing is read again.
    examiner = Examiner(detector, None, None, None, load_registry(), Settings())  # type: ignore[arg-type]
    seen = track(confidence, confidence)
    readings = tuple(
        Reading(text, 0.99, (580.0, top, 620.0, top + 10), one.pts, "latin")
        for one in seen.observations
        for text, top in ((mark, 370.0), (code, 384.0))
    )
    picture = np.zeros((48, 48, 3), np.uint8)
    # A mark that is read mostly looks like itself, too.
    looks = tuple(
        Likeness(mark.lower(), mark, 5.0, one.pts, one.box, True)
        for one in readings
        if one.text == mark
    )
    examined = Examination(seen, seen.observations[0], None, readings, (), looks, picture)
    found = examiner.sighting("m1", examined)
    assert found is not None
    frames = showing(small if there else NOTHING)
    [settled] = examiner.settle([found], [examined], frames, film=False)
    assert settled.attribution.builder == named
    withheld = settled.attribution.withheld
    said = None if named else (mark.lower(), "machine")
    assert (withheld and (withheld.builder, withheld.doubt)) == said


BOX = (100.0, 100.0, 500.0, 300.0)
LOW, HIGH = 0.4, 0.6


def seen(*confidences: float, readings: tuple[Reading, ...] = ()) -> Examination:
    looks = tuple(
        Observation(Fraction(n, 2), BOX, confidence) for n, confidence in enumerate(confidences)
    )
    track = Track(Shot(0, Fraction(0), Fraction(9), "hit"), looks)
    best = max(looks, key=lambda look: look.confidence)
    return Examination(track, best, None, readings, (), (), np.zeros((360, 640, 3), np.uint8))


def examiner() -> Examiner:
    # Nothing is looked at or read again.
    return Examiner(None, None, None, None, load_registry(), Settings())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("confidences", "told"),
    [
        ((HIGH,), True),  # a photograph
        ((HIGH,) * 6 + (LOW,) * 4, True),
        ((HIGH,) * 4 + (LOW,) * 6, False),
        ((HIGH,) + (LOW,) * 9, False),
    ],
)
def test_a_bare_machine_is_one_in_most_looks(confidences, told):
    assert (examiner().sighting("m1", seen(*confidences)) is not None) == told


def test_what_is_read_tells_however_unsteady_the_machine_is():
    read = Reading("HURCO VMX42", 0.99, (150.0, 120.0, 300.0, 150.0), Fraction(0), "latin")
    found = examiner().sighting("m1", seen(HIGH, HIGH, LOW, LOW, LOW, LOW, readings=(read,)))
    assert found is not None and found.attribution.builder == "hurco"
