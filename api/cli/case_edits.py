"""`nameplate case moved`, `lost` and `enter`: what a person tells a case."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.case import AsJson, Folder, RegistryFiles
from api.cli.exits import Exit
from api.cli.setup import user
from api.cli.terminal import complain, print_json
from datasets.errors import FootageError, UsageError
from datasets.files import straight
from datasets.registry import load_registry
from evidence.clip.tables import counted, printable

if TYPE_CHECKING:
    from evidence.case.case import Case

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
    files = counted(len(told.moved), "file")
    typer.echo(printable(f"{folder}: {files} of {before} on the list at {now} alone"))
    _leave([(path, why) for name, why in _WHY.items() for path in getattr(told, name)])


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
    typer.echo(printable(f"{folder}: {counted(len(told.lost), 'file')} of {path} lost for good"))
    _leave([(path, _WHY["still"]) for path in told.there])


def _leave(left: Sequence[tuple[str, str]]) -> None:
    """Tells of files that count as before, and why."""
    for path, why in left[:MOST_LISTED]:
        complain(f"{path}: {why}")
    if len(left) > MOST_LISTED:
        complain(f"and {len(left) - MOST_LISTED} more")
    if left:
        raise typer.Exit(Exit.FOOTAGE)


UNKNOWN = "unknown"


def enter(
    folder: Folder,
    footage: Annotated[
        str, typer.Argument(metavar="FOOTAGE", help="A path the case knows, or a SHA-256.")
    ],
    at: Annotated[
        str, typer.Option(metavar="SECONDS", help="When it is seen: 12.5 or 1001/24000.")
    ] = "0",
    box: Annotated[
        str | None,
        typer.Option(metavar="X,Y,W,H", help="Where, in pixels; the whole frame if left out."),
    ] = None,
    builder: Annotated[
        str, typer.Option(metavar="ID", help="The builder's id in the registry, or `unknown`.")
    ] = UNKNOWN,
    probable: Annotated[
        bool, typer.Option("--probable", help="It may be that builder's: others have to say.")
    ] = False,
    concealed: Annotated[
        bool,
        typer.Option("--concealed", help="Its mark is hidden; a builder is told from another cue."),
    ] = False,
    control: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Who made its control; says nothing of the builder."),
    ] = None,
    made: Annotated[
        str | None,
        typer.Option(metavar="CC", help="Where this very machine was built, if a plate says so."),
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Where it was told: an address, a title.")
    ] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="What it is told by.")] = None,
    author: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who says so; your login's name if none.")
    ] = None,
    as_json: AsJson = False,
    registry: RegistryFiles = None,
) -> None:
    """Enter a machine by hand, for others to judge.

    They judge it as they do what the program flagged. It counts in what was seen, at the least,
    and in no share that is estimated. A builder from an origin under test needs a second person,
    who enters the same place or judges it in the review.
    """
    from evidence.browse.frames import name_footage
    from evidence.case.case import Case
    from evidence.case.verdicts import COMMAND
    from evidence.review.judgement import test_context
    from evidence.review.log import record
    from evidence.review.manual_entries import Statement, check_place
    from evidence.review.manual_entries import enter as put

    named = None if builder == UNKNOWN else builder
    told = Statement(named, probable, concealed, control, made, source, note)
    known = load_registry(*(registry or ()))
    pts, corners = _parse_seconds(at), None if box is None else _parse_box(box)
    with Case.open(folder) as case:
        with case.session() as session:
            sha256 = name_footage(session, footage)
            told.check(test_context(session, known))
            check_place(session, sha256, pts, corners)
        pts, size, still = _picture(case, sha256, pts)
        with case.session() as session, session.begin():
            bench = test_context(session, known)
            who = author or user("--author")
            verdict = put(
                session, bench, sha256, pts, corners, told, who,
                size=size, still=still, signed=COMMAND,
            )  # fmt: skip
            said = record(verdict, None)
    if as_json:
        print_json(said)
        return
    typer.echo(printable(f"{said['sighting']}: verdict {said['number']} by {who}, {told.word}"))


def _picture(
    case: Case, sha256: str, pts: Fraction
) -> tuple[Fraction, tuple[int, int] | None, str | None]:
    """The exact time of a frame, its size (width, height), and its picture kept.

    Without the original: the time as given, and None for both others.
    """
    from detector.look.stills import encode_frame
    from evidence.browse.frames import FrameCutter, find_original

    try:
        with case.session() as session:
            footage = find_original(session, case, sha256)
        if footage is None:
            return pts, None, None
        frame = FrameCutter().frame(footage, pts)
    except FootageError as error:
        complain(f"no picture is kept: {error}")
        return pts, None, None
    height, width = frame.image.shape[:2]
    return frame.pts, (width, height), case.put_still(encode_frame(frame.image))


def _parse_seconds(text: str) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"--at {text}: seconds, as 12.5 or 1001/24000") from None


def _parse_box(text: str) -> tuple[float, float, float, float]:
    try:
        x, y, width, height = map(float, text.split(","))
    except ValueError:
        raise UsageError(f"--box {text}: four numbers, X,Y,W,H") from None
    return x, y, x + width, y + height
