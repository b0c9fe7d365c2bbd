"""The first pass sees every keyframe once, and plans what to look at closely."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.detect import Detector
from detector.settings import Sweeping
from detector.sweep import BATCH, PIECE, TO_THE_END, Look, Sweep, plan_spans, sweep
from detector.types import MACHINE, Detections, Footage, FootageKind, Frame, Picture, Probe, Span
from tests.detector.colours import painted, write_model

F = Fraction
TWO = F(2)


class Keyframes:
    """Keyframes of known pictures; remembers which of their arrays are still held."""

    def __init__(self, pictures: list[tuple[Fraction, Picture]]) -> None:
        self.pictures = pictures
        self.most_alive = 0

    def keyframes(self, spacing: Fraction) -> Iterator[Frame]:
        refs: list[weakref.ref[Picture]] = []
        for pts, picture in self.pictures:
            image = picture.copy()
            refs.append(weakref.ref(image))
            self.most_alive = max(self.most_alive, sum(ref() is not None for ref in refs))
            yield Frame(pts, image, keyframe=True)
            del image


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    return Detector(write_model(tmp_path_factory.mktemp("model")))


def machine_at(x: int, brightness: float = 1.0) -> Picture:
    return painted(320, 192, (MACHINE, (x, 40, x + 80, 120), brightness))


def footage(kind: FootageKind = "video", sha256: str = "ab" * 32) -> Footage:
    return Footage(Path("clip.mp4"), sha256, 1, kind, "mp4")


def probe(duration: Fraction | None) -> Probe:
    return Probe(320, 192, "h264", F(1, 90000), F(0), duration, F(25), None, 0, F(1), False)


def swept(hits: list[bool], step: Fraction = TWO) -> Sweep:
    return Sweep(tuple(Look(step * k, hit, 0.9 * hit, False) for k, hit in enumerate(hits)))


def seconds(spans: list[Span]) -> Fraction:
    return sum((span.end - span.start for span in spans), F(0))


def test_a_hit_is_a_machine_of_enough_confidence(detector: Detector) -> None:
    pictures = [
        (F(0), painted(320, 192)),
        (F(2), machine_at(50, 0.27)),
        (F(4), machine_at(150, 0.22)),
        (F(6), machine_at(100, 0.8)),
    ]
    looks = sweep(Keyframes(pictures), detector, Sweeping()).looks
    assert [look.pts for look in looks] == [0, 2, 4, 6]
    assert [look.hit for look in looks] == [False, True, False, True]
    assert looks[3].confidence == pytest.approx(0.8, abs=0.01)


def test_a_keyframe_that_shows_the_same_is_not_detected_on_again(detector: Detector) -> None:
    rng = np.random.default_rng(0)
    noisy = [
        np.clip(machine_at(60) + rng.normal(0, 3, (192, 320, 3)), 0, 255).astype(np.uint8)
        for _ in range(3)
    ]
    pictures = [(F(k), picture) for k, picture in enumerate([*noisy, machine_at(200)])]
    seen: list[tuple[Fraction, int]] = []

    def observe(frame: Frame, found: Detections) -> None:
        seen.append((frame.pts, len(found)))

    looks = sweep(Keyframes(pictures), detector, Sweeping(), observe).looks
    assert [look.reused for look in looks] == [False, True, True, False]
    assert all(look.hit for look in looks)
    assert seen == [(0, 1), (1, 1), (2, 1), (3, 1)]


def test_a_slow_change_is_seen_in_the_end(detector: Detector) -> None:
    pictures = [(F(k), np.full((192, 320, 3), 60 + 4 * k, np.uint8)) for k in range(12)]
    looks = sweep(Keyframes(pictures), detector, Sweeping()).looks
    assert sum(not look.reused for look in looks) >= 3


def test_pictures_are_dropped_once_looked_at(detector: Detector) -> None:
    source = Keyframes([(F(k), machine_at(10 + (37 * k) % 200)) for k in range(60)])
    assert len(sweep(source, detector, Sweeping()).looks) == 60
    assert source.most_alive <= BATCH + 1


def test_a_hit_is_looked_at_from_the_keyframe_before_to_the_one_after() -> None:
    looks = swept([False] * 5 + [True] + [False] * 60, F(4))
    hits = [s for s in plan_spans(looks, probe(F(264)), Sweeping(), footage()) if s.reason == "hit"]
    assert hits == [Span(F(16 - 1), F(24 + 1), "hit")]


def test_hits_close_together_are_one_span() -> None:
    looks = swept([False, True, False, True, False, False, False, False, False, True])
    hits = [s for s in plan_spans(looks, probe(F(20)), Sweeping(), footage()) if s.reason == "hit"]
    assert [(s.start, s.end) for s in hits] == [(0, 9), (15, 20)]


def test_a_short_clip_without_hits_is_looked_at_completely() -> None:
    spans = plan_spans(swept([False] * 15), probe(F(30)), Sweeping(), footage())
    assert spans == [Span(F(0), F(30), "audit")]


def test_a_long_clip_is_audited_in_a_sample() -> None:
    looks = swept([False] * 1800)
    spans = plan_spans(looks, probe(F(3600)), Sweeping(), footage())
    assert {span.reason for span in spans} == {"audit"}
    assert seconds(spans) == 180
    less = plan_spans(looks, probe(F(3600)), Sweeping(audit_share=0), footage())
    assert seconds(less) == 60


def test_the_sample_depends_on_seed_and_footage_alone() -> None:
    looks, long = swept([False] * 1800), probe(F(3600))
    first = plan_spans(looks, long, Sweeping(), footage())
    assert plan_spans(looks, long, Sweeping(), footage()) == first
    assert plan_spans(looks, long, Sweeping(seed=1), footage()) != first
    assert plan_spans(looks, long, Sweeping(), footage(sha256="cd" * 32)) != first


def test_every_piece_is_as_likely_to_be_audited() -> None:
    looks, long = swept([False] * 300), probe(F(600))
    halves = [0, 0]
    for seed in range(100):
        spans = plan_spans(looks, long, Sweeping(seed=seed, audit_seconds=F(30)), footage())
        for span in spans:
            halves[span.start >= 300] += int((span.end - span.start) / PIECE)
    # 300 draws: within 4 standard deviations of a half.
    assert abs(halves[0] - halves[1]) < 8 * (sum(halves) / 4) ** 0.5


def test_a_length_the_container_does_not_tell_reaches_to_the_end() -> None:
    spans = plan_spans(swept([False, False, True]), probe(None), Sweeping(), footage())
    assert spans[-1].reason == "hit"
    assert spans[-1].end == 4 + TO_THE_END
    spans = plan_spans(swept([False] * 3), probe(None), Sweeping(), footage())
    assert spans == [Span(F(0), 4 + TO_THE_END, "audit")]


def test_a_container_that_declares_too_little_is_looked_at_to_its_last_keyframe() -> None:
    spans = plan_spans(swept([False] * 9 + [True]), probe(F(10)), Sweeping(), footage())
    assert spans[-1].end > 18


def test_footage_without_keyframes_is_looked_at_completely() -> None:
    spans = plan_spans(Sweep(()), probe(F(50)), Sweeping(), footage())
    assert spans == [Span(F(0), F(50), "audit")]


def test_keyframes_far_apart_make_long_spans() -> None:
    looks = swept([False, True, False, False], F(60))
    assert looks.longest_gap == 60
    spans = plan_spans(looks, probe(F(200)), Sweeping(), footage())
    assert spans[0] == Span(F(0), F(121), "hit")


@pytest.mark.parametrize("kind", ["still", "stills"])
def test_each_still_with_a_hit_is_a_span_of_its_own(kind: FootageKind) -> None:
    spans = plan_spans(swept([True, False, True], F(1)), probe(None), Sweeping(), footage(kind))
    assert spans == [Span(F(0), F(1), "hit"), Span(F(2), F(3), "hit")]


def test_a_folder_without_a_readable_still_has_no_spans() -> None:
    assert plan_spans(Sweep(()), probe(None), Sweeping(), footage("stills")) == []


@hypothesis.settings(deadline=None)
@given(
    hits=st.lists(st.booleans(), max_size=80),
    step=st.fractions(F(1, 10), F(30)),
    duration=st.none() | st.fractions(F(0), F(3000)),
    share=st.floats(0, 1),
    least=st.fractions(F(0), F(200)),
)
def test_spans_are_sorted_disjoint_and_cover_every_hit(
    hits: list[bool], step: Fraction, duration: Fraction | None, share: float, least: Fraction
) -> None:
    settings = Sweeping(audit_share=share, audit_seconds=least)
    looks = swept(hits, step)
    spans = plan_spans(looks, probe(duration), settings, footage())
    assert all(span.start < span.end for span in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    for look in looks.looks:
        if look.hit:
            assert any(s.start <= look.pts < s.end and s.reason == "hit" for s in spans)
