"""The scout: a tiny network that says of a keyframe how likely it shows a machine tool or its mark.

Most footage shows none, most of the time. The scout looks first, at 160 pixels; only shots in which
a keyframe passes go on to the detector. So did NoScope (Kang and others, "NoScope: optimizing
neural network queries over video at scale", VLDB 2017). Its threshold is chosen for a stated loss.

    scout.xml, scout.bin   OpenVINO's network: uint8 RGB (n, height, width, 3) to chances (n,)
    scout.json             {"input": [width, height], "threshold": t,
                            "curve": [[threshold, loss, share passed over], ...]}

Loss: of shots that show a machine, the share passed over. The share: of frames that show none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.errors import ModelError
from detector.inference import PROCESSOR, Engine, Session, core, open_session
from detector.settings import PACKAGED_SCOUT, scout_digest
from detector.types import Picture

SCOUTED = 8
"""Keyframes that the scout sees together. Fewer are filled up: code for each other number of them
takes 15 to 40 ms to make, a fifth of a short clip's time."""


@dataclass(frozen=True, slots=True)
class Scout:
    """A compiled scout, and what its threshold costs.

    input: width and height that frames are stretched to. curve: rows of threshold, loss, share of
    frames without a machine that are passed over.
    """

    input: tuple[int, int]
    threshold: float
    curve: tuple[tuple[float, float, float], ...]
    session: Session

    @classmethod
    def open(cls, engine: Engine = PROCESSOR, folder: Path = PACKAGED_SCOUT) -> Scout:
        """The shipped scout, compiled. Raises ModelError: it is missing or damaged."""
        try:
            card = json.loads((folder / "scout.json").read_text("utf-8"))
            width, height = map(int, card["input"])
            curve = tuple((float(t), float(loss), float(over)) for t, loss, over in card["curve"])
            shape = [SCOUTED, height, width, 3]
            session = open_session(
                scout_digest(folder), lambda: _prepared(folder / "scout.xml", shape), engine
            )
            threshold = float(card["threshold"])
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise ModelError(
                f"{folder / 'scout.json'}: the scout cannot be used ({error}); install Nameplate "
                "again"
            ) from error
        return cls((width, height), threshold, tuple(sorted(curve)), session)

    def scores(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """How likely each frame shows a machine tool or its mark, 0..1, (n,).

        pictures: RGB, (height, width, 3) each, of any sizes.
        """
        fed = np.zeros((-(-len(pictures) // SCOUTED), SCOUTED, *self.input[::-1], 3), np.uint8)
        for place, one in zip(fed.reshape(-1, *fed.shape[2:]), pictures, strict=False):
            cv2.resize(one, self.input, dst=place, interpolation=cv2.INTER_AREA)
        scores = [self.session.infer(batch)[0].reshape(-1) for batch in fed]
        return np.concatenate([np.zeros(0, np.float32), *scores])[: len(pictures)]

    def threshold_at(self, budget: float) -> float:
        """The score below which a frame is passed over, for a budget of 0..1.

        With a budget b at most b times as much goes on as with 1. The highest threshold of the
        curve, where none is high enough.
        """
        rows = [row for row in self.curve if row[0] >= self.threshold]
        if budget >= 1 or not rows:
            return self.threshold
        most = budget * (1 - rows[0][2])
        return next((at for at, _, over in rows if 1 - over <= most), rows[-1][0])


def _prepared(file: Path, shape: Sequence[int]) -> Any:
    network = core().read_model(file)
    network.reshape(list(shape))
    return network
