"""Decoding: the right frames at the right times, upright, none lost from intact footage."""

from __future__ import annotations

import struct
from fractions import Fraction

import numpy as np
import pytest

from detector.footage.decoder import Decoder
from detector.footage.files import open_footage
from detector.look.plan import plan_spans
from detector.look.sweep import Glance
from detector.settings import Decoding, Sweeping
from detector.types import Span
from tests.detector.clips import (
    WHOLE,
    claim_frames,
    decoder,
    image,
    number_of,
    patch,
    red_corner,
    remux,
    write_clip,
    write_late_clip,
    write_odd_photo,
    write_picture,
    write_two_streams,
)

OPEN_GOP = {"x264-params": "open-gop=1:bframes=3:scenecut=0"}

# name: (file, arguments of write_clip)
INTACT = {
    "mp4": ("a.mp4", {}),
    "mkv": ("a.mkv", {}),
    "avi, h264 without PTS": ("a.avi", {}),
    "flv": ("a.flv", {}),
    "mpegts": ("a.ts", {"options": OPEN_GOP}),
    "open groups": ("a.mp4", {"options": OPEN_GOP, "b_frames": 3}),
    "all intra": ("a.mov", {"codec": "prores_ks", "pix_fmt": "yuv422p10le"}),
    "mjpeg": ("a.avi", {"codec": "mjpeg", "pix_fmt": "yuvj420p"}),
    "wmv": ("a.wmv", {"codec": "wmv2"}),
    "webm, hidden vp8 frames": (
        "a.webm",
        {"codec": "libvpx", "options": {"auto-alt-ref": "1", "lag-in-frames": "16"}},
    ),
    "vp9": ("a.webm", {"codec": "libvpx-vp9", "options": {"deadline": "realtime"}}),
    "fragmented": ("a.mp4", {"container_options": {"movflags": "frag_keyframe+empty_moov"}}),
    "raw mpeg-2, no duration": ("a.m2v", {"codec": "mpeg2video", "b_frames": 0}),
}


@pytest.mark.parametrize("name", INTACT)
def test_intact_footage_loses_nothing_and_shows_each_frame_in_turn(tmp_path, name):
    file, arguments = INTACT[name]
    clip = write_clip(tmp_path / file, 40, **arguments)
    with decoder(clip) as opened:
        keys = list(opened.keyframes(Fraction(0)))
        assert opened.loss.expected == opened.loss.decoded == len(keys) >= 4
        samples = [sample for _, sample in opened.dense(WHOLE, Fraction(0))]
        loss = opened.loss
    assert (loss.expected, loss.decoded, loss.total, loss.reasons) == (40, 40, 40, ())
    tolerance = 1 if "mpeg-2" in name else 0  # its quantiser is coarse
    for n, sample in enumerate(samples):
        assert sample.frame is not None
        assert abs(number_of(sample.frame.image) - n % 16) <= tolerance
        assert abs(sample.pts - Fraction(n, 25)) <= Fraction(1, 1000)
    by_time = {sample.pts: sample.frame for sample in samples}
    for key in keys:
        same = by_time[key.pts]
        assert key.keyframe and same is not None
        np.testing.assert_array_equal(key.image, same.image)


def test_transport_stream_times_begin_at_its_start(tmp_path):
    clip = remux(
        write_clip(tmp_path / "a.mp4", 30), tmp_path / "a.ts", {"output_ts_offset": "7200.5"}
    )
    with decoder(clip) as opened:
        first = next(opened.keyframes(Fraction(0)))
        assert first.pts == 0
        assert opened.probe.start > 7000
        [frame] = opened.at([Fraction(1)])
        assert (frame.pts, number_of(frame.image)) == (1, 25 % 16)


@pytest.mark.parametrize("name", ["a.mp4", "a.ts", "a.mkv", "a.flv"])
def test_pictures_that_begin_after_the_sound_are_looked_at_to_their_end(tmp_path, name):
    clip = open_footage(write_late_clip(tmp_path / name, late=6))
    settings = Sweeping()
    with Decoder(clip, Decoding()) as opened:
        glances = tuple(Glance(key.pts, True, 0.9) for key in opened.keyframes(Fraction(0)))
        [span] = plan_spans(glances, opened.probe, settings, clip)
        seen = [sample.pts for _, sample in opened.dense([span], Fraction(1))]
        duration, loss = opened.probe.duration, opened.loss
    assert len(glances) == 1 and len(seen) == 250
    assert (loss.decoded, loss.expected) == (250, 250)
    # Matroska tells no stream's own length; its sound ends a little later.
    assert seen[0] >= 6 and duration is not None
    assert Fraction(39, 1000) <= duration - seen[-1] <= Fraction(1, 5)


