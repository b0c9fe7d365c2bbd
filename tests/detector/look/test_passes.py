"""The two passes over a clip and the scout before them: what is looked at, once, and where."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as op

from datasets.errors import ModelError
from detector.look import legibility as legible
from detector.look.batches import BATCH
from detector.look.detect import Pending, YoloDetector
from detector.look.plan import plan_spans
from detector.look.scout import Scout, scout_digest
from detector.look.stills import decode_frame
from detector.look.sweep import Glance, same, sweep, thumbnail
from detector.look.watch import Watched, watch
from detector.settings import Settings, Sweeping
from detector.types import MACHINE, Footage, Frame, Picture, Probe, Sample, Span
from tests.detector.colours import painted, write_model

F = Fraction


class Keyframes:
    """Keyframes of known pictures; remembers which of their arrays are still held."""

    def __init__(self, pictures: list[tuple[Fraction, Picture]]) -> None:
        self.pictures = pictures
        self.most_alive = 0

    def keyframes(self, spacing: Fraction, widest: int | None = None) -> Iterator[Frame]:
        refs: list[weakref.ref[Picture]] = []
        for pts, picture in self.pictures:
            image = picture.copy()
            refs.append(weakref.ref(image))
            self.most_alive = max(self.most_alive, sum(ref() is not None for ref in refs))
            yield Frame(pts, image, keyframe=True)
            del image


@pytest.fixture(scope="module")
def detector(tmp_path_factory) -> YoloDetector:
    return YoloDetector(write_model(tmp_path_factory.mktemp("model")))


@pytest.fixture
def given(detector, monkeypatch) -> list[Picture]:
    """The pictures that the detector is given."""
    pictures: list[Picture] = []
    begin = detector.begin

    def noted(batch: Sequence[Picture], least: float, side: int) -> Pending:
        pictures.extend(batch)
        return begin(batch, least, side)

    monkeypatch.setattr(detector, "begin", noted)
    return pictures


def machine_at(x: int, brightness: float = 1.0) -> Picture:
    return painted(320, 192, (MACHINE, (x, 40, x + 80, 120), brightness))


def test_a_hit_is_a_machine_of_enough_confidence(detector):
    pictures = [
        (F(0), painted(320, 192)),
        (F(2), machine_at(50, 0.33)),
        (F(4), machine_at(150, 0.22)),
        (F(6), machine_at(100, 0.8)),
    ]
    glances = sweep(Keyframes(pictures), lambda: detector, Sweeping())
    assert [glance.pts for glance in glances] == [0, 2, 4, 6]
    assert [glance.hit for glance in glances] == [False, True, False, True]
    assert glances[3].confidence == pytest.approx(0.8, abs=0.01)


def test_a_keyframe_that_shows_the_same_is_not_detected_on_again(detector, given):
    rng = np.random.default_rng(0)
    noisy = [
        np.clip(machine_at(60) + rng.normal(0, 3, (192, 320, 3)), 0, 255).astype(np.uint8)
        for _ in range(3)
    ]
    pictures = [(F(k), picture) for k, picture in enumerate([*noisy, machine_at(200)])]
    seen: list[Fraction] = []
    glances = sweep(
        Keyframes(pictures), lambda: detector, Sweeping(), lambda frame: seen.append(frame.pts)
    )
    assert [(one == pictures[k][1]).all() for k, one in zip((0, 3), given, strict=True)]
    assert all(glance.hit for glance in glances)
    assert seen == [0, 1, 2, 3]


def test_a_slow_change_is_seen_in_the_end(detector, given):
    pictures = [(F(k), np.full((192, 320, 3), 60 + 4 * k, np.uint8)) for k in range(12)]
    sweep(Keyframes(pictures), lambda: detector, Sweeping())
    assert len(given) >= 3


def test_pictures_are_dropped_once_looked_at(detector):
    source = Keyframes([(F(k), machine_at(10 + (37 * k) % 200)) for k in range(60)])
    assert len(sweep(source, lambda: detector, Sweeping())) == 60
    # One batch fills while another is looked at.
    assert source.most_alive <= 2 * BATCH + 1


@pytest.mark.parametrize(("budget", "spacing"), [(1.0, F(1, 2)), (0.5, F(1)), (0.1, F(5))])
def test_the_budget_spaces_the_keyframes(detector, budget, spacing):
    asked: list[Fraction] = []

    class Asked(Keyframes):
        def keyframes(self, spacing: Fraction, widest: int | None = None) -> Iterator[Frame]:
            asked.append(spacing)
            return super().keyframes(spacing, widest)

    sweep(Asked([(F(0), machine_at(50))]), lambda: detector, Sweeping(budget=budget))
    assert asked == [spacing]


def test_keyframes_are_looked_at_in_a_size_of_their_own(detector):
    """Of this machine there is nothing left in a picture of a quarter of its size."""
    pictures = [(F(0), painted(1280, 768, (MACHINE, (600, 300, 603, 303), 0.9)))]
    for side, hit in ((1280, True), (320, False)):
        (glance,) = sweep(Keyframes(pictures), lambda: detector, Sweeping(image_size=side))
        assert glance.hit is hit


def test_another_scene_is_told_from_a_moved_one(detector):
    rng = np.random.default_rng(3)
    halls = [cv2.resize(rng.integers(0, 255, (12, 20, 3), np.uint8), (400, 240)) for _ in range(2)]
    shown = [halls[0][:192, :320], halls[0][10:202, 20:340], halls[1][:192, :320]]
    glances = sweep(
        Keyframes([(F(2 * k), np.ascontiguousarray(p)) for k, p in enumerate(shown)]),
        lambda: detector,
        Sweeping(),
    )
    assert [glance.cut for glance in glances] == [False, False, True]


CURVE = [[0.3, 0.0, 0.5], [0.5, 0.005, 0.8], [0.7, 0.05, 0.9], [0.9, 0.2, 0.99]]


def write_scout(folder: Path, size: tuple[int, int] = (160, 96)) -> Path:
    """A scout as training writes one: the chance is how red the reddest pixel is."""
    folder.mkdir(parents=True, exist_ok=True)
    pixels = op.parameter([-1, size[1], size[0], 3], ov.Type.u8)
    weights = np.array([[1 / 255], [-1 / 255], [0]], np.float32)
    redness = op.matmul(op.convert(pixels, "f32"), op.constant(weights), False, False)
    chance = op.relu(op.reduce_max(redness, np.int64([1, 2, 3])))
    ov.save_model(ov.Model([chance], [pixels], "scout"), folder / "scout.xml")
    card = {"input": size, "threshold": 0.5, "curve": CURVE}
    (folder / "scout.json").write_text(json.dumps(card), "utf-8")
    return folder


@pytest.fixture(scope="module")
def scout(tmp_path_factory) -> Scout:
    return Scout.open(folder=write_scout(tmp_path_factory.mktemp("scout")))


def grey_hall(seed: int, machine: float = 0.0, side: int = 24) -> Picture:
    """A hall of greys; a machine of this brightness and side if there is one."""
    coarse = np.random.default_rng(seed).integers(60, 235, (6, 10)).astype(np.uint8)
    picture = np.repeat(coarse.repeat(32, axis=0).repeat(32, axis=1)[..., None], 3, axis=2)
    if machine:
        picture[40 : 40 + side, 60 : 60 + side] = (round(255 * machine), 0, 0)
    return picture


def spaced(pictures: Sequence[Picture]) -> Keyframes:
    """Keyframes two seconds apart."""
    return Keyframes([(F(2 * number), picture) for number, picture in enumerate(pictures)])


def looked_at(swept: tuple[Glance, ...]) -> list[int]:
    """The numbers of the keyframes that the detector saw."""
    return [number for number, one in enumerate(swept) if not one.passed_over]


def test_a_frame_of_any_size_has_one_chance_alone_and_among_others(scout):
    pictures = [
        painted(320, 192),
        painted(640, 360, (MACHINE, (100, 100, 400, 300), 0.8)),
        painted(90, 160, (MACHINE, (20, 20, 70, 140), 0.4)),
    ]
    scores = scout.scores(pictures)
    assert scores.dtype == np.float32 and scores == pytest.approx([0, 0.8, 0.4], abs=0.02)
    assert [float(scout.scores([one])[0]) for one in pictures] == scores.tolist()
    assert scout.scores([]).shape == (0,)


def test_no_detector_is_asked_for_where_nothing_passes(scout):
    source, seen = spaced([grey_hall(k // 3) for k in range(40)]), list[Fraction]()

    def detector() -> YoloDetector:
        raise AssertionError("a detector was loaded")

    swept = sweep(source, detector, Sweeping(), lambda frame: seen.append(frame.pts), scout)
    assert [one.pts for one in swept] == seen == [2 * k for k in range(40)]
    assert all(one.passed_over and not one.hit for one in swept)


def test_of_a_shot_in_which_a_keyframe_passes_all_is_looked_at(scout, detector):
    """Shots of three keyframes. The scout sees the second and the fifth; the fifth is no machine to
    the detector, since it asks for more."""
    shown = [grey_hall(k // 3, {4: 0.8, 7: 0.52}.get(k, 0.3 if k == 3 else 0.0)) for k in range(15)]
    source = spaced(shown)
    swept = sweep(source, lambda: detector, Sweeping(hit_confidence=0.6), scout=scout)
    assert looked_at(swept) == [3, 4, 5, 6, 7, 8]
    assert [k for k, one in enumerate(swept) if one.hit] == [4]
    assert [k for k, one in enumerate(swept) if one.cut] == [3, 6, 9, 12]


def test_of_a_long_shot_only_what_is_near_goes_on(scout, detector):
    source = spaced([grey_hall(0, 0.8 * (k == 50)) for k in range(100)])
    swept = sweep(source, lambda: detector, Sweeping(), scout=scout)
    assert looked_at(swept) == list(range(35, 66))
    assert [number for number, one in enumerate(swept) if one.hit] == [50]


@pytest.mark.parametrize(
    ("budget", "threshold"), [(1.0, 0.5), (0.6, 0.7), (0.5, 0.7), (0.1, 0.9), (0.01, 0.9)]
)
def test_the_budget_walks_along_the_curve(scout, budget, threshold):
    """At the stated loss a fifth of the frames without a machine goes on; half of that at 0.5."""
    assert scout.threshold_at(budget) == threshold


def test_what_the_scout_passed_over_is_sampled_as_well():
    """Keyframes two seconds apart; the detector saw those from 60 to 118 s, and no machine."""
    footage = Footage(Path("clip.mp4"), "ab" * 32, 1, "video", "mp4")
    probe = Probe(320, 192, "h264", F(1, 25), F(0), F(240), F(25), None, 0, F(1), False)
    glances = [Glance(F(2 * k), False, 0.0, passed_over=not 30 <= k < 60) for k in range(120)]
    spans = plan_spans(tuple(glances), probe, Sweeping(audit_share=1.0), footage)
    assert [(one.start, one.end, one.reason) for one in spans] == [
        (0, 60, "scouted"),
        (60, 120, "audit"),
        (120, 240, "scouted"),
    ]


def test_the_digest_of_settings_with_a_scout_is_that_of_the_scout_too(tmp_path):
    with_scout, without = Settings(sweeping=Sweeping(scout=True)), Settings()
    assert with_scout.digest != without.digest
    assert not any(with_scout.sweeping.at(depth).scout for depth in ("clip", "whole"))
    one, other = write_scout(tmp_path / "a"), write_scout(tmp_path / "b", (128, 96))
    assert scout_digest(one) != scout_digest(other)


@pytest.mark.parametrize("damage", ["", "[]", '{"input": [160]}', '{"input": [160, 96]}'])
def test_a_damaged_scout_is_told(tmp_path, damage):
    folder = write_scout(tmp_path)
    (folder / "scout.json").write_text(damage, "utf-8")
    with pytest.raises(ModelError, match="scout"):
        Scout.open(folder=folder)
    (folder / "scout.bin").unlink()
    with pytest.raises(ModelError, match="scout"):
        Scout.open(folder=folder)


WHOLE = [Span(F(0), F(100), "hit")]


class Dense:
    """Densely decoded frames of known pictures, one in two sampled."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self.pictures = pictures

    def dense(self, spans: Sequence[Span], every: Fraction) -> Iterator[tuple[int, Sample]]:
        for number, picture in enumerate(self.pictures):
            pts = F(number, 4)
            frame = Frame(pts, picture) if number % 2 == 0 else None
            yield 0, Sample(pts, thumbnail(picture), frame)


