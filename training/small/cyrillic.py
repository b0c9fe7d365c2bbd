"""Trains the head that reads Cyrillic (`detector.read.cyrillic`), from lines drawn and
photographed.

    python -m training.small.cyrillic DATA OUT --faces DIR --words FILE [--words FILE ...]

DATA holds `train/` and `val/`; typefaces and Hunspell dictionaries are Debian's, say. The
recogniser looks at each line once and stays as it is; what it saw is kept in OUT/lines, so a run
begun again goes on. One family of typefaces in five and one word in ten are kept aside to measure
with, as are the photographs of `val`. OUT/head.xml, head.bin and head.json are what ships.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.errors import UsageError
from datasets.registry import load_registry
from detector.read.cyrillic import OWN, SHAPES, CyrillicHead, decode, is_believed
from detector.read.line_reader import RecogniserNetwork
from detector.read.lines import MODELS, LineFinder
from detector.read.reader import RECOGNITION, pad_line
from detector.settings import Settings
from training.evaluate.report import keep_run
from training.export import write_traced
from training.fit import Batch, Step, TrainingPlan, fit
from training.marks.cuts import can_draw, find_faces
from training.small.cyrillic_lines import (
    SURE,
    CyrillicLine,
    Drawer,
    photographed,
    read_grounds,
    read_words,
    shapes_of,
)
from training.vendor import open_torch

SEEN = 504
WIDTH = 192
"""Numbers a step is thought of in, inside the head."""
BATCH, RATE, DECAY = 64, 1.5e-3, 0.02
SHARD = 500
PHOTOGRAPHED = 3
"""Times a photographed line counts, for once a drawn one: its wear and type are true ones."""
KEPT_ASIDE = 10
"""One word in so many is drawn only to measure."""
SMALL, LARGE = 12.0, 20.0
"""Heights of letters, pixels, that separate the measures."""


@dataclass(slots=True)
class SeenLine:
    """A line as the recogniser saw it: `seen` (steps, 504), and what it said of it."""

    kind: str
    shapes: str
    height: float
    seen: NDArray[np.float16]
    said: str
    sure: float


@dataclass(frozen=True, slots=True)
class CyrillicPlan:
    """What a run was asked for; a run begun again must be the same."""

    recogniser: str
    drawn: int
    measured: int
    faces: int
    words: int
    epochs: int
    seed: int


def is_kept_aside(family: str) -> bool:
    """Whether a family of typefaces is drawn in only to measure; by the hash of its name."""
    return int(hashlib.sha256(family.encode()).hexdigest(), 16) % 5 == 0


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    asked.add_argument("data", type=Path)
    asked.add_argument("out", type=Path)
    asked.add_argument("--faces", type=Path, required=True, help="a folder of typefaces")
    asked.add_argument("--words", type=Path, required=True, action="append", help="a .dic file")
    asked.add_argument("--drawn", type=int, default=24000, help="lines to learn from")
    asked.add_argument("--measured", type=int, default=2000, help="lines to measure on")
    asked.add_argument("--epochs", type=int, default=14)
    asked.add_argument("--seed", type=int, default=0)
    said = asked.parse_args()
    seer = RecogniserNetwork(MODELS / RECOGNITION)
    families = _families(said.faces)
    words = read_words(said.words)
    count = sum(map(len, families.values()))
    run = CyrillicPlan(
        seer.sha256, said.drawn, said.measured, count, len(words), said.epochs, said.seed
    )
    (said.out / "lines").mkdir(parents=True, exist_ok=True)
    keep_run(said.out / "asked.json", asdict(run))
    grounds = read_grounds(said.data, "train")
    for aside, number in ((False, said.drawn), (True, said.measured)):
        faces = [files for name, files in families.items() if is_kept_aside(name) == aside]
        own = [word for i, word in enumerate(words) if (i % KEPT_ASIDE == 0) == aside]
        drawer = Drawer(own, load_registry(), faces, grounds)
        for first in range(0, number, SHARD):
            print(_draw(said.out, drawer, said.seed, aside, number, first), flush=True)
    for split in ("train", "val"):
        _photograph(said.out, said.data, split, seer)
    network = _teach(run, said.out)
    _export(run, network, said.out)
    measured = measure(said.out)
    card = json.loads((said.out / "head.json").read_text("utf-8")) | {"measured": measured}
    (said.out / "head.json").write_text(
        json.dumps(card, indent=1, ensure_ascii=False) + "\n", "utf-8"
    )
    print(json.dumps(measured, indent=1, ensure_ascii=False))


def _families(folder: Path) -> dict[str, list[Path]]:
    """Typefaces that have Cyrillic, by the folder they lie in: a family."""
    families: dict[str, list[Path]] = {}
    for face in find_faces(folder):
        if can_draw(face, OWN + OWN.lower()):
            families.setdefault(face.parent.name, []).append(face)
    if {is_kept_aside(name) for name in families} != {True, False}:
        raise UsageError(f"{folder}: too few families with Cyrillic to keep any aside")
    return families


def _draw(out: Path, drawer: Drawer, seed: int, aside: bool, end: int, first: int) -> Path:
    """Some of `end` drawn lines from the `first` on, looked at; as it was if made before."""
    file = out / "lines" / f"{'aside' if aside else 'drawn'}-{first // SHARD:03}.npz"
    if not file.is_file():
        cv2.setNumThreads(1)
        seer = RecogniserNetwork(MODELS / RECOGNITION, 1)
        numbers = range(first, min(end, first + SHARD))
        _write(file, [_look(seer, drawer.draw(seed + aside, n)) for n in numbers])
    return file


def _photograph(out: Path, data: Path, split: str, seer: RecogniserNetwork) -> None:
    """The lines of a split's photographs, and each in the mirror, to be read as nothing."""
    file = out / "lines" / f"photographed-{split}.npz"
    if file.is_file():
        return
    finder = LineFinder(Settings().reading)
    lines = []
    for number, found in enumerate(photographed(data, split, finder)):
        for line in found:
            seen = _look(seer, line)
            if line.kind == "line":
                seen.shapes = shapes_of(seen.said) if seen.sure >= SURE else "?"
            lines.append(seen)
            mirrored = np.ascontiguousarray(line.picture[:, ::-1])
            lines.append(_look(seer, CyrillicLine("mirrored", "", mirrored)))
        if number % 100 == 0:
            print(f"{file}: {number} photographs, {len(lines)} lines", flush=True)
    _write(file, lines)


