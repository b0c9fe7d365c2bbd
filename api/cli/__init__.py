"""The command `nameplate`: how it starts and how it ends."""

from __future__ import annotations

import atexit
import errno
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache

from api.cli.exits import Exit, exit_for
from datasets.errors import NameplateError


def main() -> None:
    """Runs the command line as a program, and ends it with a code of `api.cli.exits`."""
    codes: list[int] = []
    # The first to be registered is the last to run.
    atexit.register(_leave, codes)
    try:
        run()
    except SystemExit as ended:
        if sys.argv[1:2] == ["analyze"] and isinstance(ended.code, int):
            codes.append(ended.code)
        raise


def _leave(codes: list[int]) -> None:
    """Ends the process at once, if there is a code: to take down networks takes 0.2 seconds."""
    if codes:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(codes[0])


def run() -> None:
    """Runs the command line; raises SystemExit with one of the exit codes of `api.cli.exits`."""
    # Standard streams that were closed lead nowhere: the next files to be opened would have their
    # numbers, and get what is printed.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115
    # Nameplate has no plugins for pydantic; to look for some reads every package's description.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # What lies in the working folder is no part of the processes that are begun.
    os.environ.setdefault("PYTHONSAFEPATH", "1")
    # What is left at the end goes with the process; to look through it first takes half a second.
    atexit.register(gc.freeze)
    with _quietly_interrupted():
        # What they import takes a second, in which Ctrl-C would print where Python was. Gathering
        # their flags takes another while, and Typer does it before it minds Ctrl-C.
        gc.disable()  # nothing that they make goes again
        if sys.argv[1:2] == ["analyze"]:
            # It loads FFmpeg meanwhile.
            from detector.footage import forkserver

            forkserver.begin()
        from api.cli.terminal import complain, hush

        command = _command()
        gc.freeze()
        gc.enable()
    if sys.platform != "linux":
        complain("Nameplate runs on Linux; elsewhere use a virtual machine or a container with it")
        sys.exit(Exit.SETUP)
    try:
        command()
    except SystemExit as ended:
        # Typer sees to a reader that went away, with an exit code that here means something else,
        # and to Ctrl-C, without the word of what was stopped.
        if isinstance(ended.__context__, BrokenPipeError):
            hush()
            sys.exit(Exit.PIPE)
        stopped = getattr(ended.__context__, "__cause__", None)
        if isinstance(stopped, KeyboardInterrupt) and str(stopped):
            complain(str(stopped))
        raise
    except NameplateError as error:
        complain(str(error))
        sys.exit(exit_for(error))
    except PermissionError as error:
        # Looking whether a path is there fails so where a folder on the way to it is shut.
        if error.filename is None:
            raise
        complain(f"{error.filename}: {error.strerror}; change the permissions or name another")
        sys.exit(Exit.SETUP)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        hush()
        complain(
            f"{error.filename or 'standard output'}: the disk is full; make room and run again"
        )
        sys.exit(Exit.RESULT)


@cache
def _command() -> Callable[[], object]:
    from typer.main import get_command

    from api.cli.commands import app

    return get_command(app)


@contextmanager
def _quietly_interrupted() -> Iterator[None]:
    """Ctrl-C ends the process at once and without a word: nothing has begun, or all is done."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # not where whoever started it has Ctrl-C ignored
        signal.signal(signal.SIGINT, lambda *_: os._exit(Exit.INTERRUPTED))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
