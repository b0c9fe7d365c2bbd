"""The tables of docs/registry.md: how often a text is taken for a builder's mark, and how fast.

python -m bench.names [--shared FOLDER] [--words FILE]... [--registry FILE]...

Texts that name no builder are tests/detector/strangers.txt, the names of the plants and every
word of the documentation strings of eight packages that the project installs anyway. With the
folder of labelled photographs the marks of real machines are measured too, with files of words
(one a line) those words. What would be named on a machine is printed with whom it is named as.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from bench import arguments
from datasets.plants import load_plants
from datasets.registry import Registry, id_of_label, load_registry
from detector.matching.match import Match, Matcher
from detector.naming.attribute import Attributor
from detector.read.reader import script_of
from detector.settings import Settings
from detector.types import Reading

STRANGERS = Path(__file__).parent.parent / "tests" / "detector" / "strangers.txt"
PACKAGES = ("numpy", "scipy", "pydantic", "hypothesis", "rich", "sympy", "matplotlib", "torch.nn")
_WORD = re.compile(r"[A-Za-z]{3,}")
SPLITS = ("train", "val")


def main() -> None:
    parser = arguments("bench.names", __doc__)
    parser.add_argument("--shared", type=Path, help="folder with data/train and data/val")
    parser.add_argument("--words", type=Path, nargs="*", default=[], metavar="FILE")
    parser.add_argument("--registry", type=Path, nargs="*", default=[], metavar="FILE")
    given = parser.parse_args()
    registry = load_registry(*given.registry)
    matcher = Matcher(registry)
    wordmarks = sum(len(entry.wordmarks) for entry in registry)
    print(f"{len(registry)} entries, {wordmarks} wordmarks, digest {registry.digest[:12]}\n")
    attributor = Attributor(matcher, registry, Settings().attributing)
    print(
        "| texts | number | any match | a builder without need of a second cue |"
        " named, twice on a machine | which |"
    )
    print("|---|---|---|---|---|---|")
    strangers = _strangers()
    _row("strangers", strangers, attributor, matcher)
    _row("plants", _plants(), attributor, matcher)
    _row("English words", sorted(_english()), attributor, matcher)
    for file in given.words:
        words = dict.fromkeys(file.read_text("utf-8").split("\n")[:-1])
        _row(file.stem, [*words], attributor, matcher)
    if given.shared is not None:
        print()
        for split in SPLITS:
            _real(given.shared / "data" / split / "annotations.jsonl", registry, matcher)
    print(f"\n{_seconds(strangers, registry) * 1000:.2f} ms of one core a new text")


def _strangers() -> list[str]:
    lines = STRANGERS.read_text("utf-8").splitlines()
    return [line for line in lines if line and line[0] != "#"]


def _plants() -> list[str]:
    return [text for plant in load_plants() for text in (plant.name, plant.name_ru, plant.city)]


def _english() -> set[str]:
    """Every word of three letters or more in the docstrings of PACKAGES, in upper case."""
    return {
        word.upper()
        for package in PACKAGES
        for text in _docstrings(package)
        for word in _WORD.findall(text)
    }


def _docstrings(package: str) -> Iterator[str]:
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise SystemExit(f"{package} is not installed; say: make .venv/full")
    for file in sorted(Path(found.submodule_search_locations[0]).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield ast.get_docstring(node, clean=False) or ""


def _alone(matches: Iterable[Match]) -> bool:
    return any(not match.needs_second_cue and match.type != "control" for match in matches)


def _row(name: str, texts: list[str], attributor: Attributor, matcher: Matcher) -> None:
    found = {text: matches for text in texts if (matches := matcher.match(text))}
    alone = [text for text, matches in found.items() if _alone(matches)]
    named = [(text, id) for text in found if (id := _named(text, attributor))]
    part = len(found) / len(texts)
    print(
        f"| {name} | {len(texts)} | {len(found)} ({part:.1%}) "
        f"| {len(alone)} ({len(alone) / len(texts):.2%}) "
        f"| {len(named)} ({len(named) / len(texts):.3%}) "
        f"| {', '.join(f'{text} ({id})' for text, id in named)} |",
        flush=True,
    )


def _named(text: str, attributor: Attributor) -> str | None:
    """Whom a machine is of on which a text is read surely, in two views, and nothing else."""
    script, width = script_of(text), 18.0 * len(text)
    first = Reading(text, 0.97, (0.0, 0.0, width, 30.0), Fraction(0), script)
    second = replace(first, box=(400.0, 300.0, 400.0 + 1.2 * width, 336.0), pts=Fraction(2))
    return attributor.attribute([first, second]).builder


def _real(file: Path, registry: Registry, matcher: Matcher) -> None:
    """The marks and series of one split against the registry's entries."""
    if not file.is_file():
        raise SystemExit(f"{file}: not there; give the folder that holds data/train and data/val")
    marks: list[tuple[str, str]] = []
    series: list[tuple[str, str]] = []
    strange: list[str] = []
    for picture in map(json.loads, file.read_text("utf-8").splitlines()):
        for mark in picture["marks"]:
            if not mark["legible"] or not mark["text"] or mark["of"] is None:
                continue
            builder = picture["machines"][mark["of"]]["builder"] or ""
            builder = id_of_label(builder, registry)
            if mark["role"] == "builder" and builder in registry:
                marks.append((mark["text"], builder))
            elif mark["role"] == "series" and builder in registry:
                series.append((mark["text"], builder))
            elif mark["role"] == "builder" and builder:
                strange.append(mark["text"])
    found = [(text, builder, matcher.match(text)) for text, builder in marks]
    right = [item for item in found if any(match.id == item[1] for match in item[2])]
    alone = [
        1 for _, builder, ms in right if any(m.id == builder and not m.needs_second_cue for m in ms)
    ]
    wrong = [t for t, b, ms in found if any(m.id != b and m.type != "control" for m in ms)]
    missed = sorted(text for text, builder, ms in found if all(m.id != builder for m in ms))
    told = sum(any(m.id == builder for m in matcher.match(text)) for text, builder in series)
    print(
        f"{file.parent.name}: {len(marks)} marks, {len(right)} right "
        f"({len(right) / len(marks):.0%}), {len(alone)} of these alone, "
        f"{len(wrong)} name another: {wrong}; missed {missed}; {told} of {len(series)} series right"
    )
    touched = {text: [m.id for m in ms] for text in strange if (ms := matcher.match(text))}
    print(f"  {len(strange)} marks of builders not in the registry; touched: {touched}")


def _seconds(texts: list[str], registry: Registry) -> float:
    fresh = Matcher(registry)
    start = time.process_time()
    for text in texts:
        fresh.match(text)
    return (time.process_time() - start) / len(texts)


if __name__ == "__main__":
    main()
