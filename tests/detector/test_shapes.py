"""Pictures as phones, broadcasters and cameras send them.

Another shape half-way, two fields woven without saying so, high dynamic range, slow refresh."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.errors import FootageChanged
from detector import Analyst
from detector.footage.clip import ClipReader
from detector.footage.stream import ClipSource
from detector.footage.timeline import Arrived
from detector.types import Frame, Span
from tests.detector.clips import (
    HEIGHT,
    RATE,
    WHOLE,
    WIDTH,
    decoder,
    number_of,
    red_corner,
    write_clip,
)

F = Fraction


def shown(path: Path) -> list[Frame]:
    """Every frame of a clip."""
    with decoder(path) as read:
        return [s.frame for _, s in read.dense(WHOLE, Fraction(0)) if s.frame is not None]


def joined(folder: Path, *parts: dict[str, object]) -> Path:
    """A transport stream of parts of ten frames each, one behind the other."""
    path = folder / "joined.ts"
    with path.open("wb") as out:
        for number, part in enumerate(parts):
            one = folder / f"{number}.ts"
            pts = [40 * (10 * number + n) for n in range(10)]
            write_clip(one, 10, pts=pts, b_frames=0, **part)  # type: ignore[arg-type]
            out.write(one.read_bytes())
    return path


def test_a_part_of_another_size_is_fitted_with_its_proportions_and_told_of(tmp_path):
    path = joined(tmp_path, {"size": (192, 96)}, {"size": (64, 96)})
    frames = shown(path)
    assert {frame.image.shape for frame in frames} == {(96, 192, 3)}
    late = frames[-1].image
    assert late[:, :60].max() < 30 and late[:, -60:].max() < 30, "bars beside it"
    assert number_of(late[:, 64:128]) == 9 and red_corner(late[:, 64:128]) == "top left"
    with decoder(path) as read:
        keyframes = list(read.keyframes(F(0)))
        seen = list(read.at([F(1, 25) * 15]))
        (told,) = [reason for reason in read.loss.reasons if "size or shape" in str(reason)]
    assert "times)" not in str(told)
    assert number_of(keyframes[-1].image[:, 64:128]) == 0
    assert np.array_equal(seen[0].image, frames[15].image), "however it is asked for"


def test_pixels_of_another_aspect_half_way_are_no_squeezed_picture(tmp_path):
    narrow, wide = {"aspect": F(1)}, {"aspect": F(2)}
    frames = shown(joined(tmp_path, narrow, wide))
    late = frames[-1].image
    assert late.shape == frames[0].image.shape == (HEIGHT, WIDTH, 3)
    assert late[: HEIGHT // 5].max() < 30 and late[-HEIGHT // 5 :].max() < 30, "bars above, below"


def moving(number: int) -> NDArray[np.uint8]:
    """Stripes that go to the right by eight pixels a frame."""
    across = (np.arange(WIDTH * 2) - 8 * number) // 16 % 2 * 150 + 50
    return np.repeat(np.tile(across.astype(np.uint8), (HEIGHT * 2, 1))[..., None], 3, axis=2)


def test_fields_that_are_woven_are_taken_apart_though_nothing_says_so(tmp_path):
    """And a picture at rest with lines as fine as a field's stays what it is."""
    woven = [moving(2 * n) for n in range(10)]
    for n, picture in enumerate(woven):
        picture[1::2] = moving(2 * n + 1)[1::2]
    size, crisp = (WIDTH * 2, HEIGHT * 2), {"crf": "4"}
    path = write_clip(tmp_path / "woven.mp4", 10, images=woven, size=size, options=crisp)
    for n, frame in enumerate(shown(path)):
        assert np.abs(frame.image.astype(int) - moving(2 * n)).mean() < 6
    with decoder(path) as read:
        (small,) = read.keyframes(F(10), widest=WIDTH)
    assert np.abs(small.image.astype(int) - moving(0)[::2, ::2]).mean() < 12

    plain = [moving(n) for n in range(10)]
    for picture in plain:
        picture[40:44, 40:44] = [[[0]], [[255]], [[0]], [[255]]]
    path = write_clip(tmp_path / "plain.mp4", 10, images=plain, size=size, options=crisp)
    rows = shown(path)[0].image[40:44, 41, 1].astype(int)
    assert rows[1] - rows[2] > 150, "a louver"


