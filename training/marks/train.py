"""Data in, a mark embedder out: a small network under which looks at one mark lie close.

A run lives in one folder and can be stopped at any instant and resumed:

    OUT/run.json        what was asked for (checked when the run is resumed)
    OUT/checkpoint.pt   the state, written every few minutes, replaced whole
    OUT/embedder.pt     the weights, when it is done
    OUT/training.json   what they were trained on, with what, and the losses

The same data, logos, typefaces, seed and versions give the same weights, resumed or not. The batch
of each step depends on the seed and the step alone, and one thread computes. With others a run is
not continued.
"""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import UsageError
from datasets.photographs.annotations import ANNOTATIONS, read_photographs, split_folder
from datasets.photographs.splits import check_apart
from datasets.registry import Registry, load_registry
from detector.read.logo_files import HEIGHT, WIDTH
from training.fit import Step, TrainingPlan, fit
from training.marks.cuts import find_faces
from training.marks.material import MarkSampler, Tell, collect, is_tuning
from training.results import as_json, digest_of, keep_run, write_text
from training.vendor import open_torch

LEARNING_RATE, WEIGHT_DECAY = 0.002, 0.02
WEIGHTS, FACTS = "embedder.pt", "training.json"
DIMENSIONS = 96
_WIDTHS = (16, 32, 64, 128)
# Scale and margin of the cosine softmax, as in CosFace (Wang et al., CVPR 2018), there 64 and
# 0.35 for millions of faces. With few pictures a class smaller ones do not stall.
_SCALE, _MARGIN = 24.0, 0.15
# What the cosine to every class has to stay under for a picture that is no mark.
_NONE = 0.35


@dataclass(frozen=True, slots=True)
class MarkResult:
    """What training left: the weights' file, its facts, and the loss of the last step."""

    weights: Path
    facts: Path
    loss: float


