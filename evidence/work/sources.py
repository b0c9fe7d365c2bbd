"""Where footage comes from: a folder, CSV of one's own, what auto-archiver wrote, filling folders.

A `Feed` finds it in a thread of its own, while what has been found is worked on.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from datasets.errors import NameplateError, UsageError
from datasets.files import isdir
from evidence.case.tables import CLAIMS
from evidence.case.work_queue import FootageSource
from evidence.spelling import HOW, read_date
from evidence.work.folders import Trouble, walk, with_info
from evidence.work.lists import ALIASES, read_archiver_json, read_csv


class SourceList(Protocol):
    """Lists the footage that a path names: `walk_sources` for folders, `read_sources` for lists.

    Each footage comes with its absolute path, size and time of change. What is wrong comes as
    `Trouble`, and the rest goes on. `tests/evidence/work/test_source_lists.py` holds each list to
    this.
    """

    def __call__(self, path: Path, /) -> Iterator[FootageSource | Trouble]: ...


def walk_sources(path: Path) -> Iterator[FootageSource | Trouble]:
    """The footage at a path, an absolute one to a file or a folder."""
    for found in _walked(path, f"{path}", "name another folder"):
        yield found if isinstance(found, Trouble) else with_info(found)


def _walked(path: Path, where: str, todo: str) -> Iterator[FootageSource | Trouble]:
    """What `walk` finds; where that is nothing, the trouble that there is none."""
    empty = True
    for found in walk(path):
        empty = False
        yield found
    if empty:
        yield Trouble(f"{where}: holds neither clips nor pictures; {todo}")


def read_sources(file: Path) -> Iterator[FootageSource | Trouble]:
    """The footage of a list, with its provenance; wrong lines as `Trouble`, by number.

    Of several lines about one footage the later one stands in all that it gives, and what it takes
    back is told. file: a CSV file, a JSON file of auto-archiver's, or a folder in which all of
    auto-archiver's JSON files are read. `UsageError`: the list cannot be used at all.
    """
    named = False
    said: Claims = {}
    for listed in _listed(file):
        named = True
        if isinstance(listed, Trouble):
            yield listed
            continue
        date = listed.published
        published = None if date is None else read_date(date)
        line = (listed.provenance or {}).get("line")
        where = f"{file}, line {line}" if line else f"{file}: {Path(listed.path).name}"
        if date is not None and published is None:
            yield Trouble(
                f"{where}: published {date!r} is no date and is not taken; a date known from "
                f"before stays. Write {HOW}",
                lost=False,
            )
        if date != published:  # the list's own words are kept as provenance
            words = (listed.provenance or {}) | {"published": date}
            listed = replace(listed, published=published, provenance=words)
        for what in _taken_back(listed, line, said) if line else ():
            yield Trouble(f"{where}: {listed.path} {what}", lost=False)
        # A folder on a list means all that it holds.
        for found in _walked(Path(listed.path), f"{where}: {listed.path}", "correct the path"):
            if isinstance(found, FootageSource):
                found = replace(listed, path=found.path, size=found.size, mtime_ns=found.mtime_ns)
            yield found
    if not named:
        yield Trouble(f"{file}: names no footage; name another list")


Claims = dict[tuple[str, str], tuple[str, int]]
"""What lines said so far: by path and claim the words, and the line that gave them last."""


def _taken_back(one: FootageSource, line: int, said: Claims) -> Iterator[str]:
    """What a line says otherwise than an earlier one on the same path."""
    others: dict[int, list[str]] = defaultdict(list)
    for name in CLAIMS:
        if (new := getattr(one, name)) is not None:
            words, earlier = said.get((one.path, name), (new, line))
            if words != new:
                others[earlier].append(ALIASES[name][0])
            said[one.path, name] = new, line
    for earlier, names in others.items():
        yield (
            f"has another {', '.join(names)} than line {earlier} gives; the later line stands. "
            "Keep one line"
        )


def _archived(folder: Path) -> Iterator[FootageSource | Trouble]:
    """What all of auto-archiver's JSON files in a folder list."""
    unread: list[OSError] = []
    walked = os.walk(folder, onerror=unread.append)
    files = [Path(at, name) for at, _, names in walked for name in names if name.endswith(".json")]
    for error in unread:
        yield Trouble(f"{error.filename}: cannot be read ({error.strerror}); the rest goes on")
    for file in sorted(files):
        try:
            yield from read_archiver_json(file)
        except UsageError as error:
            yield Trouble(str(error))


def _listed(file: Path) -> Iterator[FootageSource | Trouble]:
    if isdir(file):
        yield from _archived(file)
    elif file.suffix.lower() == ".json":
        known = False
        for listed in read_archiver_json(file):
            known = True
            yield listed
        if not known:
            raise UsageError(
                f"{file}: not JSON as auto-archiver writes it; a list of your own is CSV"
            )
    else:
        yield from read_csv(file)


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
        """What has been found by now, without waiting for more. `UsageError`: a list cannot be used
        at all. `NameplateError`: the search has failed; not everything has been found."""
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

    def close(self) -> None:
        """Nothing more is looked for."""
        self._closed.set()

    def __exit__(self, *_: object) -> None:
        self.close()
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
