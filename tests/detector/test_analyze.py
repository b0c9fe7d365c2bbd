"""The whole way, with the shipped model and the real reader, on footage drawn here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image, ImageDraw

from datasets.fonts import font
from datasets.maker.broadcast import Overlay
from datasets.maker.clip import demo_spec, make_clip
from datasets.maker.scene import draw_still
from datasets.registry import load_registry
from detector import Analysis, Analyst, cut_stills
from detector.analyze import FrameCache
from detector.examining.checks import LIKELY, chance_on
from detector.examining.examine import Examiner
from detector.look.detect import YoloDetector
from detector.look.legibility import LegibleView
from detector.look.watch import Watched
from detector.read.concealment import ConcealmentDetector
from detector.read.logos import Recogniser
from detector.read.reader import PaddleReader
from detector.screen.overlay import OverlayMap
from detector.settings import Settings
from detector.types import Detections, Frame, Observation, Shot, Sighting, Track
from tests.detector.clips import write_clip
from tests.detector.conftest import CONTROL_ONLY, HALL, MAZAK, SMALL
from tests.detector.once import Said, read_once

TWO_MACHINES = 3


def test_a_frame_that_several_times_show_is_decoded_once():
    asked: list[Fraction] = []

    def at(times: Sequence[Fraction]) -> Iterator[Frame]:
        for time in times:
            asked.append(time)
            yield Frame(Fraction(int(time)), np.zeros((2160, 3840, 3), np.uint8), False)

    shown = FrameCache(at)
    times = [Fraction(0), Fraction(1, 5), *map(Fraction, range(1, 5)), Fraction(9, 2)]
    first = [frame.pts for frame in shown(times)]
    assert first == [int(time) for time in times]
    assert [frame.pts for frame in shown(times)] == first
    assert asked == times
    assert [frame.pts for frame in shown([Fraction(3, 2), Fraction(5)])] == [1, 5]
    assert asked == [*times, Fraction(3, 2), Fraction(5)]


under_test = pytest.mark.parametrize(("tested", "said"), [("CN", "mazak"), ("JP", None)])


def claimed(one: Sighting) -> tuple[str | None, bool, tuple[str | None, str] | None]:
    """Its builder, whether an origin is claimed, and what is withheld for which doubt."""
    withheld = one.attribution.withheld
    doubted = None if withheld is None else (withheld.builder, withheld.doubt)
    return one.attribution.builder, one.attribution.origin is not None, doubted


@pytest.fixture(scope="module")
def analyst() -> Analyst:
    return Analyst()


@pytest.fixture(scope="module")
def kept() -> Said:
    """What was read by tests that look at one footage under several settings."""
    return {}


@pytest.fixture
def once(kept) -> Iterator[None]:
    with read_once(kept):
        yield


@pytest.fixture(scope="module")
def analysis(analyst, drawn, kept) -> Analysis:
    with read_once(kept):
        return analyst.analyze(drawn[0])


def test_every_drawn_machine_is_seen_in_its_shot_and_none_in_the_empty_hall(analysis, drawn):
    _, truth = drawn
    seen = [sighting.track for sighting in analysis.sightings]
    for machine in truth.machines:
        assert any(machine.start <= track.first <= track.last <= machine.end for track in seen)
    hall_ends = truth.shots[0][1]
    assert all(track.first >= hall_ends for track in seen)


def test_recordings_joined_end_to_end_are_as_long_as_all_of_them(analyst, tmp_path):
    clip = write_clip(tmp_path / "a.ts", 25, gop=25, b_frames=0)
    clip.write_bytes(2 * clip.read_bytes())
    found = analyst.analyze(clip)
    assert found.probe.duration == 2 and found.shots[-1].end == Fraction(49, 25)


def test_the_builder_is_named_from_its_wordmark(analysis):
    named = {s.attribution.builder for s in analysis.sightings if s.attribution.builder}
    assert named == {"mazak"}


def test_a_controls_badge_names_no_builder(analysis, drawn):
    badge = next(m for m in drawn[1].machines if m.variant == "control-only")
    there = [s for s in analysis.sightings if badge.start <= s.track.first <= badge.end]
    assert there and all(s.attribution.builder is None for s in there)


@pytest.mark.usefixtures("once")
@under_test
def test_a_machine_of_which_little_is_sure_counts_for_what_its_mark_tells(
    analysis, drawn, tested, said
):
    """Asked for more confidence than any machine has, only the one with a builder's mark stays. It
    claims no origin under test, but the mark is there to be seen."""
    doubtful = Settings.parse(
        {
            "sweeping": {"hit_confidence": 0.999},
            "detecting": {"confidence": 0.999, "bearing_confidence": 0.2},
            "attributing": {"tested_origins": [tested]},
        }
    )
    found = Analyst(doubtful).analyze(drawn[0])
    assert len(analysis.sightings) > 1
    (only,) = found.sightings
    assert only.id == "m1" and claimed(only)[:2] == (said, said is not None)
    assert only.attribution.probability > 0.9 if said else only.attribution.probability < 0.1
    assert "MAZAK" in {line.text for line in only.attribution.evidence if line.weight > 0}


@pytest.mark.usefixtures("once")
@under_test
def test_a_machine_that_is_nowhere_half_sure_claims_no_origin_under_test(drawn, tested, said):
    """Followed as surely as ever, and never as sure as is asked of one that claims something."""
    asked = {"detecting": {"bare_confidence": 1.0}, "attributing": {"tested_origins": [tested]}}
    found = Analyst(Settings.parse(asked)).analyze(drawn[0]).sightings
    (marked,) = [
        one
        for one in found
        if "MAZAK" in {e.text for e in one.attribution.evidence if e.weight > 0}
    ]
    assert claimed(marked) == ((said, True, None) if said else (None, False, ("mazak", "machine")))


@pytest.mark.usefixtures("once")
def test_a_machine_on_which_nothing_tells_anything_has_to_be_sure(analyst, tmp_path):
    picture = tmp_path / "hall.png"
    Image.fromarray(draw_still(seed=9)[0]).resize((640, 360)).save(picture)
    seen = analyst.analyze(picture).sightings
    told = [one.track for one in seen if one.attribution.evidence]
    assert 0 < len(told) < len(seen)
    asked = Settings.parse({"detecting": {"bare_confidence": 1.0}})
    assert [one.track for one in Analyst(asked).analyze(picture).sightings] == told


@pytest.mark.usefixtures("once")
def test_a_sellers_badge_on_it_claims_no_origin_under_test_either(drawn, tmp_path):
    """The drawn MAZAK as a Russian seller's badge, on machines that are all from Japan."""
    seller = {
        "id": "mazak",
        "name": "A seller",
        "type": "rebadger",
        "origin": "RU",
        "makers": [{"country": "JP", "confidence": "high"}],
        "wordmarks": [{"text": "MAZAK", "script": "latin"}],
        "confidence": "high",
    }
    file = tmp_path / "seller.yaml"
    file.write_text(yaml.safe_dump([seller]), "utf-8")
    doubtful = {
        "sweeping": {"hit_confidence": 0.999},
        "detecting": {"confidence": 0.999, "bearing_confidence": 0.2},
    }
    for tested, said in (("CN", "mazak"), ("JP", None)):
        settings = Settings.parse({**doubtful, "attributing": {"tested_origins": [tested]}})
        (only,) = Analyst(settings, load_registry(file)).analyze(drawn[0]).sightings
        assert claimed(only)[:2] == (said, said is not None)


