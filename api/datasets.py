"""`nameplate datasets`: labelled photographs looked at, checked, exported and imported."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.bar import bar
from api.exits import Exit
from api.terminal import complain, print_json, progress, speak
from datasets.checking import check_data
from datasets.errors import UsageError
from datasets.exchange import export_data, import_data
from datasets.formats.classes import parse_classes
from datasets.formats.incoming import is_split_name
from datasets.look import draw_data
from datasets.registry import load_registry
from datasets.there import isfile
from evidence.tables import printable

CASE_FILE = "case.json"

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
        print_json(record)
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
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="Folder holding train/, val/ ...; or a case.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write; not there yet.")],
    to: Annotated[
        Kind | None, typer.Option("--to", help="The format to write; of a case, besides ours.")
    ] = None,
    link: Link = False,
    val: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", min=0, max=0.9, help="Of a case's sources, those held back; 0.2."
        ),
    ] = None,
    authors: Annotated[
        bool, typer.Option("--authors", help="Of a case: name who gave each verdict.")
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Of a case: what draws in marks and controls; the one shipped."
        ),
    ] = None,
) -> None:
    """Writes a data set, or the judged frames of a case.

    As YOLO, COCO or CVAT: COCO and CVAT come back whole with `import`, YOLO keeps classes and
    boxes alone. A set with a source in two splits is refused. Of a case, DIR/data holds the frames
    in our own format, split by source; run again, it adds what has been judged since.
    """
    if isfile(data / CASE_FILE):
        _export_case(data, out, to, val, link, authors, model)
        return
    if to is None:
        raise UsageError("--to is missing: yolo, coco or cvat")
    if val is not None or authors or model is not None:
        raise UsageError(f"{data}: is no case; --val, --authors and --model are for one")
    counts, lost = export_data(data, to.value, out, link=link)
    _tell(counts, out)
    _tell_lost(to, lost)


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


def _export_case(
    folder: Path,
    out: Path,
    to: Kind | None,
    val: float | None,
    link: bool,
    authors: bool,
    model: Path | None,
) -> None:
    from evidence.learning.export import export_judged
    from evidence.learning.sources import VAL_SHARE
    from evidence.store import Case

    with Case.open(folder) as case, bar() as tell:
        done = export_judged(
            case,
            out,
            None if to is None else to.value,
            share=VAL_SHARE if val is None else val,
            link=link,
            authors=authors,
            model=model,
            progress=tell,
        )
    _tell(done.counts, done.data)
    if to is not None:
        _tell_lost(to, done.lost)
    if done.twice:
        complain(f"{done.twice} frames were left out: the same picture is there already")
    if "val" not in done.counts and val != 0:
        complain("all footage is of one source, so nothing could be held back; name publishers")
    for one in done.left_out:
        complain(f"left out {one.frames} frames of {one.footage[:12]}: {one.reason}")
    if done.left_out:
        raise typer.Exit(Exit.FOOTAGE)


def _tell_lost(to: Kind, lost: dict[str, int]) -> None:
    if lost:
        said = ", ".join(f"{number} {name}" for name, number in lost.items())
        complain(f"{to.value} has no place for {said}; use coco or cvat to keep them")


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
