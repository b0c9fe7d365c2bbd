"""What hostile or damaged footage, and an impatient caller, can and cannot do."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.errors import (
    DecoderDied,
    DecoderOutOfMemory,
    DecoderTimeout,
    FootageEncrypted,
    FootageTooLarge,
    FootageUnreadable,
    FootageUnsupported,
    NoPictures,
)
from detector.footage import forkserver
from detector.footage.decoder import Decoder
from detector.footage.files import open_footage
from detector.footage.process import pack
from detector.settings import Decoding, Settings
from tests.detector.clips import (
    WHOLE,
    claim_frames,
    claim_size,
    decoder,
    remux,
    write_clip,
    write_picture,
    write_sound,
)
from tests.detector.damage import damages, outcome, write_encrypted

PAGE = Path(__file__).parents[3] / "docs" / "how-it-looks.md"


def children() -> set[int]:
    """This process's children, waited-for ones aside: zombies count."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        found |= set(map(int, (task / "children").read_text().split()))
    return found


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    # The forkserver stays for the next footage.
    forkserver.start().kill()
    before = children()
    yield
    assert children() <= before


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", 100)


def pid(opened: Decoder) -> int:
    assert opened._process is not None
    return opened._process.pid


def test_decoding_changes_no_byte(clip):
    before = hashlib.sha256(clip.read_bytes()).hexdigest(), clip.stat().st_mtime_ns
    outcome(clip)
    assert (hashlib.sha256(clip.read_bytes()).hexdigest(), clip.stat().st_mtime_ns) == before


def test_a_pass_may_be_left_early_and_the_next_one_begun(clip):
    with decoder(clip) as opened:
        passed = opened.dense(WHOLE, Fraction(0))
        for _ in range(10):
            next(passed)
        # Frames still in the decoder when it was left are not lost frames.
        times = [frame.pts for frame in opened.keyframes(Fraction(1))]
        assert times == [0, Fraction(6, 5), Fraction(12, 5), Fraction(18, 5)]
        assert opened.loss.lost == 0
        with pytest.raises(RuntimeError, match="another pass"):
            next(passed)
        first = opened.keyframes(Fraction(1))
        next(first)
        first.close()
        assert len(list(opened.at([Fraction(1)]))) == 1


def test_an_error_in_the_loop_ends_the_decoder(clip):
    with pytest.raises(KeyboardInterrupt), decoder(clip) as opened:
        for _ in opened.dense(WHOLE, Fraction(0)):
            number = pid(opened)
            raise KeyboardInterrupt
    assert not Path(f"/proc/{number}").exists()


def test_after_the_with_block_nothing_more_comes(clip):
    with decoder(clip) as opened:
        frames = opened.dense(WHOLE, Fraction(0))
        next(frames)
    with pytest.raises(DecoderDied, match="closed"):
        list(frames)


def test_a_killed_decoder_is_told_of(clip):
    with decoder(clip) as opened:
        os.kill(pid(opened), signal.SIGKILL)
        with pytest.raises(DecoderDied, match=r"a\.mp4.*SIGKILL"):
            list(opened.dense(WHOLE, Fraction(0)))


@pytest.mark.parametrize("count", [1, 20_000], ids=["a request", "more than the channel takes"])
def test_a_decoder_that_is_silent_is_not_waited_for(clip, count):
    with decoder(clip, stall_seconds=20) as opened:
        os.kill(pid(opened), signal.SIGSTOP)
        opened._process.limits = Decoding(stall_seconds=0.1)  # type: ignore[union-attr]
        with pytest.raises(DecoderTimeout, match=r"silent for 0\.1 s"):
            list(opened.at([Fraction(n, 10_000) for n in range(count)]))


def test_the_wall_time_is_kept(clip):
    with pytest.raises(DecoderTimeout, match="wall_seconds"), decoder(clip, wall_seconds=1e-6):
        pass


def test_the_processor_time_is_kept(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 60, size=(640, 480), codec="mpeg4")
    with decoder(clip, cpu_seconds=1) as opened, pytest.raises(DecoderTimeout, match="cpu_seconds"):
        while True:
            for _ in opened.dense(WHOLE, Fraction(0)):
                pass


def allowed(opened: Decoder) -> int:
    """Processor seconds, as the kernel has them."""
    lines = Path(f"/proc/{pid(opened)}/limits").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Max cpu time")).split()[3])


