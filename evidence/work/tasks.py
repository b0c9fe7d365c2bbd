"""What a worker does: footage in, plain data out. It needs no database and runs on any machine.

An error of the footage comes back as a value, `TaskFailure`, so that nothing has to be unpickled
that another machine may not know. What a worker needs besides the footage (settings, registry, a
model that is not the packaged one) is its `WorkerSetup`.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
import traceback
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING

from datasets.entry import Entry
from datasets.errors import FootageError, FootageMissing, ModelError
from datasets.files import isdir
from datasets.messages import Message
from datasets.registry import Registry
from detector import Settings
from detector.footage.files import FileStamp, open_footage, stamp_of
from detector.program import program
from detector.settings import Depth
from detector.types import Footage, Survey

if TYPE_CHECKING:
    from detector import Analyst
    from detector.analyze import Progress


@dataclass(frozen=True)
class WorkerSetup:
    """All that an analysis depends on besides the footage.

    settings, registry: canonical JSON. registry_digest: `Registry.digest`. folder: where the model
    lies on this machine; files: the same by name, for another machine. With neither it is the model
    that every Nameplate of this `version` carries.
    """

    settings: str
    registry: str
    registry_digest: str
    folder: Path | None = None
    files: tuple[tuple[str, bytes], ...] = ()
    version: str = field(default_factory=program)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all of it: a task asks for its setup by this name."""
        whole = hashlib.sha256()
        texts = (self.version, self.settings, self.registry, str(self.folder))
        for part in (*(text.encode() for text in texts), *(content for _, content in self.files)):
            whole.update(len(part).to_bytes(8, "big") + part)
        return whole.hexdigest()


def pack_setup(
    settings: Settings, registry: Registry, model: Path | None, remote: bool = False
) -> WorkerSetup:
    """The setup of these.

    model: the folder of an exported model; None for the packaged one. remote: for other machines,
    so that the model's files go along. `ModelError`: the model's files cannot be read.
    """
    entries = [entry.as_json() for entry in registry]
    return WorkerSetup(
        settings.model_dump_json(),
        json.dumps(entries, ensure_ascii=False, separators=(",", ":")),
        registry.digest,
        None if remote or model is None else model.absolute(),
        tuple(_files(model)) if remote and model is not None else (),
    )


def _files(model: Path) -> Iterable[tuple[str, bytes]]:
    try:
        for file in sorted(model.iterdir()):
            if file.is_file():
                yield file.name, file.read_bytes()
    except OSError as error:
        raise ModelError(f"{model}: cannot be read ({error.strerror}); check the path") from error


@dataclass(frozen=True, slots=True)
class Identification:
    """What a file is, and how it stood when it was read."""

    footage: Footage
    stamp: FileStamp


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """Why there is no answer.

    kind: that of an error of `datasets/errors.py`, or `changed`, `crashed`, `away`. Of a task that
    did not come back `killed` (its worker died on it, or kept the answer), `overtime` (its worker
    was restarted) or `adrift` (nobody's fault, as where a scheduler went away).
    passing: it depends on the moment, not on the footage; the same may succeed later.
    where: what is away, the footage itself or a folder it lies in.
    """

    kind: str
    reason: str
    passing: bool = False
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """Footage that a worker is to look at. `depth`: as `Analyst.survey` says."""

    path: str
    identified: Identification
    depth: Depth = "set"


TELL_SECONDS = 0.5  # seconds between two reports of progress, at least
AWAY = "away"  # the kind of a failure that is the folder's or its disk's: it counts for no try

# A decoder that was killed or starved may have been so for the machine's sake.
_PASSING = {"decoder-died", "timeout", "changed"}


def identify(path: Path) -> Identification | TaskFailure:
    """What a file or a folder of pictures is, by its bytes. It raises nothing."""
    try:
        before = _states(_held_by(path))
        footage = open_footage(path)
        read = footage.files or (footage.path,)
        if {file: before.get(file) for file in read} != _states(read):
            # What was written behind the reader's back is not in the hash.
            why = Message("%(path)s: it changed while it was read", path=path)
            return TaskFailure("changed", why, True)
        return Identification(footage, stamp_of(footage))
    except FootageError as error:
        return _failed(path, error)
    except Exception as error:
        return _crashed(path, error)


def survey(
    identified: Identification, setup: str, tell: Progress | None = None, depth: Depth = "set"
) -> Survey | TaskFailure:
    """Looks at identified footage with the setup of that digest, which `equip` has brought.

    depth: as `Analyst.survey` says. tell: called with the share done and the stage, at most every
    half second.
    """
    footage = identified.footage
    try:
        with _ONE_AT_A_TIME:
            found = _analyst(setup).survey(footage, tell and _seldom(tell), depth)
        if stamp_of(footage) != identified.stamp:
            why = Message("%(path)s: it changed while it was looked at", path=footage.path)
            return TaskFailure("changed", why, True)
        return found
    except FootageError as error:
        return _failed(footage.path, error)
    except ModelError as error:
        return TaskFailure(error.kind, error.message)
    except Exception as error:
        return _crashed(footage.path, error)


