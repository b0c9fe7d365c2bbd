"""The table of a clip's machines, for a spreadsheet: one row a machine."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any

from datasets.letters import short_name
from datasets.messages import Message
from datasets.places import country_name

PERHAPS = 0.2  # probability from which the row of an unknown machine names its first lead
DOUBTS = {
    "machine": Message("the program is not sure enough that this is a machine"),
    "mark": Message(
        "the mark may be part of a longer one, or stand beside the machine or pass it by"
    ),
    "registry": Message("the registry is not sure of this builder"),
}
"""Why a claim is withheld, by `detector.types.Doubt`."""
_NOT_KNOWN = "not known: a seller's badge, on machines that others made"
# Where lists are separated by semicolons a spreadsheet begins a cell at each, and at each line.
_CELLS = re.compile(r"([;\t\r\n])")
_FORMULA = re.compile(r"^(?=[\s\"]*[=+\-@\uff1d\uff0b\uff0d\uff20])")
_BLANK = re.compile(r"\s*[\t\r]")
# Control characters and marks that turn the direction of writing (Unicode 16, 23.2) only mislead.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def file_name(path: str) -> str:
    """The last part of a path: where a file lies on whose disk is nobody else's business.

    >>> file_name("/home/anna/hall.mp4"), file_name("hall.mp4")
    ('hall.mp4', 'hall.mp4')
    """
    return PurePath(path).name or Path(path).resolve().name or path


COLUMNS: dict[str, Callable[[Mapping[str, Any]], object]] = {
    "footage": lambda m: m["footage"],
    "sha256": lambda m: m["sha256"],
    "machine": lambda m: m["id"],
    "first": lambda m: m["first"],
    "last": lambda m: m["last"],
    "best_pts": lambda m: m["best"]["pts"],
    "best_pts_exact": lambda m: m["best"]["exact"],
    "x1": lambda m: m["best"]["box"][0],
    "y1": lambda m: m["best"]["box"][1],
    "x2": lambda m: m["best"]["box"][2],
    "y2": lambda m: m["best"]["box"][3],
    "grade": lambda m: m["grade"],
    "builder_id": lambda m: m["builder"].get("id"),
    "builder": lambda m: m["builder"].get("name", "unknown"),
    "builder_home": lambda m: m["builder"].get("origin"),
    "origin": lambda m: m["origin"].get("code"),
    "origin_basis": lambda m: m["origin"].get("basis"),
    "origin_grade": lambda m: m["origin"].get("grade"),
    "owner": lambda m: (m["builder"].get("owner") or {}).get("name"),
    "owner_country": lambda m: (m["builder"].get("owner") or {}).get("country"),
    "production": lambda m: " ".join(m["builder"].get("production", ())),
    "probability": lambda m: m["builder"].get("probability"),
    "series": lambda m: m["series"],
    "control_id": lambda m: m["control"].get("id"),
    "control": lambda m: m["control"].get("name"),
    "control_origin": lambda m: m["control"].get("origin"),
    "concealed": lambda m: "yes" if m["concealed"] else "no",
    "withheld": lambda m: withheld_says(m["withheld"]) if m["withheld"] else "",
    "readings": lambda m: " | ".join(part["text"] for part in m["readings"]),
    "mirrored": lambda m: "yes" if any(part["mirrored"] for part in m["readings"]) else "no",
    "still": lambda m: m.get("still"),
    "file": lambda m: m["file"],
    "builder_type": lambda m: m["builder"].get("type"),
    "leads": lambda m: " | ".join(
        f"{lead_says(one)} {chance(one['probability'])}" for one in m["leads"]
    ),
}
"""The cell of each column, from a machine's record; what is not known is empty."""


def to_csv(record: Mapping[str, Any], paths: bool = False) -> str:
    """One row a machine, RFC 4180, with a header; files by name, or by path if asked.

    A spreadsheet runs a cell that begins with `= + - @`, or has that after a semicolon. The texts
    here come from footage, so such a cell gets a leading apostrophe.
    """
    called = str if paths else file_name
    rows = []
    for machine in record["machines"]:
        known = {name: machine[name] or {} for name in ("builder", "origin", "control")}
        known |= {"footage": called(record["footage"]), "sha256": record["sha256"]}
        known["file"] = called(machine["file"]) if machine["file"] else ""
        rows.append([cell({**machine, **known}) for cell in COLUMNS.values()])
    return write_csv(COLUMNS, rows)


