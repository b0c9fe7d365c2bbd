"""Files that declare what is not there, are cut short, or hold what decoders do not agree about."""

from __future__ import annotations

import gc
import io
import os
import struct
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from datasets.errors import (
    DecoderOutOfMemory,
    FootageEmpty,
    FootageUnreadable,
    FootageUnsupported,
    NoPictures,
)
from detector.footage import clip as clip_reader
from detector.footage.clip import ClipReader
from detector.footage.decoder import Decoder
from detector.footage.files import open_footage
from detector.footage.frames import Upright
from detector.footage.losses import Tally
from detector.footage.pictures import read_picture
from detector.footage.reasons import CUT_SHORT, SHRUNK, UNSHOWN
from detector.footage.tiles import PictureTask, read_by_ffmpeg
from detector.look.plan import PIECE, plan_spans
from detector.look.sweep import Glance
from detector.settings import Decoding, Sweeping
from detector.types import Loss, Probe, Span
from lab.corpus import DONE, run
from tests.detector.clips import (
    HEIGHT,
    WIDTH,
    claim_length,
    image,
    patch,
    remux,
    write_clip,
    write_sound,
)
from tests.detector.heic import write_heic

WHOLE = [Span(Fraction(0), Fraction(1 << 40), "hit")]
PIXELS = 1 << 25
ODD = Path(__file__).parents[4] / "shared" / "data" / "odd"


def decoded(path: Path, **limits: int) -> tuple[int, Loss, Probe]:
    """Frames of a dense pass, all that was lost, and what the clip is known to be then."""
    with Decoder(open_footage(path), Decoding(**limits)) as decoder:
        list(decoder.keyframes(Fraction(1, 2)))
        frames = sum(1 for _ in decoder.dense(WHOLE, Fraction(1, 2)))
        return frames, decoder.loss, decoder.probe


@pytest.mark.parametrize("seconds", [9.5e8, 1e12])
@pytest.mark.parametrize("suffix", ["mkv", "flv"])
def test_a_length_of_years_is_not_believed(tmp_path, suffix, seconds):
    codec = "libx264" if suffix == "mkv" else "flv"
    clip = claim_length(write_clip(tmp_path / f"a.{suffix}", 50, codec=codec), seconds)
    frames, loss, probe = decoded(clip)
    assert frames == 50 and loss.lost == 0
    assert probe.duration is not None and 1 < probe.duration < 3


def test_hours_without_pictures_are_not_believed(tmp_path):
    clip = claim_length(write_clip(tmp_path / "a.mkv", 50), 7200)
    assert decoded(clip)[2].duration == pytest.approx(2, abs=0.1)


def test_the_sample_of_a_clip_with_frames_years_apart_is_bounded(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 50)
    with Decoder(open_footage(clip), Decoding()) as decoder:
        probe = replace(decoder.probe, duration=Fraction(10**12))
    times = [Fraction(0), Fraction(1), Fraction(10**12)]
    seen = tuple(Glance(time, False, 0.0) for time in times)
    spans = plan_spans(seen, probe, Sweeping(), open_footage(clip))
    assert len(spans) < 1000
    usual = tuple(Glance(Fraction(n), False, 0.0) for n in range(600))
    everywhere = plan_spans(
        usual, replace(probe, duration=Fraction(600)), Sweeping(audit_share=1), open_footage(clip)
    )
    assert [(span.start, span.end) for span in everywhere] == [(0, 600)] and PIECE == 10


def test_a_time_beyond_any_clock_is_passed_over(tmp_path):
    clip = write_clip(tmp_path / "a.mkv", 30, pts=[*range(0, 1160, 40), 1 << 52])
    frames, _, probe = decoded(clip)
    assert frames == 30 and probe.duration is not None and probe.duration < 3


def test_frames_are_freed_though_nothing_is_collected(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 50, rotation=90)
    gc.collect()
    gc.disable()
    try:
        with av.open(str(clip)) as opened:
            upright = None
            for frame in opened.decode(video=0):
                upright = upright or Upright(frame, Fraction(1))
                assert upright.picture(frame, Fraction(1)).shape == (WIDTH, HEIGHT, 3)
            del frame
            assert sum(type(one) is av.VideoFrame for one in gc.get_objects()) <= 3
    finally:
        gc.enable()


