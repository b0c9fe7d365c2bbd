"""Training in bfloat16 on a processor. With AMX it takes half the time; without, it gains nothing.

The weights stay float32 and so does what is reckoned from the network's answers; only its layers
compute in eight bits of mantissa, as they do where there is CUDA. Other weights come of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from training.vendor import open_torch

_HELD = "ONEDNN_MAX_CPU_ISA"


@contextmanager
def every_instruction() -> Iterator[None]:
    """Lets torch use AMX, which `detector/instructions.py` keeps the detector from. Each reads what
    it may use when it first computes: nothing but torch may do so meanwhile."""
    held = os.environ.pop(_HELD, None)
    try:
        yield
    finally:
        if held is not None:
            os.environ[_HELD] = held


def compute_in_bfloat16(network: Any) -> None:
    """Makes a network (`ultralytics` `BaseModel`) compute so while it trains; its answers are
    float32 all the same."""
    torch = open_torch()
    predict = network.predict

    def shortened(*given: Any, **named: Any) -> Any:
        with torch.autocast("cpu", torch.bfloat16, enabled=network.training):
            return _whole(torch, predict(*given, **named))

    network.predict = shortened


def _whole(torch: Any, answer: Any) -> Any:
    if torch.is_tensor(answer):
        return answer.float()
    if isinstance(answer, dict):
        return {key: _whole(torch, value) for key, value in answer.items()}
    if isinstance(answer, list | tuple):
        return type(answer)(_whole(torch, value) for value in answer)
    return answer
