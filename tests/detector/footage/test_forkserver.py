"""Decoders are forked, each for one footage, and none outlives who asked for it."""

from __future__ import annotations

import gc
import os
import resource
import select
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest

from datasets.errors import DecoderDied
from detector.footage import forkserver
from detector.footage.decoder import Decoder
from detector.footage.files import open_footage
from detector.settings import Decoding
from tests.detector.clips import number_of, write_clip

ROOT = Path(__file__).parents[3]

# Opens a clip, stops the decoder in the middle of it and says which processes there are.
OWNER = """
import os, signal, sys
from fractions import Fraction
from pathlib import Path
from detector.footage import forkserver
from detector.footage.decoder import Decoder
from detector.footage.files import open_footage
from detector.settings import Decoding
with Decoder(open_footage(Path(sys.argv[1])), Decoding()) as opened:
    next(opened.keyframes(Fraction(0)))
    decoder = opened._process.pid
    os.kill(decoder, signal.SIGSTOP)
    print(decoder, forkserver._forkserver._process.pid, flush=True)
    sys.stdin.read()
"""

# Says which forkserver it has, which one a fork of it has, and which it still has after that.
FORKED = """
import os
from detector.footage import forkserver
def tell():
    forkserver.start().kill()
    print(forkserver._forkserver._process.pid, flush=True)
tell()
if forked := os.fork():
    os.waitpid(forked, 0)
    tell()
else:
    tell()
    forkserver._end()
    os._exit(0)
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", 40)


def pid(opened: Decoder) -> int:
    assert opened._process is not None
    return opened._process.pid


def forkserver_of(number: int) -> int:
    """The process that forked a decoder's watcher."""
    for _ in range(2):
        number = int(Path(f"/proc/{number}/stat").read_text().split()[3])
    return number


def numbers(clip: Path) -> list[int]:
    with Decoder(open_footage(clip), Decoding()) as opened:
        return [number_of(frame.image) for frame in opened.keyframes(Fraction(0))]


def end_of(process: int, seconds: float = 20) -> bool:
    """Whether a process ends within so many seconds."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def test_each_footage_has_a_decoder_of_its_own_from_one_forkserver(clip):
    footage = open_footage(clip)
    with Decoder(footage, Decoding()) as one, Decoder(footage, Decoding()) as other:
        assert pid(one) != pid(other)
        assert forkserver_of(pid(one)) == forkserver_of(pid(other)) != os.getpid()
    with Decoder(footage, Decoding()) as later:
        assert pid(later) not in (pid(one), pid(other))


def test_decoders_may_be_asked_for_from_several_threads(clip):
    with ThreadPoolExecutor(4) as pool:
        assert len(set(map(tuple, pool.map(numbers, [clip] * 8)))) == 1


def test_a_decoder_holds_no_descriptor_but_its_own(clip):
    footage = open_footage(clip)
    with Decoder(footage, Decoding()), Decoder(footage, Decoding()) as second:
        held = [str(fd.readlink()) for fd in Path(f"/proc/{pid(second)}/fd").iterdir()]
    # The channel, standard output and error, and the clip.
    assert sum(name.startswith("socket:") for name in held) == 3
    assert [name for name in held if not name.startswith("socket:")] == [str(clip)]


def test_a_killed_forkserver_is_replaced(clip):
    with Decoder(open_footage(clip), Decoding()) as opened:
        first = forkserver_of(pid(opened))
        os.kill(first, signal.SIGKILL)
    child = forkserver.start()
    try:
        assert forkserver_of(child.pid) != first
    finally:
        child.kill()
    assert numbers(clip)


@pytest.mark.parametrize("nursed", [True, False])
def test_where_no_decoder_can_be_started_that_is_said(clip, nursed):
    """And what was opened until then is closed, however far it came."""
    footage = open_footage(clip)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    for left in range(0, 8, 2):
        if nursed:
            forkserver.start().kill()
        else:
            forkserver._end()
        with clip.open() as last:
            resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno() + left, before[1]))
            try:
                with pytest.raises(DecoderDied, match="no decoder could be started"):
                    Decoder(footage, Decoding()).__enter__()
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, before)
    # Whatever nobody closed tells it now, and not in some later test.
    gc.collect()
    assert numbers(clip)


def test_nothing_outlives_a_killed_owner(clip):
    """Not even a decoder that hangs and hears nothing."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(clip)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as owner:
        assert owner.stdout is not None
        decoder, its_forkserver = map(int, owner.stdout.readline().split())
        owner.kill()
        assert end_of(decoder) and end_of(its_forkserver)


def test_a_process_that_ends_takes_its_forkserver_along(clip):
    script = OWNER.replace("sys.stdin.read()", "").replace("os.kill(decoder, signal.SIGSTOP)", "")
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", script, str(clip)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    decoder, its_forkserver = map(int, done.stdout.split())
    assert end_of(decoder, 0) and end_of(its_forkserver, 0)
    assert done.stderr == ""


def test_a_fork_of_the_process_has_a_forkserver_of_its_own():
    done = subprocess.run(
        [sys.executable, "-c", FORKED], capture_output=True, text=True, cwd=ROOT, check=True
    )
    first, forked, again = map(int, done.stdout.split())
    assert first == again != forked