def watched_in(
    detector: YoloDetector, pictures: Sequence[Picture], **budget: float
) -> list[Watched]:
    settings = Settings(sweeping=Sweeping.model_validate(budget))
    shots = list(watch(Dense(pictures), WHOLE, detector, settings, keep_frames=True))
    return [one for shot in shots for one in shot.machines]


def test_a_frame_that_shows_the_same_is_not_looked_at_again(detector):
    """Confidence is brightness here: what is looked at again has the new brightness."""
    dimming = [machine_at(60, b) for b in (0.80, 0.80, 0.78, 0.78, 0.70, 0.70)]
    [watched] = watched_in(detector, dimming)
    found = [observation.confidence for observation in watched.track.observations]
    assert found == pytest.approx([0.8, 0.8, 0.7], abs=0.01)
    assert [observation.pts for observation in watched.track.observations] == [0, F(1, 2), 1]


def test_one_photograph_at_two_sizes_has_its_machine_in_two_places(detector):
    small = machine_at(60)
    large = small.repeat(2, axis=0).repeat(2, axis=1)
    assert same(thumbnail(small), thumbnail(large))
    watched = watched_in(detector, [small, small, large, large])
    found = {one.pts: one.box for each in watched for one in each.track.observations}
    assert found[F(0)] == pytest.approx([60, 40, 140, 120], abs=3)
    assert found[F(1, 2)] == pytest.approx([120, 80, 280, 240], abs=6)


