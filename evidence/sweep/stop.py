"""Ctrl-C and SIGTERM: the first asks to end in good order, the second ends at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Whether this process was asked to end. In use, the signals are heard by it.

    Example:
        >>> with Stop() as stop:
        ...     stop.asked
        False
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._before: dict[int, Any] = {}

    @property
    def asked(self) -> bool:
        return self._event.is_set()

    def ask(self) -> None:
        """As if Ctrl-C had been pressed once."""
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Waits, but no longer than until asked; gives `asked`."""
        return self._event.wait(seconds)

    def __enter__(self) -> Self:
        # Only a process's main thread may listen to signals; a server has its own ears.
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._heard) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.ask()
