"""What the scout says of frames, and that the detector sees only shots in which one passes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as op

from datasets.errors import ModelError
from detector.look.detect import YoloDetector
from detector.look.plan import plan_spans
from detector.look.scout import Scout, scout_digest
from detector.look.sweep import Glance, Sweep, sweep
from detector.settings import Settings, Sweeping
from detector.types import MACHINE, Footage, Frame, Picture, Probe
from tests.detector.colours import painted, write_model

F = Fraction
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


@pytest.fixture(scope="module")
def detector(tmp_path_factory) -> YoloDetector:
    return YoloDetector(write_model(tmp_path_factory.mktemp("model")))


def hall(seed: int, machine: float = 0.0) -> Picture:
    """A hall of greys, of a machine's brightness if there is one."""
    coarse = np.random.default_rng(seed).integers(60, 235, (6, 10)).astype(np.uint8)
    picture = np.repeat(coarse.repeat(32, axis=0).repeat(32, axis=1)[..., None], 3, axis=2)
    if machine:
        picture[40:64, 60:84] = (round(255 * machine), 0, 0)
    return picture


class Keyframes:
    """Keyframes two seconds apart."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self.pictures = pictures

    def keyframes(self, spacing: Fraction, widest: int | None = None) -> Iterator[Frame]:
        for number, picture in enumerate(self.pictures):
            yield Frame(F(2 * number), picture, keyframe=True)


def looked_at(swept: Sweep) -> list[int]:
    """The numbers of the keyframes that the detector saw."""
    return [number for number, one in enumerate(swept.glances) if not one.passed_over]


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
    source, seen = Keyframes([hall(k // 3) for k in range(40)]), list[Fraction]()

    def detector() -> YoloDetector:
        raise AssertionError("a detector was loaded")

    swept = sweep(source, detector, Sweeping(), lambda frame: seen.append(frame.pts), scout)
    assert [one.pts for one in swept.glances] == seen == [2 * k for k in range(40)]
    assert all(one.passed_over and not one.hit for one in swept.glances)


def test_of_a_shot_in_which_a_keyframe_passes_all_is_looked_at(scout, detector):
    """Shots of three keyframes. The scout sees the second and the fifth; the fifth is no machine to
    the detector, since it asks for more."""
    shown = [hall(k // 3, {4: 0.8, 7: 0.52}.get(k, 0.3 if k == 3 else 0.0)) for k in range(15)]
    source = Keyframes(shown)
    swept = sweep(source, lambda: detector, Sweeping(hit_confidence=0.6), scout=scout)
    assert looked_at(swept) == [3, 4, 5, 6, 7, 8]
    assert [k for k, one in enumerate(swept.glances) if one.hit] == [4]
    assert [k for k, one in enumerate(swept.glances) if one.cut] == [3, 6, 9, 12]


def test_of_a_long_shot_only_what_is_near_goes_on(scout, detector):
    source = Keyframes([hall(0, 0.8 * (k == 50)) for k in range(100)])
    swept = sweep(source, lambda: detector, Sweeping(), scout=scout)
    assert looked_at(swept) == list(range(35, 66))
    assert [number for number, one in enumerate(swept.glances) if one.hit] == [50]


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
    spans = plan_spans(Sweep(tuple(glances)), probe, Sweeping(audit_share=1.0), footage)
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
