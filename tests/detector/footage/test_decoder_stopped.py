"""Stopped and woken, as by Ctrl-Z or a machine that goes to sleep: nothing is lost of it."""

from __future__ import annotations

import os
import signal
import time
from fractions import Fraction
from itertools import count
from pathlib import Path

from detector.footage.decoder import Decoder
from detector.footage.files import open_footage
from detector.settings import Decoding
from detector.types import Span
from tests.detector.clips import write_clip
from tests.evidence.work.helping import until

WHOLE = Span(Fraction(0), Fraction(10**6), "hit")
LARGE = (1280, 720)  # a picture of it is larger than the channel


def state(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def send(process: int, number: signal.Signals, then: str) -> None:
    """A signal, and what becomes of the process."""
    os.kill(process, number)
    until(lambda: state(process) == then, f"{number.name} makes it {then}")


def pictures(clip: Path, stopped: bool) -> list[bytes]:
    found = []
    with Decoder(open_footage(clip), Decoding()) as opened:
        assert opened._process is not None
        decoder = opened._process.pid
        for _, sample in opened.dense([WHOLE], Fraction(0)):
            if stopped:
                # It waits for room in the channel, in the midst of the next picture.
                until(lambda: state(decoder) == "S", "it waits")
                send(decoder, signal.SIGSTOP, "T")
                send(decoder, signal.SIGCONT, "S")
            assert sample.frame is not None
            found.append(sample.frame.image.tobytes())
    return found


def test_a_decoder_stopped_midway_goes_on_where_it_was(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 12, size=LARGE)
    assert pictures(clip, stopped=True) == pictures(clip, stopped=False)


def test_hours_in_which_we_were_stopped_are_not_those_of_the_decoder(tmp_path, monkeypatch):
    clip = write_clip(tmp_path / "a.mp4", 40)
    now, asked = time.monotonic, count()
    with Decoder(open_footage(clip), Decoding()) as opened:
        # Stopped while it waits: the second time that it looks at the clock.
        late = Decoding().wall_seconds * 2
        monkeypatch.setattr(time, "monotonic", lambda: now() + late * (next(asked) > 0))
        found = list(opened.keyframes(Fraction(0)))
    assert len(found) == 4