def _look(seer: RecogniserNetwork, line: CyrillicLine) -> SeenLine:
    letters, seen = seer.look(pad_line(line.picture))
    said, sure = decode(letters, seer.letters)
    return SeenLine(line.kind, line.shapes, line.height or 0.0, seen.astype(np.float16), said, sure)


def _write(file: Path, lines: Sequence[SeenLine]) -> None:
    part = file.with_suffix(".part")
    with part.open("wb") as opened:
        np.savez(
            opened,
            seen=np.concatenate([line.seen for line in lines]),
            steps=np.array([len(line.seen) for line in lines]),
            told=np.array(
                [json.dumps([x.kind, x.shapes, x.height, x.said, x.sure]) for x in lines]
            ),
        )
    part.replace(file)


def read_seen(files: Sequence[Path]) -> list[SeenLine]:
    """Lines as `_write` left them."""
    found = []
    for file in files:
        with np.load(file) as held:
            parts = np.split(held["seen"], np.cumsum(held["steps"])[:-1])
            for seen, told in zip(parts, held["told"], strict=True):
                kind, shapes, height, said, sure = json.loads(str(told))
                found.append(SeenLine(kind, shapes, height, seen, said, sure))
    return found


def build_network() -> Any:
    """The head, in torch: (lines, steps, 504) to logits (lines, steps, shapes + 1)."""
    torch = open_torch()
    nn = torch.nn

    class Head(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.into = nn.LayerNorm(SEEN), nn.Linear(SEEN, WIDTH)
            self.beside = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 5, padding=2) for _ in range(2))
            self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))
            self.out, self.drop = nn.Linear(WIDTH, len(SHAPES) + 1), nn.Dropout(0.1)

        def forward(self, seen: Any) -> Any:
            now = self.drop(nn.functional.gelu(self.into(self.norm(seen))))
            for beside, norm in zip(self.beside, self.norms, strict=True):
                heard = beside(norm(now).transpose(1, 2)).transpose(1, 2)
                now = now + self.drop(nn.functional.gelu(heard))
            return self.out(now)

    return Head()


