"""`nameplate serve`: the web application on a case."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.exits import Exit
from api.setup import open_or_make, read_settings, user
from api.terminal import complain, speak
from datasets.errors import UsageError
from datasets.registry import load_registry

if TYPE_CHECKING:
    from api.web.site import Site
    from evidence.store import Case

PORT = 8765
MOST_CALLS = 512
"""At once; a browser that watches holds one."""

HEADER_BYTES = 32 << 10
CLOSE_SECONDS = 5
WAITING_CALLS = 128


def serve(
    case: Annotated[Path, typer.Argument(metavar="DIR", help="The case; made if new.")],
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="Where to listen; beyond this machine only with accounts."
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="0: any free.")] = PORT,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--name", metavar="HOST", help="A name by which browsers call this server; repeatable."
        ),
    ] = None,
    who: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="NAME", help="Who signs where no accounts are needed; your user name."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Processes that analyse; one a core."),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", min=0.01, max=1.0, help="Less than 1 is faster and finds less."
        ),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            help="Settings, YAML or JSON; those the case was last worked with.", metavar="FILE"
        ),
    ] = None,
    registry: Annotated[
        list[Path] | None,
        typer.Option(help="A file of builders that adds to the registry.", metavar="FILE"),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="A model folder in place of the one shipped.", metavar="DIR"),
    ] = None,
    untested: Annotated[
        bool,
        typer.Option("--untested", help="Take a model that was not found to be no worse."),
    ] = False,
) -> None:
    """Serves a case to browsers: upload, look, review.

    What waits on the case's list is worked through meanwhile, also what a sweep left. Until
    Ctrl-C; what was finished is stored. Without accounts it listens to this machine alone.
    """
    from detector.look.model_files import model_digest
    from evidence.learning.switch import check_switch
    from evidence.store.runs import add_recipe
    from evidence.store.summary import last_settings, with_program
    from evidence.sweep.run import Order

    check_switch(case, model, untested)
    looked = read_settings(settings, archive=True, budget=budget)
    builders = load_registry(*(registry or ()))
    digest = model_digest(model)
    listener = _listen(host, port)
    with ExitStack() as stack:
        stack.enter_context(listener)
        opened = stack.enter_context(open_or_make(case, adding=True))
        accounts = _accounts(opened)
        _check_host(host, accounts, case)
        with opened.session() as session, session.begin():
            if settings is None and budget is None:
                # With others it would show nothing of what was found, and look at it all anew.
                looked = last_settings(session, digest, builders) or looked
            else:
                looked = with_program(session, looked, digest, builders)
            recipe = add_recipe(session, digest, looked, builders)

        from api.web.site import Site
        from evidence.desk import Desk

        desk = Desk(opened, recipe, Order(looked, builders, model, workers=workers))
        site = Site(
            opened,
            builders,
            looked,
            recipe,
            model,
            local=None if accounts else who or user("--as"),
            hosts=_hosts(host, names or ()),
            desk=stack.enter_context(desk),
        )
        _run(site, listener, _address(listener))
    complain("ended; what was finished is stored")
    raise typer.Exit(Exit.INTERRUPTED)


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        UsageError: the address is taken, or none of this machine's.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=WAITING_CALLS)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise UsageError(
            f"{host}:{port}: cannot listen there ({why}); name another --port or --host"
        ) from error


def _accounts(case: Case) -> bool:
    from evidence.store.people import has_accounts

    with case.session() as session:
        return has_accounts(session)


def _check_host(host: str, accounts: bool, case: Path) -> None:
    """That nobody is let in without an account who is not at this machine.

    Raises:
        UsageError: with what to do.
    """
    if accounts or _is_loopback(host):
        return
    raise UsageError(
        f"--host {host} lets others in, and this case has no accounts; make them first: "
        f"nameplate accounts add {case} NAME"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _hosts(host: str, names: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """The names by which browsers may call this server."""
    known = ["127.0.0.1", "localhost", "[::1]"]
    if not _is_loopback(host):
        known += [f"[{host}]" if ":" in host else host, socket.gethostname().lower()]
    return tuple(dict.fromkeys([*known, *(name.lower() for name in names)]))


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _run(site: Site, listener: socket.socket, address: str) -> None:
    """Serves until told to end."""
    import uvicorn

    from api.web.app import create_app
    from api.web.connections import Connection
    from api.web.events import hang_up

    app = create_app(site)
    app.state.uploads.tidy()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            console = speak()
            console.print(f"{site.case.name}: {address}", markup=False, soft_wrap=True)
            console.print("Ctrl-C ends it", markup=False)
            console.file.flush()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            hang_up(app)
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
    Server(config).run(sockets=[listener])
