"""Labelled and other pictures in, the scout out: a small network that passes frames over.

It is the first layers of a YOLO with a head of two outputs: whether the frame shows a machine
tool or a builder's mark, and where. The second only helps it learn to see machines far away.

Its threshold is chosen on pictures that it did not learn from. The sources of `train` are divided
into three; two networks learn from two thirds each and look at the third. The network that
ships learns from all. `scout.json` holds the curve of what is lost against what is passed over.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.photographs.annotations import read_photographs, split_folder
from detector.inference import core
from detector.types import MACHINE, MANUAL, WORDMARK, Picture
from training.export import converted, write_files
from training.fit import Step, TrainingPlan, fit
from training.machines.material import in_fold, labels_of
from training.machines.scout_network import CELL, SIZE, new_scout, scaled_pictures, shipped_scout
from training.machines.views import Labelled, as_filmed, coloured, cut, mirrored
from training.pictures import read_picture, scale_within
from training.results import keep_run
from training.vendor import every_instruction, has_bfloat16, open_torch, pick_device

LONGEST = 320
"""Longer side at which a picture is kept, pixels."""
SAMPLES = 100_000
BATCH = 64
RATE = 1.25e-3
FOLDS, JUDGED = 3, 2
"""The sources of `train` are divided into so many folds; so many of them choose the threshold."""
SHOWN, HARD = 0.5, 0.28
"""Shares of views that are of pictures with something, and of `train` without; the rest: `pool`."""
LOSSES = (0.0025, 0.005, 0.01, 0.02, 0.05, 0.1)
"""Points of the curve: shares of shots with a CNC machine that are passed over."""
STATED_LOSS = 0.005
"""What the shipped threshold may lose: one in 200."""
KEYFRAMES = 2
"""Of a shot, as the threshold is chosen: a picture, looked at so often as filmed, is a shot. It is
passed on if any of its keyframes is."""


class SmallFrame(NamedTuple):
    """A picture at most `LONGEST` wide or high, its boxes, and whose it is.

    pool: it is of `pool`, far from machines; else of `train`, where others are like them.
    """

    source: str
    picture: Picture
    labelled: Labelled
    pool: bool = False

    @property
    def kinds(self) -> set[int]:
        return set(self.labelled.classes.tolist())

    @property
    def shows_something(self) -> bool:
        return not self.kinds.isdisjoint(SOUGHT)


SOUGHT = (MACHINE, MANUAL, WORDMARK)


Curve = tuple[tuple[float, float, float], ...]
"""Rows of threshold, share lost, share of other pictures passed over."""


@dataclass(frozen=True, slots=True)
class TrainedScout:
    """The model, its curve, and what it does on `val`, if there: a row for each threshold."""

    file: Path
    threshold: float
    curve: Curve
    measured: list[dict[str, float]]


def train_scout(
    data: Path,
    start: Path,
    out: Path,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
    threads: int = 1,
    device: str | None = None,
    progress: Callable[[str, Step], None] | None = None,
) -> TrainedScout:
    """Teaches the scout on `data`, and writes scout.xml, scout.bin and scout.json into `out`.

    Stopped at any instant, the same call goes on where it stood.

    data: holds `train/`, `pool/` with a `sources.jsonl` of pictures without machines, and `val/`,
    if any, to measure on.
    start: a `.pt` of YOLO11n, whose first layers are taken over.
    samples: views that each of the networks learns from.
    progress: called after each batch, with which network learns.
    Raises DataError: the data is wrong, or shows no machine, or nothing else. ModelError: `start`
    is of another architecture. UsageError: `out` holds another run, or torch is missing.
    """
    torch = open_torch()
    device = pick_device(torch, device)
    out.mkdir(parents=True, exist_ok=True)
    asked = {"samples": samples, "seed": seed, "size": list(SIZE), "folds": FOLDS}
    asked["start"] = hashlib.sha256(start.read_bytes()).hexdigest()
    keep_run(out / "run.json", asked)
    frames = [*read_frames(split_folder(data, "train")), *read_pool(data / "pool")]
    with every_instruction():
        torch.set_num_threads(threads)
        cv2.setNumThreads(1)
        short = has_bfloat16(torch, device)
        plan = TrainingPlan(samples, RATE, seed, bfloat16=short, device=device)

        def taught(name: str, learnt: Sequence[SmallFrame]) -> Any:
            torch.manual_seed(seed)
            network = new_scout(torch, start, out / "vendor").to(device)
            return fit(
                network,
                _loss(torch, device),
                _Views(torch, learnt, seed).batch,
                plan,
                out / f"{name}.pt",
                progress=None if progress is None else lambda step: progress(name, step),
            )

        shown: list[NDArray[np.float64]] = []
        passed: list[NDArray[np.float64]] = []
        for fold in range(JUDGED):
            left_out = [one for one in frames if in_fold(one.source, FOLDS, fold)]
            learnt = [one for one in frames if not in_fold(one.source, FOLDS, fold)]
            network = taught(f"fold{fold}", learnt)
            shown.append(shot_scores(network, [o for o in left_out if MACHINE in o.kinds], seed))
            others = [o for o in left_out if o.pool] or [o for o in left_out if not o.kinds]
            passed.append(shot_scores(network, others, seed))
        curve = curve_of(np.concatenate(shown), np.concatenate(passed))
        network = taught("scout", frames).cpu()
    threshold = next(at for at, lost, _ in curve if lost == STATED_LOSS)
    card: dict[str, Any] = {
        "input": list(SIZE),
        "threshold": threshold,
        "curve": curve,
        "curve_columns": ["threshold", "shots with a CNC machine lost", "other shots passed over"],
        "chosen_on": f"{JUDGED} of {FOLDS} folds of train; shots of {KEYFRAMES} keyframes",
        "pictures": {
            "with something": sum(one.shows_something for one in frames),
            "without": sum(not one.kinds for one in frames),
        },
        "samples": samples,
        "seed": seed,
        "licence": "AGPL-3.0-or-later",
    }
    shape = SIZE[1], SIZE[0], 3
    example = torch.zeros(2, *shape, dtype=torch.uint8)
    model = converted(shipped_scout(torch, network), "scout", example, (-1, *shape))
    if (data / "val").is_dir():
        card["val"] = _measured(model, read_frames(data / "val"), curve)
    write_files(out, model, "scout.json", card, "the scout")
    shutil.rmtree(out / "vendor", ignore_errors=True)
    return TrainedScout(out / "scout.xml", threshold, curve, card.get("val", {}).get("rows", []))


def _measured(
    model: Mapping[str, bytes], frames: Sequence[SmallFrame], curve: Curve
) -> dict[str, Any]:
    """What the shipped scout does on pictures that it never saw.

    It has a row for each threshold: the shares of frames with a CNC machine that are lost, as
    photographed and as filmed, and of frames with nothing that are passed over.
    """
    shipped = core().compile_model(core().read_model(*model.values()), "CPU")
    machines = [one for one in frames if MACHINE in one.kinds]
    nothing = [one for one in frames if not one.kinds]
    found = {
        name: _scores(lambda pictures: shipped(pictures)[0], kept, rng)
        for name, kept, rng in (
            ("lost", machines, None),
            ("lost_filmed", machines, np.random.default_rng(0)),
            ("passed_over", nothing, None),
        )
    }
    rows = [
        {"threshold": at} | {name: _share_below(held, at) for name, held in found.items()}
        for at, *_ in curve
    ]
    return {"machines": len(machines), "others": len(nothing), "rows": rows}


def read_frames(folder: Path) -> list[SmallFrame]:
    """The labelled photographs of a folder, small."""
    frames = []
    for photograph in read_photographs(folder):
        picture = read_picture(photograph.path, LONGEST)
        labels = labels_of(photograph)
        scale = scale_within(photograph.width, photograph.height, LONGEST)
        frames.append(SmallFrame(photograph.source, picture, labels.scaled(scale)))
    return frames


def read_pool(folder: Path) -> list[SmallFrame]:
    """The pictures that `sources.jsonl` of a folder names; none if there is no such file. Raises
    DataError: a line is wrong, or a picture cannot be read."""
    listed = folder / "sources.jsonl"
    if not listed.is_file():
        return []
    nothing = Labelled(np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
    frames = []
    for number, line in enumerate(listed.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            image, source = folder / str(row["image"]), str(row["source"])
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{listed}:{number}: needs an image and a source") from error
        frames.append(SmallFrame(source, read_picture(image, LONGEST), nothing, pool=True))
    return frames


def shot_scores(network: Any, frames: Sequence[SmallFrame], seed: int) -> NDArray[np.float64]:
    """The highest score of each picture's shot of `KEYFRAMES` keyframes."""
    torch = open_torch()
    device = next(network.parameters()).device
    rng, shown = np.random.default_rng(seed), shipped_scout(torch, network)

    def look(pictures: Picture) -> Any:
        with torch.no_grad():
            return shown(torch.from_numpy(pictures).to(device)).double().cpu().numpy()

    every = [_scores(look, frames, rng) for _ in range(KEYFRAMES)]
    return np.asarray(np.max(every, axis=0))