def high_range(path: Path, transfer: int, values: list[float]) -> Path:
    """Two frames of grey bars in PQ or HLG; values: of the signal, 0..1."""
    bars = np.repeat(np.repeat(np.array(values), 32)[None, :, None], 64, axis=0)
    deep = np.repeat(np.round(bars * 65535).astype(np.uint16), 3, axis=2)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"crf": "8", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = deep.shape[1], 64, "yuv420p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace = 9, transfer, 9
        for _ in range(2):
            frame = av.VideoFrame.from_ndarray(deep, "rgb48le")
            frame = frame.reformat(format="yuv420p10le", dst_colorspace=9, dst_color_range=1)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("transfer", "values"),
    [
        # What 0, 18, 90, 203 and 1000 cd/m2 are in PQ (BT.2100, table 4). Then what shows as so
        # much in HLG on a display of 1000 (table 5, and the display's gamma of 1.2).
        (16, [0.0, 0.3376, 0.4956, 0.5807, 0.7518]),
        (18, [0.0, 0.3246, 0.6055, 0.75, 1.0]),
    ],
)
def test_white_in_high_dynamic_range_is_white(tmp_path, transfer, values):
    picture = shown(high_range(tmp_path / "phone.mp4", transfer, values))[0].image
    found = [int(picture[32, 32 * n + 16].mean()) for n in range(5)]
    # A display's exponent of 2.4 on light up to three quarters of white; above, what is pressed.
    expected = [0, 255 * (18 / 203) ** (1 / 2.4), 255 * (90 / 203) ** (1 / 2.4), 245, 254]
    assert found == pytest.approx(expected, abs=5)
    assert np.ptp(picture[32, 80].astype(int)) <= 3, "grey stays grey"


REFRESHED = {"x264-params": "intra-refresh=1:keyint=30:scenecut=0"}


@pytest.mark.parametrize("name", ["camera.ts", "camera.mp4"])
def test_a_picture_that_is_refreshed_bit_by_bit_is_shown_whole_and_at_its_time(tmp_path, name):
    path = write_clip(tmp_path / name, 100, gop=30, b_frames=0, options=REFRESHED)
    for first in (True, False):
        with decoder(path) as read:
            keyframes = list(read.keyframes(F(0))) if first else []
            frames = list(read.at([F(n, RATE) for n in (33, 62, 95)]))
            spans = [Span(F(60, RATE), F(64, RATE), "hit")]
            dense = [s.pts for _, s in read.dense(spans, F(0))]
            lost = read.loss
        assert all(number_of(one.image) == one.pts * RATE % 16 for one in keyframes)
        assert [one.pts * RATE for one in frames] == [33, 62, 95]
        assert [number_of(one.image) for one in frames] == [33 % 16, 62 % 16, 95 % 16]
        assert [pts * RATE for pts in dense] == [60, 61, 62, 63]
        assert lost.expected == lost.decoded and not lost.reasons


def test_between_keyframes_far_apart_some_frames_are_looked_at(tmp_path):
    path = write_clip(tmp_path / "call.mp4", 160, gop=1000, rate=5)
    with decoder(path) as read:
        frames = list(read.keyframes(F(1, 2)))
        lost = read.loss
    times = [frame.pts for frame in frames]
    assert times[0] == 0 and all(F(4) < b - a <= 6 for a, b in pairwise(times))
    assert times[-1] > 26
    assert [number_of(frame.image) for frame in frames] == [time * 5 % 16 for time in times]
    assert lost.expected == lost.decoded
    near = write_clip(tmp_path / "film.mp4", 100, gop=50, rate=5)
    with decoder(near) as read:
        assert [frame.pts for frame in read.keyframes(F(1, 2))] == [0, 10]


