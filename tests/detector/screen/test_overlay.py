"""What the broadcast draws over the picture is set aside; what stands in the scene is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw

from datasets.fonts import font
from datasets.registry import load_registry
from detector.examining.examination import Examination
from detector.name.decide import Attributor
from detector.name.match import matcher_of
from detector.read.reader import PaddleReader
from detector.screen.caption import scene_of, static_across_shots, static_in_shot
from detector.screen.overlay import OverlayFinder, OverlayMap, OverlayRegion
from detector.settings import Attributing, TextRecognition
from detector.types import Box, Frame, Likeness, Observation, Picture, Reading, Shot, Track

WIDTH, HEIGHT = 640, 360
CAPTION = "MAZAK  OKUMA  HAAS"
CAPTION_BOX: Box = (60.0, 300.0, 440.0, 336.0)
BUG_BOX: Box = (520.0, 16.0, 620.0, 46.0)


def scene(seed: int, shift: int = 0) -> Image.Image:
    """A hall of random panels and pipes, with a mark on one; `shift` pans over it."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (WIDTH, HEIGHT), tuple(rng.integers(60, 160, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y = int(rng.integers(-200, WIDTH + 200)) - shift, int(rng.integers(0, HEIGHT))
        w, h = (int(v) for v in rng.integers(15, 120, 2))
        colour = tuple(rng.integers(30, 230, 3).tolist())
        draw.rectangle((x, y, x + w, y + h), fill=colour, outline=(20, 20, 20))
    draw.text((250 - shift, 140), "DOOSAN", font=font(34), fill=(250, 250, 250))
    return image


def broadcast(image: Image.Image, *, caption: bool = True) -> Picture:
    """A channel bug and, over a banner that lets the scene through, a caption of builders."""
    draw = ImageDraw.Draw(image, "RGBA")
    draw.text((525, 14), "ЗВЕЗДА", font=font(24), fill=(255, 255, 255, 255))
    if caption:
        draw.rectangle((50, 294, 600, 344), fill=(10, 20, 90, 170))
        draw.text((60, 296), CAPTION, font=font(30), fill=(255, 255, 255, 255))
    return np.asarray(image)


def watch(pictures: Iterable[Picture], size: tuple[int, int] = (640, 360)) -> OverlayFinder:
    finder = OverlayFinder(size)
    for n, picture in enumerate(pictures):
        finder.observe(Frame(Fraction(n, 2), picture))
    return finder


def _eight() -> list[Picture]:
    return [broadcast(scene(seed)) for seed in range(8)]


@pytest.fixture(scope="module")
def reader() -> PaddleReader:
    return PaddleReader(TextRecognition())


@pytest.fixture(scope="module")
def across_cuts(reader) -> OverlayMap:
    pictures = _eight()

    def at(times: Sequence[Fraction]) -> Iterator[Frame]:
        return (Frame(time, pictures[int(time * 2)]) for time in times)

    return watch(pictures).settle(reader, at)


def test_smaller_frames_show_the_same_regions_in_pixels_of_the_footage(across_cuts):
    small = (np.asarray(Image.fromarray(p).resize((480, 270))) for p in _eight())
    overlay = watch(small).settle()
    assert overlay.covers(CAPTION_BOX) and overlay.covers(BUG_BOX)
    for box in (CAPTION_BOX, BUG_BOX, (100.0, 80.0, 400.0, 260.0)):
        assert overlay.share(box) == pytest.approx(across_cuts.share(box), abs=0.1)


def test_bug_and_caption_are_found_across_cuts(across_cuts):
    assert across_cuts.covers(CAPTION_BOX)
    assert across_cuts.covers(BUG_BOX)
    assert across_cuts.share((100.0, 80.0, 400.0, 260.0)) < 0.1


def test_the_caption_is_read_once_as_overlay(across_cuts):
    said = " ".join(text.text for text in across_cuts.texts)
    assert said.count("MAZAK") == 1
    assert all(text.overlay for text in across_cuts.texts)


def test_a_caption_full_of_builders_names_none(across_cuts, reader):
    frame = broadcast(scene(3))
    readings = across_cuts.mark(reader.read(frame, Fraction(1)))
    assert any("MAZAK" in reading.text for reading in readings)
    registry = load_registry()
    attribution = Attributor(matcher_of(registry), registry, Attributing()).attribute(
        [reading for reading in readings if "DOOSAN" not in reading.text]
    )
    assert attribution.builder is None
    assert any(line.kind == "overlay" for line in attribution.evidence)


