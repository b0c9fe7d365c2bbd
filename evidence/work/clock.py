"""Dask's timers by a clock that nobody puts back. To import this is enough.

Dask and Tornado reckon by the wall clock when to send what waits and when to do again what is done
time and again. Put back by five hours, in the milliseconds after a message was sent, it kept all
that came after for five hours (`docs/trials.md`). A process that holds a scheduler, a client or a
worker imports this before it has a loop: times of before are of the other clock.
"""

from __future__ import annotations

import time
from typing import Any

import distributed.batched
from tornado.ioloop import IOLoop


def _monotonic(_loop: Any) -> float:
    return time.monotonic()


# Tornado asks its loop for the time wherever it reckons with it; what Dask reckons with it asks
# for by a name of its own.
setattr(IOLoop, "time", _monotonic)  # noqa: B010
setattr(distributed.batched, "time", time.monotonic)  # noqa: B010
