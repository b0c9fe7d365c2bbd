"""Walking folders for footage: lazily, opening nothing that is named as a clip.

Each clip is yielded at once, and the walk goes on where a folder cannot be read. So work on a
million files begins at once.
"""

from __future__ import annotations

import json
import os
import shlex
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from datasets.errors import FootageError, UsageError
from datasets.files import exists, isfile, straight
from detector.footage.files import CLIP_NAMES, PICTURE_NAMES, SOUND_NAMES, kind_in_folder
from evidence.case.work_queue import FootageSource
from evidence.spelling import read_date

OURS = (
    frozenset({"case.json", "lock"}),  # a case
    frozenset({"case.json", "case.db"}),  # a pack of one that somebody has unzipped
    frozenset({"judged.json"}),  # frames that people judged, to learn from
    frozenset({"sightings.json", "report.html"}),  # results of `nameplate analyze`
)
"""By these files a folder is known that Nameplate wrote; nothing in it is footage to be found."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something to be told, in words for a person; the rest goes on.

    lost: footage was not taken that should have been. path: of what could not be asked about.
    """

    message: str
    lost: bool = True
    path: str | None = None


def walk(root: Path) -> Iterator[FootageSource | Trouble]:
    """The footage at `root`, an absolute path to a file or a folder: path, size, time of change.

    In each folder each clip counts, and its pictures together: their sizes added up, the latest of
    their times. Hidden entries and what Nameplate wrote are passed over. Linked folders, and pipes
    named like footage, are reported.
    """
    try:
        status = root.stat()
    except OSError as error:
        yield Trouble(f"{root}: cannot be read ({error.strerror}); check the path and the disk")
        return
    if not stat.S_ISDIR(status.st_mode):
        yield _met(root, [status])
        return
    wrote = lies_in(root)
    if wrote is not None:
        yield Trouble(f"{root}: lies in {wrote}, which Nameplate wrote; name other footage")
        return
    waiting = [os.fspath(root)]
    while waiting:
        yield from _folder(waiting.pop(), waiting)


def lies_in(path: Path) -> Path | None:
    """The folder that a path is or lies in and that Nameplate wrote, if any."""
    path = straight(path)
    return next((one for one in (path, *path.parents) if _is_ours(one)), None)


def _is_ours(folder: Path) -> bool:
    return any(all(isfile(folder / mark) for mark in marks) for marks in OURS)


def _met(path: Path | str, files: Sequence[os.stat_result]) -> FootageSource | Trouble:
    size, last = sum(file.st_size for file in files), max(file.st_mtime_ns for file in files)
    return source_at(path, size=size, mtime_ns=last)


def source_at(path: Path | str, **known: Any) -> FootageSource | Trouble:
    """The footage at a path with what is known of it, or that its path is too long."""
    try:
        return FootageSource(str(path), **known)
    except UsageError as error:
        return Trouble(error.message)


def _folder(folder: str, deeper: list[str]) -> Iterator[FootageSource | Trouble]:
    """One folder's own footage; its sub-folders are added to `deeper`."""
    below: list[str] = []
    pictures: list[os.stat_result] = []
    try:
        with os.scandir(folder) as entries:
            names = {entry.name: entry for entry in entries if not entry.name.startswith(".")}
    except OSError as error:
        yield _unreadable(folder, error)
        return
    if any(names.keys() >= marks for marks in OURS):
        return
    for entry in names.values():
        try:
            if entry.is_dir() and not entry.is_symlink():
                below.append(entry.path)
                continue
            if odd := _why_odd(entry):
                yield Trouble(f"{entry.path}: {odd}", lost=False)
                continue
            kind = _kind(entry)
            status = entry.stat() if kind is not None else None
        except OSError as error:
            yield _unreadable(entry.path, error)
            continue
        if status is None:
            continue
        if kind == "video":
            yield _met(entry.path, [status])
        else:
            pictures.append(status)
    deeper += sorted(below, reverse=True)
    if pictures:
        yield _met(folder, pictures)


def _unreadable(path: str, error: OSError) -> Trouble:
    why = f"cannot be read ({error.strerror}); the rest goes on"
    return Trouble(f"{path}: {why}", path=path)


def _why_odd(entry: os.DirEntry[str]) -> str | None:
    """Why a linked folder, or what is only called as footage is, cannot be taken."""
    if entry.is_dir():
        return "a linked folder, left out; name it to look at it"
    if entry.is_file() or not entry.name.lower().endswith((*CLIP_NAMES, *PICTURE_NAMES)):
        return None
    if entry.is_symlink() and not exists(entry.path):
        return "a link that leads nowhere; the rest goes on"
    return "neither a file nor a folder, left out; the rest goes on"


def _kind(entry: os.DirEntry[str]) -> str | None:
    """Whether a file is a clip ("video"), a picture ("still") or neither."""
    name = entry.name.lower()
    if name.endswith(SOUND_NAMES) or not entry.is_file():
        return None
    if name.endswith(CLIP_NAMES):
        return "video"
    try:
        return kind_in_folder(Path(entry.path))
    except FootageError:
        return "still" if name.endswith(PICTURE_NAMES) else None


INFO = ".info.json"
MOST_INFO_BYTES = 64 << 20
ADDRESSES = ("webpage_url", "original_url", "url")
KEPT = ("id", "title", "extractor", "webpage_url", "uploader", "channel", "upload_date", "epoch")
"""What of it is kept as provenance; the rest may hold the addresses and cookies of a session."""


def read_info(clip: Path) -> dict[str, Any] | None:
    """What stands beside a clip of where it came from; None: nothing."""
    with suppress(OSError, ValueError, RecursionError):
        file = clip.with_suffix(INFO)
        if file.stat().st_size <= MOST_INFO_BYTES:
            info = json.loads(file.read_bytes(), parse_constant=str)
            if isinstance(info, dict) and first_text(info, *ADDRESSES):
                return info
    return None


def with_info(found: FootageSource) -> FootageSource:
    """Footage met in a folder, with what yt-dlp wrote beside it of where it came from."""
    clip = Path(found.path)
    if (info := read_info(clip)) is None:
        return found
    kept = {name: info[name] for name in KEPT if isinstance(info.get(name), str | int | float)}
    said: dict[str, Any] = {
        "origin_url": first_text(info, *ADDRESSES),
        "publisher": first_text(info, "uploader", "channel", "uploader_id"),
        "published": read_date(first_text(info, "upload_date", "timestamp") or ""),
        "note": first_text(info, "title"),
        "provenance": {"list": clip.with_suffix(INFO).name, "yt-dlp": kept},
    }
    return replace(found, **said)


def downloads(folder: Path) -> dict[str, Path]:
    """The clips fetched into a folder and those in it, by address."""
    found: dict[str, Path] = {}
    for at, _, names in os.walk(folder):
        for name in names:
            clip = Path(at, name)
            if name.lower().endswith(CLIP_NAMES) and clip.with_suffix(INFO).name in names:
                info = read_info(clip) or {}
                found |= {str(info[one]): clip for one in ADDRESSES if info.get(one)}
    return found


def to_fetch(folder: Path, address: str) -> str:
    """That a clip is not there, and the command that fetches it into a folder."""
    place = os.fspath(folder / "%(title).80s [%(id)s].%(ext)s")
    command = shlex.join(["yt-dlp", "--write-info-json", "-o", place, address])
    return f"not downloaded yet; fetch it with: {command}"


def first_text(facts: dict[str, Any], *names: str) -> str | None:
    """The first of these that is there, as text."""
    values = (facts.get(name) for name in names)
    return next((str(value).strip() for value in values if value not in (None, "")), None)
