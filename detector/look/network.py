"""A compiled network, and pictures on their way through it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.types import Picture

IN_FLIGHT = 8
"""Pictures that may be on their way through a network at a time."""

Answer = NDArray[np.float32]
"""What a network says of a picture, (4 + classes, n): centre x, y, width and height of each place,
in pixels of the input, then scores."""


class NetworkRun:
    """A picture on its way through a network, until it is asked what that says."""

    def __init__(self, request: Any, boxed: Picture) -> None:
        self._request = request
        self._answer: Answer | None = None
        request.start_async({0: boxed[None]})

    def answer(self) -> Answer:
        """What the network says; waits for it."""
        if self._answer is None:
            self._request.wait()
            self._answer = self._request.get_output_tensor().data[0].copy()
        return self._answer


class Network:
    """A compiled network, for some pictures at a time."""

    def __init__(self, compiled: Any) -> None:
        self._requests = [compiled.create_infer_request() for _ in range(IN_FLIGHT)]
        self._runs: list[NetworkRun | None] = [None] * IN_FLIGHT
        self._next = 0

    def start(self, boxed: Picture) -> NetworkRun:
        # Requests are waited for, oldest first: OpenVINO's own queue calls back into Python
        # from its threads, and was seen to abort the process when dropped just after.
        place = self._next
        self._next = (place + 1) % IN_FLIGHT
        before = self._runs[place]
        if before is not None:
            before.answer()
        run = NetworkRun(self._requests[place], boxed)
        self._runs[place] = run
        return run
