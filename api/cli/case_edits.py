"""`nameplate case moved` and `lost`: what a person tells a case."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.case import Folder
from api.cli.exits import Exit
from api.cli.setup import user
from api.cli.terminal import complain
from datasets.files import straight
from evidence.clip.tables import counted, printable

if TYPE_CHECKING:
    pass

MOST_LISTED = 20

_WHY = {
    "still": "lies there still; sweep it there",
    "unmet": "no sweep has read it at its new place; sweep the folder where it lies now",
    "other": "at the new place lies another file; sweep the folder where it lies now",
}


Author = Annotated[
    str | None, typer.Option(metavar="NAME", help="Who says so; your login's name if none.")
]


def moved(
    folder: Folder,
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Where the footage lay.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Where it lies now; swept there.")],
    author: Author = None,
) -> None:
    """Say that footage lies elsewhere now, so that it is on the list once.

    For what was never read, and so cannot be known again by its bytes: what waited when a case was
    packed, what was set aside. Each file below OLD that is gone, and that a sweep met below NEW
    under the same name and of the same size, counts there alone. It is remembered who said so.
    Exit code 1 where files below OLD still count there.
    """
    from evidence.case.case import Case
    from evidence.case.moves import move

    before, now = (str(straight(path)) for path in (old, new))
    with Case.open(folder) as case, case.session() as session, session.begin():
        told = move(session, before, now, author or user("--author"))
    files = counted(len(told["moved"]), "file")
    typer.echo(printable(f"{folder}: {files} of {before} on the list at {now} alone"))
    _leave([(path, why) for name, why in _WHY.items() for path in told[name]])


def lost(
    folder: Folder,
    gone: Annotated[Path, typer.Argument(metavar="PATH", help="Where the footage lay.")],
    author: Author = None,
) -> None:
    """Say that footage is lost for good, so that no answer waits for it.

    For what waited when a case was packed: each such file at or below PATH that is gone counts
    among those that could not be looked at. It is remembered who said so. Exit code 1 where files
    below PATH are there still.
    """
    from evidence.case.case import Case
    from evidence.case.moves import lose

    path = str(straight(gone))
    with Case.open(folder) as case, case.session() as session, session.begin():
        told = lose(session, path, author or user("--author"))
    typer.echo(printable(f"{folder}: {counted(len(told['lost']), 'file')} of {path} lost for good"))
    _leave([(path, _WHY["still"]) for path in told["there"]])


def _leave(left: Sequence[tuple[str, str]]) -> None:
    """Tells of files that count as before, and why."""
    for path, why in left[:MOST_LISTED]:
        complain(f"{path}: {why}")
    if len(left) > MOST_LISTED:
        complain(f"and {len(left) - MOST_LISTED} more")
    if left:
        raise typer.Exit(Exit.FOOTAGE)
