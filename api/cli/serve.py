"""`nameplate serve` and `nameplate accounts`: the web application on a case, and who may enter."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from api.cli import options
from api.cli.exits import Exit
from api.cli.setup import open_or_make, read_settings, user
from api.cli.terminal import cell, complain, print_json, say, speak
from datasets.errors import UsageError
from datasets.registry import load_registry
from evidence.clip.tables import printable

if TYPE_CHECKING:
    from api.web.site import Site
    from evidence.case.case import Case

PORT = 8765
MOST_CALLS = 512  # at once; a browser that watches holds one
HEADER_BYTES = 32 << 10
CLOSE_SECONDS = 5
WAITING_CALLS = 128


def serve(
    case: Path = options.argument(..., "DIR", "The case; made if new."),
    host: str = options.option(
        "127.0.0.1", "ADDRESS", "Where to listen; beyond this machine only with accounts."
    ),
    port: int = options.option(PORT, "N", "0: any free.", min=0, max=65535),
    names: list[str] | None = options.option(
        None, "HOST", "A name by which browsers call this server; repeatable.", "--name"
    ),
    who: str | None = options.option(
        None, "NAME", "Who signs where no accounts are needed; your user name.", "--as"
    ),
    workers: int | None = options.option(None, "N", "Processes that analyse; one a core.", min=1),
    budget: options.Budget = None,
    settings: Path | None = options.option(
        None, "FILE", "Settings, YAML or JSON; those the case was last worked with."
    ),
    registry: options.Builders = None,
    model: options.Model = None,
    untested: options.Untested = False,
) -> None:
    """Serves a case to browsers: upload, look, review.

    What waits on the case's list is worked through meanwhile, also what a sweep left. Until
    Ctrl-C; what was finished is stored. Without accounts it listens to this machine alone.
    """
    from detector.look.model_files import model_digest
    from evidence.case.summary import add_recipe, last_settings, with_program
    from evidence.case.tables import has_accounts
    from evidence.learn.models import check_switch
    from evidence.work.sweep import Order

    check_switch(case, model, untested)
    # One clip is looked at as `analyze` does; in a case of an archive as its sweep does.
    looked = read_settings(settings, budget=budget)
    builders = load_registry(*(registry or ()))
    digest = model_digest(model)
    listener = _listen(host, port)
    with ExitStack() as stack:
        stack.enter_context(listener)
        opened = stack.enter_context(open_or_make(case, adding=True))
        stack.enter_context(_only_server(opened, _address(listener)))
        with opened.session() as session:
            accounts = has_accounts(session)
        if not accounts and not _is_loopback(host):
            raise UsageError(
                f"--host {host} lets others in, and this case has no accounts; make them first: "
                f"nameplate accounts add {case} NAME"
            )
        with opened.session() as session, session.begin():
            if settings is None and budget is None:
                # With others it would show nothing of what was found, and look at it all again.
                looked = last_settings(session, digest, builders) or looked
            else:
                looked = with_program(session, looked, digest, builders)
            recipe = add_recipe(session, digest, looked, builders)

        from api.web.site import Site
        from evidence.work.background import BackgroundWorker

        desk = BackgroundWorker(opened, recipe, Order(looked, builders, model, workers=workers))
        local, known = None if accounts else who or user("--as"), _hosts(host, names or [])
        site = Site(opened, builders, looked, recipe, model, local, known)
        _run(replace(site, desk=stack.enter_context(desk)), listener, _address(listener))
    complain("ended; what was finished is stored")
    raise typer.Exit(Exit.INTERRUPTED)


@contextmanager
def _only_server(case: Case, address: str) -> Iterator[None]:
    """Keeps others from serving the case: each would deal the same items to its reviewers."""
    with (case.folder / "served").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise UsageError(
                f"{case.folder}: is served already, at {file.read().strip()}; open that address, "
                "or end that server with Ctrl-C first"
            ) from error
        file.truncate(0)
        file.write(address)
        file.flush()
        yield


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=WAITING_CALLS)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise UsageError(
            f"{host}:{port}: cannot listen there ({why}); name another --port or --host"
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _hosts(host: str, names: list[str]) -> tuple[str, ...]:
    """The host names that browsers may use for this server."""
    known = ["127.0.0.1", "localhost", "[::1]"]
    if not _is_loopback(host):
        known += [f"[{host}]" if ":" in host else host, socket.gethostname().lower()]
    return tuple(dict.fromkeys([*known, *(name.lower() for name in names)]))


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _run(site: Site, listener: socket.socket, address: str) -> None:
    import uvicorn

    from api.web.app import Connection, create_app
    from api.web.overview import hang_up

    app = create_app(site)
    site.uploads.tidy()

    class _UvicornServer(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            say(f"{site.case.name}: {address}", "Ctrl-C ends it")
            sys.stdout.flush()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            hang_up(site)
            await super().shutdown(sockets)

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            # Uvicorn would raise the signal again at its end, and what stands around it would
            # never get to end in good order.
            numbers = (signal.SIGINT, signal.SIGTERM)
            before: dict[int, Any] = {n: signal.signal(n, self.handle_exit) for n in numbers}
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        http=Connection,
        h11_max_incomplete_event_size=HEADER_BYTES,
        limit_concurrency=MOST_CALLS,
        timeout_graceful_shutdown=CLOSE_SECONDS,
    )
    _UvicornServer(config).run(sockets=[listener])


accounts_app = options.group(
    "accounts", "Add, list and change accounts: who may enter a case served."
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="The password is the first line of standard input.")
]
LONGEST_LINE = 8192  # bytes of standard input; the password may be shorter


@accounts_app.command("add")
def add(
    folder: options.Folder,
    name: Name,
    role: str | None = options.option(
        None, "ROLE", "reviewer, lead or admin; left out: reviewer, but admin for the first."
    ),
    password_stdin: FromStdin = False,
) -> None:
    """Add an account. The password is asked for, twice; it is never an argument.

    A reviewer looks and judges; a lead also sees how much is disputed and who agrees; an admin
    also changes accounts. The first account has to be an admin's.
    """
    from evidence.accounts import add_account, check_name, list_accounts
    from evidence.case.case import Case

    with Case.open(folder) as case:
        made = add_account(case, check_name(name), role, _password(password_stdin))
        with case.session() as session:
            first = len(list_accounts(session)) == 1
    typer.echo(printable(f"{made.name}: {made.role}"))
    if first:
        if role is None:
            complain(f"{made.name}: the first account is an admin's, who may change the others")
        complain("where this case is served already everybody has to log in from now on")


@accounts_app.command("list")
def list_(folder: options.Folder, as_json: options.AsJson = False) -> None:
    """List the accounts, closed ones too."""
    from evidence.accounts import list_accounts
    from evidence.case.case import Case

    with Case.open(folder) as case, case.session() as session:
        accounts = list_accounts(session)
    table = Table("name", "role", "made", "closed")
    for one in accounts:
        ended = None if one.ended is None else one.ended.isoformat()
        if as_json:
            facts = {"name": one.name, "role": one.role, "made": one.made.isoformat()}
            print_json(facts | {"ended": ended})
        cells = (one.name, one.role, f"{one.made:%Y-%m-%d}", (ended or "")[:10])
        table.add_row(*map(cell, cells), style="dim" if ended else "")
    if not as_json:
        speak().print(table)


@accounts_app.command("role")
def role(
    folder: options.Folder,
    name: Name,
    role: str = options.argument(..., "ROLE", "reviewer, lead or admin."),
) -> None:
    """Give an account another role; it holds at once. One admin always stays."""
    _change(folder, name, role=role)


@accounts_app.command("password")
def password(folder: options.Folder, name: Name, password_stdin: FromStdin = False) -> None:
    """Give an account a new password; its logins and tokens end."""
    _change(folder, name, asked=True, from_stdin=password_stdin)


@accounts_app.command("close")
def close(folder: options.Folder, name: Name) -> None:
    """Close an account, which lets nobody in from then on.

    Its logins and tokens end. What it judged stays.
    """
    _change(folder, name, closed=True)


@accounts_app.command("reopen")
def reopen(folder: options.Folder, name: Name) -> None:
    """Open a closed account again, with the password it had."""
    _change(folder, name, closed=False)


def _change(
    folder: Path, name: str, asked: bool = False, from_stdin: bool = False, **what: Any
) -> None:
    from evidence.accounts import change_account, check_name, find_account
    from evidence.case.case import Case

    with Case.open(folder) as case:
        name = check_name(name)
        with case.session() as session:
            find_account(session, name)
        if asked:
            what["password"] = _password(from_stdin)
        changed = change_account(case, name, **what)
    state = "" if changed.ended is None else ", closed"
    typer.echo(printable(f"{changed.name}: {changed.role}{state}"))


def _password(from_stdin: bool) -> str:
    if from_stdin:
        line = sys.stdin.buffer.readline(LONGEST_LINE)
        if not line:
            raise UsageError("no password came on standard input; write it there, in one line")
        return line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
    if not sys.stdin.isatty():
        raise UsageError(
            "there is no terminal to ask for the password; write it to standard input with "
            "--password-stdin"
        )
    return str(typer.prompt("password", hide_input=True, confirmation_prompt=True, err=True))