def write_exif_clip(path: Path, orientation: int) -> Path:
    """Motion JPEG whose pictures carry EXIF, which PyAV does not know as side data."""
    kept = Image.Exif()
    kept[0x0112] = orientation
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mjpeg", rate=5)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
        for n in range(10):
            held = io.BytesIO()
            Image.fromarray(image(n)).save(held, "JPEG", exif=kept.tobytes())
            packet = av.Packet(held.getvalue())
            packet.stream, packet.time_base = stream, Fraction(1, 5)
            packet.pts = packet.dts = n
            packet.is_keyframe = True
            out.mux(packet)
    return path


@pytest.mark.parametrize("suffix", ["avi", "mkv", "mov"])
def test_side_data_of_an_unknown_type_is_passed_over(tmp_path, suffix):
    frames, loss, probe = decoded(write_exif_clip(tmp_path / f"a.{suffix}", 1))
    assert (frames, loss.lost, probe.rotation) == (10, 0, 0)


def test_a_display_matrix_of_zeros_turns_nothing(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 2, rotation=90)
    at = clip.read_bytes().index(b"tkhd") + 44  # ISO 14496-12, 8.3.2
    patch(clip, tmp_path / "b.mp4", at, bytes(36))
    assert decoded(tmp_path / "b.mp4")[2].rotation == 0


def test_a_decoder_that_waits_for_a_request_holds_no_frames(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 20, size=(3840, 2160), codec="mpeg4")
    with Decoder(open_footage(clip), Decoding()) as decoder:
        assert decoder._process is not None
        process = psutil.Process(decoder._process.pid)
        busy = [process.memory_info().rss for _ in decoder.dense(WHOLE, Fraction(10))]
        assert len(busy) == 20
        # It lets go of them after its answer.
        until = time.monotonic() + 10
        while process.memory_info().rss >= max(busy) - (30 << 20) and time.monotonic() < until:
            time.sleep(0.05)
        assert process.memory_info().rss < max(busy) - (30 << 20)


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mjpeg"])
def test_of_a_large_clip_frames_that_no_other_needs_are_spared(tmp_path, monkeypatch, codec):
    size = (3840, 2160) if codec == "libx264" else (640, 360)
    monkeypatch.setattr(clip_reader, "_LARGE", min(clip_reader._LARGE, size[0] * size[1]))
    quick = {"preset": "ultrafast", "x265-params": "log-level=none:keyint=10:bframes=3"}
    options = quick | {"bf": "3", "b-pyramid": "none"} if codec == "libx264" else quick
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = tmp_path / "a.mov"
    clip = write_clip(path, 20, size=size, codec=codec, options=options, pix_fmt=pix_fmt)
    got = []
    for sparing in (False, True):
        reader = ClipReader(clip, "mov", 1 << 25, 1 << 20, lambda: None, sparing)
        list(reader.keyframes(Fraction(1, 2), 640))
        every = [s for _, s in reader.dense(WHOLE, Fraction(9, 50))]
        seen = {s.pts: (s.thumbnail.tobytes(), s.frame is not None) for s in every}
        times = [Fraction(n, 50) for n in (3, 8, 9, 22, 29)]
        got.append((seen, [(one.pts, one.image.tobytes()) for one in reader.at(times)]))
        assert reader.loss.lost == 0 and reader.loss.total == 20
    (whole, asked), (some, same) = got
    assert len(whole) == 20 and 5 <= len(some) <= 14 and some.items() <= whole.items()
    assert sum(due for _, due in some.values()) == sum(due for _, due in whole.values()) == 4
    assert same == asked


def test_lost_memory_is_not_told_as_damage(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 20, size=(3840, 2160), codec="mpeg4")
    with pytest.raises(DecoderOutOfMemory, match="address_space"):
        decoded(clip, address_space=250 << 20)


def test_what_a_file_is_is_asked_before_it_is_read_through(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"no footage at all")
    os.truncate(path, 1 << 40)
    with pytest.raises(FootageUnreadable, match="no known header"):
        open_footage(path)


