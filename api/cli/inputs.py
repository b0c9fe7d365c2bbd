"""The footage that the paths of a command line name, and the time that each may take."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from api.cli.terminal import complain
from datasets.errors import DecoderTimeout, NameplateError, UsageError
from datasets.files import isdir
from datasets.messages import Message

_ADDRESS = re.compile(r"(https?|ftp):/")


@contextmanager
def limited(listed: str, seconds: float) -> Iterator[None]:
    """Ends what is done within it after so many seconds.

    Raises:
        DecoderTimeout: they are over.
    """

    def end(number: int, frame: object) -> None:
        raise DecoderTimeout(
            Message(
                "%(path)s: it took more than %(seconds)s s (option --time-limit)",
                path=listed,
                seconds=f"{seconds:g}",
            )
        )

    before = signal.signal(signal.SIGALRM, end)
    # And again each second: what is raised while an object is freed goes nowhere.
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def list_all(
    paths: Sequence[str], omitted: list[str]
) -> Iterator[tuple[str, Path | NameplateError]]:
    """Every footage the paths name, once for each name: the path as given, and the path or its
    error.

    Args:
        omitted: gets what in a folder is not looked at, and why.
    """
    seen: set[str] = set()
    for given in paths:
        for message in left_out(Path(given)):
            omitted.append(message)
            complain(message)
        try:
            found = list_one(Path(given))
        except NameplateError as error:
            yield given, error
            continue
        for path in found:
            listed = given if path == Path(given) else str(path)
            if listed not in seen:
                seen.add(listed)
                yield listed, path


def left_out(path: Path) -> Iterator[str]:
    """What in a folder may have been meant and is not looked at, as a sweep tells of it."""
    from evidence.work.folders import Trouble, walk

    for one in walk(path):
        if isinstance(one, Trouble) and not one.lost:
            yield one.message


def list_one(path: Path) -> list[Path]:
    """The footage at a path. What Nameplate wrote in a folder, cases and results, is none.

    Raises:
        FootageMissing, UsageError: there is none.
    """
    from detector.footage.files import list_footage
    from evidence.work.folders import lies_in

    if _ADDRESS.match(str(path)):
        raise UsageError(
            f"{str(path).replace(':/', '://', 1)}: Nameplate downloads nothing; fetch it first, "
            "for example with yt-dlp, and give the file"
        )
    found = list_footage(path)
    if isdir(path):
        found = [one for one in found if lies_in(one) is None]
    if not found:
        raise UsageError(f"{path}: holds only what Nameplate wrote; name other footage")
    return found
