"""`nameplate datasets` and `nameplate builders`: labelled photographs and the registry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from api.cli.exits import Exit
from api.cli.options import AsJson, Builders, argument, flag, group, option
from api.cli.terminal import bar, complain, print_json, progress, say, speak
from datasets.entry import Entry
from datasets.errors import RegistryError, UsageError
from datasets.exchange.conversion import export_data, import_data, is_split_name
from datasets.files import isfile
from datasets.look.draw import draw_data
from datasets.photographs.splits import check_data
from datasets.places import country_name
from datasets.registry import load_registry, read_entries
from evidence.clip.tables import printable

CASE_FILE = "case.json"
datasets_app = group("datasets", "Look at, check, export and import labelled photographs.")
ExchangeFormat = Literal["yolo", "coco", "cvat"]
Data = Annotated[Path, typer.Argument(metavar="DATA", help="Folder holding train/, val/ ...")]
Link = Annotated[bool, typer.Option("--link", help="Link to the pictures instead of copying.")]


@datasets_app.command()
def look(
    data: Data,
    split: str | None = option(None, "NAME", "Only this split; else all."),
    out: Path = option(Path("look"), "DIR", "Folder to write."),
    per_page: int = option(24, "N", "Pictures on a contact sheet.", min=1, max=100),
) -> None:
    """Draws contact sheets and counts: DIR/index.html.

    What an earlier look wrote is replaced; other files are never touched.
    """
    with progress("look", shown=True) as step:
        index = draw_data(data, out, only=split, per_page=per_page, step=step)
    typer.echo(index)


@datasets_app.command()
def check(data: Data, registry: Builders = None, as_json: AsJson = False) -> None:
    """Checks pictures, annotations, labels and splits; counts them.

    Every fault is a line; with any, the command ends with 1.
    """
    checked = check_data(data, load_registry(*(registry or ())))
    if as_json:
        print_json({"data": str(data), "splits": checked.splits, "faults": list(checked.faults)})
    else:
        speak().print(_split_table(checked.splits))
        say(*(f"wrong  {fault}" for fault in checked.faults))
        say(f"{len(checked.faults)} wrong" if checked.faults else "nothing is wrong")
    if checked.faults:
        raise typer.Exit(Exit.FOOTAGE)


@datasets_app.command()
def export(
    data: Path = argument(..., "DATA", "Folder holding train/, val/ ...; or a case."),
    out: Path = option(..., "DIR", "Folder to write; not there yet."),
    to: ExchangeFormat | None = option(
        None, None, "The format to write; of a case, besides ours.", "--to"
    ),
    link: Link = False,
    val: float | None = option(
        None, "SHARE", "Of a case's sources, those held back; 0.2.", min=0, max=0.9
    ),
    authors: bool = flag("--authors", "Of a case: name who gave each verdict."),
    model: Path | None = option(
        None, "DIR", "Of a case: what draws in marks and controls; the one shipped."
    ),
) -> None:
    """Writes a data set, or the judged frames of a case.

    As YOLO, COCO or CVAT: CVAT comes back whole with `import`, YOLO keeps classes and boxes
    alone. A set with a source in two splits is refused. Of a case, DIR/data holds the frames
    in our own format, split by source; run again, it adds what has been judged since.
    """
    if not isfile(data / CASE_FILE):
        if to is None:
            raise UsageError("--to is missing: yolo, coco or cvat")
        if val is not None or authors or model is not None:
            raise UsageError(f"{data}: is no case; --val, --authors and --model are for one")
        _tell(export_data(data, to, out, link=link), out)
        return
    from evidence.case.case import Case
    from evidence.learn.export import export_judged
    from evidence.learn.sources import VAL_SHARE

    held = VAL_SHARE if val is None else val
    with Case.open(data) as case, bar() as tell:
        done = export_judged(
            case, out, to, share=held, link=link, authors=authors, model=model, progress=tell
        )
    _tell(done.counts, done.data)
    if done.twice:
        complain(f"{done.twice} frames were left out: the same picture is there already")
    if "val" not in done.counts and val != 0:
        complain("all footage is of one source, so nothing could be held back; name publishers")
    for one in done.left_out:
        complain(f"left out {one.frames} frames of {one.footage[:12]}: {one.reason}")
    if done.left_out:
        raise typer.Exit(Exit.FOOTAGE)


@datasets_app.command("import")
def import_(
    path: Path = argument(..., "FILE_OR_DIR", "What another tool wrote."),
    out: Path = option(..., "DIR", "Data set to make, or to add to."),
    from_: Literal["cvat"] = option("cvat", None, "The format it is in.", "--from"),
    source: str | None = option(
        None, "NAME", "Where pictures come from, if not said; the file's name."
    ),
    split: str | None = option(None, "NAME", "For all pictures; what the file says, or train."),
    images: Path | None = option(None, "DIR", "Folder of pictures, if not beside it."),
    link: Link = False,
) -> None:
    """Reads what CVAT exported into a data set.

    What the file does not say gets the defaults of docs/learning.md.
    """
    if split is not None and not is_split_name(split):
        raise typer.BadParameter("letters, digits, '.', '_' and '-'", param_hint="--split")
    _tell(import_data(path, out, source=source, split=split, images=images, link=link), out)


def _tell(counts: dict[str, int], out: Path) -> None:
    for split, number in counts.items():
        typer.echo(f"{printable(split)}: {number} pictures")
    typer.echo(printable(str(out)))


def _split_table(splits: dict[str, dict[str, int]]) -> Table:
    names = list(next(iter(splits.values())))
    shown = {"machine": "machines", "wordmark": "marks", "control": "controls"}
    table = Table("split", *(shown.get(name, name) for name in names))
    for split, counts in splits.items():
        table.add_row(Text(printable(split)), *(str(counts[name]) for name in names))
    return table


MARKS_SHOWN = 4
REGISTRY_WIDTH = 240  # columns of a table that no screen limits


class _WordOrCommand(TyperGroup):
    """Reads `builders WORD` as `builders list WORD`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