def test_a_clip_whose_recorder_was_cut_off_is_looked_at_to_its_end(tmp_path):
    """Its AVI says that it is 0 s long, and how long it is tells only reading it."""
    whole = write_clip(tmp_path / "a.avi", 50, gop=50, b_frames=0)
    clip = open_footage(claim_frames(whole, tmp_path / "b.avi", 0))
    with Decoder(clip, Decoding()) as opened:
        glances = tuple(Glance(key.pts, True, 0.9) for key in opened.keyframes(Fraction(0)))
        assert len(glances) == 1 and opened.probe.duration == 2
        spans = plan_spans(glances, opened.probe, Sweeping(), clip)
        assert len(list(opened.dense(spans, Fraction(1)))) == 50


def test_a_damaged_time_of_the_first_picture_makes_no_clip_of_hours(tmp_path):
    clip = write_late_clip(tmp_path / "a.ts", 50, late=0, b_frames=0)
    data = clip.read_bytes()
    # The first three bits of the time of the first packet of pictures (ISO 13818-1, 2.4.3.6).
    at = data.index(b"\0\0\1\xe0") + 9
    patch(clip, tmp_path / "b.ts", at, bytes([data[at] ^ 0x08]))
    with decoder(tmp_path / "b.ts") as opened:
        assert opened.probe.duration is not None and opened.probe.duration < 3


def test_variable_frame_rate_keeps_each_frames_own_time(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 40, pts=[n * n for n in range(40)])
    with decoder(clip) as opened:
        samples = [sample for _, sample in opened.dense(WHOLE, Fraction(0))]
        assert [sample.pts for sample in samples] == [Fraction(n * n, 1000) for n in range(40)]
        # 0.5 s lies between frame 22 (0.484) and 23 (0.529): 22 is on screen.
        [frame] = opened.at([Fraction(1, 2)])
        assert (frame.pts, number_of(frame.image)) == (Fraction(484, 1000), 22 % 16)
    assert opened.loss.lost == 0


def test_frames_cut_off_by_an_edit_list_are_not_shown_nor_lost_but_told_of(tmp_path):
    # Packets before time zero: the muxer writes an edit list that begins after them.
    clip = write_clip(tmp_path / "a.mp4", 40)
    cut = remux(
        clip,
        tmp_path / "cut.mp4",
        {"output_ts_offset": "-0.2", "avoid_negative_ts": "disabled", "use_editlist": "1"},
    )
    with decoder(cut) as opened:
        list(opened.keyframes(Fraction(0)))
        samples = [sample for _, sample in opened.dense(WHOLE, Fraction(0))]
        loss = opened.loss
    assert loss.expected == loss.decoded == len(samples) == 35
    assert loss.total == 40
    (told,) = loss.reasons
    assert told.startswith("a frame that the file's own edit list leaves out") and told.endswith(
        "(5 times)"
    )
    assert samples[0].pts == 0 and samples[0].frame is not None
    assert number_of(samples[0].frame.image) == 5


@pytest.mark.parametrize(
    ("counterclockwise", "corner", "clockwise"),
    [
        (0, "top left", 0),
        (90, "bottom left", 270),
        (180, "bottom right", 180),
        (270, "top right", 90),
    ],
)
def test_the_picture_stands_upright(tmp_path, counterclockwise, corner, clockwise):
    clip = write_clip(tmp_path / "a.mp4", 2, rotation=counterclockwise)
    with decoder(clip) as opened:
        [small, *_] = opened.keyframes(Fraction(0), 48)
        [_, sample] = next(opened.dense(WHOLE, Fraction(1)))
        probe = opened.probe
    assert sample.frame is not None
    assert probe.rotation == clockwise
    assert small.image.shape == ((72, 48, 3) if clockwise % 180 else (32, 48, 3))
    assert red_corner(small.image) == corner
    assert sample.frame.image.shape == (probe.height, probe.width, 3)
    assert (probe.width, probe.height) == ((64, 96) if clockwise % 180 else (96, 64))
    assert red_corner(sample.frame.image) == red_corner(sample.thumbnail) == corner
    assert sample.thumbnail.shape[1] == 64


def test_pixels_are_made_square_by_their_width(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 2, aspect=Fraction(16, 11))
    with decoder(clip) as opened:
        [frame] = opened.keyframes(Fraction(0))
        assert opened.probe.sample_aspect == Fraction(16, 11)
    assert frame.image.shape == (64, 140, 3)


