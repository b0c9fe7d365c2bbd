"""The second pass: shots, their machines, and nothing looked at twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import pytest

from detector.look import legibility as legible
from detector.look.detect import YoloDetector
from detector.look.stills import decode_frame
from detector.look.sweep import same, thumbnail
from detector.look.watch import Watched, watch
from detector.settings import Settings, Sweeping
from detector.types import MACHINE, Frame, Picture, Sample, Span
from tests.detector.colours import painted, write_model

F = Fraction
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


@pytest.fixture(scope="module")
def detector(tmp_path_factory) -> YoloDetector:
    return YoloDetector(write_model(tmp_path_factory.mktemp("model")))


def machine_at(x: int, brightness: float = 1.0) -> Picture:
    return painted(320, 192, (MACHINE, (x, 40, x + 80, 120), brightness))


def seen(detector: YoloDetector, pictures: Sequence[Picture], **budget: float) -> list[Watched]:
    settings = Settings(sweeping=Sweeping.model_validate(budget))
    shots = list(watch(Dense(pictures), WHOLE, detector, settings, keep_frames=True))
    return [one for shot in shots for one in shot.machines]


def test_a_frame_that_shows_the_same_is_not_looked_at_again(detector):
    """Confidence is brightness here: what is looked at again has the new brightness."""
    dimming = [machine_at(60, b) for b in (0.80, 0.80, 0.78, 0.78, 0.70, 0.70)]
    [watched] = seen(detector, dimming)
    found = [observation.confidence for observation in watched.track.observations]
    assert found == pytest.approx([0.8, 0.8, 0.7], abs=0.01)
    assert [observation.pts for observation in watched.track.observations] == [0, F(1, 2), 1]


def test_one_photograph_at_two_sizes_has_its_machine_in_two_places(detector):
    small = machine_at(60)
    large = small.repeat(2, axis=0).repeat(2, axis=1)
    assert same(thumbnail(small), thumbnail(large))
    watched = seen(detector, [small, small, large, large])
    found = {one.pts: one.box for each in watched for one in each.track.observations}
    assert found[F(0)] == pytest.approx([60, 40, 140, 120], abs=3)
    assert found[F(1, 2)] == pytest.approx([120, 80, 280, 240], abs=6)


def test_batches_do_not_break_a_track(detector):
    [watched] = seen(detector, [machine_at(10 + 2 * k) for k in range(60)])
    lefts = [observation.box[0] for observation in watched.track.observations]
    assert lefts == pytest.approx([10 + 4 * k for k in range(30)], abs=2)


def hall(seed: int) -> Picture:
    """A hall of greys with a machine at one place."""
    coarse = np.random.default_rng(seed).integers(60, 235, (6, 10)).astype(np.uint8)
    ground = np.repeat(coarse.repeat(32, axis=0).repeat(32, axis=1)[..., None], 3, axis=2)
    ground[40:120, 60:140] = (255, 0, 0)
    return ground


def test_a_shot_ends_where_the_next_begins_to_dissolve_in(detector):
    """Else what stands on the next machine is read on the one before."""
    a, b = hall(1), hall(2)
    shares = [0.0] * 9 + [k / 5 for k in range(1, 5)] + [1.0] * 9
    pictures = [((1 - share) * a + share * b).astype(np.uint8) for share in shares]
    shots = list(watch(Dense(pictures), WHOLE, detector, Settings()))
    seen = [[o.pts for one in shot.machines for o in one.track.observations] for shot in shots]
    assert len(seen) == 2 and seen[0] == [0, F(1, 2), 1, F(3, 2), 2] and seen[1][0] >= 3
    read = [view.pts for one in shots[0].machines for view in one.views]
    assert read and max(read) <= 2


def test_the_frame_a_machine_is_best_seen_in_is_kept_whole(detector):
    pictures = [machine_at(10 + 3 * k) for k in range(40)]
    [watched] = seen(detector, pictures)
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
    assert [len(seen(detector, pictures, budget=b)[0].views) for b in (1, 0.5, 0.1)] == [3, 2, 2]


def test_every_frame_is_told_with_its_shot(detector):
    told: list[tuple[Fraction, int]] = []
    pictures = [machine_at(60)] * 6
    shots = list(
        watch(
            Dense(pictures),
            WHOLE,
            detector,
            Settings(),
            observe=lambda sample, shot: told.append((sample.pts, shot)),
        )
    )
    assert len(shots) == 1
    assert told == [(F(k, 4), 0) for k in range(6)]


def test_without_being_asked_no_frame_is_kept(detector):
    [shot] = watch(Dense([machine_at(60)] * 4), WHOLE, detector, Settings())
    [watched] = shot.machines
    assert watched.frame is None
