"""Texts that are easily taken for a builder's mark: drawn, worn, read, and what is said of them.

python -m bench.pitfalls [--each N] [--seed S]

Each text is drawn as the footage maker draws marks, worn as archives are, read by the reader
that ships and weighed as the only text of a machine, with a model code beside it and without:
a code lets a short mark name its builder, so it is the harder trial. `right` stands only where a
builder should be named.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from bench import arguments
from datasets.registry import load_registry
from detector.matching.match import Matcher
from detector.naming.attribute import Attributor
from detector.read.logos import Recogniser
from detector.read.reader import Reader, cut_marks
from detector.settings import Settings
from detector.types import Likeness, Reading
from training.small.confusions import draw_worn

CODE = "KX650"
"""A model code that no entry of the registry has."""


@dataclass(frozen=True, slots=True)
class Pitfall:
    """Texts of one sort and the builder each should be said to be of; None: nobody."""

    name: str
    texts: tuple[str, ...]
    truth: str | None = None


PITFALLS = (
    Pitfall("DMG", ("DMG",), "dmg"),
    Pitfall("DMG MORI", ("DMG MORI",), "dmg-mori"),
    Pitfall("DMTG", ("DMTG",), "dmtg"),
    Pitfall("大连机床", ("大连机床",), "dmtg"),
    Pitfall("ЗВЕЗДА and its readings, for STAR", ("ЗВЕЗДА", "3BE3DA", "ZVEZDA", "ЗВЕЗДА ТВ")),
    Pitfall(
        "MAS and TOS inside longer words",
        ("PHOTOS", "ATMOS", "CHRISTMAS", "MASTER", "THOMAS", "DAMAS", "TOSCA", "LOTOS", "MASSIV",
         "MASTERCAM", "TOSLINK", "COSMOS"),
    ),
    Pitfall(
        "INDEX, STAR, TOP in a sentence",
        ("INDEX OF PARTS", "SEE INDEX PAGE 4", "FIVE STAR SERVICE", "STAR TREK", "ON TOP OF IT",
         "TOP QUALITY", "PRICE INDEX 2024", "A STAR IS BORN"),
    ),
    Pitfall(
        "plants, dealers and tool makers",
        ("УРАЛВАГОНЗАВОД", "КАМАЗ", "ИРКУТ", "САЛЮТ", "АЛМАЗ-АНТЕЙ", "SANDVIK", "ISCAR", "SECO",
         "KENNAMETAL", "BLASER", "SCHUNK", "RENISHAW", "ФИНВАЛ", "ГАЛИКА", "АБАМЕТ", "KNOLL"),
    ),
    Pitfall(
        "builders that are not in the registry",
        ("EME SEIKI", "SKITEK", "POWERMAX", "PHILLIPS", "DONGS", "TOP WINNER", "LVS",
         "GANESH", "HABRAMA", "SKYMASTER", "HOMMA", "CYCLONE",
         "JAGUAR", "FALCO", "PRIDE", "GLORYMAQ"),
    ),
    Pitfall(
        "names of nobody, near a builder's",
        ("FADELL", "HAASEN", "OKUNDA", "HURKEN", "GOODMAN", "NAKAMOTO", "HANWEI", "TRIUMPH",
         "BYSTRON", "CHIRAN", "SPINNERI", "TAKESHITA", "TAKUMA", "SODICAR", "MAKITA",
         "DANUBIA", "TORNADO", "STARRATT", "KITAMURO", "MORISE", "BROTHERS", "CITIZENS",
         "MAZDA", "HERMAN", "GROB-ELEVATOR", "INDEXA", "FEELING", "LEADWALL"),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tools:
    """What every text goes through."""

    reader: Reader
    recogniser: Recogniser
    attributor: Attributor


TRIALS = ("letters", "looks", "code")


def measure(pitfall: Pitfall, each: int, seed: int, tools: Tools) -> Counter[tuple[str, str]]:
    """Counts of (outcome, trial): right, unknown, wrong, unread."""
    counts: Counter[tuple[str, str]] = Counter()
    registry = load_registry()
    for i in range(each):
        rng = np.random.default_rng((seed, i))
        text = pitfall.texts[i % len(pitfall.texts)]
        picture, box = draw_worn(text, rng)
        lines = cut_marks(picture, [box])
        read = tools.reader.read_lines(lines, Fraction(0))
        likenesses = [
            Likeness(seen.nearest, str(seen.mark), tools.recogniser.weight(seen), Fraction(0), box)
            for seen in tools.recogniser.recognise([line.picture[:, :, ::-1] for line in lines])
            if seen.nearest is not None
        ]
        code = Reading(CODE, 0.99, (box[0], box[3] + 2, box[2], 2 * box[3] - box[1]), Fraction(0),
                       "latin")  # fmt: skip
        for trial in TRIALS:
            if not read:
                counts["unread", trial] += 1
                continue
            texts = [replace(r, box=box) for r in read] + [code] * (trial == "code")
            looks = likenesses if trial != "letters" else []
            said = tools.attributor.attribute(texts, likenesses=looks).builder
            truth = pitfall.truth
            right = said is not None and said == truth
            outcome = "right" if right else "unknown" if said is None else "wrong"
            if outcome == "wrong" and said is not None:
                what = f"{text} read {[r.text for r in read]} said {registry.get(said).id}"
                print(f"  wrong by {trial}: {what}")
            counts[outcome, trial] += 1
    return counts


def main() -> None:
    asked = arguments("bench.pitfalls", __doc__)
    asked.add_argument("--each", type=int, default=96, help="drawings of each sort")
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--json", type=Path, help="write the counts here too")
    said = asked.parse_args()
    settings, registry = Settings(), load_registry()
    attributor = Attributor(Matcher(registry), registry, settings.attributing)
    tools = Tools(Reader(settings.reading), Recogniser(registry=registry), attributor)
    further = "by looks too: right | wrong | with a code: right | wrong"
    print(f"| text | drawn | unread | right | unknown | wrong | {further} |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    found: dict[str, dict[str, int]] = {}
    for pitfall in PITFALLS:
        counts = measure(pitfall, said.each, said.seed, tools)
        cells = [counts[name, "letters"] for name in ("unread", "right", "unknown", "wrong")]
        cells += [counts[name, trial] for trial in TRIALS[1:] for name in ("right", "wrong")]
        print(f"| {pitfall.name} | {said.each} | " + " | ".join(map(str, cells)) + " |", flush=True)
        found[pitfall.name] = {f"{a} by {b}": n for (a, b), n in counts.items()}
    if said.json:
        said.json.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