def _teach(run: CyrillicPlan, out: Path) -> Any:
    """The head after `epochs` over all lines, by connectionist temporal classification (Graves
    and others, 2006)."""
    torch = open_torch()
    torch.manual_seed(run.seed)
    lines = read_seen(sorted((out / "lines").glob("drawn-*.npz")))
    lines += read_seen([out / "lines" / "photographed-train.npz"]) * PHOTOGRAPHED
    # A line needs a step for each letter, and one between two that are the same.
    lines = [
        line for line in lines if line.shapes != "?" and 1.3 * len(line.shapes) < len(line.seen)
    ]
    each = len(lines) // BATCH
    widths = np.array([len(line.seen) for line in lines])
    ctc = torch.nn.CTCLoss(zero_infinity=True)

    def batch_at(step: int, share: float) -> Batch:
        epoch, place = divmod(step, each)
        rng = np.random.default_rng((run.seed, epoch))
        # Lines of like length together: less is padded.
        order = np.argsort(widths + rng.random(len(lines)) * 15)
        first = BATCH * int(rng.permutation(each)[place])
        return BATCH, [lines[i] for i in order[first : first + BATCH]]

    def loss_of(network: Any, batch: list[SeenLine]) -> tuple[Any, dict[str, float]]:
        steps = [len(line.seen) for line in batch]
        seen = np.zeros((len(batch), max(steps), SEEN), np.float32)
        for row, line in zip(seen, batch, strict=True):
            row[: len(line.seen)] = line.seen
        chances = torch.log_softmax(network(torch.from_numpy(seen)), -1).transpose(0, 1)
        wanted = [[SHAPES.index(c) + 1 for c in line.shapes] for line in batch]
        loss = ctc(
            chances,
            torch.tensor([c for line in wanted for c in line], dtype=torch.long),
            torch.tensor(steps),
            torch.tensor([len(line) for line in wanted]),
        )
        return loss, {}

    def show(step: Step) -> None:
        if step.samples % (each * BATCH) == 0:
            print(f"epoch {step.samples // (each * BATCH)}/{run.epochs}, loss {step.loss:.4f}")

    plan = TrainingPlan(run.epochs * each * BATCH, RATE, run.seed, DECAY)
    return fit(build_network(), loss_of, batch_at, plan, out / "checkpoint.pt", progress=show)


def _export(run: CyrillicPlan, network: Any, out: Path) -> None:
    torch = open_torch()
    card = {"recogniser": run.recogniser, "trained": asdict(run)}
    example = torch.zeros((1, 30, SEEN))
    head = torch.nn.Sequential(network, torch.nn.Softmax(-1)).eval()
    write_traced(head, out / "head.xml", example, (1, -1, SEEN), card)


def measure(out: Path) -> dict[str, Any]:
    """What the exported head makes of the lines kept aside, and of the photographs of `val`.

    By kind and height of letters: lines, how many are taken for Cyrillic, how many of them are
    read letter for letter (spaces aside). Of photographs, where none is, which are taken for it.
    """
    head = CyrillicHead(json.loads((out / "head.json").read_text("utf-8"))["recogniser"], 1, out)
    least = Settings().reading.cyrillic
    counts: dict[str, Counter[str]] = {}
    taken: list[str] = []
    aside = read_seen(sorted((out / "lines").glob("aside-*.npz")))
    for line in aside + read_seen([out / "lines" / "photographed-val.npz"]):
        shapes, sure = head.read(line.seen.astype(np.float32))
        drawn = line.height > 0
        own = bool(set(line.shapes) & set(OWN))
        kind = f"{line.kind}{' with own letters' if own and drawn else ''}{_size(line.height)}"
        count = counts.setdefault(kind, Counter())
        count["lines"] += 1
        if sure >= least and is_believed(shapes, sure, line.said, line.sure):
            count["taken for Cyrillic"] += 1
            count["exactly"] += shapes.replace(" ", "") == line.shapes.replace(" ", "")
            if not drawn:
                taken.append(f"{line.kind}: {line.said} ({line.sure:.2f}) as {shapes} ({sure:.2f})")
    return {"lines": {kind: dict(counts[kind]) for kind in sorted(counts)}, "photographs": taken}


def _size(height: float) -> str:
    """Of letters, for the table; nothing where their height is not known."""
    if not height:
        return ""
    bound = next((bound for bound in (SMALL, LARGE) if height < bound), None)
    return f" from {LARGE:g} px" if bound is None else f" under {bound:g} px"


if __name__ == "__main__":
    main()
