"""A clip's results folder: whole, or not there at all.

Everything is written into a hidden sibling, which takes the folder's name only when it is complete.
"""

from __future__ import annotations

import filecmp
import os
import re
import tempfile
from fractions import Fraction
from functools import partial
from pathlib import Path

from PIL import Image

from datasets.errors import ResultTaken
from datasets.files import Exporter, staging, take_place, writing_errors
from detector.look.stills import crop_mark, find_mark
from detector.settings import Settings
from detector.types import Analysis
from evidence.clip import report
from evidence.clip.record import Record, dump
from evidence.clip.stills import draw_lone_mark, draw_still, enlarge
from evidence.clip.tables import to_csv

STRIP = 12  # frames that show at a glance that there is nothing
LONGEST_STEM = 100  # bytes of UTF-8; with hash and suffix well below the 255 a name may have
STILL_QUALITY = 92
_OURS = re.compile(r"sightings\.(json|csv)|report\.html|stills/[mk][0-9]+(\.jpg|-mark\.png)")
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
    """Tries `out`, or where it would be made, before an hour of work. `ResultError`: it cannot
    be."""
    with writing_errors(out):
        there = next(folder for folder in (out, *out.parents) if os.path.lexists(folder))
        with tempfile.TemporaryFile(dir=there) as probe:
            probe.write(b"nameplate")


def write_results(analysis: Analysis, record: Record, out: Path, paths: bool = False) -> Path:
    """The folder written into `out`: sightings.json, sightings.csv, stills and report.html.

    A folder that already holds exactly these results stays untouched. One that holds others
    (another model, other settings) is replaced, unless somebody put files of their own in.

    record: the analysis as data; each machine's `still` and `mark` are filled in here. paths:
    report and table name files by path. `ResultTaken`: foreign files are in the way. `ResultError`:
    a full disk, no permission; `out` is as it was. `FootageError`: the footage can no longer be
    read.
    """
    final = out / folder_name(analysis.footage.path, analysis.footage.sha256)
    with writing_errors(final), staging(out, final.name) as folder:
        (folder / "stills").mkdir()
        pictures = _draw(folder, analysis, record)
        exporters: tuple[Exporter[Record], ...] = (export_json, partial(export_csv, paths=paths))
        for export in exporters:
            export(folder, record)
        strip = [] if record["machines"] else _strip(analysis)
        (folder / "report.html").write_text(
            report.render_report(record, pictures, paths, strip), "utf-8"
        )
        ours = _files(folder)
        if not final.exists():
            folder.rename(final)
        elif any(filecmp.cmpfiles(folder, final, ours, shallow=False)[1:]):
            if foreign := [one for one in _files(final) if not _OURS.fullmatch(one)]:
                raise ResultTaken(
                    f"{final}: holds {foreign[0]}, which Nameplate did not write; move it away, "
                    "or give another --out"
                )
            take_place(folder, final)
    return final


def export_json(folder: Path, record: Record) -> None:
    """Writes the record as sightings.json."""
    (folder / "sightings.json").write_bytes(dump(record, indent=2))


def export_csv(folder: Path, record: Record, paths: bool = False) -> None:
    """Writes sightings.csv, with the mark that shows a spreadsheet UTF-8."""
    (folder / "sightings.csv").write_bytes(b"\xef\xbb\xbf" + to_csv(record, paths).encode("utf-8"))


def _draw(folder: Path, analysis: Analysis, record: Record) -> dict[str, report.ReportPictures]:
    """The stills of every sighting and lone mark, one decoded frame in memory at a time."""
    lone = {mark["exact"]: mark for mark in record["lone_marks"]}
    pictures = {
        one["id"]: report.ReportPictures() for one in (*record["machines"], *record["lone_marks"])
    }
    machines = {machine["id"]: machine for machine in record["machines"]}
    marks = {sighting.id: find_mark(sighting) for sighting in analysis.sightings}
    wanted = {sighting.best.pts for sighting in analysis.sightings}
    wanted |= {mark.pts for mark in marks.values() if mark is not None}
    wanted |= {Fraction(exact) for exact in lone}
    # Whoever only asks for help needs no decoder.
    from detector import cut_stills

    settings = Settings.parse(analysis.settings)
    timed = analysis.footage.kind == "video"

    def keep(still: Image.Image, name: str) -> str:
        still.save(folder / f"stills/{name}", quality=STILL_QUALITY)
        return f"stills/{name}"

    for frame in cut_stills(analysis.footage, sorted(wanted), settings):
        if (found := lone.get(str(frame.pts))) is not None:
            still = draw_lone_mark(frame.image, found, timed=timed)
            found["still"] = keep(still, f"{found['id']}.jpg")
            pictures[found["id"]].still = report.picture_of_still(still, len(pictures))
        for sighting in analysis.sightings:
            machine, mark = machines[sighting.id], marks[sighting.id]
            name = re.sub(r"[^A-Za-z0-9_.-]", "_", sighting.id)
            if sighting.best.pts == frame.pts:
                still = draw_still(frame.image, sighting, machine, timed=timed)
                machine["still"] = keep(still, f"{name}.jpg")
                pictures[sighting.id].still = report.picture_of_still(still, len(machines))
                thumbnail = report.picture_of_machine(frame.image, sighting.best.box)
                pictures[sighting.id].thumbnail = thumbnail
            if mark is not None and mark.pts == frame.pts:
                crop = crop_mark(frame.image, mark.box)
                machine["mark"] = keep(enlarge(crop), f"{name}-mark.png")
                pictures[sighting.id].mark = report.picture_of_mark(crop)
    return pictures


def _strip(analysis: Analysis) -> list[tuple[float, str]]:
    """Seconds and data URI of some frames, from all stretches that were looked at closely."""
    from detector import cut_stills

    spans = [(shot.start, shot.end - shot.start) for shot in analysis.shots]
    times = [
        start + length * Fraction(part, STRIP) for start, length in spans for part in range(STRIP)
    ]
    chosen = times[len(spans) // 2 :: max(1, len(spans))]
    frames = cut_stills(analysis.footage, chosen, Settings.parse(analysis.settings))
    strip = {frame.pts: report.picture_of_frame(frame.image) for frame in frames}
    return [(float(pts), picture) for pts, picture in strip.items()]


def _files(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
