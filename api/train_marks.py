"""`nameplate train-marks`: from a registry and labelled pictures to a mark model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.bar import bar
from api.train import Data, Out
from datasets.registry import load_registry


def train_marks(
    data: Data,
    out: Out = Path("runs/marks"),
    logos: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Pictures of logos, with logos.csv.")
    ] = None,
    faces: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Further typefaces to draw in.")
    ] = None,
    registry: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A file of builders that adds.")
    ] = None,
    steps: Annotated[int, typer.Option(help="Batches to learn from.", metavar="N")] = 3000,
    batch: Annotated[int, typer.Option(help="Pictures in a batch.", metavar="N")] = 128,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Same data and seed, same model.")
    ] = 0,
    drawings: Annotated[int, typer.Option(help="Of each wordmark.", metavar="N")] = 4,
    every_builder: Annotated[
        bool, typer.Option("--every-builder", help="Also those kept aside to measure adding some.")
    ] = False,
    start: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A finished run, or a model, to learn on from."),
    ] = None,
) -> None:
    """Trains the recognition of marks by their looks. Needs nameplate[train].

    Interrupted, the same command goes on from the last checkpoint. The model is written to
    OUT/model, with what it does on DATA/val in its card. A builder added later needs no new
    training, only its entry and, if at hand, a picture of its logo in a --registry file.

    No command takes that model: all use the one in the package, detector/marks_model. It is
    there to be measured, to learn on from (--start), for
    detector.read.logos.Recogniser in Python, or to be put in that one's place.
    """
    from detector.read.logos import Recogniser
    from training.marks.export import add_measured, export_marks
    from training.marks.measure import report
    from training.marks.train import train_marks as learn

    known = load_registry(*(registry or ()))
    with bar() as tell:
        result = learn(
            data,
            out,
            registry=known,
            logos=logos,
            faces=faces,
            steps=steps,
            batch=batch,
            seed=seed,
            drawings=drawings,
            hold_out=not every_builder,
            start=start,
            progress=tell,
        )
        exported = export_marks(
            result, data, out / "model", known, logos=logos, faces=faces, tell=tell
        )
        if (data / "val").is_dir():
            recogniser = Recogniser(exported.folder, known, 1)
            measured = report(recogniser, data, "val", known, held_out=exported.held_out, tell=tell)
            add_measured(exported.folder, measured)
    typer.echo(f"{exported.folder}  sha256 {exported.digest}")
    typer.echo(
        f"  loss {result.loss:.3f}; {exported.prototypes} prototypes; recognised from strength "
        f"{exported.chosen.strength} on; "
        f"off by {exported.difference:.4f} at most"
    )
