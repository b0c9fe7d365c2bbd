"""What people corrected in another tool: taken over by the next export, and never replaced unseen.

CASE/learning/judged/           the judged frames (`export.py`)
CASE/learning/corrected/        what was brought back first, then corrected-2/ and so on
CASE/learning/judged/cvat/written.json      hashes of what the export wrote there
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from datasets.annotations import ANNOTATIONS
from datasets.errors import UsageError
from datasets.output import told, write_text
from datasets.splits import read_splits
from evidence.learning.annotate import Line

RECORD = "judged.json"
"""In the export's folder: which corrections it has taken over, among other things."""
WRITTEN = "written.json"
_ROUND = re.compile(r"corrected(?:-([0-9]{1,6}))?")


def rounds(folder: Path) -> list[Path]:
    """The data sets of corrections in a folder, the first brought back first."""
    numbered = sorted((number, path) for number, path in _named(folder))
    return [path for _, path in numbered if any(path.glob(f"*/{ANNOTATIONS}"))]


def next_round(folder: Path) -> Path:
    """Where corrections are brought back to next: nothing is there."""
    number = max((number for number, path in _named(folder)), default=0) + 1
    return folder / ("corrected" if number == 1 else f"corrected-{number}")


def take_over(lines: Iterable[Line], folders: Sequence[Path]) -> Iterator[Line]:
    """Each line as it was corrected last, where nothing in its frame has been judged since.

    Args:
        lines: as verdicts and model say.
        folders: data sets of corrections, the first brought back first.

    Raises:
        DataError: one of them is damaged.
    """
    found = {
        one.image: one.model_dump(mode="json")
        for folder in folders
        for photographs in read_splits(folder).values()
        for one in photographs
    }
    for line in lines:
        own = found.get(line["image"])
        if own is None or _rests_on(own) != _rests_on(line):
            yield line
        else:
            # Sources may have been tied together since; authors stand only where asked.
            yield own | {name: line[name] for name in ("source", "origin", "verdicts")}


def seal(folder: Path) -> None:
    """Notes what was written, so that a change by another hand is seen.

    Raises:
        OSError: it cannot be written.
    """
    write_text(folder / WRITTEN, json.dumps(_hashes(folder), indent=2) + "\n")


def check_untouched(folder: Path) -> None:
    """Whether what an export wrote for another tool may be replaced: nobody changed it.

    Raises:
        UsageError: a file was changed or added; the message says how not to lose it.
    """
    try:
        written = dict(json.loads((folder / WRITTEN).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return  # not there, or of an export that noted nothing
    with told(folder):
        changed = [name for name, digest in _hashes(folder).items() if written.get(name) != digest]
    if changed:
        target = quote(str(next_round(folder.parent.parent)))
        raise UsageError(
            f"{folder / changed[0]}: was changed after it was exported, and would be replaced; "
            f"bring it back (nameplate datasets import {quote(str(folder))} --from {folder.name} "
            f"--out {target}), then delete {folder} and export again"
        )


def _named(folder: Path) -> Iterator[tuple[int, Path]]:
    for path in folder.glob("corrected*"):
        if match := _ROUND.fullmatch(path.name):
            yield int(match[1] or 1), path


def _rests_on(line: Line) -> tuple[Any, set[str]]:
    """The frame of a line, and the verdicts it rests on."""
    verdicts = line.get("verdicts") or []
    return line.get("origin"), {str(one.get("digest")) for one in verdicts}


def _hashes(folder: Path) -> dict[str, str]:
    """By name, the hash of every file that is no picture."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.suffix != ".jpg" and path.name != WRITTEN
    }
