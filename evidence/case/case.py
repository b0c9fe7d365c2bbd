"""A case: a folder and a database with all that was found in some footage, and who judged it.

FOLDER/
    case.json       id, name, where the database is; readable by its owner alone, since the
                    address of a PostgreSQL database may hold a password
    case.db         the database, unless it is in PostgreSQL
    stills/         pictures kept of sightings, by the SHA-256 of their bytes
    footage/        footage the case holds itself; all other footage stays where it lies
    lock            held by whoever works on the case
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, insert, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from datasets.errors import CaseDamaged, CaseExists, CaseNewer
from datasets.files import isfile
from evidence.case.engine import CaseSession, postgres_engine, postgres_url, sqlite_engine
from evidence.case.folder import (
    facts_of,
    furnish,
    hold,
    new_folder,
    newer,
    read_facts,
    still_suffix,
    write_whole,
)
from evidence.case.migrations import STEPS, create, upgrade
from evidence.case.tables import CaseRow

_OURS = 0x6E616D65706C61  # the advisory lock under which a database gets its tables


class Case:
    """A case that is open, from `Case.new` or `Case.open`; use it in a `with`."""

    def __init__(self, folder: Path, facts: dict[str, Any], engine: Engine) -> None:
        self.folder, self.engine = folder, engine
        self.id: str = facts["id"]
        self.name: str = facts["name"]
        self._database: str = facts["database"]

    @classmethod
    def new(cls, folder: Path | str, name: str, database: str | None = None) -> Self:
        """Makes a case; the folder appears whole or not at all.

        database: the URL of an empty PostgreSQL database; None for SQLite in the folder.
        `CaseExists`: there is something in the folder or the database. `CaseUnwritable`,
        `CaseUnreachable`: one cannot be written. `UsageError`: it is no PostgreSQL URL.
        """
        folder = Path(folder).absolute()
        row = {"id": secrets.token_hex(16), "name": name, "created": datetime.now(UTC)}
        facts = facts_of(str(row["id"]), name, database or "case.db")
        with new_folder(folder) as partial, new_database(partial, facts["database"]) as connection:
            connection.execute(insert(CaseRow), row)
            furnish(partial, facts)
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """Opens a case; one written by an older Nameplate gets the tables of this one.

        `CaseMissing`: the folder holds no case. `CaseNewer`: a newer Nameplate wrote it.
        `CaseDamaged`: `case.json` or the database is not what it was. `CaseUnreachable`: its
        database does not answer. `CaseLocked`, `CaseUnwritable`: it is older, and held or not to
        be written.
        """
        folder = Path(folder).absolute()
        facts = read_facts(folder)
        case = cls(folder, facts, open_engine(folder, facts["database"]))
        try:
            case._settle()
        except BaseException:
            case.close()
            raise
        return case

    @property
    def database(self) -> str:
        """Where the database is, without the password."""
        if self.on_server:
            return make_url(self._database).render_as_string()
        return str(self.folder / self._database)

    @property
    def on_server(self) -> bool:
        """Whether the database is PostgreSQL."""
        return self.engine.dialect.name == "postgresql"

    def session(self) -> Session:
        """A session to read with; one that writes is begun by `session.begin()`."""
        return CaseSession(self.engine, expire_on_commit=False)

    def snapshot(self) -> Session:
        """A session that reads the case as it was at its first query, whoever writes meanwhile."""
        if self.on_server:
            bind = self.engine.execution_options(isolation_level="REPEATABLE READ")
            return CaseSession(bind, expire_on_commit=False)
        return self.session()

    def lock(self) -> AbstractContextManager[None]:
        """Holds the case: whoever adds analyses, links or machines must. As `folder.hold`."""
        return hold(self.folder)

    def still(self, sha256: str, suffix: str) -> Path:
        """Where a still lies; `suffix` is `jpg` or `png`."""
        return self.folder / "stills" / sha256[:2] / f"{sha256}.{suffix}"

    def read_still(self, sha256: str, suffix: str) -> bytes | None:
        """A still's bytes; None where its file is gone or altered, and so shows nothing."""
        try:
            picture = self.still(sha256, suffix).read_bytes()
        except OSError:
            return None
        return picture if hashlib.sha256(picture).hexdigest() == sha256 else None

    def put_still(self, picture: bytes) -> str:
        """The SHA-256 of a picture (JPEG or PNG), which is kept once. `CaseUnwritable`: it cannot
        be."""
        sha256 = hashlib.sha256(picture).hexdigest()
        path = self.still(sha256, still_suffix(picture))
        if not isfile(path) or path.stat().st_size != len(picture):
            write_whole(path, picture)
        return sha256

    def held(self, sha256: str, suffix: str = "") -> Path:
        """Where footage lies that the case holds itself; `suffix` with its dot, if any."""
        return self.folder / "footage" / sha256[:2] / f"{sha256}{suffix}"

    def find(self, path: str) -> Path:
        """Where a `Location.path` points: held footage is named from the case's folder."""
        return self.folder / path

    def close(self) -> None:
        """Lets go of the database."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _settle(self) -> None:
        """Makes sure that the database is this case's, and of this version."""
        try:
            with self.engine.connect() as connection:
                step = connection.scalar(text("SELECT version_num FROM alembic_version"))
                ids = connection.scalars(select(CaseRow.id)).all()
        except DBAPIError as error:
            raise CaseDamaged(
                f"{self.database}: holds no case, and should hold {self.name!r}; check the "
                f"database in {self.folder / 'case.json'}"
            ) from error
        if list(ids) != [self.id]:
            raise CaseDamaged(
                f"{self.database}: holds another case than {self.folder / 'case.json'} says; "
                "one case has one database: name the right one there"
            )
        if step == [*STEPS][-1]:
            return
        if step not in STEPS:
            raise CaseNewer(newer(self.folder))
        with self.lock():
            self._migrate(step)

    def _migrate(self, step: str) -> None:
        """Takes the steps after this one, in one transaction."""
        with self.engine.connect() as connection:
            # To change a table SQLite makes a new one and drops the old one. With foreign keys
            # enforced that would empty the tables which point to it. Straight to the driver:
            # within a transaction this pragma does nothing.
            driver: Any = connection.connection
            if not self.on_server:
                driver.execute("PRAGMA foreign_keys = OFF")
            with connection.begin():
                upgrade(connection, step)
            if not self.on_server:
                driver.execute("PRAGMA foreign_keys = ON")


