"""The command `nameplate`."""

from __future__ import annotations

import errno
import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from api.accounts import accounts_app
from api.analyze import analyze
from api.answer import answer
from api.builders import builders_app
from api.case import case_app
from api.datasets import datasets_app
from api.demo import demo
from api.enter import enter
from api.evaluate import evaluate, legibility
from api.exits import MEANINGS, Exit, exit_for
from api.machines import machines_app
from api.serve import serve
from api.sweep import sweep
from api.terminal import complain, hush
from api.train import export, quantize, train
from api.train_marks import train_marks
from datasets.errors import NameplateError

EPILOG = "Exit codes: " + "; ".join(f"{code.value} {text}" for code, text in MEANINGS.items()) + "."

app = typer.Typer(
    name="nameplate",
    help="Finds the CNC machine tools in footage and reads who built them.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command(epilog=EPILOG)(analyze)
app.command(epilog=EPILOG)(sweep)
app.command(epilog=EPILOG)(serve)
app.command(epilog=EPILOG)(answer)
app.command(epilog=EPILOG)(demo)
app.add_typer(builders_app, name="builders")
case_app.command("enter")(enter)
app.add_typer(case_app, name="case")
app.add_typer(accounts_app, name="accounts")
app.add_typer(machines_app, name="machines")
app.add_typer(datasets_app, name="datasets")
app.command(epilog=EPILOG)(train)
app.command(epilog=EPILOG)(evaluate)
app.command(epilog=EPILOG)(legibility)
app.command(epilog=EPILOG)(export)
app.command(epilog=EPILOG)(quantize)
app.command("train-marks", epilog=EPILOG)(train_marks)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"nameplate {version('nameplate')}")
        raise typer.Exit


@app.callback()
def nameplate(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Finds the CNC machine tools in footage and reads who built them.

    Nothing is confirmed but by people: every builder named here is a claim with its evidence.
    """


def main() -> None:
    """Runs the command line; ends the process with one of the exit codes of `api.exits`."""
    _open_streams()
    if sys.platform != "linux":
        complain("Nameplate runs on Linux; elsewhere use a virtual machine or a container with it")
        sys.exit(Exit.SETUP)
    try:
        app()
    except SystemExit as ended:
        # Typer sees to a reader that went away, with an exit code that here means something else.
        if isinstance(ended.__context__, BrokenPipeError):
            hush()
            sys.exit(Exit.PIPE)
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


def _open_streams() -> None:
    """Standard streams that were closed lead nowhere: the next files to be opened would have their
    numbers, and get what is printed."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115


if __name__ == "__main__":
    main()