def test_batches_do_not_break_a_track(detector):
    [watched] = watched_in(detector, [machine_at(10 + 2 * k) for k in range(60)])
    lefts = [observation.box[0] for observation in watched.track.observations]
    assert lefts == pytest.approx([10 + 4 * k for k in range(30)], abs=2)


def test_a_shot_ends_where_the_next_begins_to_dissolve_in(detector):
    """Else what stands on the next machine is read on the one before."""
    a, b = grey_hall(1, 1.0, 80), grey_hall(2, 1.0, 80)
    shares = [0.0] * 9 + [k / 5 for k in range(1, 5)] + [1.0] * 9
    pictures = [((1 - share) * a + share * b).astype(np.uint8) for share in shares]
    shots = list(watch(Dense(pictures), WHOLE, detector, Settings()))
    before, after = [
        [o.pts for one in shot.machines for o in one.track.observations] for shot in shots
    ]
    assert before == [0, F(1, 2), 1, F(3, 2), 2] and after[0] >= 3
    read = [view.pts for one in shots[0].machines for view in one.views]
    assert read and max(read) <= 2


def test_the_frame_a_machine_is_best_seen_in_is_kept_whole(detector):
    pictures = [machine_at(10 + 3 * k) for k in range(40)]
    [watched] = watched_in(detector, pictures)
    assert watched.frame is not None
    best = pictures[int(4 * watched.best.pts)]
    assert np.abs(decode_frame(watched.frame).astype(int) - best).mean() < 4


