"""A clip's results folder: whole, or not there at all.

Everything is written into a hidden sibling, `.NAME.XXXXXXXX.partial`, which takes the
folder's name only when it is complete. Killed on the way, a run leaves that sibling and no half
folder; the next run for the same clip sweeps it up.
"""

from __future__ import annotations

import contextlib
import filecmp
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

from datasets.errors import ResultError, ResultTaken
from datasets.files import Exporter, take_place, unwritten
from detector.look.stills import crop_mark, find_mark
from detector.settings import Settings
from detector.types import Analysis
from evidence.clip.record import Record, dump
from evidence.clip.report import ReportPictures, picture_of_mark, picture_of_still, render_report
from evidence.clip.stills import draw_lone_mark, draw_still, enlarge
from evidence.clip.tables import to_csv

LONGEST_STEM = 100  # bytes of UTF-8; with hash and suffix well below the 255 a name may have
STALE_SECONDS = 3600  # a folder takes seconds to write; one this old has lost its writer
STILL_QUALITY = 92
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]")


def folder_name(path: Path, sha256: str) -> str:
    """`STEM-HASH`: readable, and different for different footage under the same name.

    >>> folder_name(Path("plant/clip.mp4"), "0123456789abcdef")
    'clip-01234567'
    """
    stem = _UNSAFE.sub("_", os.fsencode(path.resolve().stem).decode("utf-8", "replace"))
    short = stem.encode("utf-8")[:LONGEST_STEM].decode("utf-8", "ignore").lstrip(".-").strip()
    # Back to how Python spells paths here: the bytes on disk are UTF-8 in any locale.
    return os.fsdecode(f"{short or 'footage'}-{sha256[:8]}".encode())


def check_writable(out: Path) -> None:
    """Tries `out`, or where it would be made, so that an hour of work does not end at a closed
    door. It is not made: where nothing can be read nothing is left behind.

    Raises:
        ResultError: the folder cannot be made or written.
    """
    with _told(out):
        there = next(folder for folder in (out, *out.parents) if os.path.lexists(folder))
        with tempfile.TemporaryFile(dir=there) as probe:
            probe.write(b"nameplate")


def write_results(analysis: Analysis, record: Record, out: Path, paths: bool = False) -> Path:
    """Writes one clip's folder: sightings.json, sightings.csv, stills and report.html.

    A folder that already holds exactly these results stays untouched. One that holds others
    (another model, other settings) is replaced, unless somebody put files of their own in.

    Args:
        analysis: what was found; its frames are cut from the footage again.
        record: the same as data; each machine's `still` and `mark` are filled in here.
        out: the folder the results folder goes into.
        paths: report and table name files by path, and not by name alone.

    Returns:
        The results folder.

    Raises:
        ResultTaken: foreign files are in the way. ResultError: a full disk, no permission. `out` is
            as before.
        FootageError: the footage can no longer be read.
    """
    final = out / folder_name(analysis.footage.path, analysis.footage.sha256)
    with _told(final):
        out.mkdir(parents=True, exist_ok=True)
        _sweep(final)
        partial = out / f".{final.name}.{secrets.token_hex(4)}.partial"
        partial.mkdir()
        try:
            _fill(partial, analysis, record, paths)
            _settle(partial, final)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return final


def _fill(folder: Path, analysis: Analysis, record: Record, paths: bool) -> None:
    """Every file of the results, into `folder`."""
    (folder / "stills").mkdir()
    pictures = _draw(folder, analysis, record)
    exporters: tuple[Exporter[Record], ...] = (export_json, partial(export_csv, paths=paths))
    for export in exporters:
        export(folder, record)
    (folder / "report.html").write_text(render_report(record, pictures, paths), "utf-8")


def export_json(folder: Path, record: Record) -> None:
    """Writes the record as sightings.json."""
    (folder / "sightings.json").write_bytes(dump(record, indent=2))


def export_csv(folder: Path, record: Record, paths: bool = False) -> None:
    """Writes sightings.csv, with the mark that shows a spreadsheet UTF-8."""
    (folder / "sightings.csv").write_bytes(b"\xef\xbb\xbf" + to_csv(record, paths).encode("utf-8"))