def _scores(
    look: Callable[[Picture], Any], frames: Sequence[SmallFrame], rng: np.random.Generator | None
) -> NDArray[np.float64]:
    """What `look` says of each frame as the scout is given it; as filmed where there is chance."""
    found = [np.zeros(0)]
    for at in range(0, len(frames), BATCH):
        views = [
            np.asarray(cv2.resize(one.picture, SIZE, interpolation=cv2.INTER_AREA), np.uint8)
            for one in frames[at : at + BATCH]
        ]
        found.append(look(np.stack(views if rng is None else [as_filmed(v, rng) for v in views])))
    return np.concatenate(found)


def curve_of(shown: NDArray[np.float64], others: NDArray[np.float64]) -> Curve:
    """The shares of `shown` and of `others` below each threshold. Raises DataError: one of them is
    empty."""
    if not len(shown) or not len(others):
        raise DataError("the scout needs pictures with a CNC machine, and pictures without any")
    ranked = np.sort(shown)
    rows = []
    for loss in LOSSES:
        # Whatever lies below is passed over; the threshold itself is not.
        threshold = round(float(ranked[int(loss * len(ranked))]) - 5e-7, 6)
        rows.append((threshold, loss, _share_below(others, threshold)))
    return tuple(rows)


def _share_below(scores: NDArray[np.float64], threshold: float) -> float:
    return round(float((scores < threshold).sum()) / max(1, len(scores)), 4)


