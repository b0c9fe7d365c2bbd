"""Trains the network that sees what is hidden on purpose (`detector.read.concealment`).

    python -m training.conceal DATA OUT [--steps N] [--seed N]

DATA holds `train/`, whose photographs are learnt from; `bench.concealed` measures on those of
`val`. OUT/hidden.xml, hidden.bin and hidden.json are what ships: 6,000 steps with seed 1.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from training.bfloat16 import every_instruction
from training.conceal_material import PATCH, Ground, draw_patch, read_grounds
from training.traced import write_traced
from training.vendor import open_torch

BATCH, RATE, DECAY = 16, 2e-3, 0.02
WIDTH = 32
"""Channels of the network, which has 89,000 weights."""
DILATIONS = (1, 2, 4, 8)
"""How far its layers look: some 80 pixels each way, more than most marks are high."""


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    asked.add_argument("data", type=Path)
    asked.add_argument("out", type=Path)
    asked.add_argument("--steps", type=int, default=6000)
    asked.add_argument("--seed", type=int, default=0)
    said = asked.parse_args()
    said.out.mkdir(parents=True, exist_ok=True)
    with every_instruction():
        network = fit(read_grounds(said.data, "train"), said.steps, said.seed)
    export(network, said.out, {"steps": said.steps, "seed": said.seed})


def build_network() -> Any:
    """In torch: (n, 3, rows, columns) in 0..1 to logits (n, rows / 4, columns / 4)."""
    torch = open_torch()
    nn = torch.nn

    def convolution(taken: int, given: int, side: int, stride: int = 1, apart: int = 1) -> Any:
        pad = apart if side == 3 else 1
        return nn.Sequential(
            nn.Conv2d(taken, given, side, stride, pad, apart, bias=False), nn.BatchNorm2d(given)
        )

    class Looking(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, apart: int) -> None:
            super().__init__()
            self.far, self.near = (
                convolution(WIDTH, WIDTH, 3, apart=apart),
                convolution(WIDTH, WIDTH, 3),
            )

        def forward(self, seen: Any) -> Any:
            return torch.relu(seen + self.near(torch.relu(self.far(seen))))

    class Hidden(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(
                nn.PixelUnshuffle(2), convolution(12, 24, 3), nn.ReLU(),
                convolution(24, WIDTH, 4, stride=2), nn.ReLU(),
            )  # fmt: skip
            self.body = nn.Sequential(*map(Looking, DILATIONS))
            self.head = nn.Conv2d(WIDTH, 1, 1)
            nn.init.constant_(self.head.bias, -3.0)

        def forward(self, pictures: Any) -> Any:
            return self.head(self.body(self.stem(pictures)))[:, 0]

    return Hidden()


def fit(grounds: Sequence[Ground], steps: int, seed: int) -> Any:
    """The network after so many steps, on a rate that rises and falls once (Smith and Topin, 2019).

    Its loss is cross entropy and, since hidden cells are few, how little what it finds and what is
    hidden overlap (Dice; Milletari and others, "V-Net", 2016).
    """
    torch = open_torch()
    torch.manual_seed(seed)
    cv2.setNumThreads(1)
    network = build_network().train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.1)
    told = np.zeros(4)
    for step, (pictures, hidden, weight) in enumerate(_batches(torch, grounds, seed, steps), 1):
        with torch.autocast("cpu", torch.bfloat16):
            said = network(pictures)
        said = said.float()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(said, hidden, reduction="none")
        chance = said.sigmoid() * weight
        wanted = hidden * weight
        apart = 1 - (2 * (chance * wanted).sum() + 50) / ((chance + wanted).sum() + 50)
        loss = (loss * weight).mean()
        optimizer.zero_grad()
        (4 * loss + 0.5 * apart).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        found = (said > 0) & (weight > 0)
        right = (found & (hidden > 0)).sum()
        told += [float(loss.detach()), float(right), float(found.sum()), float(wanted.sum())]
        if step % 100 == 0:
            print(
                f"step {step}/{steps}, loss {told[0] / 100:.4f}, of the cells found "
                f"{told[1] / max(1, told[2]):.2f} are hidden, of the hidden "
                f"{told[1] / max(1, told[3]):.2f} are found",
                flush=True,
            )
            told[:] = 0
    return network.eval()


def _batches(torch: Any, grounds: Sequence[Ground], seed: int, steps: int) -> Iterator[Any]:
    class Drawn(torch.utils.data.Dataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return BATCH * steps

        def __getitem__(self, number: int) -> Any:
            patch = draw_patch(np.random.default_rng([seed, number]), grounds)
            return patch.picture, patch.hidden, patch.weight

    # One process draws while another learns.
    loader = torch.utils.data.DataLoader(Drawn(), BATCH, num_workers=1, prefetch_factor=8)
    for pictures, hidden, weight in loader:
        scaled = pictures.permute(0, 3, 1, 2).float().div_(255)
        yield scaled.contiguous(memory_format=torch.channels_last), hidden, weight


def export(network: Any, out: Path, asked: dict[str, int]) -> None:
    """Writes hidden.xml, hidden.bin and hidden.json: chances of pictures of any size."""
    torch = open_torch()

    class Chances(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pictures: Any) -> Any:
            return torch.sigmoid(self.network(pictures))

    example = torch.zeros((1, 3, PATCH, PATCH))
    write_traced(Chances().eval(), out / "hidden.xml", example, (1, 3, -1, -1), asked)


if __name__ == "__main__":
    main()