def _draw(folder: Path, analysis: Analysis, record: Record) -> dict[str, ReportPictures]:
    """The stills of every sighting and lone mark, one decoded frame in memory at a time."""
    lone = {mark["exact"]: mark for mark in record["lone_marks"]}
    pictures = {one["id"]: ReportPictures() for one in (*record["machines"], *record["lone_marks"])}
    machines = {machine["id"]: machine for machine in record["machines"]}
    marks = {sighting.id: find_mark(sighting) for sighting in analysis.sightings}
    wanted = {sighting.best.pts for sighting in analysis.sightings}
    wanted |= {mark.pts for mark in marks.values() if mark is not None}
    wanted |= {Fraction(exact) for exact in lone}
    # Whoever only asks for help needs no decoder.
    from detector import cut_stills

    settings = Settings.parse(analysis.settings)
    timed = analysis.footage.kind == "video"
    for frame in cut_stills(analysis.footage, sorted(wanted), settings):
        if (found := lone.get(str(frame.pts))) is not None:
            still = draw_lone_mark(frame.image, found, timed=timed)
            found["still"] = f"stills/{found['id']}.jpg"
            still.save(folder / found["still"], quality=STILL_QUALITY)
            pictures[found["id"]].still = picture_of_still(still, len(pictures))
        for sighting in analysis.sightings:
            machine, mark = machines[sighting.id], marks[sighting.id]
            name = re.sub(r"[^A-Za-z0-9_.-]", "_", sighting.id)
            if sighting.best.pts == frame.pts:
                still = draw_still(frame.image, sighting, machine, timed=timed)
                machine["still"] = f"stills/{name}.jpg"
                still.save(folder / machine["still"], quality=STILL_QUALITY)
                pictures[sighting.id].still = picture_of_still(still, len(machines))
            if mark is not None and mark.pts == frame.pts:
                crop = crop_mark(frame.image, mark.box)
                machine["mark"] = f"stills/{name}-mark.png"
                enlarge(crop).save(folder / machine["mark"])
                pictures[sighting.id].mark = picture_of_mark(crop)
    return pictures


def _settle(partial: Path, final: Path) -> None:
    """Gives the finished folder its name."""
    if not final.exists():
        partial.rename(final)
        return
    if _same(partial, final):
        return
    foreign = sorted(_files(final) - _files(partial) - _ours(final))
    if foreign:
        raise ResultTaken(
            f"{final}: holds {foreign[0]}, which Nameplate did not write; move it away, "
            "or give another --out"
        )
    take_place(partial, final)


def _same(one: Path, other: Path) -> bool:
    """Whether every file of `one` stands in `other`, byte for byte."""
    names = sorted(_files(one))
    wrong = filecmp.cmpfiles(one, other, names, shallow=False)[1:]
    return not any(wrong)


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _ours(folder: Path) -> set[str]:
    """The files an earlier run wrote, as its own record lists them."""
    names = {"sightings.json", "sightings.csv", "report.html"}
    try:
        record = json.loads((folder / "sightings.json").read_bytes())
        pictured = (*record["machines"], *record.get("lone_marks", ()))
        return names | {one.get(part) for one in pictured for part in ("still", "mark")}
    except (FileNotFoundError, ValueError, LookupError, TypeError, AttributeError):
        return names


def _sweep(final: Path) -> None:
    """Clears what a killed run left of this clip; puts back results it had moved aside."""
    for left in sorted(final.parent.glob(f".{_escape(final.name)}.*")):
        if time.time() - left.stat().st_mtime < STALE_SECONDS:
            continue
        if left.suffix == ".replaced" and not final.exists():
            left.rename(final)
        else:
            shutil.rmtree(left, ignore_errors=True)


def _escape(name: str) -> str:
    """A name in which a glob finds only itself."""
    return re.sub(r"([*?\[])", r"[\1]", name)


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Turns what the file system says into an error that names the folder."""
    try:
        yield
    except OSError as error:
        told = unwritten(folder, error, "the results", "give another --out")
        raise ResultError(told) from error
