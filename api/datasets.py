"""`nameplate datasets`: labelled photographs looked at, checked, exported and imported."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.exits import Exit
from api.terminal import complain, progress, speak
from datasets.checking import check_data
from datasets.exchange import export_data, import_data
from datasets.formats.classes import parse_classes
from datasets.formats.incoming import is_split_name
from datasets.look import draw_data
from datasets.registry import load_registry
from evidence.tables import printable

datasets_app = typer.Typer(
    help="Look at, check, export and import labelled photographs.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


class Kind(StrEnum):
    """The formats of other tools."""

    YOLO = "yolo"
    COCO = "coco"
    CVAT = "cvat"


Data = Annotated[Path, typer.Argument(metavar="DATA", help="Folder holding train/, val/ ...")]
Link = Annotated[bool, typer.Option("--link", help="Link to the pictures instead of copying.")]
RegistryFiles = Annotated[
    list[Path] | None,
    typer.Option("--registry", metavar="FILE", help="A file of builders that adds."),
]


@datasets_app.command()
def look(
    data: Data,
    split: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this split; else all.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write.")] = Path("look"),
    per_page: Annotated[
        int, typer.Option(min=1, max=100, metavar="N", help="Pictures on a contact sheet.")
    ] = 24,
) -> None:
    """Draws contact sheets and histograms: DIR/index.html.

    What an earlier look wrote is replaced; other files are never touched.
    """
    with progress("look", shown=True) as step:
        index = draw_data(data, out, only=split, per_page=per_page, step=step)
    typer.echo(index)


@datasets_app.command()
def check(
    data: Data,
    registry: RegistryFiles = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object.")] = False,
) -> None:
    """Checks pictures, annotations, labels and splits; counts them.

    Every fault is a line; with any, the command ends with 1.
    """
    checked = check_data(data, load_registry(*(registry or ())))
    if as_json:
        record = {"data": str(data), "splits": checked.splits, "faults": list(checked.faults)}
        typer.echo(json.dumps(record, ensure_ascii=False))
    else:
        console = speak()
        console.print(_table(checked.splits))
        for fault in checked.faults:
            console.print(Text(f"wrong  {printable(fault)}"), soft_wrap=True)
        found = len(checked.faults)
        console.print(f"{found} wrong" if found else "nothing is wrong")
    if checked.faults:
        raise typer.Exit(Exit.FOOTAGE)


@datasets_app.command()
def export(
    data: Data,
    to: Annotated[Kind, typer.Option("--to", help="The format to write.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write; not there yet.")],
    link: Link = False,
) -> None:
    """Writes a data set as YOLO, COCO or CVAT.

    COCO and CVAT come back whole with `import`; YOLO keeps classes and boxes alone. A set
    with a source in two splits is refused.
    """
    counts, lost = export_data(data, to.value, out, link=link)
    _tell(counts, out)
    if lost:
        said = ", ".join(f"{number} {name}" for name, number in lost.items())
        complain(f"{to.value} has no place for {said}; use coco or cvat to keep them")


@datasets_app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(metavar="FILE_OR_DIR", help="What another tool wrote.")],
    from_: Annotated[Kind, typer.Option("--from", help="The format it is in.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Data set to make, or to add to.")],
    source: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Where pictures come from, if not said; the file's name."
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="For all pictures; what the file says, or train."),
    ] = None,
    images: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of pictures, if not beside it.")
    ] = None,
    classes: Annotated[
        list[str] | None,
        typer.Option(
            "--class", metavar="NAME=CLASS", help="What a category is: machine, ... or none."
        ),
    ] = None,
    link: Link = False,
) -> None:
    """Reads YOLO, COCO or CVAT into a data set.

    What the file does not say gets the defaults of docs/datasets.md.
    """
    if split is not None and not is_split_name(split):
        raise typer.BadParameter("letters, digits, '.', '_' and '-'", param_hint="--split")
    counts = import_data(
        path,
        from_.value,
        out,
        source=source,
        split=split,
        images=images,
        classes=parse_classes(classes or []),
        link=link,
    )
    _tell(counts, out)


def _tell(counts: dict[str, int], out: Path) -> None:
    for split, number in counts.items():
        typer.echo(f"{printable(split)}: {number} pictures")
    typer.echo(printable(str(out)))


def _table(splits: dict[str, dict[str, int]]) -> Table:
    names = list(next(iter(splits.values())))
    table = Table("split", *({"machine": "machines", "wordmark": "marks", "control": "controls"}
                             .get(name, name) for name in names))  # fmt: skip
    for split, counts in splits.items():
        table.add_row(Text(printable(split)), *(str(counts[name]) for name in names))
    return table
