"""The log of verdicts: rows are added, none is changed, and who may see which of them.

Each verdict carries the digest of the one before it, and one of its own, which covers that. The
database refuses to change or delete one. Whoever writes down the last digest elsewhere (`head`)
can prove later that no verdict up to it was changed or taken out. A digest is shown before the
words of its verdict are. Random digits among the words keep them from being guessed by trying.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, TypeVar

from sqlalchemy import Connection, and_, inspect, or_, select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from evidence.case.base import chunks, hold_table, values_of
from evidence.case.sighting_tables import (
    ENTERED,
    SightingRow,
    StillRow,
    Verdict,
    entered_name,
    is_entered,
)
from evidence.case.tables import Item
from evidence.review.standing import GivenVerdict, held_by

LOGIN, NAMED, COMMAND = "login", "name", "command"  # how an author was known
FIRST = "0" * 64  # what the first verdict has as the digest of the one before it


def append(
    session: Session,
    *,
    author: str,
    sighting: str | None = None,
    entered: bool = False,
    box: Sequence[float] | None = None,
    supersedes: int | None = None,
    state: dict[str, Any] | None = None,
    **columns: Any,
) -> Verdict:
    """Adds a verdict, in a transaction begun by `begin()`.

    sighting: the key of what was judged, of a machine entered by hand its name. entered: it enters
    a machine, which is called after it from now on. supersedes: the number of the verdict that it
    replaces. state: what else it finds, kept in `before`. columns: others of `Verdict`; `footage`,
    `pts` and `verdict` are needed. `UsageError`: no author; what is named is not there.
    """
    if not author.strip():
        raise UsageError("a verdict needs an author; give a name")
    hold_log(session)
    last, previous = head(session)
    before = (state or {}) | _before(session, sighting, supersedes)
    row = Verdict(author=author, supersedes=supersedes, previous=previous, **columns)
    row.number, row.made = last + 1, datetime.now(UTC)
    row.sighting = entered_name(row.number) if entered else sighting
    row.box = None if box is None else [float(corner) for corner in box]
    row.before = before | {"salt": secrets.token_hex(16)}
    row.digest = digest_of(row)
    session.add(row)
    session.flush()
    return row


def hold_log(session: Session) -> None:
    """Nobody else adds a verdict in this transaction: two at once would follow the same one."""
    hold_table(session, Verdict)


def digest_of(verdict: Verdict) -> str:
    """SHA-256 over every other column of a verdict."""
    values = values_of(verdict, *(set(inspect(Verdict).columns.keys()) - {"digest"}))
    values |= {"pts": str(verdict.pts), "made": verdict.made.astimezone(UTC).isoformat()}
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def head(session: Session) -> tuple[int, str]:
    """The number and the digest of the last verdict; 0 and zeros where there is none."""
    log = select(Verdict.number, Verdict.digest).order_by(Verdict.number.desc())
    last = session.execute(log.limit(1)).first()
    return (0, FIRST) if last is None else (last[0], last[1])


def entries(session: Session, *footages: str) -> list[Verdict]:
    """The verdicts that entered a machine by hand, in order; on all footage if none is named."""
    query = select(Verdict).where(Verdict.sighting.startswith(ENTERED)).order_by(Verdict.number)
    if footages:
        query = query.where(Verdict.footage.in_(footages))
    return [row for row in session.scalars(query) if row.sighting == entered_name(row.number)]


def kept_stills(connection: Connection | Session) -> list[tuple[str, str]]:
    """Every picture the case keeps, of sightings and of machines entered: SHA-256, suffix."""
    rows = connection.execute(select(StillRow.sha256, StillRow.suffix).distinct())
    found = {(sha256, suffix) for sha256, suffix in rows}
    return sorted(found | {(sha256, "jpg") for sha256 in _entered_stills(connection)})


def kept_when_entered(session: Session, sha256: str) -> bool:
    """Whether a picture (JPEG) was kept when a machine was entered by hand."""
    return sha256 in _entered_stills(session)


def _entered_stills(connection: Connection | Session) -> set[str]:
    query = select(Verdict.before).where(Verdict.sighting.startswith(ENTERED))
    said = [before.get("said") or {} for (before,) in connection.execute(query)]
    return {str(one["still"]) for one in said if "still" in one}


def verify(session: Session) -> list[str]:
    """What is wrong with the log, a line each; none where it is whole."""
    wrong = []
    number, previous = 0, FIRST
    log = select(Verdict).order_by(Verdict.number).execution_options(yield_per=1000)
    for verdict in session.scalars(log):
        number += 1
        if verdict.number != number:
            wrong.append(f"verdict {number}: missing; the next one is {verdict.number}")
            number = verdict.number
        elif verdict.previous != previous:
            wrong.append(f"verdict {number}: does not follow the one before it")
        if digest_of(verdict) != verdict.digest:
            wrong.append(f"verdict {number}: not as it was given")
        previous = verdict.digest
    return wrong


def _before(session: Session, sighting: str | None, supersedes: int | None) -> dict[str, Any]:
    """The state a verdict finds: what the program says, and the verdict it replaces."""
    state: dict[str, Any] = {}
    if sighting is not None and not is_entered(sighting):
        found = session.scalar(select(SightingRow).where(SightingRow.key == sighting))
        if found is None:
            raise UsageError(f"no sighting {sighting} in this case; name one that is there")
        state |= values_of(found, "analysis", "builder", "grade", "probability", "concealed")
    if supersedes is not None:
        replaced = session.get(Verdict, supersedes)
        if replaced is None:
            raise UsageError(f"no verdict {supersedes} in this case; name one that is there")
        state["verdict"] = values_of(replaced, "number", "verdict", "builder", "author")
    return state


About = tuple[str, str | Fraction]
"""What a verdict is about: a sighting by its key, or a frame by footage and time. A frame
found with several recipes is several items, and what people say of it holds for all."""

T = TypeVar("T", Verdict, Item)


def about(row: Verdict | Item) -> About:
    """What a verdict or an item is about."""
    return ("", row.sighting) if row.sighting is not None else (row.footage, row.pts)


def given(row: Verdict) -> GivenVerdict:
    """A verdict as far as standings depend on it."""
    tested = bool(row.before.get("tested"))
    return GivenVerdict(row.number, row.author, row.verdict, row.builder, row.supersedes, tested)


def rows_about(session: Session, table: type[T], things: Iterable[About]) -> dict[About, list[T]]:
    """By thing, the items or the verdicts about it, in order."""
    wanted = set(things)
    frames = table.footage.in_({footage for footage, _ in wanted if footage})
    query = select(table).where(
        or_(
            table.sighting.in_({of for footage, of in wanted if not footage}),
            and_(table.sighting.is_(None), frames),
        )
    )
    found: dict[About, list[T]] = defaultdict(list)
    for row in session.scalars(query.order_by(Verdict.number if table is Verdict else Item.item)):
        found[about(row)].append(row)
    return found


def verdicts_on(session: Session, items: Iterable[Item]) -> dict[str, list[Verdict]]:
    """By item, all verdicts on it in the order they were given."""
    wanted = {item.item: about(item) for item in items}
    found: dict[About, list[Verdict]] = {}
    for some in chunks(dict.fromkeys(wanted.values())):
        found |= rows_about(session, Verdict, some)
    return {item: found.get(thing, []) for item, thing in wanted.items()}


def whole_log(session: Session, footage: str | None = None) -> dict[About, list[GivenVerdict]]:
    """Every verdict of the case, or on some footage, by what it is about."""
    found: dict[About, list[GivenVerdict]] = defaultdict(list)
    query = select(Verdict).order_by(Verdict.number).execution_options(yield_per=1000)
    if footage is not None:
        query = query.where(Verdict.footage == footage)
    for row in session.scalars(query):
        found[about(row)].append(given(row))
    return found


Record = dict[str, Any]


def told_state(state: str) -> str:
    """`settled`, or `open` until it is: else one reviewer learns what another said."""
    return "settled" if state == "settled" else "open"


def told_states(states: dict[str, int], lead: bool) -> dict[str, int]:
    """How many items stand where; for all but a `lead` those disputed are among the `partial`. With
    few claims, the number of disputed ones would tell a reviewer that the other disagrees."""
    if lead:
        return states
    return states | {"partial": states["partial"] + states["disputed"], "disputed": 0}


def seen_by(person: str, item: Item | None, log: list[Verdict]) -> list[Verdict]:
    """Of the verdicts on an item those that a person may see. Their own always; all once it is
    settled; both sides of a dispute for the third who settles it."""
    if item is None or item.state == "settled":
        return log
    third = held_by([given(row) for row in log], person) is None
    if item.state == "disputed" and third:
        return log
    return [row for row in log if row.author == person]


def page_of_log(session: Session, person: str, after: int, limit: int) -> list[Record]:
    """Verdicts from number `after` on, oldest first; of a hidden one only its link of the chain."""
    rows = session.scalars(
        select(Verdict).where(Verdict.number > after).order_by(Verdict.number).limit(limit)
    ).all()
    items = rows_about(session, Item, map(about, rows))
    logs = rows_about(session, Verdict, items)
    page = []
    for row in rows:
        found = items.get(about(row), [])
        if all(row in seen_by(person, item, logs[about(row)]) for item in found):
            settled = all(item.state == "settled" for item in found)
            page.append(record(row, found[0].item if found else None, settled))
        else:
            page.append({"number": row.number, "hidden": True} | _chain(row))
    return page


def record(row: Verdict, item: str | None, settled: bool = False) -> Record:
    """A verdict as plain data. Until `settled` without where its item stood: that others differ."""
    before = {name: value for name, value in row.before.items() if settled or name != "item"}
    return (
        {"item": item, "hidden": False, "pts": str(row.pts), "seconds_in": round(float(row.pts), 3)}
        | values_of(row, "number", "sighting", "footage", "box", "verdict", "builder", "author")
        | values_of(row, "seconds", "note", "supersedes", "signed")
        | {"before": before}
        | _chain(row)
    )


def _chain(row: Verdict) -> Record:
    return {"made": row.made.isoformat(), "previous": row.previous, "digest": row.digest}
