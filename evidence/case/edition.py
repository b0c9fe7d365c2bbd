"""A copy of a case to share: without names of people and folders, and little beside the machines.

People become `person 1`, folders `folder 1`, the same number for the same one throughout. In each
picture of a whole frame all but the machine is hidden. The log of verdicts is chained anew, with
new random digits: the old digests would let a reader try out names.
"""

from __future__ import annotations

import re
import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.orm import Session

from evidence.case.case import Case
from evidence.case.folder import facts_of, furnish
from evidence.case.pack import drop_triggers, write_database
from evidence.case.rows import each_stored
from evidence.case.sighting_tables import AnalysisRow, Decision, StillRow, Verdict
from evidence.case.tables import (
    Account,
    ControlRow,
    Correction,
    FormerPlace,
    HiddenParts,
    Location,
    Login,
    Run,
    Token,
    Upload,
    Work,
)
from evidence.case.verdicts import FIRST, digest_of, head
from evidence.clip.stills import hide_around

_FOLDER = re.compile(r"(?:/|[A-Za-z]:[\\/])")  # how a path begins that says where something lies


class Edition(NamedTuple):
    """A case to share. verdicts, head: number and digest of the last verdict of the case it is
    from."""

    case: Case
    verdicts: int
    head: str


def hidden_in(session: Session, footage: str, pts: Fraction) -> list[list[float]]:
    """The boxes that people hide in a frame before it is shared."""
    row = session.get(HiddenParts, (footage, pts))
    return [] if row is None else row.boxes


def keep_hidden(
    session: Session, footage: str, pts: Fraction, boxes: Sequence[Sequence[float]]
) -> None:
    """Keeps what people hide in a frame, in place of what they hid before."""
    session.merge(HiddenParts(footage=footage, pts=pts, boxes=[list(one) for one in boxes]))


def still_to_share(session: Session, row: StillRow, picture: bytes) -> bytes:
    """A sighting's picture as JPEG: of a whole frame the machine, without what people hide."""
    if row.role != "best":
        return picture
    return hide_around(picture, row.box, hidden_in(session, row.footage, row.pts))


@contextmanager
def share_case(case: Case) -> Iterator[Edition]:
    """The case as it is at this moment, to share; it is gone when the block ends."""
    with TemporaryDirectory(prefix="nameplate-") as scratch:
        folder = Path(scratch) / "case"
        folder.mkdir(0o700)
        write_database(case, folder / "case.db")
        furnish(folder, facts_of(case.id, case.name))
        with Case.open(folder) as copy:
            with copy.session() as session, session.begin():
                last = head(session)
                with _changeable(session.connection()):
                    _Edit(case, copy, session).run()
            yield Edition(copy, *last)


@contextmanager
def _changeable(connection: Connection) -> Iterator[None]:
    """A copy's rows may be changed in the block, those too that are only ever added."""
    connection.exec_driver_sql("PRAGMA secure_delete = ON")
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    triggers = drop_triggers(connection)
    yield
    for sql in triggers:
        connection.exec_driver_sql(sql)


class _Edit:
    def __init__(self, source: Case, copy: Case, session: Session) -> None:
        self._source, self._copy, self._session = source, copy, session
        # Numbers in place of names, in the order in which they are asked for.
        self._people: dict[str, str] = defaultdict(lambda: f"person {len(self._people) + 1}")
        self._folders: dict[str, str] = defaultdict(lambda: f"folder {len(self._folders) + 1}")

    def run(self) -> None:
        """Changes every row that names a person or a folder, and every picture."""
        for entry in (Login, Token, Account, Upload):
            self._session.execute(delete(entry))
        self._log()
        signed: tuple[Any, ...] = (Decision, Correction, ControlRow)
        for table in signed:
            for row in self._session.scalars(select(table)):
                row.author = self._people[row.author]
        for run in self._session.scalars(select(Run)):
            run.host, run.outcome = "", None
            run.counts = self._without_names(run.counts)
        self._places()
        self._stills()

    def _log(self) -> None:
        previous = FIRST
        for row in self._session.scalars(select(Verdict).order_by(Verdict.number)):
            row.author = self._people[row.author]
            before = self._without_names(row.before) | {"salt": secrets.token_hex(16)}
            said = before.get("said") or {}
            if "still" in said and (kept := self._source.read_still(said["still"], "jpg")):
                parts = hidden_in(self._session, row.footage, row.pts)
                hidden = self._copy.put_still(hide_around(kept, row.box, parts))
                before["said"] = said | {"still": hidden}
            row.before, row.previous = before, previous
            previous = row.digest = digest_of(row)

    def _places(self) -> None:
        self._session.execute(update(Work).values(reason=None))  # which tells the path once more
        places: tuple[Any, ...] = (Location, FormerPlace)
        for table in places:
            for place in self._session.scalars(select(table)):
                place.provenance = self._without_names(place.provenance)
        self._session.flush()
        for path in self._session.scalars(select(Location.path)).all():
            for moved in (Location, FormerPlace, Work, Correction):
                change = update(moved).where(moved.path == path)
                self._session.execute(change.values(path=self._without_names(path)))

    def _stills(self) -> None:
        for row in self._session.scalars(select(StillRow)):
            kept = self._source.read_still(row.sha256, row.suffix)
            if kept is not None:
                row.sha256 = self._copy.put_still(still_to_share(self._session, row, kept))
        self._session.execute(delete(HiddenParts))
        self._session.flush()
        analyses = {row.id: row for row in self._session.scalars(select(AnalysisRow))}
        for name, rows in each_stored(self._session, list(analyses)):
            analyses[name].digest = rows.digest()

    def _without_names(self, value: Any, name: str = "") -> Any:
        """The same data, with numbers in place of authors and folders."""
        if isinstance(value, dict):
            return {
                self._without_names(key): self._without_names(one, key)
                for key, one in value.items()
            }
        if isinstance(value, list):
            return [self._without_names(one) for one in value]
        if isinstance(value, str) and name == "author":
            return self._people[value]
        if isinstance(value, str) and _FOLDER.match(value):
            end = max(value.rfind("/"), value.rfind("\\"))
            return f"{self._folders[value[:end]]}/{value[end + 1 :]}"
        return value