@pytest.mark.parametrize(
    ("name", "codec", "format"), [("tape.avi", "mpeg4", "avi"), ("tape.mpg", "mpeg2video", "mpeg")]
)
def test_where_nothing_can_be_skipped_no_frame_is_decoded_twice(
    tmp_path, monkeypatch, name, codec, format
):
    """And with a spacing that makes keyframes as far apart, none but them is."""
    steady = {"sc_threshold": "1000000000"}
    path = write_clip(tmp_path / name, 1800, codec=codec, gop=350, b_frames=2, options=steady)
    decode, packets = ClipSource._decode, []

    def counted(source: ClipSource, packet: av.Packet | None, key: int) -> list[Arrived]:
        packets.append(packet)
        return decode(source, packet, key)

    monkeypatch.setattr(ClipSource, "_decode", counted)
    reader = ClipReader(path, format, 10**7, 10**6, lambda: None)
    times = [round(frame.pts) for frame in reader.keyframes(F(1, 2))]
    assert times == [0, 5, 10, 14, 19, 24, 28, 33, 38, 42, 47, 52, 56, 61, 66, 70]
    assert len(packets) < 1800 + 100
    packets.clear()
    assert len(list(reader.keyframes(F(13)))) == 6
    assert len(packets) < 100


def test_after_a_keyframe_pass_that_was_left_frames_are_found_where_they_are(tmp_path):
    """In a stream whose clock restarts, which the pass has not come to."""
    path = tmp_path / "joined.ts"
    parts = []
    for number in range(2):
        pts = [40 * n for n in range(250)]
        parts.append(write_clip(tmp_path / f"{number}.ts", 250, pts=pts, gop=50, b_frames=0))
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    reader = ClipReader(path, "mpegts", 10**7, 10**6, lambda: None)
    passing = reader.keyframes(F(0))
    assert next(passing).pts == 0
    passing.close()
    (late,) = reader.at([F(15)])
    assert float(late.pts) == pytest.approx(15, abs=0.05)
    assert number_of(late.image) == round((late.pts - F("9.96")) * RATE) % 16


def test_lines_from_the_lowest_up_are_read_too(tmp_path):
    """As some cards recorded: FFmpeg gives them a negative length."""
    plain = write_clip(tmp_path / "a.avi", 4, codec="mjpeg", pix_fmt="yuvj420p", gop=1, b_frames=0)
    made_by = b"Intel(R) JPEG Library, version 1.51\0"
    comment = b"\xff\xfe" + (len(made_by) + 2).to_bytes(2, "big") + made_by
    path = tmp_path / "card.avi"
    with av.open(str(plain)) as read, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(read.streams.video[0])
        for packet in read.demux(video=0):
            if packet.dts is not None:
                data = bytes(packet)
                card = av.Packet(data[:2] + comment + data[2:])
                card.pts, card.dts, card.time_base = packet.pts, packet.dts, packet.time_base
                card.is_keyframe, card.stream = True, stream
                out.mux(card)
    frames = shown(path)
    assert [number_of(frame.image) for frame in frames] == [0, 1, 2, 3]
    assert {red_corner(frame.image) for frame in frames} == {"bottom left"}


def test_a_file_that_is_written_to_meanwhile_gives_no_result(tmp_path):
    """What would be found may lie in bytes that its hash does not cover."""
    path = write_clip(tmp_path / "recording.ts", 10)

    def grow(share: float, stage: str) -> None:
        if stage == "sweeping":
            with path.open("ab") as more:
                more.write(bytes(188))

    with pytest.raises(FootageChanged, match=r"recording\.ts: it was written to"):
        Analyst(threads=1).analyze(path, grow)
