"""Opening footage: is it there, what is it, and its SHA-256, which identifies it.

Files are opened for reading only, and never written (promise P1).
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from stat import S_ISREG

from datasets.errors import FootageEmpty, FootageError, NoPictures
from datasets.files import exists, isdir, isfile
from detector.footage import reasons
from detector.footage.sniff import HEAD_BYTES, Sniffed, look_further, sniff
from detector.types import Footage, FootageKind

_CHUNK = 1 << 20
# Bytes of a file that were never written.
_MOST_MISSING = 2 << 30
# A clip or picture that is damaged, or of a kind that is not read, shows only in its name. Listed
# by it, it ends with a named reason instead of being passed over in silence.
_UNREAD_CLIPS = (
    *(".mxf", ".rm", ".rmvb", ".ivf", ".dav", ".h264", ".264", ".h265", ".265", ".hevc"),
    *(".dv", ".dif", ".wtv", ".y4m", ".nut", ".r3d"),
)
# Their first frames fill a file's head, and tell no more than a photograph.
_PICTURE_STREAMS = (".mjpg", ".mjpeg")
CLIP_NAMES = (
    *(".mp4", ".m4v", ".mov", ".qt", ".f4v", ".3gp", ".3g2", ".mkv", ".webm"),
    *(".ts", ".mts", ".m2ts", ".m2t", ".tp", ".trp", ".mpg", ".mpeg", ".mpe", ".vob", ".vro"),
    *(".m1v", ".m2v", ".mpv", ".avi", ".divx", ".flv", ".ogv", ".ogm", ".asf", ".wmv", ".dvr-ms"),
    *_PICTURE_STREAMS,
    *_UNREAD_CLIPS,
)
PICTURE_NAMES = (
    *(".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"),
    *(".heic", ".heif", ".avif", ".jxl", ".jp2", ".j2k", ".gif", ".cr3", ".raf", ".rw2", ".orf"),
)
# Sound in a clip's container is no clip, for which the photographs beside it would not count.
SOUND_NAMES = (".m4a", ".m4b", ".3ga", ".mka", ".oga", ".opus", ".wma")
_KINDS = {**dict.fromkeys(CLIP_NAMES, "video"), **dict.fromkeys(PICTURE_NAMES, "still")}


def open_footage(path: Path) -> Footage:
    """Open one clip, one picture, or a folder of pictures, and hash it.

    A clip's or picture's hash is the SHA-256 of its bytes. A folder's hash takes its pictures in
    order of name. It covers the name's length and bytes, then the file's size and bytes (lengths
    as 8 bytes, big-endian), so that no two folders share one by concatenation.

    Raises FootageError: the kind that fits (`detector.footage.reasons`).
    """
    path = Path(path)
    if isdir(path):
        return _open_folder(path)
    # Asked first: to hash many gigabytes of something else takes minutes.
    try:
        with _opened(path) as file:
            found = sniff(file.read(HEAD_BYTES), path)
            _refuse_holes(file, path)
            found = look_further(found, path)
    except OSError as error:
        raise _missing(path, error) from error
    digest = hashlib.sha256()
    size = _feed(path, digest)
    return Footage(path, digest.hexdigest(), size, found.kind, found.container)


def _refuse_holes(file: FileIO, path: Path) -> None:
    """Raises where gigabytes of a file were never written, as of a download that was broken off."""
    state = os.fstat(file.fileno())
    missing = state.st_size - 512 * state.st_blocks
    if missing <= _MOST_MISSING:
        return
    # What a disk has compressed takes few blocks, too, and has no hole.
    with suppress(OSError):
        if os.lseek(file.fileno(), 0, os.SEEK_HOLE) == state.st_size:
            return
    raise reasons.HOLES.of(path, missing=missing, size=state.st_size)


@dataclass(frozen=True, slots=True)
class FileStamp:
    """Size and time of a file; they show if it changed while it was looked at."""

    size: int
    mtime_ns: int


def stamp_of(footage: Footage) -> FileStamp:
    """How the file stands, or the pictures of a folder. Raises FootageMissing: one is gone."""
    try:
        states = [file.stat() for file in footage.files or (footage.path,)]
    except OSError as error:
        raise _missing(footage.path, error) from error
    return FileStamp(sum(s.st_size for s in states), max(s.st_mtime_ns for s in states))


def known_footage(path: Path, sha256: str, kind: FootageKind, container: str) -> Footage:
    """Footage that was opened before, without hashing it again. Whoever calls knows that the bytes
    are still the same. Raises FootageMissing, NoPictures."""
    if kind == "stills":
        files = pictures_of(path)
        return Footage(path, sha256, sum(map(_size, files)), kind, container, files)
    size = _size(path)
    if not isfile(path):
        raise reasons.NO_FILE.of(path)
    return Footage(path, sha256, size, kind, container)


def pictures_of(folder: Path) -> tuple[Path, ...]:
    """The pictures of a folder by name; those in its sub-folders do not count."""
    try:
        names = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise _missing(folder, error) from error
    files = tuple(file for file in names if kind_in_folder(file) == "still")
    if not files:
        raise NoPictures(f"{folder}: the folder holds no pictures; name a clip or another folder")
    return files


def _open_folder(folder: Path) -> Footage:
    files, digest, total = pictures_of(folder), hashlib.sha256(), 0
    for file in files:
        name, size = os.fsencode(file.name), _size(file)
        digest.update(len(name).to_bytes(8) + name + size.to_bytes(8))
        total += _feed(file, digest) if size else 0
    if total == 0:
        raise FootageEmpty(f"{folder}: every picture in it is empty; fetch them again")
    return Footage(folder, digest.hexdigest(), total, "stills", "folder", files)


def _feed(path: Path, digest: hashlib._Hash) -> int:
    """The size of a file, read once into `digest`."""
    size = 0
    try:
        with _opened(path) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise _missing(path, error) from error
    return size


def _opened(path: Path) -> FileIO:
    # Opening a pipe or a device could wait for ever; so could reading what the kernel makes up as
    # it is read, whose size is 0.
    if exists(path) and not isfile(path):
        raise reasons.NO_REGULAR_FILE.of(path)
    if not path.stat().st_size:
        raise reasons.EMPTY.of(path)
    return FileIO(path)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise _missing(path, error) from error


def _missing(path: Path, error: OSError) -> FootageError:
    if isinstance(error, FileNotFoundError):
        return reasons.NO_FILE.of(path)
    return reasons.UNREADABLE_FILE.of(path, why=error.strerror)


def kind_in_folder(path: Path) -> str | None:
    """Whether a file in a folder is a clip ("video"), a picture ("still") or neither.

    Raises FootageMissing: it cannot be told now, as on a disk that fails. Without it the folder
    would be other footage.
    """
    if path.suffix.lower() in SOUND_NAMES:
        return None
    streamed = path.suffix.lower() in _PICTURE_STREAMS
    try:
        if not S_ISREG(path.stat().st_mode):
            return None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _missing(path, error) from error
    found: Sniffed | None
    try:
        with path.open("rb", buffering=0) as file:
            found = sniff(file.read(HEAD_BYTES), path)
    except (FootageError, OSError):
        found = None
    # Two pictures in one file make no clip of what is called a picture: those beside it count.
    named = streamed or (found is not None and found.container == "mjpeg")
    return found.kind if found and not named else _KINDS.get(path.suffix.lower())
