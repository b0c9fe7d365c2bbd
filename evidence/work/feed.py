"""Where the footage comes from: folders, lists, or folders that keep filling.

A thread of its own finds it, while what has been found is worked on.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from datasets.errors import NameplateError
from evidence.case.queue import FootageSource
from evidence.work.folders import Trouble, walk, with_info
from evidence.work.sources import SourceList, read_sources, walk_sources

POLL_SECONDS = 10.0  # between two walks; network folders tell nobody that they changed
STILL_SECONDS = 30.0  # a file whose size and time have not changed for so long is taken to be whole

CLOSE_SECONDS = 2.0

_WAITING = 5000  # sources found but not yet taken up


class Feed:
    """Sources, as they are found. Use it in a `with`: its thread ends with the block.

    paths: files and folders, absolute. lists: source lists; files, or folders of auto-archiver's
    JSON. watch: walk the folders again and again, and give a file once it is still. poll, still:
    seconds; see the constants.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        lists: Sequence[Path] = (),
        watch: bool = False,
        poll: float = POLL_SECONDS,
        still: float = STILL_SECONDS,
    ) -> None:
        self._paths, self._lists = tuple(paths), tuple(lists)
        self.watching = watch  # it goes on looking for ever
        self._poll, self._still = poll, still
        self._found: queue.Queue[FootageSource | Trouble | NameplateError] = queue.Queue(_WAITING)
        self.found = 0  # sources taken so far
        self.lost = 0  # places whose footage could not be taken
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    @property
    def ended(self) -> bool:
        """Whether everything has been found and taken."""
        return not self._thread.is_alive() and self._found.empty()

    def why_empty(self) -> list[str]:
        """Why no place has footage; nothing where one has, or may have later.

        Looks no further than the first footage. To be called before the feed is entered.
        `UsageError`: a list cannot be used at all.
        """
        reasons: list[str] = []
        if self.watching:
            return reasons
        for one in self._everything():
            if isinstance(one, FootageSource):
                return []
            reasons.append(one.message)
        return reasons

    def take(self, most: int = 500) -> list[FootageSource | Trouble]:
        """What has been found by now, without waiting for more.

        `UsageError`: a list cannot be used at all. `NameplateError`: the search has failed; not
        everything has been found.
        """
        taken: list[FootageSource | Trouble] = []
        with suppress(queue.Empty):
            while len(taken) < most:
                one = self._found.get_nowait()
                if isinstance(one, NameplateError):
                    raise one
                self.found += isinstance(one, FootageSource)
                self.lost += isinstance(one, Trouble) and one.lost
                taken.append(one)
        return taken

    def __enter__(self) -> Feed:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        # It may be deep in a folder that answers slowly; it is of no use any more.
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        try:
            for one in self._everything():
                if not self._put(one):
                    return
        except NameplateError as error:
            self._put(error)
        except Exception as error:
            # A thread that ended without a word would read as one that has found everything.
            said = f"not all footage could be found ({type(error).__name__}: {error}); report it"
            self._put(NameplateError(said))

    def _put(self, one: FootageSource | Trouble | NameplateError) -> bool:
        while not self._closed.is_set():
            with suppress(queue.Full):
                self._found.put(one, timeout=0.2)
                return True
        return False

    def _everything(self) -> Iterator[FootageSource | Trouble]:
        lists: list[tuple[SourceList, Path]] = [(read_sources, file) for file in self._lists]
        if not self.watching:
            lists += [(walk_sources, path) for path in self._paths]
        for list_footage, path in lists:
            yield from list_footage(path)
        if self.watching:
            yield from self._filling()

    def _filling(self) -> Iterator[FootageSource | Trouble]:
        """What the folders hold, each file once it is still, and again when it changed."""
        given: dict[int, int] = {}  # by a path's hash, that of the state it was last given in
        moving: dict[str, tuple[int | None, int | None, float]] = {}
        said: set[str] = set()
        while True:
            troubles: set[str] = set()
            seen: set[str] = set()
            for path in self._paths:
                for found in walk(path):
                    if self._closed.is_set():
                        return
                    if isinstance(found, Trouble):
                        troubles.add(found.message)
                        if found.message not in said:
                            yield found
                        continue
                    now = time.monotonic()
                    name, mark = hash(found.path), hash((found.size, found.mtime_ns))
                    if given.get(name) == mark:
                        continue
                    seen.add(found.path)
                    size, mtime, since = moving.get(found.path, (-1, -1, now))
                    if (size, mtime) != (found.size, found.mtime_ns):
                        moving[found.path] = (found.size, found.mtime_ns, now)
                    elif now - since >= self._still:
                        given[name] = mark
                        yield with_info(found)
            said = troubles
            moving = {path: state for path, state in moving.items() if path in seen}
            if self._closed.wait(self._poll):
                return


class OpenFeed(Feed):
    """Finds nothing itself, and keeps a sweep going until `close`: others add to the list."""

    def __init__(self) -> None:
        super().__init__([], watch=True)

    @property
    def ended(self) -> bool:
        return self._closed.is_set()

    def close(self) -> None:
        """Nothing more is expected."""
        self._closed.set()

    def __enter__(self) -> Feed:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
