"""What networks compute on: OpenVINO, or ONNX Runtime where it is installed.

The one `openvino.Core` of a process lives here. Its plugin for processors lays a stack of its own
for signals when it starts, and removes it when it ends. Several cores may end in another order than
they began. Then the next signal that Python handles, a Ctrl-C, meets a stack that is gone: a
segmentation fault. So there is one core, to the end of the process.
"""

from __future__ import annotations

import ctypes
import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from datasets.cache import cache_key, load_bytes, store_bytes

Backend = Literal["openvino", "openvino-gpu", "onnxruntime", "tensorrt"]
Outputs = list[NDArray[Any]]

_lock = Lock()
_core: Any = None
_loaded: dict[object, Any] = {}
_fixed: dict[object, Any] = {}

LARGE_BYTES = 24_000_000
"""Bytes of pictures, of 4K or telephones, after which memory is given back. The search for text in
them holds 280 MB for the next one, and the C library keeps 400 MB that are free."""

IN_FLIGHT = 8
"""Inputs that may be on their way through a network at a time."""

_ARENA_MAX = -8  # M_ARENA_MAX of GNU's <malloc.h>

_DEVICES: Mapping[Backend, str] = {"openvino": "CPU", "openvino-gpu": "AUTO"}


@dataclass(frozen=True, slots=True)
class Engine:
    """What networks compute on.

    threads: of inference; as many as there are cores if None. Results do not depend on it.
    backend: results of two differ by rounding.
    """

    threads: int | None = None
    backend: Backend = "openvino"


PROCESSOR = Engine()


class Session(Protocol):
    """A network, ready to compute; for one thread at a time."""

    def infer(self, fed: NDArray[Any]) -> Outputs:
        """All outputs for one input."""

    def start(self, fed: NDArray[Any]) -> Callable[[], Outputs]:
        """A function that waits for the outputs; the network begins at once."""


def open_session(
    digest: str, prepare: Callable[[], Any], engine: Engine = PROCESSOR, **options: Any
) -> Session:
    """A session of a network, which all sessions of the process share.

    It is compiled once and kept in the user's cache folder.

    digest: of the network's files. prepare: gives the network as OpenVINO's. The text of its module
    is part of the key. options: for OpenVINO, besides those that all have.
    Raises UsageError: the backend is not installed.
    """
    key = digest, prepare.__code__.co_filename, engine, *sorted(options.items())
    device = _DEVICES.get(engine.backend)
    if device is not None:
        compiled = _loaded.get(key) or _compile(digest, prepare, engine.threads, device, options)
        _loaded[key] = compiled
        return OpenVinoSession(compiled)
    # An optional package.
    from detector.onnx_session import OnnxSession, load_onnx

    return OnnxSession(load_onnx(digest, prepare, engine))


def open_fixed(prepare: Callable[[], Any], engine: Engine, shape: Sequence[int]) -> Session | None:
    """A session for inputs of one shape; None on another backend.

    It computes in half of the memory, since what each layer needs is known before. To compile it
    takes a third of the time of a large input, so the last one is kept.
    """
    key = prepare.__code__, engine, *shape
    if engine.backend == "openvino" and key not in _fixed:
        _fixed.clear()
        network = prepare()
        network.reshape(list(shape))
        _fixed[key] = core().compile_model(network, "CPU", _hints(engine.threads))
    return OpenVinoSession(_fixed[key]) if key in _fixed else None


class OpenVinoSession:
    """A network on OpenVINO. Requests are waited for, oldest first. OpenVINO's own queue calls back
    into Python from its threads, and was seen to abort the process when dropped just after."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self._free: list[Any] = []
        self._running: deque[_Run] = deque()

    def infer(self, fed: NDArray[Any]) -> Outputs:
        return self.start(fed)()

    def start(self, fed: NDArray[Any]) -> Callable[[], Outputs]:
        while self._running and (self._running[0].done or len(self._running) == IN_FLIGHT):
            oldest = self._running.popleft()
            oldest()
            self._free.append(oldest.request)
        request = self._free.pop() if self._free else self._compiled.create_infer_request()
        request.start_async({0: fed})
        run = _Run(request)
        self._running.append(run)
        return run


class _Run:
    """An input on its way through a network."""

    def __init__(self, request: Any) -> None:
        self.request, self.done = request, False
        self._outputs: Outputs = []

    def __call__(self) -> Outputs:
        if not self.done:
            self.request.wait()
            self._outputs = [tensor.data.copy() for tensor in self.request.output_tensors]
            self.done = True
        return self._outputs


def core() -> Any:
    """The process's `openvino.Core`, the same for all its threads."""
    global _core
    with _lock:
        if _core is None:
            # To know a model by its digest takes no runtime.
            import openvino

            _core = openvino.Core()
        return _core


def network_key(digest: str, prepare: Callable[[], Any], *more: object) -> str:
    """The name under which a network is kept in the cache folder."""
    from importlib.metadata import version  # decoders load this module, and ask for no key

    source = Path(prepare.__code__.co_filename).read_bytes()
    return cache_key(version("openvino"), digest, source, *more)


def _compile(
    digest: str,
    prepare: Callable[[], Any],
    threads: int | None,
    device: str,
    options: dict[str, Any],
) -> Any:
    """The network for a device; from the cache folder in a fifth of the time."""
    asked = options | _hints(threads)
    if device != "CPU":
        # A graphics card from the first picture on: else rows of one clip would be of two devices.
        for name in ("CPU_RUNTIME_CACHE_CAPACITY", "ENABLE_CPU_PINNING", "INFERENCE_NUM_THREADS"):
            asked.pop(name, None)
        return core().compile_model(prepare(), device, asked | {"ENABLE_STARTUP_FALLBACK": False})
    made_on = core().get_property("CPU", "FULL_DEVICE_NAME"), os.environ.get("ONEDNN_MAX_CPU_ISA")
    key = network_key(digest, prepare, made_on, sorted(options.items()))
    kept = load_bytes("network", key)
    if kept is not None:
        with suppress(RuntimeError):
            return core().import_model(kept, device, asked)
    compiled = core().compile_model(prepare(), device, asked)
    store_bytes("network", key, compiled.export_model().getvalue())
    return compiled


def _hints(threads: int | None) -> dict[str, Any]:
    """How a network computes on a processor."""
    hints: dict[str, Any] = {
        # Where a processor computes in bfloat16 by itself the same picture gives other numbers.
        "INFERENCE_PRECISION_HINT": "f32",
        # Bound to one core it waits for whatever else runs there, another worker's too. Beside a
        # training run on that core it was seen to come nearly to a standstill.
        "ENABLE_CPU_PINNING": False,
    }
    return hints if threads is None else hints | {"INFERENCE_NUM_THREADS": threads}


def share_heap() -> None:
    """Has the threads to come share one heap; a worker takes 150 MiB less than with one each."""
    with suppress(AttributeError):  # another C library than GNU's
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def release_memory() -> None:
    """Gives back the memory that networks hold while none computes, and what is free."""
    for compiled in (*_loaded.values(), *_fixed.values()):
        compiled.release_memory()
    with suppress(AttributeError):  # another C library than GNU's
        ctypes.CDLL(None).malloc_trim(0)
