"""What the rows of a pack may not bring with them, since a pack may come from anybody.

Nobody enters by it (`private.py`), and nothing outside the case's own folder is read because a
row of it says so: not as an original, not as work, not as an upload that is gone on with. What
its owner has there is found again by a sweep, which reads it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, select, update

from datasets.messages import Message, joined
from evidence.store.models import UNREAD, Location, Work
from evidence.store.people import Upload
from evidence.store.private import forget
from evidence.store.verdicts import kept_stills
from evidence.store.work import ASIDE, PACKED, WAITING

_HEX = "[0-9a-f]"
STILL = re.compile(rf"stills/{_HEX}{{2}}/({_HEX}{{64}})\.(?:jpg|png)")
CLIP = re.compile(rf"footage/{_HEX}{{2}}/({_HEX}{{64}})(?:\.[a-z0-9]{{1,8}})?")
"""Where files lie in a case's folder, by the SHA-256 of their bytes."""

_UPLOAD = re.compile(rf"{_HEX}{{32}}")
BROUGHT = Message("it came with a pack and lies outside the case")
SWEEP_IT = Message("sweep the folder it lies in")


def distrust(connection: Connection) -> None:
    """Makes the rows of a pack safe to work with, in the caller's transaction.

    Raises:
        ValueError: it names a file as no case does; says which.
    """
    forget(connection)
    for sha256, suffix in kept_stills(connection):
        if not STILL.fullmatch(f"stills/{sha256[:2]}/{sha256}.{suffix}"):
            raise ValueError(f"it names a still {sha256!r}")
    for number in connection.scalars(select(Upload.id)):
        if not _UPLOAD.fullmatch(number):
            raise ValueError(f"it names an upload {number!r}")
    for path, footage in connection.execute(
        select(Location.path, Location.footage).where(Location.held)
    ):
        named = CLIP.fullmatch(path)
        if named is None or footage not in (None, named[1]) or path[8:10] != named[1][:2]:
            raise ValueError(f"it names {path!r} as footage that the case holds")
    _leave_the_rest_alone(connection)


def _leave_the_rest_alone(connection: Connection) -> None:
    outside = select(Location.path).where(Location.held.is_(False))
    # Bytes in the pack itself were checked, but their time is now that of the unpacking.
    connection.execute(update(Location).where(Location.held).values(mtime_ns=None))
    connection.execute(update(Location).where(Location.held.is_(False)).values(mtime_ns=UNREAD))
    connection.execute(
        update(Work)
        .where(Work.state == WAITING, Work.path.in_(outside))
        .values(
            state=ASIDE,
            kind=PACKED,
            reason=joined([BROUGHT, SWEEP_IT], "; "),
            changed=datetime.now(UTC),
        )
    )
    connection.execute(delete(Upload).where(Upload.path.in_(outside)))
