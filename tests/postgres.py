"""A real PostgreSQL server for tests: on a socket in a folder of its own, gone with the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

import psycopg

LONGEST_START = 30  # seconds

_IN_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30  # bytes; in containers it often has but 64 MiB
_LEFT = 3600.0
"""Seconds after which a folder in which no server runs was left by tests that were killed."""


def binaries() -> Path | None:
    """The folder of Debian's newest server, else of the one on PATH, else None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def _tidy(parent: Path) -> None:
    """Removes what servers have left that died with the tests that started them."""
    for folder in parent.glob("nameplate-pg-*"):
        with suppress(OSError):
            old = time.time() - folder.stat().st_mtime > _LEFT
            if old and not (folder / "data" / "postmaster.pid").exists():
                shutil.rmtree(folder)


class PostgresServer:
    """One server, stopped and started at will; started by `with`.

    It dies with the process that started it, however that ends. Nothing in it survives a
    power cut. Text sorts by the rules of a language, not by code point, where a column does not
    ask for that itself, as on most servers. Its folder is made in `parent`.
    """

    def __init__(self, programs: Path, parent: Path | None = None) -> None:
        self._programs = programs
        _tidy(parent or Path(tempfile.gettempdir()))
        # A socket's path may be 107 bytes long; a test's own folder is often longer.
        self.folder = Path(tempfile.mkdtemp(prefix="nameplate-pg-", dir=parent))
        self._user: list[str] = []
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            names = {entry.pw_name for entry in pwd.getpwall()}
            user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._user = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        self._server: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)

    def __enter__(self) -> PostgresServer:
        initdb = [self._programs / "initdb", "-D", self.folder / "data", "-U", "nameplate"]
        initdb += ["-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
        told = subprocess.run([initdb[0], "--help"], capture_output=True, text=True).stdout
        if "--icu-locale" in told:
            initdb += ["--locale-provider=icu", "--icu-locale=en-US"]
        self._call(initdb)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        command = ["setpriv", *self._user, "--pdeathsig=QUIT", self._programs / "postgres"]
        command += ["-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses="]
        for setting in ("fsync=off", "full_page_writes=off"):
            command += ["-c", setting]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(command, stderr=log, stdout=log, cwd=self.folder)
        end = time.monotonic() + LONGEST_START
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                if self._server.poll() is not None or time.monotonic() > end:
                    log_text = (self.folder / "log").read_text("utf-8", "replace")
                    raise RuntimeError(f"PostgreSQL does not start:\n{log_text}") from None
                time.sleep(0.02)

    def stop(self) -> None:
        """Stops it as if its host had failed: connections break off, nothing is finished."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait()
            self._server = None

    def url(self, name: str) -> str:
        """The URL of a database."""
        return f"postgresql://nameplate@/{name}?host={self.folder}"

    def database(self, make: bool = True) -> str:
        """The URL of a new, empty database; without `make` of one that is not there yet."""
        name = f"test{next(self._numbers)}"
        if make:
            self._create(name, "template1")
        return self.url(name)

    def copy(self, like: str, url: str) -> None:
        """Makes a database that is not there yet, as a copy of one nobody is connected to."""
        self._create(_name(url), _name(like))

    def _create(self, name: str, like: str) -> None:
        made = f"CREATE DATABASE {name} TEMPLATE {like}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if connection.info.server_version >= 150000:
                # Through the log, as it does otherwise, takes twice as long.
                made += " STRATEGY FILE_COPY"
            connection.execute(made)  # type: ignore[call-overload]

    def drop(self, url: str) -> None:
        """Drops a database, whoever is connected to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            gone = f"DROP DATABASE IF EXISTS {_name(url)} WITH (FORCE)"
            connection.execute(gone)  # type: ignore[call-overload]

    def _call(self, command: list[str | Path]) -> None:
        subprocess.run(
            ["setpriv", *self._user, "--pdeathsig=KILL", *command],
            check=True,
            capture_output=True,
            cwd=self.folder,
        )


def somebody_waits(url: str) -> bool:
    """Whether anybody in a database waits for a lock."""
    asked = (
        "SELECT FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with psycopg.connect(url) as connection:
        return connection.execute(asked).fetchone() is not None


def in_memory() -> Path | None:
    """A folder in memory, if there is room: a database is made there in a quarter of the time."""
    roomy = _IN_MEMORY.is_dir() and shutil.disk_usage(_IN_MEMORY).free >= _ROOM
    return _IN_MEMORY if roomy and os.access(_IN_MEMORY, os.W_OK) else None


def _name(url: str) -> str:
    return url.split("@/")[1].split("?")[0]
