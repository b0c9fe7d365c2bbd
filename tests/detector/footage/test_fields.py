"""Transport streams of frames in two fields, and of frames without a time of their own."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from detector.footage.fields import FieldPairs
from detector.footage.stream import ClipSource
from tests.detector.clips import WHOLE, decoder, number_of, remux, write_clip
from tests.detector.fields import write_fields

GREYS = [60, 100, 140, 180, 220]


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("raw_pairs", [False, True])
def test_a_frame_in_two_fields_is_one_frame(tmp_path, together, raw_pairs):
    clip = write_fields(tmp_path / "a.ts", 50, greys=GREYS, together=together, raw_pairs=raw_pairs)
    with decoder(clip) as opened:
        assert opened.probe.interlaced and opened.probe.start == 0
        keys = list(opened.keyframes(Fraction(0)))
        assert (opened.loss.expected, opened.loss.decoded, opened.loss.total) == (5, 5, 50)
        samples = [sample for _, sample in opened.dense(WHOLE, Fraction(0))]
        [frame] = opened.at([Fraction(33, 25)])
        loss = opened.loss
    assert (loss.expected, loss.decoded, loss.total, loss.reasons) == (50, 50, 50, ())
    assert [key.pts for key in keys] == [Fraction(10 * n, 25) for n in range(5)]
    assert [sample.pts for sample in samples] == [Fraction(n, 25) for n in range(50)]
    shown = {sample.pts: sample.frame for sample in samples}
    for key, grey in zip(keys, GREYS, strict=True):
        same = shown[key.pts]
        assert same is not None
        np.testing.assert_array_equal(key.image, same.image)
        # From the luma of television, 16 to 235, to full scale.
        assert abs(float(key.image.mean()) - (grey - 16) * 255 / 219) <= 2
    asked = shown[frame.pts]
    assert asked is not None
    np.testing.assert_array_equal(frame.image, asked.image)


@pytest.mark.parametrize("lost", [1, 20, 23])
def test_a_field_without_its_other_upsets_no_other_frame(tmp_path, lost):
    clip = write_fields(tmp_path / "a.ts", 50, greys=GREYS)
    holed = tmp_path / "holed.ts"
    with av.open(str(clip)) as read, av.open(str(holed), "w") as out:
        stream = out.add_stream_from_template(read.streams.video[0])
        for number, packet in enumerate(read.demux(video=0)):
            if number != lost and packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    with decoder(holed) as opened:
        keys = [key.pts for key in opened.keyframes(Fraction(0))]
        times = [sample.pts for _, sample in opened.dense(WHOLE, Fraction(0))]
    assert set(keys) >= {Fraction(10 * n, 25) for n in range(5) if n != lost // 20}
    assert set(times) >= {Fraction(n, 25) for n in range(50) if n != lost // 2}


def test_the_pictures_are_those_of_the_fields_decoded_one_by_one(tmp_path):
    clip = write_fields(tmp_path / "a.ts", 20, greys=GREYS, raw_pairs=True)
    with av.open(str(clip)) as read:
        apart = [frame.to_ndarray(format="gray") for frame in read.decode(video=0)]
    source = ClipSource(clip, "mpegts", 10**6, lambda: None)
    source.open()
    together = [one.frame.to_ndarray(format="gray") for one in source.decoded(lambda key: True)]
    assert len(together) == 20
    np.testing.assert_array_equal(together, apart)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p10le", "yuv444p"])
@pytest.mark.parametrize("params", ["", "tff=1", "tff=1:cqm=jvt"])
def test_whole_frames_go_by_untouched(tmp_path, pix_fmt, params):
    options = {"x264-params": params, "preset": "fast"}
    clip = write_clip(tmp_path / "a.ts", 20, pix_fmt=pix_fmt, options=options)
    with av.open(str(clip)) as read:
        packets = list(read.demux(video=0))
    gone_by = list(FieldPairs().joined(iter(packets)))
    assert len(gone_by) == len(packets)
    assert all(a is b for a, b in zip(gone_by, packets, strict=True))


def without_every_second_time(path: Path) -> Path:
    """A transport stream whose every second PES packet of pictures has neither PTS nor DTS."""
    data = bytearray(path.read_bytes())
    number = 0
    for at in range(0, len(data), 188):
        if not data[at + 1] & 0x40:
            continue
        start = at + 4 + (data[at + 4] + 1 if data[at + 3] & 0x20 else 0)
        if data[start : start + 3] != b"\0\0\1" or data[start + 3] & 0xF0 != 0xE0:
            continue
        if number % 2:
            length = data[start + 8]
            data[start + 7] &= 0x3F
            data[start + 9 : start + 9 + length] = b"\xff" * length
        number += 1
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("later", ["0", "36000"])
def test_frames_without_a_time_follow_those_before_them(tmp_path, b_frames, later):
    clip = write_clip(tmp_path / "a.mp4", 60, b_frames=b_frames)
    clip = remux(clip, tmp_path / "a.ts", {"output_ts_offset": later})
    with decoder(without_every_second_time(clip)) as opened:
        assert opened.probe.start >= int(later)
        samples = [sample for _, sample in opened.dense(WHOLE, Fraction(0))]
        [frame] = opened.at([Fraction(47, 25)])
        loss = opened.loss
    assert (loss.expected, loss.decoded, loss.reasons) == (60, 60, ())
    assert [sample.pts for sample in samples] == [Fraction(n, 25) for n in range(60)]
    shown = [sample.frame for sample in samples if sample.frame is not None]
    assert [number_of(frame.image) for frame in shown] == [n % 16 for n in range(60)]
    assert number_of(frame.image) == 47 % 16
