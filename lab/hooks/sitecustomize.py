"""Kills its own process once, at a named place. Put on PYTHONPATH by `lab.kills` alone.

Python imports this file by its name whenever it starts. The environment says what to do:

- NAMEPLATE_KILL_AT: module:function or module:Class.method
- NAMEPLATE_KILL_WHEN: before or after the call
- NAMEPLATE_KILL_NTH: the number of the call in one process, from 1
- NAMEPLATE_KILL_IF: only calls whose arguments, written out, hold this text
- NAMEPLATE_KILL_FLAG: a file that is made first; once it is there nobody dies any more

A kill is SIGKILL: no handler runs, no buffer is written out, no lock is given back by hand.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import os
import signal
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


def _die_once() -> None:
    try:
        flag = os.open(os.environ["NAMEPLATE_KILL_FLAG"], os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return
    os.write(flag, str(os.getpid()).encode())
    os.close(flag)
    os.kill(os.getpid(), signal.SIGKILL)


def _deadly(function: Callable[..., Any]) -> Callable[..., Any]:
    when, text = os.environ["NAMEPLATE_KILL_WHEN"], os.environ["NAMEPLATE_KILL_IF"]
    nth = int(os.environ["NAMEPLATE_KILL_NTH"])
    calls = 0

    @functools.wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        nonlocal calls
        meant = text in f"{given} {named}"
        calls += meant
        last = meant and calls == nth
        if last and when == "before":
            _die_once()
        result = function(*given, **named)
        if last and when == "after":
            _die_once()
        return result

    return call


def _wrap(module: ModuleType, path: str) -> None:
    *owners, name = path.split(".")
    owner: Any = functools.reduce(getattr, owners, module)
    setattr(owner, name, _deadly(getattr(owner, name)))


class _Finder(importlib.abc.MetaPathFinder):
    """Wraps the function as soon as its module is there."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name != _NAME:
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def wrap(module: ModuleType) -> None:
                execute(module)
                _wrap(module, _PATH)

            spec.loader.exec_module = wrap  # type: ignore[method-assign]
        return spec


_NAME, _, _PATH = os.environ.get("NAMEPLATE_KILL_AT", "").partition(":")
if _NAME in sys.modules:
    _wrap(sys.modules[_NAME], _PATH)
elif _NAME:
    sys.meta_path.insert(0, _Finder())
