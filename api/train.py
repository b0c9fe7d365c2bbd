"""`nameplate train` and `export`: the road from labelled data to a model.

The training room is imported inside the commands: it is the only one that may need torch,
which the base install leaves out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.bar import bar

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

    with bar() as tell:
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