@pytest.mark.usefixtures("once")
@under_test
def test_a_mark_at_the_edge_of_the_picture_claims_no_origin_under_test(
    analysis, tmp_path, tested, said
):
    """It may be what is left of a longer name: HYMSON of HYMSONS."""
    (machine,) = [one for one in analysis.sightings if one.attribution.builder == "mazak"]
    line = next(one for one in machine.attribution.evidence if one.text == "MAZAK")
    assert line.pts is not None and line.box is not None
    (frame,) = cut_stills(analysis.footage, [line.pts])
    file = tmp_path / "cut.png"
    Image.fromarray(frame.image[:, : round(line.box[2])]).save(file)
    settings = Settings.parse({"attributing": {"tested_origins": [tested]}})
    (cut,) = Analyst(settings).analyze(file).sightings
    assert claimed(cut) == ((said, True, None) if said else (None, False, ("mazak", "mark")))
    assert "MAZAK" in {line.text for line in cut.attribution.evidence}


@pytest.mark.usefixtures("once")
@pytest.mark.parametrize(
    ("left", "tested", "said"), [(20, "JP", "mazak"), (160, "JP", None), (160, "CN", "mazak")]
)
def test_a_mark_beside_a_machine_claims_no_origin_under_test(left, tested, said):
    """It is its neighbour's, half out of the picture, or the line under another picture."""
    picture = Image.new("RGB", (640, 360), (196, 200, 204))
    ImageDraw.Draw(picture).text((40, 160), "MAZAK", (20, 24, 40), font(28))
    box, none = (left, 20.0, 600.0, 340.0), Detections.none()
    view = LegibleView(Fraction(0), box, np.asarray(picture, np.uint8), (0, 0), 1.0, none, 0.0)
    seen = Observation(Fraction(0), box, 0.9)
    track = Track(Shot(0, Fraction(0), Fraction(0), "hit"), (seen,))
    settings = Settings.parse({"attributing": {"tested_origins": [tested]}})
    registry = load_registry()
    reader, looks = PaddleReader(settings.reading), Recogniser(registry=registry)
    detector = YoloDetector(None, settings.detecting)
    examiner = Examiner(detector, reader, looks, ConcealmentDetector(), registry, settings)
    watched = Watched(track, seen, (view,), {view.pts: ()}, None)
    found = examiner.sighting("m1", examiner.examine(watched, OverlayMap()))
    assert found is not None and found.attribution.builder == said
    assert "MAZAK" in {line.text for line in found.attribution.evidence}


