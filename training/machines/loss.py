"""Ultralytics' loss for detection, without what is to be ignored.

A place in a box that is ignored for a class, and that no labelled box claims, adds nothing to
the loss of that class: the network may say there what it likes.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from detector.types import MACHINE, MANUAL
from training.vendor import open_torch

GAINS = {"box": 7.5, "cls": 0.5, "dfl": 1.5}
"""Weights of the parts of the loss: Ultralytics' defaults."""


class DetectionLoss:
    """Called with the network and a batch of `training.machines.material`."""

    def __init__(self, network: Any) -> None:
        from ultralytics.utils.loss import v8DetectionLoss
        from ultralytics.utils.tal import make_anchors

        self._torch, self._make_anchors = open_torch(), make_anchors
        network.args = SimpleNamespace(**GAINS)
        self._inner = v8DetectionLoss(network)
        self._entropy = self._inner.bce
        self._mask: Any = None
        self._inner.bce = self._masked

    def __call__(self, network: Any, batch: dict[str, Any]) -> tuple[Any, dict[str, float]]:
        torch = self._torch
        device = next(network.parameters()).device
        pictures = batch["img"].to(device).contiguous(memory_format=torch.channels_last)
        said = _whole(torch, network(pictures.float() / 255))
        with torch.autocast(device.type, enabled=False):
            said = self._inner.parse_output(said)
            self._mask = self._heard(said, batch["ignored"].to(device), len(pictures))
            _, loss, parts = self._inner.get_assigned_targets_and_loss(said, batch)
        return loss.sum(), {name: float(value) for name, value in parts.items()}

    def _heard(self, said: dict[str, Any], ignored: Any, count: int) -> Any:
        """(pictures, places, classes): 0 where a place is ignored for a class, else 1."""
        torch = self._torch
        places, strides = self._make_anchors(said["feats"], self._inner.stride, 0.5)
        places = places * strides
        mask = torch.ones(count, len(places), self._inner.nc, device=places.device)
        for index, kind, x1, y1, x2, y2 in ignored.tolist():
            inside = (places[:, 0] > x1) & (places[:, 0] < x2)
            inside &= (places[:, 1] > y1) & (places[:, 1] < y2)
            if kind < 0:  # Surely nothing: no machine of either class.
                mask[int(index), inside, MACHINE] = mask[int(index), inside, MANUAL] = 1
            else:
                mask[int(index), inside, int(kind)] = 0
        return mask

    def _masked(self, scores: Any, targets: Any) -> Any:
        claimed = targets.sum(-1, keepdim=True) > 0
        return self._entropy(scores, targets) * self._torch.where(claimed, 1.0, self._mask)


def _whole(torch: Any, said: Any) -> Any:
    """What a network says in bfloat16, as float32."""
    if torch.is_tensor(said):
        return said.float()
    if isinstance(said, dict):
        return {key: _whole(torch, value) for key, value in said.items()}
    if isinstance(said, list | tuple):
        return type(said)(_whole(torch, value) for value in said)
    return said