def test_a_caption_under_a_moving_camera_is_found_and_the_mark_is_not():
    finder = watch(broadcast(scene(5, shift=25 * n)) for n in range(8))
    overlay = finder.settle()
    assert overlay.covers(CAPTION_BOX)
    assert overlay.share((250.0, 140.0, 390.0, 180.0)) < 0.2


def test_a_camera_that_never_moves_makes_nothing_an_overlay():
    still = np.asarray(scene(6))
    rng = np.random.default_rng(0)
    noisy = (
        np.clip(still + rng.normal(0, 4, still.shape), 0, 255).astype(np.uint8) for _ in range(9)
    )
    assert watch(noisy).settle().regions == ()


def test_a_caption_that_ends_is_covered_only_while_it_stands():
    finder = watch(broadcast(scene(seed), caption=seed < 8) for seed in range(16))
    overlay = finder.settle()
    assert overlay.covers(CAPTION_BOX, Fraction(2))
    assert not overlay.covers(CAPTION_BOX, Fraction(7))
    assert overlay.covers(BUG_BOX, Fraction(7))


def test_pictures_of_changing_size_and_without_texture_are_borne():
    sizes = [(360, 640), (360, 640), (90, 50), (1, 1), (360, 640)]
    black = (np.zeros((h, w, 3), np.uint8) for h, w in sizes)
    assert watch(black).settle().regions == ()


def test_share_counts_the_union_once():
    always = (Fraction(0), Fraction(9))
    regions = (OverlayRegion((0, 0, 50, 100), *always), OverlayRegion((25, 0, 50, 100), *always))
    assert OverlayMap(regions).share((0, 0, 100, 100)) == pytest.approx(0.5, abs=0.02)


F0 = Fraction(0)
MARK = Reading("MAZAK", 0.9, (200, 300, 300, 330), F0, "latin")


def track(*boxes: Box) -> Track:
    shot = Shot(0, Fraction(0), Fraction(len(boxes)), "hit")
    return Track(shot, tuple(Observation(Fraction(n), box, 0.9) for n, box in enumerate(boxes)))


@pytest.mark.parametrize(
    ("second", "machine", "expected"),
    [
        ((200, 300, 300, 330), (300, 50, 800, 450), 2),
        ((201, 299, 301, 331), (300, 50, 800, 450), 2),
        ((300, 300, 400, 330), (200, 50, 700, 450), 0),
        ((200, 300, 300, 330), (100, 50, 600, 450), 0),
        ((200, 300, 300, 330), (100, 50, 700, 450), 0),
    ],
    ids=["machine-moves", "text-jitters", "both-move", "tripod", "box-grows-on-one-side"],
)
def test_text_that_stays_while_its_machine_moves(second, machine, expected):
    readings = [MARK, replace(MARK, text="MAZAX", box=second, pts=Fraction(1))]
    found = static_in_shot(readings, track((100, 50, 600, 450), machine))
    assert len(found) == expected


def read_in(shot: int, seed: int, *readings: Reading) -> Examination:
    """A machine of one of the scenes, as it was read in a shot."""
    seen = Observation(Fraction(shot), (100, 50, 600, 350), 0.9)
    take = Track(Shot(shot, Fraction(shot), Fraction(shot + 1), "hit"), (seen,))
    return Examination(take, seen, None, readings, (), (), scene_of(np.asarray(scene(seed))))


OTHER = replace(MARK, text="DOOSAN", box=(300, 100, 400, 130))


@pytest.mark.parametrize(
    ("shot", "seed", "box", "expected"),
    [
        (1, 2, (200, 300, 300, 330), {0}),
        (1, 2, (203, 297, 303, 327), {0}),
        (1, 1, (200, 300, 300, 330), set()),
        (0, 2, (200, 300, 300, 330), set()),
        (1, 2, (212, 300, 312, 330), set()),
        (1, 2, (200, 300, 320, 336), set()),
    ],
    ids=["another-scene", "jitters", "same-take-again", "same-shot", "elsewhere", "larger"],
)
def test_text_at_one_place_in_shots_of_different_scenes(shot, seed, box, expected):
    scenes = [
        read_in(0, 1, MARK, OTHER),
        read_in(shot, seed, replace(MARK, text="MAZAX", box=box, pts=Fraction(shot))),
    ]
    assert static_across_shots(scenes) == [expected, expected]
    assert static_across_shots(scenes[:1]) == [set()]
    assert static_across_shots([]) == []