class _Views:
    """Batches of views drawn by chance."""

    def __init__(self, torch: Any, frames: Sequence[SmallFrame], seed: int) -> None:
        self._torch, self._seed = torch, seed
        shown = [one for one in frames if one.shows_something]
        hard = [one for one in frames if not one.kinds and not one.pool]
        pool = [one for one in frames if one.pool]
        if not shown or not (hard or pool):
            raise DataError("the scout needs pictures with a machine, and pictures without any")
        self._of = (shown, hard or pool, pool or hard)

    def batch(self, step: int, share: float) -> tuple[int, Any]:
        rng = np.random.default_rng((self._seed, step))
        kinds = rng.choice(3, BATCH, p=(SHOWN, HARD, 1 - SHOWN - HARD))
        drawn = [self._view(self._of[kind], rng) for kind in kinds]
        pictures, *targets = (np.stack(part) for part in zip(*drawn, strict=True))
        return BATCH, (
            self._torch.from_numpy(pictures),
            *(self._torch.from_numpy(one.astype(np.float32)) for one in targets),
        )

    @staticmethod
    def _view(frames: Sequence[SmallFrame], rng: np.random.Generator) -> tuple[Any, ...]:
        one = frames[int(rng.integers(len(frames)))]
        height, width = one.picture.shape[:2]
        nearer = np.exp(rng.uniform(-0.15, 0.7)) if rng.random() < 0.6 else 1.0
        wider = np.exp(rng.uniform(-0.125, 0.125))
        scale = SIZE[0] / width * nearer * wider, SIZE[1] / height * nearer / wider
        room = np.array([SIZE[0] - width * scale[0], SIZE[1] - height * scale[1]])
        corner = -rng.uniform(np.minimum(room, 0), np.maximum(room, 0))
        view = cut(one.picture, one.labelled, (SIZE[1], SIZE[0]), scale, (corner[0], corner[1]))
        picture, labelled = mirrored(view) if rng.random() < 0.5 else view
        picture = coloured(picture, rng)
        if rng.random() < 0.5:
            picture = as_filmed(picture, rng)
        return picture, *_targets(labelled, one.shows_something)


def _targets(labelled: Labelled, shown: bool) -> tuple[float, float, Any, Any]:
    """What is to be said of a view and how much it counts, and the same of each cell."""
    cells = np.zeros((SIZE[1] // CELL, SIZE[0] // CELL))
    counts = np.ones_like(cells)
    found = False
    # What is ignored comes first: a machine counts where it lies over it.
    for kind in np.argsort(labelled.classes >= 0, kind="stable"):
        x1, y1, x2, y2 = labelled.boxes[kind] / CELL
        rows = slice(int(y1), max(int(y1) + 1, int(np.ceil(y2 - 0.3))))
        columns = slice(int(x1), max(int(x1) + 1, int(np.ceil(x2 - 0.3))))
        if labelled.classes[kind] < 0:
            counts[rows, columns] = 0
        elif labelled.classes[kind] in SOUGHT:
            cells[rows, columns] = counts[rows, columns] = 1
            found = True
    # A cut of a picture with machines in which none is left says little of either.
    unsure = not found and (shown or (labelled.classes < 0).any())
    return float(found), 0.0 if unsure else 1.0, cells, counts * (0.5 if unsure else 1.0)


def _loss(torch: Any, device: str) -> Callable[[Any, Any], tuple[Any, dict[str, float]]]:
    entropy = torch.nn.functional.binary_cross_entropy_with_logits

    def loss(network: Any, content: Any) -> tuple[Any, dict[str, float]]:
        pictures, found, counts, cells, counts_of_cells = (one.to(device) for one in content)
        whole, where = network(scaled_pictures(torch, pictures))
        parts = {
            name: (entropy(said.float(), wanted, reduction="none") * weight).sum()
            / weight.sum().clamp(min=1)
            for name, said, wanted, weight in (
                ("frame", whole, found, counts),
                ("cells", where, cells, counts_of_cells),
            )
        }
        return parts["frame"] + parts["cells"], {k: float(v.detach()) for k, v in parts.items()}

    return loss
