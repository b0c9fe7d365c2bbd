"""The legibility curve as data, as a drawing and as a page."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from datasets.registry import Registry
from detector.name.decide import Attributor
from detector.name.match import Matcher
from detector.read.reader import script_of
from detector.settings import Attributing
from detector.types import Reading
from training.evaluate.legibility import CHINESE, GROUPS, PAIRS, CurveClip, Measured
from training.evaluate.measures import Share, percent, share_of_groups
from training.evaluate.naming import OUTCOMES
from training.evaluate.report import as_json, write_text
from training.page import (
    SHARES,
    Axis,
    ChartFigure,
    ChartPoint,
    Curve,
    Document,
    Fact,
    Grid,
    Section,
    chart,
    render,
)

VERSION = 1
READABLE = 24
"""Pixels from which nine Chinese marks in ten shall be named."""
SETS: Mapping[str, tuple[str, ...]] = {
    "all": GROUPS, "chinese": CHINESE, **{group: (group,) for group in GROUPS}
}  # fmt: skip
NOTE = (
    "Made marks on real machines, each clip of 1.2 s looked at as nameplate analyze does. No "
    "reflections, dirt or camera blur: an upper bound for real footage of that height and rate. "
    "Height: of the letters' ink in a frame of 1280 x 720."
)


def as_dict(
    measured: Measured, told: Sequence[Lookalike], run: Mapping[str, str]
) -> dict[str, Any]:
    """What legibility.json holds.

    Each row of `curve`: a set of marks, a height in pixels (`None`: all), a bit rate in kbit/s
    (`None`: all), and of so many clips how many had each outcome; `share`, `low`, `high`: named
    right, with a 95 % interval for which whole marks are drawn anew: the clips of one mark show it
    on one machine in one style.
    """
    plan, clips = measured.plan, [c for c in measured.clips if c.part == "curve"]
    return {
        "version": VERSION,
        "note": NOTE,
        "run": dict(run),
        "plan": dataclasses.asdict(plan),
        "faces": measured.faces,
        "not_made": measured.not_made,
        "sample": {
            "marks": {group: len(marks) for group, marks in measured.sample.marks.items()},
            "left_out": dict(measured.sample.left_out),
        },
        "rates": {str(b): _mean([c.rate for c in clips if c.bitrate == b]) for b in plan.bitrates},
        "curve": [
            _row(name, height, bitrate, clips)
            for name in SETS
            for height in (None, *plan.heights)
            for bitrate in (None, *plan.bitrates)
        ],
        "chinese_from_24": _named(readable(measured)),
        "false_elsewhere": sum(len(c.elsewhere) for c in measured.clips),
        "pairs": pairs(measured),
        "lookalikes": [one.as_dict() for one in told],
        "clips": [dataclasses.asdict(clip) for clip in measured.clips],
    }


def readable(measured: Measured) -> list[CurveClip]:
    """Clips of Chinese marks `READABLE` pixels high or more."""
    return [c for c in measured.clips
            if c.part == "curve" and c.group in CHINESE and c.height >= READABLE]  # fmt: skip


def pairs(measured: Measured) -> list[dict[str, Any]]:
    """For each mark of `PAIRS` and height, how often each builder was named, or nobody.

    `confused`: named as one of the other marks' builders.
    """
    rivals = {builder for _, builder in PAIRS}
    rows = []
    for text, builder in PAIRS:
        for height in measured.plan.heights:
            clips = [c for c in measured.clips
                     if c.part == "pairs" and c.text == text and c.height == height]  # fmt: skip
            said = Counter(c.said or "unknown" for c in clips)
            confused = sum(n for name, n in said.items() if name in rivals - {builder})
            rows.append({"text": text, "builder": builder, "height": height, "clips": len(clips),
                         "said": dict(said), "confused": confused})  # fmt: skip
    return rows


def write(
    measured: Measured, told: Sequence[Lookalike], run: Mapping[str, str], out: Path
) -> list[Path]:
    """Writes legibility.json, legibility.svg and legibility.html.

    Raises:
        ResultError: the folder cannot be written.
    """
    drawn = by_bitrate(measured)
    return [
        write_text(out / "legibility.json", as_json(as_dict(measured, told, run))),
        write_text(out / "legibility.svg", drawn + "\n"),
        write_text(out / "legibility.html", _page(measured, told, drawn)),
    ]


def by_bitrate(measured: Measured) -> str:
    """The drawing: all marks named right against their height, a curve for each bit rate."""
    clips = [c for c in measured.clips if c.part == "curve"]
    curves = [
        _curve(f"{bitrate} kbit/s", [c for c in clips if c.bitrate == bitrate], measured)
        for bitrate in measured.plan.bitrates
    ]
    return _drawn("Named right by mark height and bit rate", curves, measured)


def _by_group(measured: Measured) -> str:
    clips = [c for c in measured.clips if c.part == "curve"]
    curves = [
        _curve(name, [c for c in clips if c.group in groups], measured)
        for name, groups in SETS.items()
        if len(groups) == 1 and any(c.group in groups for c in clips)
    ]
    return _drawn("Named right by mark height and script", curves, measured)


def _curve(name: str, clips: Sequence[CurveClip], measured: Measured) -> Curve:
    points = []
    for height in measured.plan.heights:
        here = [c for c in clips if c.height == height]
        share = _share(here)
        if share.value is not None:
            points.append(ChartPoint(height, share.value, *_interval(here)))
    return Curve(name, tuple(points))


def _drawn(title: str, curves: Sequence[Curve], measured: Measured) -> str:
    heights = tuple(float(h) for h in measured.plan.heights)
    if len(heights) == 1:
        heights = (heights[0], 2 * heights[0])
    across = Axis("height of the letters, pixels of a 1280 x 720 frame", heights, even=True)
    return chart(title, curves, across, Axis("named right", SHARES, percent=True))


def _page(measured: Measured, told: Sequence[Lookalike], drawn: str) -> str:
    clips = [c for c in measured.clips if c.part == "curve"]
    high, wrong = _share(readable(measured)), [c for c in clips if c.outcome == "wrong"]
    low, most = _interval(readable(measured))
    elsewhere = sum(len(c.elsewhere) for c in measured.clips)
    confused = sum(row["confused"] for row in pairs(measured))
    plan = measured.plan
    facts = [
        Fact(f"Chinese marks from {READABLE} px", percent(high.value),
             f"{high.hits} of {high.total}; {percent(low)} to {percent(most)}; aim: 90 %",
             "bad" if high.value is not None and high.value < 0.9 else "good"),
        Fact("named wrong", str(len(wrong)), f"of {len(clips)} clips", "bad" if wrong else "good"),
        Fact("false names beside it", str(elsewhere), "other sightings in the clips",
             "bad" if elsewhere else "good"),
        Fact("DMG, DMG MORI, DMTG confused", str(confused),
             f"of {sum(c.part == 'pairs' for c in measured.clips)} clips",
             "bad" if confused else "good"),
        Fact("machines written on", str(measured.faces), f"{measured.not_made} clips not made"),
    ]  # fmt: skip
    rates = ", ".join(
        f"{b}: {_mean([c.rate for c in clips if c.bitrate == b]):.0f}" for b in plan.bitrates
    )
    left = ", ".join(f"{count} {why}" for why, count in measured.sample.left_out.items())
    parts = [
        Section(
            "The curve",
            (f"Bit rates asked for and written, kbit/s: {rates}.",),
            (
                ChartFigure(drawn, "All marks, a curve for each bit rate; 95 %, marks drawn anew."),
                ChartFigure(
                    _by_group(measured), "All bit rates together, by whose mark and its script."
                ),
            ),
            tuple(_cells(name, groups, clips, measured) for name, groups in SETS.items()),
        ),
        Section(
            "Marks one letter apart", (f"At {plan.middle} kbit/s.",), (), (_pair_grid(measured),)
        ),
        Section(
            "Texts that look like marks",
            ("Read once and surely on a machine; no picture.",),
            (),
            (_lookalike_grid(told),),
        ),
        Section("Named wrong", (), (), (_wrong_grid(wrong),)),
        Section("The sample", (f"Wordmarks of the registry left out: {left}.",)),
    ]
    return render(Document("How high a mark must be to be named", NOTE, facts, parts))


def _cells(
    name: str, groups: Sequence[str], clips: Sequence[CurveClip], measured: Measured
) -> Grid:
    own = [c for c in clips if c.group in groups]
    rows = []
    for height in measured.plan.heights:
        here = [c for c in own if c.height == height]
        shares = [Share(sum(c.outcome == outcome for c in here), len(here)) for outcome in OUTCOMES]
        by_rate = [_share([c for c in here if c.bitrate == b]) for b in measured.plan.bitrates]
        rows.append(
            [
                f"{height} px",
                *(str(share) for share in shares),
                *(percent(s.value) for s in by_rate),
            ]
        )
    head = ("height", *OUTCOMES, *(f"right at {b}k" for b in measured.plan.bitrates))
    return Grid(head, rows, name, folded=name not in ("all", "chinese"))


def _lookalike_grid(told: Sequence[Lookalike]) -> Grid:
    rows = [
        [t.text, t.expected or "nobody", t.said or "unknown", "wrong" if t.wrong else ""]
        for t in told
    ]
    return Grid(("text", "may name", "said", ""), rows)


def _pair_grid(measured: Measured) -> Grid:
    rows = [
        [row["text"], f"{row['height']} px", str(row["clips"]),
         ", ".join(f"{name} {count}" for name, count in sorted(row["said"].items())),
         "wrong" if row["confused"] else ""]
        for row in pairs(measured)
    ]  # fmt: skip
    return Grid(("mark", "height", "clips", "said", ""), rows)


def _wrong_grid(wrong: Sequence[CurveClip]) -> Grid:
    rows = [
        [c.picture.removeprefix("images/"), c.text, c.builder, c.said or "", f"{c.height} px",
         f"{c.bitrate}k", " / ".join(c.readings[:6])]
        for c in wrong
    ]  # fmt: skip
    head = ("picture", "mark", "builder", "said", "height", "bit rate", "read")
    return Grid(head, rows or [["none"] + [""] * (len(head) - 1)])


def _row(
    name: str, height: int | None, bitrate: int | None, clips: Sequence[CurveClip]
) -> dict[str, Any]:
    own = [
        c
        for c in clips
        if c.group in SETS[name] and height in (None, c.height) and bitrate in (None, c.bitrate)
    ]
    counts = {str(o): sum(c.outcome == o for c in own) for o in OUTCOMES}
    named = _named(own)
    return {
        "marks": name, "height": height, "bitrate": bitrate, "clips": len(own), **counts,
        **{key: named[key] for key in ("share", "low", "high")},
    }  # fmt: skip


def _named(clips: Sequence[CurveClip]) -> dict[str, object]:
    low, high = _interval(clips)
    return {**_share(clips).as_dict(), "low": round(low, 4), "high": round(high, 4)}


def _interval(clips: Sequence[CurveClip]) -> tuple[float, float]:
    return share_of_groups([c.outcome == "right" for c in clips], [c.text for c in clips])


def _share(clips: Sequence[CurveClip]) -> Share:
    return Share(sum(c.outcome == "right" for c in clips), len(clips))


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 1) if values else 0.0


SURE = 0.99
# Text and who may be named by it. A builder the registry lacks is expected of no text.
TEXTS: tuple[tuple[str, str | None], ...] = (
    ("DMTG", "dmtg"), ("DMG MORI", "dmg-mori"), ("DMG", None), ("DMIG", None), ("OMTG", None),
    ("大连机床", "dmtg"), ("沈阳机床", "smtcl"), ("机床", None), ("沈阳", None), ("大连", None),
    ("ЗВЕЗДА", None), ("3BE3DA", None), ("STAR", None), ("STARTER", None), ("ТОР", None),
    ("MAS", None), ("CHRISTMAS", None), ("THOMAS", None), ("TOS", None), ("PHOTOS", None),
    ("INDEX", None), ("TOP", None), ("FIRST", None), ("VICTOR", None), ("BROTHER", None),
    ("FANUC", None), ("SIEMENS", None), ("HEIDENHAIN", None), ("ЦЕХ", None), ("安全生产", None),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lookalike:
    """What one text alone was taken for; `wrong` where a builder was named that it is not."""

    text: str
    expected: str | None
    said: str | None

    @property
    def wrong(self) -> bool:
        return self.said is not None and self.said != self.expected

    def as_dict(self) -> dict[str, object]:
        return {
            "text": self.text, "expected": self.expected, "said": self.said, "wrong": self.wrong
        }  # fmt: skip


def tell_apart(registry: Registry, settings: Attributing) -> list[Lookalike]:
    """Each of `TEXTS` read once and surely on a machine, and who is named by it."""
    attributor = Attributor(Matcher(registry), registry, settings)
    told = []
    for text, expected in TEXTS:
        reading = Reading(text, SURE, (0.0, 0.0, 100.0, 20.0), Fraction(0), script_of(text))
        told.append(Lookalike(text, expected, attributor.attribute([reading]).builder))
    return told
