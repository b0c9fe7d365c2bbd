"""Teaches a network of COCO's that machine tools are no vehicles (`detector.look.vehicles`).

    python -m training.small.vehicles DATA --start yolo11n-coco.pt --out DIR [--seed N]

What finds edges, wheels and windows stays as it is. Only the last layers learn, those that judge
which of COCO's four vehicles stands somewhere: on the labelled machines of DATA's `train` none, and
everywhere else what they said before (Li and Hoiem, "Learning without forgetting", ECCV 2016),
while their weights are drawn back to where they began (Li and others, "Explicit inductive bias for
transfer learning", ICML 2018). So it forgets no lorry, of which there are hardly any among these
photographs. DIR/model.xml, model.bin and model.json are what ships; three minutes on two cores, and
one GiB of memory for 518 photographs.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError, ModelError
from datasets.photographs.annotations import Photograph, read_photographs, split_folder
from detector.look.detect import PADDING
from detector.look.vehicles import VEHICLES
from detector.types import Box, Picture
from training.export import PICTURES, convert, in_integers, spread, write_model
from training.marks.prototypes import read_rgb
from training.vendor import open_torch
from training.weights import names_of, open_network, tensors_digest

SIDE = 448
"""Of the square that each photograph is fed as, pixels; as the detector looks at frames."""
STRIDES = (8, 16, 32)
VIEWS = ((1.0, False), (0.6, True), (1.6, False))
"""How each photograph is looked at: so many times as large, mirrored or not."""
EPOCHS, BATCH, RATE = 4, 16, 3e-4
ON_MACHINES = 2.0
"""How much more a place on a machine counts than one beside it."""
DRAWN_BACK = 0.1
"""Weight of the squared distance of all weights from where they began."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A photograph in one view: what the layers before the last say of it (a tensor for each
    stride), and which of their places lie on a machine."""

    features: list[Any]
    on_machine: list[Any]


def main() -> None:
    asked = argparse.ArgumentParser(
        prog="python -m training.small.vehicles",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    asked.add_argument("data", type=Path, metavar="DATA")
    asked.add_argument("--start", type=Path, required=True, metavar="FILE")
    asked.add_argument("--out", type=Path, required=True, metavar="DIR")
    asked.add_argument("--seed", type=int, default=0, metavar="N")
    given = asked.parse_args()
    photographs = read_photographs(split_folder(given.data, "train"))
    with tempfile.TemporaryDirectory(prefix="nameplate-vehicles-") as scratch:
        network = open_network(given.start, Path(scratch)).float().eval()
    start = tensors_digest(network)
    network = fit(network, photographs, given.seed)
    chosen = spread(photographs, PICTURES)
    facts = {
        "version": 1,
        "classes": list(VEHICLES),
        "precision": "INT8 weights (seven bits used) and activations",
        "licence": "AGPL-3.0-or-later",
        "start": start,
        "weights_sha256": tensors_digest(network),
        "pictures": len(photographs),
        "machines": sum(len(one.machines) for one in photographs),
        "epochs": EPOCHS,
        "seed": given.seed,
    }
    digest = write_model(
        in_integers(convert(network.fuse(verbose=False)), chosen), facts, given.out
    )
    print(f"{given.out}  sha256 {digest}")


def fit(network: Any, photographs: Sequence[Photograph], seed: int) -> Any:
    """COCO's network, taught, and narrowed to the vehicles.

    Args:
        network: an Ultralytics detector in torch that knows COCO's classes; it is changed.
        seed: of the views and of the order they are learnt in.

    Returns:
        The same network: (n, 3, h, w) RGB in 0..1 to (n, 4 + vehicles, places).

    Raises:
        ModelError: it does not know the vehicles.
        DataError: there are too few photographs to fill a batch.
    """
    torch = open_torch()
    torch.manual_seed(seed)
    head = network.model[-1]
    names = names_of(network)
    if missing := [name for name in VEHICLES if name not in names]:
        raise ModelError(f"the weights to start from know no {missing[0]}; give COCO's")
    if len(photographs) * len(VIEWS) < BATCH:
        raise DataError(f"{len(photographs)} photographs are too few to learn from")
    before = _narrowed(torch, head.cv3, [names.index(name) for name in VEHICLES]).eval()
    judges = copy.deepcopy(before)
    rng = np.random.default_rng(seed)
    seen = [
        _look(torch, network, one, zoom, mirrored, rng)
        for one in photographs
        for zoom, mirrored in VIEWS
    ]
    began = [weight.detach().clone() for weight in judges.parameters()]
    optimizer = torch.optim.Adam(judges.parameters(), RATE)
    steps = EPOCHS * (len(seen) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step, batch in enumerate(_batches(seen, rng), 1):
        loss = _loss(torch, judges, before, batch)
        moved = sum(
            ((weight - old) ** 2).sum()
            for weight, old in zip(judges.parameters(), began, strict=True)
        )
        optimizer.zero_grad()
        (loss + DRAWN_BACK * moved).backward()
        optimizer.step()
        schedule.step()
        if step % 50 == 0 or step == steps:
            print(f"step {step}/{steps}, loss {float(loss.detach()):.3f}", flush=True)
    head.cv3, head.nc, head.no = judges, len(VEHICLES), head.reg_max * 4 + len(VEHICLES)
    network.names = dict(enumerate(VEHICLES))
    return network


def _narrowed(torch: Any, judges: Any, wanted: Sequence[int]) -> Any:
    """The layers that judge classes, for some of them."""
    narrow = copy.deepcopy(judges)
    for one in narrow:
        whole = one[-1]
        last = torch.nn.Conv2d(whole.in_channels, len(wanted), 1)
        last.weight.data = whole.weight.data[list(wanted)].clone()
        last.bias.data = whole.bias.data[list(wanted)].clone()
        one[-1] = last
    return narrow.requires_grad_(True)


def _loss(torch: Any, judges: Any, before: Any, batch: Sequence[_Seen]) -> Any:
    """Cross entropy, summed over the places of a photograph: with nothing on machines, and with
    what was said before elsewhere."""
    loss = torch.zeros(())
    for level in range(len(STRIDES)):
        fed = torch.stack([one.features[level].float() for one in batch])
        on = torch.stack([one.on_machine[level] for one in batch])[:, None]
        with torch.no_grad():
            wanted = torch.where(on, 0.0, before[level](fed).sigmoid())
        said = judges[level](fed)
        each = torch.nn.functional.binary_cross_entropy_with_logits(said, wanted, reduction="none")
        loss = loss + (each * (1 + (ON_MACHINES - 1) * on)).sum() / len(batch)
    return loss


def _batches(seen: Sequence[_Seen], rng: np.random.Generator) -> Iterator[list[_Seen]]:
    for _ in range(EPOCHS):
        order = rng.permutation(len(seen))
        for first in range(0, len(order) - BATCH + 1, BATCH):
            yield [seen[place] for place in order[first : first + BATCH]]


def _look(
    torch: Any,
    network: Any,
    photograph: Photograph,
    zoom: float,
    mirrored: bool,
    rng: np.random.Generator,
) -> _Seen:
    square, boxes = view(
        read_rgb(photograph), [machine.box for machine in photograph.machines], zoom, rng
    )
    if mirrored:
        square = np.ascontiguousarray(square[:, ::-1])
        boxes = [(SIDE - x2, y1, SIDE - x1, y2) for x1, y1, x2, y2 in boxes]
    held: list[Any] = []
    hook = network.model[-1].register_forward_pre_hook(
        lambda _, given: held.extend(level[0].half() for level in given[0])
    )
    with torch.no_grad():
        network(torch.from_numpy(square.transpose(2, 0, 1)[None] / np.float32(255)))
    hook.remove()
    return _Seen(held, [torch.from_numpy(on_machines(boxes, stride)) for stride in STRIDES])


def view(
    picture: Picture, boxes: Sequence[Box], zoom: float, rng: np.random.Generator
) -> tuple[Picture, list[Box]]:
    """A photograph in a square of `SIDE`, and its boxes there.

    Args:
        picture: (height, width, 3).
        zoom: beyond 1 a part of it, somewhere; below 1 the whole, smaller, in grey.
    """
    part = 1 / max(1.0, zoom)
    height, width = (int(side * part) for side in picture.shape[:2])
    top = int(rng.integers(0, picture.shape[0] - height + 1))
    left = int(rng.integers(0, picture.shape[1] - width + 1))
    scale = SIDE * min(1.0, zoom) / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR
    small = cv2.resize(picture[top : top + height, left : left + width], size, interpolation=how)
    square = np.full((SIDE, SIDE, 3), PADDING, np.uint8)
    down, across = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    square[down : down + size[1], across : across + size[0]] = small
    x, y = across - left * scale, down - top * scale
    placed = [
        (x1 * scale + x, y1 * scale + y, x2 * scale + x, y2 * scale + y) for x1, y1, x2, y2 in boxes
    ]
    return square, placed


def on_machines(boxes: Sequence[Box], stride: int) -> NDArray[np.bool_]:
    """Which places of a stride lie on one of the boxes: (SIDE / stride, SIDE / stride)."""
    at = (np.arange(SIDE // stride) + 0.5) * stride
    on = np.zeros((len(at), len(at)), np.bool_)
    for x1, y1, x2, y2 in boxes:
        on |= ((at > y1) & (at < y2))[:, None] & ((at > x1) & (at < x2))[None, :]
    return on


if __name__ == "__main__":
    main()
