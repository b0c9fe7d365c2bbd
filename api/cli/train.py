"""`nameplate train` and its like: from labelled data to a model.

The training room is imported inside the commands: it is the only one that may need torch,
which the base install leaves out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.options import Builders, Data, Model, SettingsFile, argument, flag, group, option
from api.cli.setup import read_settings
from api.cli.terminal import bar, complain
from datasets.errors import UsageError
from datasets.photographs.annotations import read_photographs, split_folder
from datasets.registry import load_registry

if TYPE_CHECKING:
    from training.evaluate.comparison import ModelComparison

DataSets = Annotated[
    list[Path],
    typer.Argument(metavar="DATA", help="Folders holding train/ and val/; judged frames too."),
]
Validation = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="A data set never learnt from; old and new model are compared on it."
    ),
]
Split = Annotated[str, typer.Option(help="Which split of --validation.", metavar="NAME")]
Against = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="The old model, exported; the one shipped.", show_default=False
    ),
]
Out = Annotated[Path, typer.Option(metavar="DIR", help="Folder to write.")]


def train(
    data: DataSets,
    start: Path = option(..., "FILE", "Weights to start from, a .pt.", "--start"),
    out: Out = Path("runs/train"),
    samples: int = option(
        100_000, None, "Views to learn from; more on a run that is young.", min=1
    ),
    fold: int | None = option(
        None, "N", "Leave out one of 12 folds of the sources, to judge by.", min=0, max=11
    ),
    seed: int = option(0, "N", "Same data and seed, same weights.", min=0),
    threads: int | None = option(None, "N", "CPU threads."),
    device: str | None = option(None, "NAME", "cpu or cuda:0."),
    validation: Validation = None,
    split: Split = "val",
    against: Against = None,
) -> None:
    """Teaches a detector with labelled pictures. Needs nameplate[train].

    Interrupted, the same command goes on. With --validation it ends by exporting the new model
    to OUT/model. It says whether that is better than the old one, no worse, worse, or unclear.
    Without, no case may be looked at with it.
    """
    from training.machines.train import train as learn
    from training.weights import learnt_by_weights

    _check_against(against, validation, split)
    # Before hours of training, too.
    if validation is not None and learnt_by_weights(start, out / "vendor") is None:
        complain(
            f"{start}: no training.json of its own beside it, so nobody knows what it learnt from "
            "and the comparison will be unclear"
        )
    with bar() as tell:
        result = learn(
            data,
            start,
            out,
            samples=samples,
            fold=fold,
            seed=seed,
            threads=threads,
            device=device,
            validation=validation,
            split=split,
            progress=lambda step: tell(
                f"loss {step.loss:.2f}, {step.speed:.1f} views a second", step.samples, step.of
            ),
        )
    typer.echo(f"{result.weights}  sha256 {result.weights_sha256}")
    if result.fold_loss is not None:
        typer.echo(f"  loss on fold {fold}: {result.fold_loss:.3f}")
    if validation is None:
        complain("not compared with the model in use: give --validation DIR, here or to `export`")
        return
    from training.export import export as convert

    exported = convert(result.weights, out / "model")
    typer.echo(f"{exported.folder}  sha256 {exported.sha256}")
    _compare(exported.folder, validation, split, against, out)


def export(
    weights: Path = argument(..., "WEIGHTS", "The .pt of a run."),
    out: Out = Path("runs/model"),
    validation: Validation = None,
    split: Split = "val",
    against: Against = None,
) -> None:
    """Turns trained weights into the OpenVINO model to look with.

    Needs nameplate[train].

    The comparison that `train` ended with comes along; with --validation it is made here.
    """
    from training.evaluate.comparison import carry_comparison
    from training.export import export as convert

    _check_against(against, validation, split)
    exported = convert(weights, out)
    typer.echo(f"{exported.folder}  sha256 {exported.sha256}")
    typer.echo(f"  classes {', '.join(exported.classes)}; off by {exported.difference:.4g} at most")
    if validation is not None:
        _compare(exported.folder, validation, split, against, out)
    elif not carry_comparison(weights, out):
        complain("not compared with the model in use: give --validation DIR")


def quantize(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="The folder of `export`.")],
    data: Data,
    out: Out = Path("runs/quantized"),
    pictures: int = option(120, None, "Photographs to take ranges from.", min=1),
    validation: Validation = None,
    split: Split = "val",
    against: Against = None,
) -> None:
    """Turns an exported model into eight-bit integers, for speed.

    It finds nearly the same. Needs nameplate[train].

    With --validation both are measured on the same pictures, as for `export`.
    """
    from training.export import quantize as convert

    _check_against(against, validation, split)
    typer.echo(f"{out}  sha256 {convert(model, data, out, pictures)}")
    if validation is not None:
        _compare(out, validation, split, against, out)
    else:
        complain("not compared with the model in use: give --validation DIR")


def _check_against(against: Path | None, validation: Path | None, split: str) -> None:
    """Before hours of training, not after."""
    from training.weights import check_unlearnt, learnt_by_model

    if against is not None:
        if validation is None:
            raise UsageError("--against needs --validation, the pictures to compare on")
        check_unlearnt(learnt_by_model(against), against, validation, split)


def _compare(new: Path, validation: Path, split: str, against: Path | None, out: Path) -> None:
    from training.evaluate.comparison import contest
    from training.evaluate.page import comparison_blocks

    with bar() as tell:
        ended = contest(new, validation, split, against, work=out / "compared", progress=tell)
    typer.echo("\n" + "\n\n".join(comparison_blocks(ended.comparison)) + "\n")
    typer.echo(f"{ended.judgement}: {'; '.join(ended.reasons)}")
    typer.echo(ended.file)


def train_marks(
    data: Data,
    out: Out = Path("runs/marks"),
    logos: Path | None = option(None, "DIR", "Pictures of logos, with logos.csv."),
    faces: Path | None = option(None, "DIR", "Further typefaces to draw in."),
    registry: Builders = None,
    steps: int = option(3000, "N", "Batches to learn from."),
    batch: int = option(128, "N", "Pictures in a batch."),
    seed: int = option(0, "N", "Same data and seed, same model.", min=0),
    drawings: int = option(4, "N", "Of each wordmark."),
) -> None:
    """Trains the recognition of marks by their looks. Needs nameplate[train].

    Interrupted, the same command goes on from the last checkpoint. The model is written to
    OUT/model, with what it does on DATA/val in its card. A builder added later needs no new
    training, only its entry and, if at hand, a picture of its logo in a --registry file.

    No command takes that model: all use the one in the package, detector/marks_model. It is
    there to be measured, for detector.read.logos.Recogniser in Python, or to be put in that
    one's place.
    """
    from training.marks.export import export_marks
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
            progress=tell,
        )
        exported = export_marks(
            result, data, out / "model", known, logos=logos, faces=faces, tell=tell
        )
    typer.echo(f"{exported.folder}  sha256 {exported.digest}")
    typer.echo(
        f"  loss {result.loss:.3f}; {exported.prototypes} prototypes; recognised from strength "
        f"{exported.strength} on; "
        f"off by {exported.difference:.4f} at most"
    )


def train_scout(
    data: Data,
    start: Path = option(..., "FILE", "YOLO11n to start from, a .pt.", "--start"),
    out: Out = Path("runs/scout"),
    samples: int = option(100_000, None, "Views that each of three networks learns from.", min=1),
    seed: int = option(0, "N", "Same data and seed, same model.", min=0),
    threads: int = option(1, "N", "CPU threads."),
) -> None:
    """Trains the scout, which passes over frames without machines. Needs nameplate[train].

    Interrupted, the same command goes on. DATA/pool, if there, holds pictures of anything but
    machines. OUT/scout.xml is the model, for the place of the one in detector/model. What it
    loses of DATA/val at each threshold is printed, and stands in scout.json.
    """
    from training.machines.scout import train_scout as learn

    with bar() as tell:
        trained = learn(
            data,
            start,
            out,
            samples=samples,
            seed=seed,
            threads=threads,
            progress=lambda name, step: tell(name, step.samples, step.of),
        )
    for row in trained.measured:
        typer.echo("  ".join(f"{name} {value:.4f}" for name, value in row.items()))
    typer.echo(f"{trained.file}  threshold {trained.threshold}")


fit_app = group("fit", "Fits how what was read is weighed.")


@fit_app.command("naming")
def fit_naming(
    data: Data,
    out: Path = option(Path("runs/weights.json"), "FILE", "Coefficients and their card, to write."),
    readings: Path = option(
        Path("runs/readings.jsonl"), "FILE", "What was read; resumed where it exists."
    ),
    model: Path | None = option(None, "DIR", "The detector; the one shipped.", show_default=False),
    registry: Builders = None,
) -> None:
    """Fits how leads are weighed, on labelled photographs.

    It learns from DATA/train, once for builders and once for origins. Reading takes seconds a
    picture and is kept; fitting takes a minute. The file takes effect once it stands in the package
    as detector/name/weights.json.
    """
    from datasets.photographs.annotations import read_photographs, split_folder
    from training.readings import fit_naming as fit
    from training.readings import write_readings

    folder = split_folder(data, "train")
    photographs = read_photographs(folder)
    for path in (out, readings):
        path.parent.mkdir(parents=True, exist_ok=True)
    count = write_readings(photographs, folder, readings, model)
    typer.echo(f"{count} pictures read, of {len(photographs)}; kept in {readings}")
    try:
        fitted = fit(photographs, readings, folder, load_registry(*(registry or ())))
    except ValueError as error:
        raise UsageError(str(error)) from error
    out.write_text(json.dumps(fitted, ensure_ascii=False, indent=1) + "\n", "utf-8")
    for kind in ("builder", "origin"):
        card = fitted["card"][kind]
        typer.echo(
            f"{kind}: {card['machines']} machines, {card['claims']} claims on sources left out, "
            f"{len(card['claims_wrong'])} of them wrong, calibration error "
            f"{card['calibration_error']:.3f}"
        )
    typer.echo(f"written: {out}")


def evaluate(
    data: Data,
    split: str = option("val", None, "Which split to measure on."),
    model: Model = None,
    out: Path | None = option(
        None, "DIR", "Write evaluation.json and evaluation.md there; broken off, go on there."
    ),
    settings: SettingsFile = None,
    registry: Builders = None,
    naming: bool = option(
        True, None, "Without, only detection: in a tenth of the time.", "--naming/--no-naming"
    ),
    footage: bool = flag("--footage", "False names an hour in DATA/clips."),
    conditions: bool = flag(
        "--conditions", "Detection again at 480 and 360 lines, recompressed, blurred ..."
    ),
    against: Path | None = option(None, "FILE", "An evaluation.json of before, to compare with."),
    card: bool = flag("--card", "Write the model card beside --model."),
) -> None:
    """Measures finding and naming on labelled pictures.

    Case by case, in Markdown.
    """
    from training.evaluate.comparison import compare, read_report
    from training.evaluate.evaluation import data_digest
    from training.evaluate.evaluation import evaluate as measure
    from training.evaluate.page import page_of, write_card
    from training.weights import check_unlearnt, learnt_by_model

    if card and model is None:
        raise typer.BadParameter("--card needs --model, the folder it is written to")
    old = None
    # Before minutes of measuring, not after.
    if card and model is not None:
        check_unlearnt(learnt_by_model(model), model, data, split)
    if against is not None:
        digest = data_digest(read_photographs(split_folder(data, split)))
        old = read_report(against, split, digest)
    with bar() as tell:
        report = measure(
            data,
            split,
            model,
            settings=read_settings(settings),
            registry=load_registry(*(registry or ())),
            naming=naming,
            footage=footage,
            conditions=conditions,
            work=out,
            progress=tell,
        )
    compared = None if old is None else compare(old, report)
    page = page_of(report, compared)
    typer.echo(page)
    if out is not None:
        _write(report, compared, page, out)
    if card and model is not None:
        for file in write_card(model, report):
            typer.echo(file, err=True)


def _write(
    report: Mapping[str, Any], compared: ModelComparison | None, page: str, out: Path
) -> None:
    from training.evaluate.evaluation import NAME, forget
    from training.results import as_json, write_text

    written = {NAME: as_json(report)}
    if compared is not None:
        written["comparison.json"] = as_json(compared.as_dict())
    for name, text in {**written, "evaluation.md": page}.items():
        typer.echo(write_text(out / name, text), err=True)
    forget(out)
