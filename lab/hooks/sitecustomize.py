"""Kills its own process once, at a named place. Put on PYTHONPATH by `lab.kills` alone.

Python imports this file by its name whenever it starts. What it does is told by the environment:

NAMEPLATE_KILL_AT     module:function or module:Class.method
NAMEPLATE_KILL_WHEN   before or after the call
NAMEPLATE_KILL_NTH    the how-manieth call of one process, from 1
NAMEPLATE_KILL_IF     only calls whose arguments, written out, hold this text
NAMEPLATE_KILL_FLAG   a file that is made first; once it is there nobody dies any more

A kill is SIGKILL: no handler runs, no buffer is written out, no lock is given back by hand.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import os
import signal
import sys
from collections.abc import Callable, Sequence
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
    when = os.environ.get("NAMEPLATE_KILL_WHEN", "before")
    nth = int(os.environ.get("NAMEPLATE_KILL_NTH", "1"))
    told = os.environ.get("NAMEPLATE_KILL_IF", "")
    calls = 0

    @functools.wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        nonlocal calls
        meant = told in f"{given} {named}"
        calls += meant
        if meant and calls == nth and when == "before":
            _die_once()
        mine = calls
        result = function(*given, **named)
        if meant and mine == nth and when == "after":
            _die_once()
        return result

    return call


def _lay(module: ModuleType, path: str) -> None:
    *owners, name = path.split(".")
    owner: Any = module
    for step in owners:
        owner = getattr(owner, step)
    setattr(owner, name, _deadly(getattr(owner, name)))


class _Loader(importlib.abc.Loader):
    def __init__(self, real: importlib.abc.Loader, path: str) -> None:
        self._real, self._path = real, path

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._real.exec_module(module)
        _lay(module, self._path)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, name: str, path: str) -> None:
        self._name, self._path = name, path

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._path)
        return spec


_AT = os.environ.get("NAMEPLATE_KILL_AT")
if _AT:
    _name, _path = _AT.split(":")
    if _name in sys.modules:
        _lay(sys.modules[_name], _path)
    else:
        sys.meta_path.insert(0, _Finder(_name, _path))