def test_a_mark_that_runs_down_a_machine_is_at_one_place_by_its_width():
    down, beside = (replace(MARK, box=(x, 50, x + 40, 350)) for x in (100, 130))
    assert static_across_shots([read_in(0, 1, down), read_in(1, 2, beside)]) == [set(), set()]


@dataclass(frozen=True)
class Stretch:
    """One of many stretches of a take; `looks` tells how often its machine is looked at."""

    seen: Examination
    looks: list[Examination]

    @property
    def track(self) -> Track:
        return self.seen.track

    @property
    def readings(self) -> tuple[Reading, ...]:
        return self.seen.readings

    @property
    def picture(self) -> Picture:
        self.looks.append(self.seen)
        return self.seen.picture


def test_stretches_of_a_long_take_are_not_each_held_against_all_others():
    """Of hundreds that would last longer than decoding them."""
    looks: list[Examination] = []
    take = [Stretch(read_in(shot, 1, MARK, OTHER), looks) for shot in range(20)]
    assert static_across_shots(take) == [set()] * 20
    assert len(looks) <= 2 * 2 * 20
    # One other scene anywhere, and it is the broadcast's everywhere.
    found = static_across_shots([*take, Stretch(read_in(20, 2, MARK), looks)])
    assert found == [{0}] * 21


def test_text_that_two_machines_bear_is_held_against_each():
    """It stands in the margin of both, and the camera comes back to them."""
    seen = [read_in(shot, seed, MARK) for shot in (0, 1) for seed in (1, 2)]
    assert static_across_shots(seen) == [set()] * 4


def test_a_caption_read_with_more_in_another_frame_is_the_caption_there_too():
    longer = replace(MARK, text="MAZAK 2024", box=(200, 300, 390, 330), pts=Fraction(1, 2))
    moved = replace(MARK, box=(200, 100, 300, 130))
    seen = read_in(0, 1, MARK, longer, OTHER, moved).without({(F0, MARK.box)})
    assert [reading.overlay for reading in seen.readings] == [True, True, False, False]


def test_what_looks_like_a_mark_on_a_caption_goes_with_it():
    looks = tuple(Likeness("mazak", "MAZAK", 4.0, F0, box, True) for box in (MARK.box, OTHER.box))
    seen = replace(read_in(0, 1, MARK, OTHER), likenesses=looks).without({(F0, MARK.box)})
    assert [reading.overlay for reading in seen.readings] == [True, False]
    assert seen.likenesses == looks[1:]


def test_what_looks_like_a_caption_told_in_another_frame_goes_with_it():
    """Told by what was read there, or by the look alone; another builder's look stays."""
    later = Fraction(1, 2)
    looks = (
        Likeness("mazak", "MAZAK", 4.0, later, MARK.box, True),
        Likeness("mazak", "logo", 4.0, F0, OTHER.box, True),
        Likeness("mazak", "logo", 4.0, later, OTHER.box, True),
        Likeness("okuma", "logo", 4.0, later, OTHER.box, True),
    )
    seen = replace(read_in(0, 1, MARK), likenesses=looks)
    assert seen.without({(F0, MARK.box)}).likenesses == looks[1:]
    assert seen.without({(F0, OTHER.box)}).likenesses == (looks[0], looks[3])


def test_the_caption_of_a_hall_of_other_machines_is_set_aside(shared, reader):
    clip = shared / "data" / "clips" / "hall-only-720p.mp4"
    overlay = watch(_half_seconds(clip), (1280, 720)).settle()
    caption = (70.0, 625.0, 780.0, 668.0)
    assert all(overlay.covers(caption, Fraction(n, 2)) for n in range(60))
    matcher = matcher_of(load_registry())
    [*_, last] = _half_seconds(clip)
    readings = overlay.mark(reader.read(last, Fraction(29)))
    assert not [r for r in readings if matcher.match(r.text) and not r.overlay]


def _half_seconds(clip: Path) -> Iterator[Picture]:
    """A frame each half second."""
    with av.open(str(clip)) as container:
        due = 0.0
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time >= due:
                due = frame.time + 0.5
                yield frame.to_ndarray(format="rgb24")
