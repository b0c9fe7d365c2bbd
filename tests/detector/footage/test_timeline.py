"""Clips whose clock restarts: every part is looked at, once, and a time names one picture."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import pytest

from detector.footage.timeline import TimeLine
from detector.types import Span
from tests.detector.clips import WHOLE, decoder, image, number_of, remux, write_clip

OPEN_GOP = {"x264-params": "open-gop=1:bframes=3:scenecut=0"}


def joined(path: Path, parts: Sequence[int], later: float = 0, **arguments: object) -> Path:
    """`parts` recordings of so many frames one after the other, each with a clock of its own;
    the last one's begins `later` seconds. Frame n of part k looks like frame n + 5 k."""
    data = b""
    for k, frames in enumerate(parts):
        images = [image(n + 5 * k) for n in range(frames)]
        part = write_clip(path.with_name(f"{k}-{path.name}"), frames, images=images, **arguments)  # type: ignore[arg-type]
        if later and k == len(parts) - 1:
            offset = {"output_ts_offset": str(later)}
            part = remux(part, path.with_name(f"later-{path.name}"), offset)
        data += part.read_bytes()
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("parts", [(60, 100), (100, 60), (100, 8), (100, 40, 60)])
@pytest.mark.parametrize("options", [{}, OPEN_GOP])
def test_every_part_of_a_joined_recording_is_seen_in_turn(tmp_path, parts, options):
    clip = joined(tmp_path / "a.ts", parts, options=options)
    with decoder(clip) as opened:
        keys = [key.pts for key in opened.keyframes(Fraction(0))]
        assert opened.loss.expected == opened.loss.decoded == sum(-(-n // 10) for n in parts)
        # The container tells the length of one part, and beyond it nothing would be looked at.
        assert opened.probe.duration == Fraction(sum(parts), 25)
        samples = [sample for _, sample in opened.dense(WHOLE, Fraction(0))]
        loss = opened.loss
    count = sum(parts)
    assert (loss.expected, loss.decoded, loss.total, loss.reasons) == (count, count, count, ())
    assert [sample.pts for sample in samples] == [Fraction(n, 25) for n in range(count)]
    assert set(keys) < {sample.pts for sample in samples}
    expected = [(n + 5 * k) % 16 for k, frames in enumerate(parts) for n in range(frames)]
    assert [number_of(s.frame.image) for s in samples if s.frame is not None] == expected


def test_a_dvds_chapters_are_seen_in_turn(tmp_path):
    clip = joined(tmp_path / "a.vob", (24, 24), codec="mpeg2video", format="vob", b_frames=0, gop=8)
    with decoder(clip) as opened:
        times = [sample.pts for _, sample in opened.dense(WHOLE, Fraction(0))]
    # Where several small frames share a PES packet, FFmpeg gives two of them one time.
    assert len(times) >= 44 and times[-1] >= Fraction(47, 25)


def test_a_time_shows_the_same_picture_whoever_asks(tmp_path):
    clip = joined(tmp_path / "a.ts", (250, 250))
    times = [Fraction(n, 25) for n in (12, 125, 240, 260, 375, 490)]
    with decoder(clip) as opened:
        list(opened.keyframes(Fraction(0)))
        dense = {s.pts: s.frame for _, s in opened.dense(WHOLE, Fraction(0))}
        again = list(opened.at(times))
    with decoder(clip) as opened:
        fresh = list(opened.at(times))
    alone = []
    for time in times:
        with decoder(clip) as opened:
            alone += list(opened.at([time]))
        with decoder(clip) as opened:
            [(_, sample)] = opened.dense([Span(time, time + Fraction(1, 50), "hit")], Fraction(0))
            assert sample.frame is not None
            alone[-1:] = [alone[-1], sample.frame]
    for n, time in enumerate(times):
        shown = dense[time]
        assert shown is not None
        for other in (again[n], fresh[n], alone[2 * n], alone[2 * n + 1]):
            assert other.pts == time
            assert (other.image == shown.image).all()


def test_a_clock_that_jumps_ahead_is_left_as_it_is(tmp_path):
    clip = joined(tmp_path / "a.ts", (50, 50), later=60)
    with decoder(clip) as opened:
        times = [sample.pts for _, sample in opened.dense(WHOLE, Fraction(0))]
    assert len(times) == 100 and times[50] == 60


@pytest.mark.parametrize("damaged", [{7: 999999}, {7: 2}, {0: 999999}, {99: 2}, {7: 5, 9: 3}])
def test_a_damaged_time_is_no_clock_that_starts_anew(damaged):
    line = TimeLine()
    given = [damaged.get(n, 1000 + 40 * n) for n in range(100)]
    assert [packet.dts for packet in line.follow(iter(map(packet_at, given)))] == given
    assert not line.started_anew


def test_frames_stored_out_of_order_are_no_clock_that_starts_anew():
    # A muxer that writes the time of showing for that of decoding; it ends within a group.
    given = [40 * (8 * group + n) for group in range(9) for n in (8, 4, 2, 1, 3, 6, 5, 7)][:-3]
    line = TimeLine()
    assert [packet.pts for packet in line.follow(iter(map(packet_at, given)))] == given
    assert not line.started_anew


def test_a_part_begins_where_the_last_one_ended(tmp_path):
    line = TimeLine()
    given = [1000 + 40 * n for n in range(30)] + [500 + 40 * n for n in range(30)]
    times = [packet.pts for packet in line.follow(iter(map(packet_at, given)))]
    assert times == [1000 + 40 * n for n in range(60)]
    assert line.started_anew


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mkv", "libx264"), ("a.wmv", "wmv2"), ("a.ts", "libx264"), ("a.m1v", "mpeg1video")],
)
def test_a_clip_is_as_long_as_its_pictures_play(tmp_path, name, codec):
    """Cut out of a longer recording without a new clock, or without a clock and any length."""
    late = {} if codec == "mpeg1video" else {"output_ts_offset": "7200"}
    clip = write_clip(tmp_path / name, 50, codec=codec, container_options=late, b_frames=0)
    with decoder(clip) as opened:
        assert len(list(opened.keyframes(Fraction(0)))) >= 5
        assert opened.probe.duration is not None
        assert Fraction(196, 100) <= opened.probe.duration <= Fraction(21, 10)


def packet_at(time: int) -> av.Packet:
    packet = av.Packet(b"x")
    packet.pts = packet.dts = time
    packet.duration = 40
    return packet
