"""The scout's network: the first layers of a YOLO, and a head that says whether and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasets.errors import ModelError
from training.weights import open_network

SIZE = (160, 96)
"""Width and height of what the scout sees, pixels; every frame is stretched to it."""
CELL = 16
NEAR, FAR = 7, 11
"""Layers of YOLO11n: down to cells of 16 pixels, which tell where; and all before its neck."""
NEAR_CHANNELS, FAR_CHANNELS = 128, 256


def scaled_pictures(torch: Any, pictures: Any) -> Any:
    scaled = pictures.permute(0, 3, 1, 2).float() / 255
    return scaled.contiguous(memory_format=torch.channels_last)


def new_scout(torch: Any, start: Path, scratch: Path) -> Any:
    """The network: the logits of whole frames (n) and of their cells (n, rows, columns)."""
    nn = torch.nn
    layers = open_network(start, scratch).float().model[:FAR]
    for parameter in layers.parameters():
        parameter.requires_grad_(True)
    near, far = layers[:NEAR], layers[NEAR:]
    with torch.no_grad():
        found = near.eval()(torch.zeros(1, 3, SIZE[1], SIZE[0]))
        channels = found.shape[1], far.eval()(found).shape[1]
    if channels != (NEAR_CHANNELS, FAR_CHANNELS):
        raise ModelError(f"{start}: its first layers are not those of YOLO11n")

    class ScoutNetwork(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.near, self.far = near, far
            self.middle = nn.Sequential(
                nn.Conv2d(NEAR_CHANNELS, 64, 1, bias=False), nn.BatchNorm2d(64), nn.SiLU()
            )
            self.cells = nn.Conv2d(64, 1, 1)
            self.whole = nn.Linear(2 * (64 + FAR_CHANNELS), 1)
            self.mixed = nn.Linear(3, 1)
            with torch.no_grad():
                self.mixed.weight.copy_(torch.tensor([[0.4, 0.3, 1.0]]))
                self.mixed.bias.zero_()
                self.cells.bias.fill_(-1)

        def forward(self, pictures: Any) -> tuple[Any, Any]:
            seen = self.near(pictures)
            far, middle = self.far(seen), self.middle(seen)
            cells = self.cells(middle)[:, 0]
            flat = cells.flatten(1)
            pooled = torch.cat(
                [one for kind in (middle, far) for one in (kind.mean((2, 3)), kind.amax((2, 3)))], 1
            )
            whole = self.whole(nn.functional.dropout(pooled, 0.2, self.training))
            parts = [flat.amax(1, keepdim=True), flat.mean(1, keepdim=True), whole]
            return self.mixed(torch.cat(parts, 1))[:, 0], cells

    return ScoutNetwork()


def shipped_scout(torch: Any, network: Any) -> Any:
    """The network as it ships: bytes (n, height, width, 3) in, probabilities (n) out."""

    class ShippedScout(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pictures: Any) -> Any:
            return torch.sigmoid(self.network(scaled_pictures(torch, pictures))[0])

    return ShippedScout().eval()