def test_the_channels_name_speaks_for_no_builder(analysis):
    """ЗВЕЗДА, read as 3BE3AA or not, is not STAR."""
    lines = [e for s in analysis.sightings for e in s.attribution.evidence if e.weight > 0]
    assert lines and not any("BE3" in line.text for line in lines)
    assert all(s.attribution.builder != "star-micronics" for s in analysis.sightings)


def two_shots(path: Path, first: int, second: int, caption: tuple[str, str] | None) -> Path:
    """A clip of two shots in which neither camera nor machine moves."""
    spec = demo_spec()
    shots = tuple(
        replace(spec.shots[i], seconds=Fraction(3, 5), end=spec.shots[i].begin)
        for i in (first, second)
    )
    drawn = replace(spec, shots=shots, encodings=(SMALL,))
    make_clip(path, replace(drawn, overlay=Overlay(caption=caption)))
    return path


def test_a_mark_drawn_over_two_shots_of_a_short_clip_names_no_builder(analyst, tmp_path):
    """Two scenes are too few for the sweep to tell."""
    clip = two_shots(tmp_path / "two.mp4", TWO_MACHINES, CONTROL_ONLY, ("HISION", "2024"))
    survey = analyst.survey(clip)
    found = survey.analysis.sightings
    assert {s.attribution.builder for s in found} == {"smstroi-penza", "okuma", None}
    marked = [r for s in found for r in s.readings if r.overlay and r.text == "HISION"]
    assert len({r.pts for r in marked}) > 1
    # No caption is kept as the mark of a machine.
    kept = [(still.pts, still.box) for still in survey.stills if still.role == "mark"]
    assert kept and not [r for r in marked if (r.pts, r.box) in kept]