def test_a_take_of_more_machines_than_may_be_held_loses_none(detector, monkeypatch):
    # Each comes into view for half a second, long after the one before has gone.
    ground = painted(320, 192)
    one_by_one = [
        picture for k in range(12) for picture in [machine_at(20 + 15 * k)] * 4 + [ground] * 12
    ]

    def shots() -> list[list[Watched]]:
        source = Dense(one_by_one)
        return [
            shot.machines for shot in watch(source, WHOLE, detector, Settings(), keep_frames=True)
        ]

    [at_once] = shots()
    held = [sum(v.picture.nbytes + len(v.whole or b"") for v in one.views) for one in at_once]
    monkeypatch.setattr(legible, "HELD", 2 * max(held))
    in_parts = shots()
    assert len(in_parts) > 1
    assert [one.track.observations for part in in_parts for one in part] == [
        one.track.observations for one in at_once
    ]
    assert [one.frame for part in in_parts for one in part] == [one.frame for one in at_once]
    # One batch fills and one is looked at when there is no room left: a machine in each.
    assert all(len(part) <= 2 * 2 + 1 + 2 for part in in_parts)


def test_a_short_budget_keeps_fewer_views(detector):
    pictures = [machine_at(10 + 3 * k) for k in range(40)]
    views = [watched_in(detector, pictures, budget=b)[0].views for b in (1, 0.5, 0.1)]
    assert list(map(len, views)) == [3, 2, 2]


def test_every_frame_is_told_with_its_shot(detector):
    told: list[tuple[Fraction, int]] = []
    pictures = [machine_at(60)] * 6

    def observe(sample: Sample, shot: int) -> None:
        told.append((sample.pts, shot))

    [_] = watch(Dense(pictures), WHOLE, detector, Settings(), observe)
    assert told == [(F(k, 4), 0) for k in range(6)]


def test_without_being_asked_no_frame_is_kept(detector):
    [shot] = watch(Dense([machine_at(60)] * 4), WHOLE, detector, Settings())
    [watched] = shot.machines
    assert watched.frame is None