def test_long_footage_is_given_more_time_and_none_more_than_a_day_of_it(tmp_path):
    """A broadcast of 12 hours is no bomb, and a bomb declares what it likes."""
    # A length is believed of a file that has as many bytes as seconds.
    noise = np.random.default_rng(0).integers(0, 256, (3, 720, 1280, 3), np.uint8)
    for hours, given in ((Fraction(1, 60), 100), (Fraction(3), 300), (Fraction(500), 2400)):
        times = [int(n * hours * 3_600_000 / 2) for n in range(3)]
        path = tmp_path / f"{given}.mkv"
        write_clip(path, 3, pts=times, b_frames=0, size=(1280, 720), images=list(noise))
        clip = open_footage(path)
        limits = Decoding(cpu_seconds=100, wall_seconds=200)
        with Decoder(clip, limits) as opened:
            assert len(list(opened.keyframes(Fraction(0)))) > 0
            assert given <= allowed(opened) <= given + 1
            assert opened._process is not None
            assert opened._process.limits.wall_seconds == pytest.approx(2 * given, rel=1e-3)


def test_the_processor_time_of_long_footage_is_kept_too(tmp_path):
    times = [n * 120_000 for n in range(60)]
    size = (640, 480)
    path = write_clip(tmp_path / "a.mp4", 60, size=size, codec="mpeg4", pts=times, b_frames=0)
    with (
        Decoder(open_footage(path), Decoding(cpu_seconds=1)) as opened,
        pytest.raises(DecoderTimeout, match="more than 2 s of processor time"),
    ):
        while True:
            for _ in opened.dense(WHOLE, Fraction(0)):
                pass


def test_what_is_found_does_not_depend_on_limits_that_end_all_or_nothing():
    """Raised for one clip, they are no reason to look at all the others again."""
    usual = Settings()
    assert usual.digest.startswith("f16c9d4bef2a"), "cases name it"
    others = {"cpu_seconds": 9, "wall_seconds": 7200.5, "stall_seconds": 1, "frames": 7}
    assert Settings.parse({"decoding": others}).digest == usual.digest
    for name in set(Decoding.model_fields) - set(others):
        # Of a folder of pictures one that exceeds these is lost, and the folder is done.
        assert Settings.parse({"decoding": {name: 1 << 30}}).digest != usual.digest, name


@pytest.mark.parametrize("mebibytes", [64, 256])
def test_too_little_memory_is_a_named_error(tmp_path, mebibytes):
    # 64 MiB are fewer than FFmpeg itself takes; 256 are too few for frames of this size.
    clip = write_clip(tmp_path / "a.mp4", 2, size=(4096, 4096), codec="mjpeg", pix_fmt="yuvj420p")
    with (
        pytest.raises(DecoderOutOfMemory, match="address_space"),
        decoder(clip, address_space=mebibytes << 20) as opened,
    ):
        list(opened.dense(WHOLE, Fraction(0)))


def test_a_picture_that_needs_too_much_memory_is_a_loss_of_its_folder(tmp_path):
    large = tmp_path / "b.png"
    Image.new("RGB", (5800, 6000)).save(large, compress_level=1)
    with (
        pytest.raises(DecoderOutOfMemory, match=r"b\.png.*address_space"),
        decoder(large, address_space=400 << 20),
    ):
        pass
    with (
        pytest.raises(NoPictures, match="address_space"),
        decoder(tmp_path, address_space=400 << 20),
    ):
        pass
    write_picture(tmp_path / "a.png")
    with decoder(tmp_path, address_space=400 << 20) as opened:
        assert len(list(opened.keyframes(Fraction(1)))) == 1
        assert opened.loss.reasons == ("b.png: out-of-memory",)


def test_frames_beyond_the_pixel_cap_are_refused(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 2)
    with pytest.raises(FootageTooLarge, match="96 x 64"), decoder(clip, pixels=96 * 64 - 1):
        pass
    claimed = claim_size(write_picture(tmp_path / "a.png"), tmp_path / "b.png", 16_000)
    with pytest.raises(FootageTooLarge, match="16000 x 16000"), decoder(claimed):
        pass
    # Here the size stands in the pictures alone, not in the container.
    pngs = write_clip(tmp_path / "a.avi", 5, codec="png", pix_fmt="rgb24")
    with (
        pytest.raises(FootageTooLarge, match="16000x16000"),
        decoder(claim_size(pngs, tmp_path / "b.avi", 16_000)),
    ):
        pass


def test_more_frames_than_allowed_are_refused(tmp_path):
    clip = write_clip(tmp_path / "a.avi", 10, codec="mjpeg", pix_fmt="yuvj420p")
    claimed = claim_frames(clip, tmp_path / "many.avi", 1_000_000)
    with pytest.raises(FootageTooLarge, match="1000000 frames"), decoder(claimed, frames=10_000):
        pass
    undeclared = write_clip(tmp_path / "a.mkv", 10)
    with decoder(undeclared, frames=9) as opened, pytest.raises(FootageTooLarge, match="frames"):
        list(opened.keyframes(Fraction(0)))