def write_csv(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table, RFC 4180; None is an empty cell, and no cell runs as a formula."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(header)
    table.writerows(["" if cell is None else harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def mark_says(found: Mapping[str, Any]) -> str:
    """What a mark around which no machine is seen says, in words.

    >>> mark_says({"reads_as": None, "plate": "CN"})
    'a plate that says made in China'
    """
    said = [f"reads as {printable(found['reads_as']['name'])}"] if found["reads_as"] else []
    said += [f"a plate that says made in {country_name(found['plate'])}"] if found["plate"] else []
    return ", ".join(said)


def withheld_says(found: Mapping[str, Any]) -> str:
    """What is read on a machine and not claimed, and why it is not, in words.

    >>> withheld_says({"reads_as": {"name": "KMTCL", "origin": "CN"}, "doubt": "machine"})
    'reads as KMTCL (China), not claimed: the program is not sure enough that this is a machine'
    """
    entry = found["reads_as"]
    if entry:
        home = country_name(entry["origin"]) if entry["origin"] else "origin open"
        said = f"reads as {printable(entry['name'])} ({home})"
    else:
        said = f"a plate that says made in {country_name(found['origin']['code'])}"
    return f"{said}, not claimed: {DOUBTS[found['doubt']]}"


def lead_says(found: Mapping[str, Any]) -> str:
    """Who may have built a machine, or where it may come from, in words.

    >>> lead_says({"builder": {"name": "HISION"}, "origin": "CN"})
    'HISION (China)'
    >>> lead_says({"builder": None, "origin": "CN"})
    'from China'
    """
    home = country_name(found["origin"]) if found["origin"] else None
    if found["builder"] is None:
        return f"from {home}"
    name = printable(short_name(found["builder"]["name"]))
    return f"{name} ({home})" if home else name


def harmless(cell: object) -> str:
    """A cell no spreadsheet runs as a formula; numbers stay numbers.

    >>> harmless("=1+1"), harmless("HAAS"), harmless(-3.5)
    ("'=1+1", 'HAAS', '-3.5')
    """
    if not isinstance(cell, str):
        return str(cell)
    return no_formula(printable(cell))


def no_formula(text: str) -> str:
    """Text with an apostrophe before whatever a spreadsheet would run, wherever a cell may begin.

    >>> no_formula("=1+1"), no_formula("HAAS"), no_formula("hall;=1+1;.mp4")
    ("'=1+1", 'HAAS', "hall;'=1+1;.mp4")
    """
    safe = "".join(_FORMULA.sub("'", cell) for cell in _CELLS.split(text))
    return f"'{safe}" if _BLANK.match(safe) else safe


def printable(text: str) -> str:
    """Text with whatever would steer a terminal, or cannot be shown, made visible.

    >>> printable("HA\\x1b[31mAS")
    'HA\\ufffd[31mAS'
    """
    return _CONTROLS.sub("\ufffd", text)


def chance(probability: float) -> str:
    """A probability in two decimals, never rounded up to certainty.

    >>> chance(0.934), chance(0.9999), chance(1.0)
    ('0.93', '>0.99', '1.00')
    """
    return ">0.99" if 0.995 <= probability < 1 else f"{probability:.2f}"


def named(machine: Mapping[str, Any]) -> str:
    """Who built a machine, in a few words; of an unknown builder what its plate or a lead says.

    >>> plate = {"code": "CN", "basis": "plate", "grade": "B"}
    >>> named({"builder": None, "origin": plate})
    'builder unknown, origin China from the plate'

    >>> lead = {"builder": {"name": "HISION"}, "origin": "CN", "probability": 0.6}
    >>> named({"builder": None, "origin": None, "leads": [lead]})
    'unknown, perhaps HISION (China)'
    """
    builder, origin = machine["builder"], machine["origin"]
    if builder is not None:
        name = printable(short_name(builder["name"]))
        return f"{name} (a seller's badge)" if builder["type"] == "rebadger" else name
    if origin:
        return f"builder unknown, origin {country_name(origin['code'])} from the plate"
    likely = (one for one in machine.get("leads", ())[:1] if one["probability"] >= PERHAPS)
    return next((f"unknown, perhaps {lead_says(one)}" for one in likely), "unknown")


def origin_told(machine: Mapping[str, Any]) -> str:
    """Where a machine comes from, and how that is known.

    >>> origin_told({"origin": {"code": None, "basis": "rebadger", "grade": "B"}})
    "not known: a seller's badge, on machines that others made"
    """
    origin = machine["origin"]
    if origin is None:
        return "unknown"
    code, basis = origin["code"], origin["basis"]
    home = country_name(code) if code else ""
    if basis == "plate":
        return f"{home} from the plate, grade {origin['grade']}"
    if basis == "builder":
        return f"{home}, the builder's home"
    return f"{home}, where the makers behind the seller's badge are" if code else _NOT_KNOWN


def surest(machine: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A machine's readings, each text once and at its best: first what is cited, then the
    longest."""
    cited = [part["text"] for part in machine["evidence"]]
    best: dict[str, Mapping[str, Any]] = {}
    for reading in sorted(machine["readings"], key=lambda part: -part["score"]):
        if len(reading["text"]) > 1 or reading["text"] in cited:
            best.setdefault(reading["text"], reading)
    texts = sorted(best, key=lambda text: ([*cited, text].index(text), -len(text)))
    return [best[text] for text in texts]


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number of things.

    >>> counted(1, "machine"), counted(0, "machine"), counted(2, "match", "matches")
    ('1 machine', '0 machines', '2 matches')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def rate(frames: str) -> str:
    """Frames a second, a fraction, as people say them.

    >>> rate("25"), rate("24000/1001"), rate("91000000/3033333")
    ('25', '23.98', '30')
    """
    return f"{float(Fraction(frames)):.2f}".rstrip("0").rstrip(".")


def clock(seconds: float) -> str:
    """Seconds as a player shows them, to a tenth.

    >>> clock(83.25), clock(3725.0)
    ('1:23.2', '1:02:05.0')
    """
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    small = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{small}" if hours else f"{minutes}:{small}"