builders_app = group(
    "builders",
    "List, search and check the registry of builders.",
    cls=_WordOrCommand,
    no_args_is_help=False,
)


@builders_app.command("list")
def list_builders(
    word: str | None = argument(None, None, "In id, name, marks or series."),
    registry: Builders = None,
    as_json: AsJson = False,
) -> None:
    """List the registry's entries, or those with WORD in them.

    The word "list" may be left out.
    """
    known = load_registry(*(registry or ()))
    entries = tuple(known) if word is None else known.search(word)
    if as_json:
        for entry in entries:
            print_json(entry.as_json())
    elif entries:
        console = speak()
        if not console.is_terminal:
            console.width = REGISTRY_WIDTH
        console.print(_registry_table(entries))
        say(f"{len(entries)} of {len(known)} entries")
    else:
        complain(f"no entry has {word!r} in its id, name, marks or series")
        raise typer.Exit(1)


@builders_app.command("check")
def check_file(file: Path = argument(..., "FILE", "A registry file (YAML).")) -> None:
    """Check a registry file; say which entry and field is wrong."""
    try:
        entries = read_entries(file)
        load_registry(file)  # a maker has to be an entry, of the file or a packaged one
    except RegistryError as error:
        for line in str(error).splitlines():
            complain(line)
        raise typer.Exit(Exit.SETUP) from error
    known = load_registry()
    replaced = sum(entry.id in known for entry in entries)
    said = f"{len(entries)}, of these in place of a packaged one: {replaced}"
    typer.echo(f"{file}: all right; entries: {said}")


def _registry_table(entries: Sequence[Entry]) -> Table:
    table = Table("id", "name", "type", "origin", "owner", "made in", "marks", "sure")
    for entry in entries:
        marks = [mark.text for mark in entry.wordmarks]
        more = f" +{len(marks) - MARKS_SHOWN}" if len(marks) > MARKS_SHOWN else ""
        table.add_row(
            entry.id,
            entry.name,
            entry.type,
            country_name(entry.origin),
            country_name(entry.owner.country) if entry.owner else "",
            ", ".join(map(country_name, entry.production)),
            ", ".join(marks[:MARKS_SHOWN]) + more,
            entry.confidence,
        )
    return table
