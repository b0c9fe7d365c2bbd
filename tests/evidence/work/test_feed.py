"""Folders that keep filling; the rest is in `test_sources`."""

from __future__ import annotations

import os
from pathlib import Path

from evidence.case.queue import FootageSource
from evidence.work.feed import Feed
from tests.evidence.work.helping import until


def test_a_watched_file_that_is_put_back_as_it_was_is_given_again(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    taken: list[int | None] = []
    with Feed([tmp_path], watch=True, poll=0.01, still=0.0) as feed:
        for size in (5, 7, 5):
            new = tmp_path / ".new"
            new.write_bytes(bytes(size))
            os.utime(new, ns=(size, size))
            new.replace(clip)
            count = len(taken) + 1

            def given(count: int = count) -> bool:
                taken.extend(one.size for one in feed.take() if isinstance(one, FootageSource))
                return len(taken) >= count

            until(given, "the file was given")
    assert taken == [5, 7, 5]