@pytest.mark.parametrize("suffix", ["mp4", "jpg"])
def test_a_download_of_which_terabytes_are_missing_is_named(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    if suffix == "mp4":
        write_clip(path)
    else:
        Image.fromarray(image(1)).save(path)
        path.write_bytes(path.read_bytes()[:-20])
    os.truncate(path, 1 << 40)
    with pytest.raises(FootageUnreadable, match="were never written"):
        open_footage(path)


def test_what_the_kernel_makes_up_as_it_is_read_is_empty():
    with pytest.raises(FootageEmpty):
        open_footage(Path("/proc/self/status"))


def told(path: Path, pixels: int = PIXELS) -> tuple[tuple[int, ...], list[str]]:
    """The shape of a picture, and why it is not the whole one."""
    reasons: list[str] = []
    return read_picture(path, pixels, reasons.append).shape, reasons


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_photograph_cut_short_is_looked_at_and_the_loss_told(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    rough = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    Image.fromarray(rough).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert told(path) == ((120, 160, 3), [CUT_SHORT])
    with Decoder(open_footage(path), Decoding()) as decoder:
        assert len(list(decoder.keyframes(Fraction(1)))) == 1
        assert decoder.loss.reasons == (CUT_SHORT,) and decoder.loss.lost == 0


def test_a_photograph_of_which_nothing_is_there_is_damaged(tmp_path):
    path = tmp_path / "a.jpg"
    Image.fromarray(image(3)).save(path)
    path.write_bytes(path.read_bytes().partition(b"\xff\xda")[0] + b"\xff\xda")
    with pytest.raises(FootageUnreadable, match="damaged"):
        read_picture(path, PIXELS)


def test_a_jpeg_of_twelve_bits_is_read(tmp_path):
    path = tmp_path / "a.jpg"
    Image.fromarray(image(3)).save(path)
    eight, twelve = b"\xff\xc0\0\x11\x08", b"\xff\xc1\0\x11\x0c"
    path.write_bytes(path.read_bytes().replace(eight, twelve))
    assert told(path) == (image(3).shape, [])


def test_a_text_too_large_to_unpack_hides_no_picture(tmp_path):
    path, text = tmp_path / "a.png", PngInfo()
    text.add_text("comment", "x" * (8 << 20), zip=True)
    Image.fromarray(image(1)).save(path, pnginfo=text)
    assert told(path) == ((HEIGHT, WIDTH, 3), [])


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "bmp"])
def test_a_photograph_of_more_pixels_is_shrunk_while_it_is_decoded(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    whole = Image.fromarray(image(1, 1600, 1200))
    if suffix == "png":
        whole.putalpha(99)
    whole.save(path)
    reasons: list[str] = []
    picture = read_picture(path, 800_000, reasons.append)
    height, width, _ = picture.shape
    assert reasons == [SHRUNK]
    assert 790_000 < width * height <= 800_000 and width / height == pytest.approx(4 / 3, abs=0.01)
    plain = np.asarray(whole.convert("RGB").resize((width, height)), np.int16)
    assert np.abs(plain - picture).mean() < 2


@pytest.mark.parametrize("quarters", [0, 1])
def test_the_tiles_of_a_photograph_are_put_together(tmp_path, quarters):
    path = write_heic(tmp_path / "a.heic", image(5, 128, 64), quarters, grid=(3, 2))
    by_libheif, reasons = read_picture(path, PIXELS), list[str]()
    task = PictureTask(path, "heic", PIXELS, reasons.append, lambda: None)
    picture = read_by_ffmpeg(task)
    assert picture is not None and picture.shape == by_libheif.shape and not reasons
    assert by_libheif.shape == ((128, 384, 3) if not quarters else (384, 128, 3))
    assert np.abs(picture.astype(np.int16) - by_libheif).mean() < 2
    shrunk = read_picture(path, 3 * 128 * 2 * 64 // 4, reasons.append)
    assert shrunk.shape[:2] == tuple(side // 2 for side in picture.shape[:2])
    assert reasons == [SHRUNK]


def test_the_tiles_that_are_there_are_looked_at(tmp_path):
    rough = np.random.default_rng(0).integers(0, 256, (64, 128, 3), np.uint8)
    path = write_heic(tmp_path / "a.heic", rough, grid=(2, 2), shared=False)
    os.truncate(path, path.stat().st_size * 3 // 4)
    shape, reasons = told(path)
    assert shape == (128, 256, 3) and reasons == [CUT_SHORT]


def test_an_animated_avif_is_a_clip(tmp_path):
    first, second = (Image.fromarray(image(n)) for n in (1, 2))
    first.save(tmp_path / "a.avif", save_all=True, append_images=[second])
    assert decoded(tmp_path / "a.avif")[0] == 2


def test_a_picture_that_one_decoder_refuses_is_read_by_another(tmp_path):
    heic = write_heic(tmp_path / "a.heic", image(1, 320, 240), 1)
    data = heic.read_bytes()
    at = data.index(b"ispe") + 8
    heic.write_bytes(data[:at] + struct.pack(">II", 32, 24) + data[at + 8 :])
    assert told(heic) == ((320, 240, 3), [])


def test_frames_that_the_decoder_passes_over_have_a_reason():
    tally = Tally(None)
    for key in range(5):
        tally.ask(key)
    tally.came(4)
    assert tally.loss().reasons == (f"{UNSHOWN} (4 times)",)


@pytest.mark.parametrize("name", ["a.ppm", "a.pcx", "a.qoi", "a.dds", "a.tga", "a.icns"])
def test_a_picture_for_drawing_programs_is_named_as_not_read(tmp_path, name):
    Image.fromarray(image(1)).save(tmp_path / name)
    with pytest.raises(FootageUnsupported, match="of a kind that is not read"):
        open_footage(tmp_path / name)


def test_an_init_segment_says_what_it_is(tmp_path):
    whole = write_clip(
        tmp_path / "a.mp4", container_options={"movflags": "frag_keyframe+empty_moov"}
    )
    path = tmp_path / "init.mp4"
    path.write_bytes(whole.read_bytes().partition(b"moof")[0][:-4])
    with pytest.raises(NoPictures, match="init segment"):
        decoded(path)


def test_an_index_without_tracks_says_so(tmp_path):
    path = tmp_path / "a.mp4"
    header = struct.pack(">4xIIII", 0, 0, 1000, 0) + bytes(80)
    index = struct.pack(">I4s", 8 + len(header), b"mvhd") + header
    brand = struct.pack(">I4s4s4x", 16, b"ftyp", b"isom")
    path.write_bytes(brand + struct.pack(">I4s", 8 + len(index), b"moov") + index)
    with pytest.raises(NoPictures, match="no tracks"):
        decoded(path)
    with pytest.raises(NoPictures, match="sound only"):
        decoded(write_sound(tmp_path / "b.mp4"))


def test_the_runner_finds_what_went_wrong(tmp_path):
    good = write_clip(tmp_path / "a.mp4", 20)
    short = remux(good, tmp_path / "b.ts")
    short.write_bytes(short.read_bytes()[:-2000])
    page = tmp_path / "c.mp4"
    page.write_text("<html></html>")
    rows = {row.file: row for row in run([good, page, short], 120)}
    assert (rows["a.mp4"].outcome, rows["a.mp4"].frames, rows["a.mp4"].ffmpeg) == (DONE, 20, 20)
    assert rows["a.mp4"].doubt is None and rows["a.mp4"].memory > 1 << 20
    assert rows["c.mp4"].outcome == "disguised" and rows["c.mp4"].doubt is None
    assert replace(rows["a.mp4"], frames=19).doubt == "other frames and no reason"
    assert replace(rows["c.mp4"], outcome="unreadable", ffmpeg=3).doubt is not None


@pytest.mark.skipif(not ODD.is_dir(), reason="../shared/data/odd is not here")
@pytest.mark.parametrize("name", sorted(p.name for p in ODD.glob("*")) if ODD.is_dir() else [])
def test_what_went_wrong_once_goes_right(name):
    if name == "README.md" or name.startswith(("v4k", "t8k", "machines_4k")):
        pytest.skip("no footage, or too much for each run: lab.corpus looks at it")
    (row,) = run([ODD / name], 120)
    assert row.doubt is None and row.outcome == DONE, row
    assert row.cpu_seconds < 10


@pytest.mark.parametrize("described", [b"Exif", b"E\xeaif"])
def test_a_picture_with_items_of_no_known_type_is_read(tmp_path, described):
    """The library for HEIC ends the process at a type that is no text."""
    file = write_heic(tmp_path / "a.heic", image(3), described=described)
    with Decoder(open_footage(file), Decoding()) as decoder:
        (frame,) = decoder.keyframes(Fraction(1))
    assert frame.image.shape == (HEIGHT, WIDTH, 3)


def test_a_clock_that_jumps_by_years_plans_no_more_than_was_decoded(tmp_path):
    years = 30 * 365 * 86_400_000
    times = [n * 40 + n // 50 * years for n in range(100)]
    clip = write_clip(tmp_path / "a.mkv", 100, pts=times)
    footage = open_footage(clip)
    with Decoder(footage, Decoding()) as decoder:
        keys = [frame.pts for frame in decoder.keyframes(Fraction(1, 2))]
        seen = tuple(Glance(time, False, 0.0) for time in keys)
        spans = plan_spans(seen, decoder.probe, Sweeping(), footage)
        assert keys[-1] > years / 1000 and len(spans) < 1000
        assert sum(1 for _ in decoder.dense(WHOLE, Fraction(1, 2))) == 100
