"""The rows of `docs/statistics.md` on whole worlds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lab.world.reckon import Reckoned

BEGIN = "<!-- world: made by python -m lab.world -->\n"
END = "<!-- end of world -->\n"


def publish(page: Path, worlds: Sequence[Reckoned]) -> None:
    """Puts the table in place of the one between the page's markers."""
    text = page.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(before + BEGIN + "\n" + table(worlds) + "\n" + END + after, "utf-8")


def table(worlds: Sequence[Reckoned]) -> str:
    """A column for each world, a row for each number."""
    head = [f"{one.share:.0%} Chinese".replace("%", " %") for one in worlds]
    lines = ["| | " + " | ".join(head) + " |", "|---|" + "---|" * len(worlds)]
    for name, tell in ROWS:
        lines.append(f"| {name} | " + " | ".join(tell(one) for one in worlds) + " |")
    names = dict.fromkeys(name for one in worlds for name in one.estimators)
    for name in names:
        if name.startswith(TOLD):
            continue
        cells = [
            held(one, one.estimators[name]) if name in one.estimators else "lacking"
            for one in worlds
        ]
        lines.append(f"| another estimator, of the machines found: {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


TOLD = ("stratified", "naive")
"""Estimators that have a row of their own."""


def share(value: float | None) -> str:
    """As a percentage."""
    return "none" if value is None else f"{100 * value:.1f} %"


def span(interval: tuple[float, float]) -> str:
    """An interval as percentages."""
    return f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f} %"


def held(one: Reckoned, interval: tuple[float, float]) -> str:
    """An interval and whether it holds the true share."""
    return f"{span(interval)}: {'holds it' if one.holds(interval) else '**does not hold it**'}"


ROWS: tuple[tuple[str, Callable[[Reckoned], str]], ...] = (
    (
        "machines in view, of those planned",
        lambda w: f"{w.in_view} of {w.planned}",
    ),
    (
        "of them nowhere legible",
        lambda w: f"{w.unreadable} ({share(w.unreadable / w.in_view)})",
    ),
    (
        "**true share of Chinese ones in view**",
        lambda w: f"**{share(w.truth)}** ({w.chinese} of {w.in_view})",
    ),
    ("**the answer's interval**", lambda w: f"**{held(w, w.interval)}**"),
    ("of the machines found alone", lambda w: held(w, w.found_interval)),
    ("bounds from claims and verdicts as they are", lambda w: held(w, w.bounds)),
    (
        "naive (claims taken for truth)",
        lambda w: f"{share(w.naive[0])}, {held(w, w.naive[1:])}",
    ),
    ("the sentence", lambda w: w.sentence),
    (
        "machines confirmed Chinese; of them not Chinese",
        lambda w: f"{w.confirmed}; {w.confirmed_wrong}",
    ),
    (
        "share that would have been noticed",
        lambda w: f"{share(w.noticed)} ({w.controls[0]} of {w.controls[1]} controls came out)",
    ),
    ("machines of which something was found", lambda w: f"{w.found} of {w.in_view}"),
    (
        "missed altogether, estimated (at most); true",
        lambda w: f"{share(w.missed[0])} ({share(w.missed[1])}); {share(1 - w.found / w.in_view)}",
    ),
    ("machines counted", lambda w: str(w.counted)),
    (
        "of them holding more than one; Chinese together with others",
        lambda w: f"{w.merged}; {w.merged_mixed}",
    ),
    (
        "parts too many; of Chinese machines",
        lambda w: f"{w.split}; {w.split_chinese}",
    ),
    ("sightings; of nothing", lambda w: f"{w.sightings}; {w.false}"),
    (
        "sightings with a builder; a wrong one",
        lambda w: f"{w.named}; {w.named_wrong}",
    ),
    (
        "sightings claimed Chinese; wrongly",
        lambda w: f"{w.claims}; {w.claims_wrong}",
    ),
    (
        "machines drawn and judged; frames drawn and judged; with a machine",
        lambda w: f"{w.drawn}; {w.frames[0]}; {w.frames[1]}",
    ),
    (
        "verdicts; settled on a wrong builder; as unknown although legible",
        lambda w: f"{w.verdicts}; {w.misjudged}; {w.unsure}",
    ),
)
