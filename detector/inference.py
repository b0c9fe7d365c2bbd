"""The one OpenVINO core of a process, and how networks are compiled on it.

The core's plugin for processors lays a stack of its own for signals when it starts, and removes it
when it ends. Several cores may end in another order than they began. Then the next signal that
Python handles, a Ctrl-C, meets a stack that is gone: a segmentation fault. So there is one core, to
the end of the process.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

from datasets.cache import cache_key, load_bytes, store_bytes

_lock = Lock()
_core: Any = None
_loaded: list[Any] = []

LARGE_BYTES = 24_000_000
"""Bytes of pictures, of 4K or telephones, after which memory is given back. The search for text in
them holds 280 MB for the next one, and the C library keeps 400 MB that are free."""


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
    return core().compile_model(network, "CPU", _asked(threads, options))


def load_compiled(
    digest: str, prepare: Callable[[], Any], threads: int | None, **options: Any
) -> Any:
    """An OpenVINO network on the processor, compiled once and kept in the user's cache folder.

    What is kept was optimised for this processor: to load it takes a fifth of the time.

    Args:
        digest: of the network's files.
        prepare: reads and prepares the network. The text of its module is part of the key.
        threads, options: as for `compile_network`.
    """
    made_on = core().get_property("CPU", "FULL_DEVICE_NAME"), os.environ.get("ONEDNN_MAX_CPU_ISA")
    source = Path(prepare.__code__.co_filename).read_bytes()
    key = cache_key(version("openvino"), made_on, digest, sorted(options.items()), source)
    kept = load_bytes("network", key)
    compiled: Any = None
    if kept is not None:
        with suppress(RuntimeError):
            compiled = core().import_model(kept, "CPU", _asked(threads, options))
    if compiled is None:
        compiled = compile_network(prepare(), threads, **options)
        store_bytes("network", key, compiled.export_model().getvalue())
    _loaded.append(compiled)
    return compiled


def release_memory() -> None:
    """Gives back the memory that networks hold while none computes, and what is free."""
    for compiled in _loaded:
        compiled.release_memory()
    with suppress(AttributeError):  # another C library than GNU's
        ctypes.CDLL(None).malloc_trim(0)


def _asked(threads: int | None, options: dict[str, Any]) -> dict[str, Any]:
    asked = options | {
        # Where a processor computes in bfloat16 by itself the same picture gives other numbers.
        "INFERENCE_PRECISION_HINT": "f32",
        # Bound to one core it waits for whatever else runs there, another worker's too. Beside a
        # training run on that core it was seen to come nearly to a standstill.
        "ENABLE_CPU_PINNING": False,
    }
    return asked if threads is None else asked | {"INFERENCE_NUM_THREADS": threads}
