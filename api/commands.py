"""The commands of `nameplate`, gathered."""

from __future__ import annotations

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
from api.exits import MEANINGS
from api.machines import machines_app
from api.moved import lost, moved
from api.serve import serve
from api.sweep import sweep
from api.train import export, quantize, train
from api.train_marks import train_marks

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
case_app.command("moved")(moved)
case_app.command("lost")(lost)
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
