"""What stays behind when a case is packed, and when a pack is opened: what people enter by, and
uploads under way.

Accounts stay, without their passwords: verdicts name them. Where a pack is opened they let
nobody in until they are given a password.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, update

from evidence.store.people import Account, Login, Token, Upload


def forget(connection: Connection) -> None:
    """Takes it out of a database, of SQLite's bytes and all, in the caller's transaction."""
    if connection.dialect.name == "sqlite":
        # SQLite leaves what it deletes where it was until the place is used again.
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    connection.execute(delete(Login))
    connection.execute(delete(Token))
    connection.execute(update(Account).values(secret=""))
    connection.execute(delete(Upload).where(Upload.state == "receiving"))