def test_interlaced_frames_lose_their_comb(tmp_path):
    # A white bar that has moved between the two fields of each frame.
    combed = np.full((64, 96, 3), 30, np.uint8)
    combed[0::2, 20:40] = 220
    combed[1::2, 50:70] = 220
    clip = write_clip(
        tmp_path / "a.mp4",
        2,
        images=[combed] * 2,
        pix_fmt="yuv422p",
        options={"x264-params": "tff=1", "crf": "5"},
    )
    with decoder(clip) as opened:
        assert opened.probe.interlaced
        [frame] = opened.keyframes(Fraction(0))
        [small] = opened.keyframes(Fraction(0), 48)
    rows = frame.image[8:-8, :, 0].astype(int)
    assert np.abs(np.diff(rows, axis=0)).max() < 40
    # One field's bar, whole, and nothing of the other's.
    assert {rows[:, 30].mean() > 150, rows[:, 60].mean() > 150} == {True, False}
    rows = small.image[4:-4, :, 0].astype(int)
    assert {rows[:, 15].mean() > 150, rows[:, 30].mean() > 150} == {True, False}
    assert rows[:, 15].mean() > 180 or rows[:, 15].mean() < 60


def test_pictures_are_shrunk_to_a_width_and_never_enlarged(tmp_path):
    wide = write_picture(tmp_path / "a.png")
    with decoder(wide) as opened:
        [whole] = opened.keyframes(Fraction(0))
        [small] = opened.keyframes(Fraction(0), whole.image.shape[1] // 2)
        [same] = opened.keyframes(Fraction(0), 4000)
    height, width, _ = whole.image.shape
    assert small.image.shape == (round(height * (width // 2) / width), width // 2, 3)
    np.testing.assert_array_equal(whole.image, same.image)
    assert abs(float(small.image.mean()) - float(whole.image.mean())) < 2


def test_a_second_stream_of_pictures_is_told_of(tmp_path):
    """As in a car's recorder that looks ahead and back: the larger one is looked at."""
    with decoder(write_two_streams(tmp_path / "a.mp4")) as opened:
        [frame] = opened.keyframes(Fraction(1))
        assert frame.image.shape == (64, 96, 3) and opened.loss.lost == 0
        [told] = opened.loss.reasons
    assert "a further stream of pictures" in told


def test_a_clip_of_one_frame(tmp_path):
    with decoder(write_clip(tmp_path / "a.mp4", 1)) as opened:
        assert len(list(opened.keyframes(Fraction(1)))) == 1
        assert len(list(opened.dense(WHOLE, Fraction(1)))) == 1
        assert (opened.loss.expected, opened.loss.decoded) == (1, 1)


def test_keyframes_keep_their_distance(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 50, gop=1)
    with decoder(clip) as opened:
        times = [frame.pts for frame in opened.keyframes(Fraction(1, 2))]
    # 13 frames at 25 a second are the first 0.5 s or more.
    assert times == [Fraction(13 * n, 25) for n in range(4)]


def test_spans_give_their_frames_and_a_picture_now_and_then(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 100)
    spans = [
        Span(Fraction(1, 5), Fraction(2, 5), "hit"),
        Span(Fraction(2), Fraction(3), "audit"),
        Span(Fraction(3), Fraction(31, 10), "hit"),
    ]
    with decoder(clip) as opened:
        list(opened.keyframes(Fraction(0)))
        for _ in range(2):
            got = list(opened.dense(spans, Fraction(1, 2)))
            assert [(i, s.pts) for i, s in got] == [
                (i, Fraction(n, 25))
                for i, span in enumerate(spans)
                for n in range(100)
                if span.start <= Fraction(n, 25) < span.end
            ]
            shown = [s.pts for _, s in got if s.frame is not None]
            assert shown == [Fraction(n, 25) for n in (5, 50, 63, 75)]
        # Ten keyframes and 33 frames in the spans; 50, 60 and 70 are keyframes.
        assert (opened.loss.expected, opened.loss.decoded) == (10 + 33 - 3, 10 + 33 - 3)


def test_exact_frames_by_their_times(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 100)
    numbers = [3, 3, 41, 77, 99]
    with decoder(clip) as opened:
        frames = list(opened.at([Fraction(n, 25) for n in numbers]))
        assert [frame.pts * 25 for frame in frames] == numbers
        assert [number_of(frame.image) for frame in frames] == [n % 16 for n in numbers]
        late = list(opened.at([Fraction(1000)]))
    assert [frame.pts * 25 for frame in late] == [99]


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_picture_is_one_frame_turned_as_its_camera_was(tmp_path, orientation):
    picture = write_picture(tmp_path / "a.jpg", 3, orientation)
    with decoder(picture) as opened:
        [frame] = opened.keyframes(Fraction(1))
        [(_, sample)] = opened.dense(WHOLE, Fraction(1))
    corners = {1: "top left", 3: "bottom right", 6: "top right", 8: "bottom left"}
    assert red_corner(frame.image) == corners[orientation]
    assert frame.pts == sample.pts == 0 and sample.thumbnail.shape[1] == 64
    assert number_of(frame.image) == 3


ODD = {
    "a width below nothing": struct.pack("<HHIi", 0x0100, 9, 1, -5),
    "a compression in letters": struct.pack("<HHI", 0x0103, 2, 4) + b"abc\0",
    "a compression of half a number": struct.pack("<HHIf", 0x0103, 11, 1, 0.5),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_note_of_the_camera_hinders_neither_the_photo_nor_its_folder(tmp_path, odd):
    photo = write_odd_photo(tmp_path / "b.jpg", 3, ODD[odd])
    write_picture(tmp_path / "a.png", 2)
    with decoder(photo) as opened:
        [frame] = opened.keyframes(Fraction(1))
    assert red_corner(frame.image) == "top right" and number_of(frame.image) == 3
    with decoder(tmp_path) as opened:
        numbers = [number_of(frame.image) for frame in opened.keyframes(Fraction(1))]
        loss = opened.loss
    assert numbers == [2, 3] and loss.lost == 0


def test_a_note_of_the_camera_that_cannot_be_read_leaves_the_photo_as_stored(tmp_path):
    photo = write_odd_photo(tmp_path / "a.jpg", 3, ODD["a width below nothing"])
    photo.write_bytes(photo.read_bytes().replace(b"Exif\0\0II*", b"Exif\0\0XX*"))
    with decoder(photo) as opened:
        [frame] = opened.keyframes(Fraction(1))
    assert red_corner(frame.image) == "top left"


def test_a_folder_of_pictures_is_footage_a_second_apart(tmp_path):
    for number in range(4):
        write_picture(tmp_path / f"{number}.png", number)
    (tmp_path / "2.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    with decoder(tmp_path) as opened:
        frames = list(opened.keyframes(Fraction(10)))
        span = [Span(Fraction(1), Fraction(4), "hit")]
        dense = [(s.pts, s.frame is not None) for _, s in opened.dense(span, Fraction(2))]
        [third] = opened.at([Fraction(3)])
        loss = opened.loss
    assert [(f.pts, f.file and f.file.name) for f in frames] == [
        (0, "0.png"),
        (1, "1.png"),
        (3, "3.png"),
    ]
    assert dense == [(1, True), (3, True)]
    np.testing.assert_array_equal(third.image, image(3))
    assert (loss.expected, loss.decoded, loss.total) == (4, 3, 4)
    assert "2.png" in loss.reasons[0]


def test_a_folder_may_hold_thousands_of_pictures(tmp_path):
    folder = tmp_path / "Цех механической обработки"
    folder.mkdir()
    picture = write_picture(tmp_path / "a.png").read_bytes()
    for number in range(3000):
        (folder / f"Фотография {number:04}.png").write_bytes(picture)
    with decoder(folder) as opened:
        count = sum(1 for _ in opened.keyframes(Fraction(1, 2), 32))
        spans = [Span(Fraction(n), Fraction(n + 1), "hit") for n in range(0, 3000, 10)]
        seen = [(number, sample.pts) for number, sample in opened.dense(spans, Fraction(1, 2))]
        loss = opened.loss
    assert (count, loss.expected, loss.decoded) == (3000, 3000, 3000)
    assert seen == [(number, 10 * number) for number in range(300)]


def test_thousands_of_frames_and_stretches_may_be_asked_for_at_once(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 100, size=(16, 16))
    times = [Fraction(n, 1250) for n in range(5000)]
    spans = [Span(time, time + Fraction(1, 1250), "hit") for time in times]
    with decoder(clip) as opened:
        frames = [frame.pts for frame in opened.at(times)]
        seen = [(number, sample.pts) for number, sample in opened.dense(spans, Fraction(1))]
    assert frames == [Fraction(n // 50, 25) for n in range(5000)]
    assert seen == [(50 * n, Fraction(n, 25)) for n in range(100)]


def test_the_labelled_clips_decode_whole(shared):
    clip = shared / "data" / "clips" / "real-A19.mp4"
    with decoder(clip) as opened:
        assert opened.probe.rotation == 90
        list(opened.keyframes(Fraction(1, 2)))
        count = sum(1 for _ in opened.dense(WHOLE, Fraction(10)))
        assert opened.loss.expected == opened.loss.decoded == opened.loss.total == count == 265