def test_claimed_frames_that_are_not_there_are_a_loss(tmp_path):
    clip = write_clip(tmp_path / "a.avi", 10, codec="mjpeg", pix_fmt="yuvj420p")
    with decoder(claim_frames(clip, tmp_path / "many.avi", 1_000_000)) as opened:
        assert len(list(opened.keyframes(Fraction(0)))) == 10
        assert (opened.loss.expected, opened.loss.decoded) == (1_000_000, 10)


def test_sound_and_encrypted_pictures_are_named(tmp_path):
    with pytest.raises(NoPictures, match="sound only"), decoder(write_sound(tmp_path / "a.mp4")):
        pass
    with (
        pytest.raises(FootageEncrypted, match="encrypted"),
        decoder(write_encrypted(tmp_path / "b.mp4")),
    ):
        pass


def test_an_edit_list_that_leaves_out_every_picture_is_named(clip, tmp_path):
    hides_all = {"output_ts_offset": "-10", "avoid_negative_ts": "disabled", "use_editlist": "1"}
    with (
        pytest.raises(NoPictures, match="edit list leaves out every picture"),
        decoder(remux(clip, tmp_path / "cut.mp4", hides_all)),
    ):
        pass


def test_a_damaged_picture_is_unreadable_and_a_folder_of_them_has_none(tmp_path):
    picture = write_picture(tmp_path / "a.jpg")
    picture.write_bytes(picture.read_bytes()[:300])
    with pytest.raises(FootageUnreadable, match=r"a\.jpg"), decoder(picture):
        pass
    with pytest.raises(NoPictures, match=str(tmp_path)), decoder(tmp_path):
        pass


@pytest.mark.parametrize("name", ["a.webp", "a.png", "a.nef"])
def test_no_part_of_a_picture_passes_for_all_of_it(tmp_path, name):
    """Of an animation only the first picture would be looked at, of a camera's raw picture only
    its preview, of the size of a stamp."""
    first, second = Image.new("RGB", (160, 120)), Image.new("RGB", (800, 600), "white")
    kind = {"a.nef": {"format": "TIFF", "tiffinfo": {254: 1}}}.get(name, {})
    second = second if kind else second.resize(first.size)
    first.save(tmp_path / name, save_all=True, append_images=[second], **kind)
    with pytest.raises(FootageUnsupported, match="save it anew first"), decoder(tmp_path / name):
        pass
    write_picture(tmp_path / "whole.png")
    with decoder(tmp_path) as opened:
        assert len(list(opened.keyframes(Fraction(1)))) == 1
        assert opened.loss.lost == 1 and f"{name}: unsupported" in opened.loss.reasons[0]


def test_a_reference_to_a_network_address_is_not_followed(tmp_path):
    """A listening socket stays unvisited whatever a file's playlist points to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        port = server.getsockname()[1]
        path = tmp_path / "a.mp4"
        for text in ("#EXTM3U\n#EXTINF:1,\n{}\n", "ffconcat version 1.0\nfile {}\n"):
            path.write_text(text.format(f"http://127.0.0.1:{port}/a.ts"))
            result = outcome(path)
            assert result.error is not None and result.error.kind == "disguised"
        with pytest.raises(BlockingIOError):
            server.accept()


def test_the_child_loads_neither_network_nor_reader(clip):
    with decoder(clip) as opened:
        mapped = Path(f"/proc/{pid(opened)}/maps").read_text()
        limits = Path(f"/proc/{pid(opened)}/limits").read_text()
    assert "libavcodec" in mapped
    assert "openvino" not in mapped and "cv2" not in mapped
    for name, value in (("Max core file size", "0"), ("Max file size", "0")):
        line = next(line for line in limits.splitlines() if line.startswith(name))
        assert line[len(name) :].split()[0] == value


def test_every_damage_has_an_outcome_and_the_page_tells_the_same(tmp_path):
    page = PAGE.read_text("utf-8")
    for name, path in damages(tmp_path):
        result = outcome(path)
        if result.loss is not None:
            assert 0 < result.loss.decoded <= result.loss.expected <= result.loss.total
        assert f"| {name} | {result} |" in page


def test_a_picture_that_is_not_what_it_is_said_to_be_is_of_a_file(tmp_path):
    """As a decoder that hostile bytes took over could send."""
    path = write_picture(tmp_path / "a.png")
    header = {"is": "frame", "pts": "0", "shapes": [[2, 2, 3]], "keyframe": True, "file": None}
    with decoder(path) as open_:
        ours, theirs = socket.socketpair()
        theirs.sendall(pack(header, 5) + bytes(5))
        os.dup2(ours.fileno(), open_._process._child.channel.fileno())  # type: ignore[union-attr]
        ours.close()
        with pytest.raises(DecoderDied, match=r"a\.png: the decoder sent 5 bytes .*; look at it"):
            next(open_.keyframes(Fraction(1)))
        theirs.close()
