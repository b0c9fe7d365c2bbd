"""`nameplate evaluate`: what a model, and the road to a name, are worth.

The training room is imported inside the commands: looking at footage must not load it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.setup import read_settings
from api.cli.terminal import bar
from datasets.photographs.annotations import read_photographs, split_folder
from datasets.registry import load_registry

if TYPE_CHECKING:
    from training.evaluate.comparison import ModelComparison
    from training.evaluate.report import Report

Data = Annotated[Path, typer.Argument(metavar="DATA", help="Folder holding train/ and val/.")]
Model = Annotated[
    Path | None, typer.Option(metavar="DIR", help="An exported model; the packaged one.")
]
SettingsFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Settings, YAML or JSON.")]
Builders = Annotated[
    list[Path] | None, typer.Option(metavar="FILE", help="A file of builders that adds.")
]


def evaluate(
    data: Data,
    split: Annotated[str, typer.Option(help="Which split to measure on.")] = "val",
    model: Model = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write evaluation.json and evaluation.md there; broken off, go on there.",
        ),
    ] = None,
    settings: SettingsFile = None,
    registry: Builders = None,
    naming: Annotated[
        bool,
        typer.Option(
            "--naming/--no-naming", help="Without, only detection: in a tenth of the time."
        ),
    ] = True,
    footage: Annotated[
        bool, typer.Option("--footage", help="False names an hour in DATA/clips.")
    ] = False,
    conditions: Annotated[
        bool,
        typer.Option(
            "--conditions", help="Detection again at 480 and 360 lines, recompressed, blurred ..."
        ),
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="An evaluation.json of before, to compare with."),
    ] = None,
    card: Annotated[
        bool, typer.Option("--card", help="Write the model card beside --model.")
    ] = False,
) -> None:
    """Measures finding and naming on labelled pictures.

    Case by case, in Markdown.
    """
    from training.evaluate.card import write_card
    from training.evaluate.comparison import check_same, compare, read_report
    from training.evaluate.evaluation import Parts, data_digest
    from training.evaluate.evaluation import evaluate as measure
    from training.evaluate.page import page_of
    from training.weights import check_unlearnt, learnt_by_model

    if card and model is None:
        raise typer.BadParameter("--card needs --model, the folder it is written to")
    old = None
    # Before minutes of measuring, not after.
    if card and model is not None:
        check_unlearnt(learnt_by_model(model), model, data, split)
    if against is not None:
        old = read_report(against)
        check_same(old, against, split, data_digest(read_photographs(split_folder(data, split))))
    with bar() as tell:
        report = measure(
            data,
            split,
            model,
            settings=read_settings(settings),
            registry=load_registry(*(registry or ())),
            parts=Parts(naming=naming, footage=footage, conditions=conditions),
            work=out,
            progress=tell,
        )
    compared = None if old is None else compare(old, report.as_dict())
    page = page_of(report, compared)
    typer.echo(page)
    if out is not None:
        _write(report, compared, page, out)
    if card and model is not None:
        for file in write_card(model, report):
            typer.echo(file, err=True)


def _write(report: Report, compared: ModelComparison | None, page: str, out: Path) -> None:
    from training.evaluate.evaluation import forget
    from training.evaluate.report import as_json, write_text

    typer.echo(report.write(out), err=True)
    if compared is not None:
        text = as_json(compared.as_dict())
        typer.echo(write_text(out / "comparison.json", text), err=True)
    typer.echo(write_text(out / "evaluation.md", page), err=True)
    forget(out)