@pytest.mark.parametrize(
    ("first", "second", "others"),
    [(HALL, CONTROL_ONLY, []), (CONTROL_ONLY, HALL, []), (MAZAK, CONTROL_ONLY, ["mazak"])],
)
def test_a_caption_over_the_only_machine_under_it_names_no_builder(
    analyst, tmp_path, first, second, others
):
    """In the other shot nothing is read there: that the text outlasts the machine tells it."""
    clip = two_shots(tmp_path / "two.mp4", first, second, ("HISION", "2024"))
    survey = analyst.survey(clip)
    found = survey.analysis.sightings
    assert [s.attribution.builder for s in found if s.attribution.builder] == others
    (under,) = [s for s in found if any(r.text == "HISION" for r in s.readings)]
    assert under.attribution.builder is None and under.attribution.origin is None
    assert all(r.overlay for r in under.readings if r.text == "HISION")
    assert not [
        still for still in survey.stills if still.role == "mark" and still.sighting == under.id
    ]


def test_a_clip_without_damage_loses_nothing(analysis, drawn):
    loss = analysis.loss
    assert loss.lost == 0 and loss.reasons == ()
    # So short a clip is looked at completely.
    assert loss.expected == loss.decoded == loss.total == drawn[1].frames


def test_stills_are_cut_at_the_exact_time(analysis, drawn):
    times = sorted(sighting.best.pts for sighting in analysis.sightings)
    frames = list(cut_stills(analysis.footage, times))
    assert [frame.pts for frame in frames] == times
    assert all(frame.image.shape == (SMALL.size[1], SMALL.size[0], 3) for frame in frames)


def test_a_builder_of_ones_own_is_named_without_retraining(analysis, drawn, tmp_path):
    """The drawn MAZAK, renamed: an entry of one's own takes the place of the packaged one."""
    times = [s.best.pts for s in analysis.sightings if s.attribution.builder == "mazak"]
    (frame,) = cut_stills(analysis.footage, times[:1])
    picture = tmp_path / "machine.png"
    Image.fromarray(np.asarray(frame.image)).save(picture)
    entry = {
        "id": "zavod-mazak",
        "name": "A builder of one's own",
        "type": "builder",
        "origin": "KZ",
        "production": ["KZ"],
        "kinds": ["lathe"],
        "wordmarks": [{"text": "MAZAK", "script": "latin"}],
        "series": [],
        "confidence": "low",
    }
    plain = dict(entry, id="mazak", name="Mazak", wordmarks=[{"text": "马扎克", "script": "han"}])
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump([entry, plain], allow_unicode=True), "utf-8")
    found = Analyst(registry=load_registry(file)).analyze(picture)
    assert "zavod-mazak" in {s.attribution.builder for s in found.sightings}


def test_stills_carry_the_file_they_come_from(analyst, analysis, tmp_path):
    times = sorted(sighting.best.pts for sighting in analysis.sightings)
    for number, frame in enumerate(cut_stills(analysis.footage, times)):
        Image.fromarray(np.asarray(frame.image)).save(tmp_path / f"{number}.png")
    found = analyst.analyze(tmp_path)
    assert found.footage.kind == "stills"
    assert {s.file.name for s in found.sightings if s.file} >= {"0.png"}
    assert all(s.track.first == s.track.last for s in found.sightings)


@pytest.mark.parametrize(
    ("text", "others", "mine"),
    [
        pytest.param((40, 10, 60, 20), [], True, id="nobody else there"),
        pytest.param((40, 10, 60, 20), [(-80, -90, 110, 160)], True, id="high on this one"),
        pytest.param((40, 70, 60, 80), [(20, 60, 140, 160)], False, id="high on one in front"),
        pytest.param((93, 40, 99, 50), [(60, 10, 190, 160)], False, id="at the edge of this one"),
        pytest.param((101, 40, 109, 50), [], True, id="in the margin"),
        pytest.param(
            (101, 40, 109, 50), [(100, 0, 400, 400)], False, id="in the margin, on another"
        ),
    ],
)
def test_a_text_belongs_to_one_machine(text, others, mine):
    machine = (0.0, 0.0, 100.0, 100.0)
    chance = chance_on(text, machine, others)
    assert (chance >= LIKELY) is mine
    if others and chance:
        assert chance + chance_on(text, others[0], [machine]) == pytest.approx(1)
