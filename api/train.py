"""`nameplate train`, `evaluate` and `export`: the road from labelled data to a model.

The training room is imported inside the commands: it is the only one that may need torch,
which the base install leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from api.setup import read_settings
from api.terminal import speak
from datasets.registry import load_registry

Data = Annotated[Path, typer.Argument(metavar="DATA", help="Folder holding train/ and val/.")]
Out = Annotated[Path, typer.Option(metavar="DIR", help="Folder to write.")]


def train(
    data: Data,
    start: Annotated[
        Path, typer.Option("--start", metavar="FILE", help="Weights to start from, a .pt.")
    ],
    out: Out = Path("runs/train"),
    epochs: Annotated[int, typer.Option(help="Times over the data.")] = 40,
    image_size: Annotated[
        int | None, typer.Option(help="Pixels; 512 on a CPU, else 640.", metavar="N")
    ] = None,
    batch: Annotated[
        int | None, typer.Option(help="Pictures a step; 16 on a CPU, else 32.", metavar="N")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same data and seed, same weights.")] = 0,
    synthetic: Annotated[int, typer.Option(help="Made pictures to add.")] = 0,
    learning_rate: Annotated[
        float, typer.Option(help="The first, of AdamW.", metavar="RATE")
    ] = 0.00125,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    threads: Annotated[int | None, typer.Option(help="CPU threads.", metavar="N")] = None,
    device: Annotated[str | None, typer.Option(help="cpu or cuda:0.", metavar="NAME")] = None,
) -> None:
    """Fine-tunes a detector on labelled pictures. Needs nameplate[train].

    Interrupted, it goes on with --resume from the last whole epoch.
    """
    from training import train as room

    with progress_bar() as tell:
        result = room.train(
            data,
            start,
            out,
            epochs=epochs,
            image_size=image_size,
            batch=batch,
            seed=seed,
            synthetic=synthetic,
            resume=resume,
            threads=threads,
            device=device,
            learning_rate=learning_rate,
            progress=lambda now: tell(
                f"epoch {now.epoch}/{now.epochs}, loss {now.loss:.3f}",
                (now.epoch - 1) * now.batches + now.batch,
                now.epochs * now.batches,
            ),
        )
    typer.echo(f"{result.weights}  sha256 {result.weights_sha256}")
    for name, measures in result.metrics.items():
        said = ", ".join(f"{measure} {value:.3f}" for measure, value in measures.items())
        typer.echo(f"  {name}: {said}")


def evaluate(
    data: Data,
    split: Annotated[str, typer.Option(help="Which split to measure on.")] = "val",
    model: Annotated[
        Path | None, typer.Option(metavar="DIR", help="An exported model; the packaged one.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write evaluation.json there.")
    ] = None,
    settings: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings, YAML or JSON.")
    ] = None,
    registry: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A file of builders that adds.")
    ] = None,
    naive: Annotated[
        bool, typer.Option("--naive", help="Measure plain text search beside it.")
    ] = False,
    card: Annotated[
        bool, typer.Option("--card", help="Write the model card beside --model.")
    ] = False,
) -> None:
    """Measures finding and naming on labelled pictures, case by case, in Markdown."""
    from training.card import write_card
    from training.evaluate import evaluate as measure
    from training.tables import to_markdown

    if card and model is None:
        raise typer.BadParameter("--card needs --model, the folder it is written to")
    with progress_bar() as tell:
        report = measure(
            data,
            split,
            model,
            settings=read_settings(settings),
            registry=load_registry(*(registry or ())),
            naive=naive,
            progress=tell,
        )
    typer.echo(to_markdown(report))
    if out is not None:
        typer.echo(report.write(out), err=True)
    if card and model is not None:
        for file in write_card(model, report):
            typer.echo(file, err=True)


def export(
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS", help="The .pt of a run.")],
    out: Out = Path("runs/model"),
    image_size: Annotated[int, typer.Option(help="Longer side, pixels.")] = 640,
) -> None:
    """Turns trained weights into the OpenVINO model that `analyze` loads. Needs
    nameplate[train]."""
    from training.export import export as convert

    exported = convert(weights, out, image_size)
    typer.echo(f"{exported.folder}  sha256 {exported.sha256}")
    typer.echo(f"  classes {', '.join(exported.classes)}; off by {exported.difference:.4g} at most")


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on standard error that is told the stage, what is done and how much there is."""
    console = speak(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("starting", total=1)

        def tell(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total)

        yield tell
