"""A file that declares more than it holds keeps no sweep from its end."""

from __future__ import annotations

import os
from pathlib import Path

from evidence.case.case import Case
from evidence.work.sweep import Order
from tests.detector.clips import claim_length, write_clip
from tests.evidence.work.helping import Noted, go


def test_years_that_a_clip_declares_and_a_hollow_file_keep_nobody_waiting(
    small: Case, order: Order, tmp_path: Path
) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    claim_length(write_clip(folder / "a.mkv", 50), 1e12)
    os.truncate(write_clip(folder / "b.mp4", 10), 1 << 40)
    watcher = Noted()
    ending = go(small, order, folder, watcher=watcher)
    assert (ending.tally.done, ending.tally.aside) == (1, {"unreadable": 1})
    assert ending.tally.seconds < 10
    assert any("were never written" in message for message in watcher.troubles)
