"""The one OpenVINO core of a process, and how networks are compiled on it.

The core's plugin for processors lays a stack of its own for signals when it starts, and removes it
when it ends. Several cores may end in another order than they began. Then the next signal that
Python handles, a Ctrl-C, meets a stack that is gone: a segmentation fault. So there is one core, to
the end of the process.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

_lock = Lock()
_core: Any = None


def core() -> Any:
    """The process's `openvino.Core`, the same for all its threads."""
    global _core
    with _lock:
        if _core is None:
            # To know a model by its digest takes no runtime.
            import openvino

            _core = openvino.Core()
        return _core


def compile_network(network: Any, threads: int | None, **options: Any) -> Any:
    """An OpenVINO network on the processor.

    Args:
        threads: of inference; as many as there are cores if None.
        options: OpenVINO's, besides those that all have.
    """
    asked = options | {
        # Where a processor computes in bfloat16 by itself the same picture gives other numbers.
        "INFERENCE_PRECISION_HINT": "f32",
        # Bound to one core it waits for whatever else runs there, another worker's too: beside a
        # training run on that core it was seen to come nearly to a standstill.
        "ENABLE_CPU_PINNING": False,
    }
    if threads is not None:
        asked["INFERENCE_NUM_THREADS"] = threads
    return core().compile_model(network, "CPU", asked)