def _seldom(tell: Progress) -> Progress:
    """Passes progress on, at most once in `TELL_SECONDS`."""
    told = float("-inf")

    def pass_on(share: float, stage: str) -> None:
        nonlocal told
        if time.monotonic() - told >= TELL_SECONDS:
            told = time.monotonic()
            tell(share, stage)

    return pass_on


def _failed(path: Path, error: FootageError) -> TaskFailure:
    """The error as a value; where the folder has gone it is the folder's, not the footage's.

    What was missed though it is there was away with its folder for a moment, or a part of it
    cannot be read: more tries tell.
    """
    if (lost := _lost(path)) is not None:
        reason = f"{lost}: cannot be read now on {gethostname()}; check the disk or the network"
        return TaskFailure(AWAY, reason, True, str(lost))
    there = isinstance(error, FootageMissing) and os.access(path, os.R_OK, effective_ids=True)
    return TaskFailure(error.kind, error.message, there or error.kind in _PASSING)


def _crashed(path: Path, error: Exception) -> TaskFailure:
    where = traceback.extract_tb(error.__traceback__)[-1]
    at = f"{Path(where.filename).name}:{where.lineno}"
    return TaskFailure("crashed", f"{path}: {type(error).__name__} at {at}: {error}", True)


def _lost(path: Path) -> Path | None:
    """The topmost folder above the footage that shows nothing of what is in it.

    The footage itself where only that cannot be read. None where it can be read, or where its
    folder says it is not there.
    """
    lost = None
    try:
        if path.is_file():
            with path.open("rb", buffering=0) as file:
                file.read(1)
            return None
    except PermissionError:
        return None
    except OSError:
        lost = path
    for folder in path.parents:
        if _answers(folder):
            break
        lost = folder
    return lost


def _answers(folder: Path) -> bool:
    """Whether a folder says what is in it; with nothing in it, it may be where a disk was."""
    try:
        return any(True for _ in folder.iterdir())
    except PermissionError:
        return True
    except OSError:
        return False


def _held_by(path: Path) -> list[Path]:
    """The file itself, or all that is in a folder; nothing where it cannot be read."""
    try:
        return [*path.iterdir()] if isdir(path) else [path]
    except OSError:
        return []


def _states(files: Iterable[Path]) -> dict[Path, FileStamp]:
    """How each file stands that says so."""
    states = {}
    for file in files:
        with suppress(OSError):
            state = file.stat()
            states[file] = FileStamp(state.st_size, state.st_mtime_ns)
    return states


_setups: dict[str, tuple[WorkerSetup, int, Path | None]] = {}
_ONE_AT_A_TIME = threading.Lock()  # a worker may have several threads, a model one user


def equip(setup: WorkerSetup, threads: int, folder: Path | None = None) -> None:
    """Readies this process for a setup, beside those of other sweeps that it works for.

    threads: of the analyst. folder: for the model's files, where they came along.
    """
    _setups.setdefault(setup.digest, (setup, threads, folder))


@lru_cache(maxsize=1)  # there is room for one
def _analyst(digest: str) -> Analyst:
    # Whoever hands tasks out needs neither the model's runtime nor the reader's.
    from detector import Analyst

    if digest not in _setups:
        raise RuntimeError("this worker was given no model")
    setup, threads, folder = _setups[digest]
    settings = Settings.parse(json.loads(setup.settings))
    registry = Registry(Entry.model_validate(one) for one in json.loads(setup.registry))
    mine = (program(), registry.digest)
    if mine != (setup.version, setup.registry_digest):
        raise ModelError(
            f"{gethostname()}: Nameplate {mine[0]} is installed there, and the sweep is of "
            f"{setup.version}; install the same on every machine of the cluster"
        )
    return Analyst(settings, registry, _model(setup, folder), threads=threads)


def _model(setup: WorkerSetup, folder: Path | None) -> Path | None:
    """Where the model lies; files that came along are written first."""
    if not setup.files:
        return setup.folder
    assert folder is not None
    folder /= f"model-{setup.digest[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in setup.files:
            (folder / name).write_bytes(content)
    except OSError as error:
        raise ModelError(
            f"{gethostname()}: the model cannot be kept in {folder} ({error.strerror}); make "
            "room there, and run the same command again"
        ) from error
    return folder