def open_engine(folder: Path, database: str, new: bool = False) -> Engine:
    """An engine on what `case.json` calls `database`: a URL, or a file in the folder."""
    if "://" in database:
        return postgres_engine(postgres_url(database))
    file = folder / database
    if not new and not file.is_file():
        raise CaseDamaged(f"{file}: the case's database is not there; put a copy in its place")
    return sqlite_engine(file, new)


@contextmanager
def new_database(folder: Path, database: str) -> Iterator[Connection]:
    """An empty database with the tables of a case, in a transaction that ends with the block.
    `CaseExists`: it holds tables already."""
    engine = open_engine(folder, database, new=True)
    try:
        with engine.begin() as connection:
            _check_empty(connection)
            create(connection)
            yield connection
    finally:
        engine.dispose()


def _check_empty(connection: Connection) -> None:
    """Makes sure that nobody else is about to fill it either."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _OURS})
    tables = inspect(connection).get_table_names()
    if not tables:
        return
    url = connection.engine.url.render_as_string()
    if "case" in tables and "alembic_version" in tables:
        names = connection.scalars(select(CaseRow.name)).all()
        raise CaseExists(f"{url}: holds the case {names[0]!r}; name another database")
    raise CaseExists(f"{url}: holds tables of something else; name an empty database")