def train_marks(
    data: Path,
    out: Path,
    *,
    registry: Registry | None = None,
    logos: Path | None = None,
    faces: Path | None = None,
    steps: int = 3000,
    batch: int = 128,
    seed: int = 0,
    drawings: int = 4,
    others: int = 1500,
    progress: Tell | None = None,
) -> MarkResult:
    """Trains the mark embedder on the wordmarks of the registry and on `data`/train.

    A run found in `out` is continued; a finished one is returned as it is.

    data: holds `train/`, and `val/` where it will be measured.
    registry: whose wordmarks to draw; the packaged one if None.
    logos: a folder of pictures of logos with `logos.csv`, or None.
    faces: a folder with further typefaces, or None.
    steps, batch: batches, and pictures in each.
    drawings: of each wordmark. others: texts that are nobody's mark, drawn half as often.
    progress: called with the stage, what is done and how much there is.
    Raises UsageError: `out` holds another run, a number is out of range, or torch is missing.
    DataError: the data is wrong, or a source is in train and in val. KeyboardInterrupt: stopped;
    the same call continues from the last checkpoint.
    """
    torch = open_torch()
    if min(steps, drawings) < 1 or batch < 16 or others < 0:
        raise UsageError(
            f"steps {steps}, drawings {drawings}, others {others} must be positive and "
            f"batch {batch} at least 16"
        )
    tell = progress or (lambda stage, done, total: None)
    registry = registry or load_registry()
    found = find_faces(faces)
    folders = [split_folder(data, "train"), *(path for path in [data / "val"] if path.is_dir())]
    splits = {folder.name: read_photographs(folder) for folder in folders}
    check_apart(data, splits)
    asked = {
        "data_sha256": digest_of([folders[0] / ANNOTATIONS, *(p.path for p in splits["train"])]),
        "registry": registry.digest,
        "logos_sha256": None if logos is None else digest_of(sorted(logos.glob("*.*"))),
        "faces_sha256": digest_of(found),
        "steps": steps,
        "batch": batch,
        "seed": seed,
        "drawings": drawings,
        "others": others,
        "learning_rate": LEARNING_RATE,
    }
    keep_run(out / "run.json", asked)
    if (out / FACTS).is_file():
        return _read(out)
    material = collect(
        data, registry, logos=logos, faces=found, seed=seed, drawings=drawings, others=others,
        tell=tell,
    )  # fmt: skip
    # One thread: sums in one order, and the other cores stay free.
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    sampler = MarkSampler(material, seed, batch)
    losses = [0.0]

    def learn(network: Any, content: Any) -> tuple[Any, dict[str, float]]:
        pictures, classes = content
        vectors = network.embedder(torch.from_numpy(pictures[:, None].astype(np.float32)))
        return loss_of(torch, vectors, network.proxies, torch.from_numpy(classes)), {}

    def show(step: Step) -> None:
        losses.append(step.loss)
        tell(f"learning marks, loss {step.loss:.3f}", step.samples // batch, steps)

    average = fit(
        build_learner(len(material.classes)),
        learn,
        lambda step, _: (batch, sampler.batch(step)),
        TrainingPlan(steps * batch, LEARNING_RATE, seed, WEIGHT_DECAY),
        out / "checkpoint.pt",
        progress=show,
    )
    torch.save(average.embedder.state_dict(), out / WEIGHTS)
    facts = {
        "recipe": asked,
        "counts": material.counts,
        "tuning_sources": sorted({p.source for p in splits["train"] if is_tuning(p.source)}),
        "loss": round(losses[-1], 4),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }
    # Last: it says that the run is done.
    write_text(out / FACTS, as_json(facts))
    return _read(out)


def _read(out: Path) -> MarkResult:
    loss = json.loads((out / FACTS).read_text("utf-8"))["loss"]
    return MarkResult(out / WEIGHTS, out / FACTS, float(loss))


def build_network() -> Any:
    """The embedder: uint8-valued float (n, 1, 32, 128) in, unit vectors (n, 96) out.

    About 680,000 weights. Each picture is first brought to mean 0 and deviation 1, so that
    brightness and contrast make no difference. The last layer sees where in the text each letter
    stands, not only which there are.
    """
    torch = open_torch()
    nn = torch.nn

    def layer(wide: int, into: int, step: int = 1, side: int = 3) -> Any:
        return nn.Sequential(
            nn.Conv2d(wide, into, side, step, side // 2, bias=False),
            nn.BatchNorm2d(into),
            nn.ReLU(inplace=True),
        )

    class Residual(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, wide: int) -> None:
            super().__init__()
            self.first = layer(wide, wide)
            last = nn.Conv2d(wide, wide, 3, 1, 1, bias=False)
            self.second = nn.Sequential(last, nn.BatchNorm2d(wide))

        def forward(self, x: Any) -> Any:
            return torch.relu(x + self.second(self.first(x)))

    class _EmbedderNetwork(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            a, b, c, d = _WIDTHS
            self.body = nn.Sequential(
                layer(1, a, 2, 5),
                layer(a, b, 2), Residual(b),
                layer(b, c, 2), Residual(c),
                layer(c, d, 2), Residual(d),
            )  # fmt: skip
            self.head = nn.Linear(d * HEIGHT * WIDTH // 256, DIMENSIONS)

        def forward(self, x: Any) -> Any:
            centred = x - x.mean(dim=(1, 2, 3), keepdim=True)
            spread = (centred * centred).mean(dim=(1, 2, 3), keepdim=True)
            x = centred / torch.sqrt(spread + 16.0)
            x = self.head(torch.flatten(self.body(x), 1))
            return x / torch.sqrt((x * x).sum(dim=1, keepdim=True) + 1e-12)

    return _EmbedderNetwork()


def build_learner(classes: int) -> Any:
    """The embedder and a proxy for each class, as they are trained together."""
    torch = open_torch()
    learner = torch.nn.Module()
    learner.embedder = build_network()
    learner.proxies = torch.nn.Parameter(torch.randn(classes, DIMENSIONS) * 0.1)
    return learner


def loss_of(torch: Any, vectors: Any, proxies: Any, classes: Any) -> Any:
    """Cosine softmax over the classes' proxies and one further answer, "no mark".

    vectors: unit vectors (n, d). proxies: (classes, d), any length. classes: (n,), -1 where the
    picture is no mark.
    """
    cosines = vectors @ torch.nn.functional.normalize(proxies, dim=1).T
    marks = classes >= 0
    rows = torch.nonzero(marks).flatten()
    held = torch.zeros_like(cosines)
    held[rows, classes[rows]] = _MARGIN
    none = torch.full_like(cosines[:, :1], _NONE)
    logits = _SCALE * torch.cat([cosines - held, none], dim=1)
    wanted = torch.where(marks, classes, torch.full_like(classes, cosines.shape[1]))
    return torch.nn.functional.cross_entropy(logits, wanted)
