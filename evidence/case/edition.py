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

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence.case.case import Case
from evidence.case.folder import facts_of, furnish
from evidence.case.pack import copied
from evidence.case.rows import Row, each_stored
from evidence.case.sighting_tables import AnalysisRow, StillRow, Verdict
from evidence.case.tables import HiddenParts
from evidence.case.verdicts import FIRST, digest_of
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
        facts = facts_of(case.id, case.name)
        furnish(folder, facts)
        edit = _Edit(case, Case(folder, facts, case.engine))
        with copied(case, folder, edit.change):
            pass
        with Case.open(folder) as copy:
            with copy.session() as session, session.begin():
                analyses = {row.id: row for row in session.scalars(select(AnalysisRow))}
                for name, rows in each_stored(session, list(analyses)):
                    analyses[name].digest = rows.digest()
            yield Edition(copy, *edit.last)


_LEFT_OUT = ("logins", "tokens", "accounts", "uploads", "hidden_parts")
_NAMED = {
    **dict.fromkeys(("decisions", "controls"), ("author",)),
    **dict.fromkeys(("locations", "former_places"), ("path", "provenance")),
    "corrections": ("author", "path"),
    "work": ("path",),
    "runs": ("counts",),
    "verdicts": ("author", "before"),
}
"""By table the columns that may name a person or a folder."""


class _Edit:
    """Changes the rows of a case on their way into a copy, whose pictures it keeps.

    last: number and digest of the last verdict of the case.
    """

    def __init__(self, case: Case, copy: Case) -> None:
        self._case, self._copy = case, copy
        self.last, self._previous = (0, FIRST), FIRST
        with case.session() as session:
            parts = session.scalars(select(HiddenParts)).all()
        self._hidden = {(part.footage, part.pts): part.boxes for part in parts}
        # Numbers in place of names, in the order in which they are asked for.
        self._people: dict[str, str] = defaultdict(lambda: f"person {len(self._people) + 1}")
        self._folders: dict[str, str] = defaultdict(lambda: f"folder {len(self._folders) + 1}")

    def change(self, table: str, row: Row) -> Row | None:
        """The row without names, and with what its pictures become."""
        if table in _LEFT_OUT:
            return None
        row |= {name: self._without_names(row[name], name) for name in _NAMED.get(table, ())}
        if table == "runs":
            row |= {"host": "", "outcome": None}
        elif table == "work":
            row["reason"] = None  # which tells the path once more
        elif table == "stills":
            if picture := self._case.read_still(row["sha256"], row["suffix"]):
                shared = self._hide(row, picture) if row["role"] == "best" else picture
                row["sha256"] = self._copy.put_still(shared)
        elif table == "verdicts":
            self._chain(row)
        return row

    def _chain(self, row: Row) -> None:
        """Puts a verdict behind the one before it, with new random digits."""
        self.last = row["number"], row["digest"]
        row["before"] |= {"salt": secrets.token_hex(16)}
        said = row["before"].get("said") or {}
        if "still" in said and (picture := self._case.read_still(said["still"], "jpg")):
            row["before"]["said"] = said | {"still": self._copy.put_still(self._hide(row, picture))}
        row["previous"] = self._previous
        row["digest"] = self._previous = digest_of(Verdict(**row))

    def _hide(self, row: Row, picture: bytes) -> bytes:
        return hide_around(picture, row["box"], self._hidden.get((row["footage"], row["pts"]), ()))

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
