"""A real server, a real browser (Debian's Chromium), and what axe-core finds in it."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from api.web.app import create_app
from api.web.site import Site

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The same browser, without a window it takes half the time."""
STARTS_SECONDS = 20.0
expect.set_options(timeout=20_000)  # milliseconds, on a busy machine
COLOURS = ("color-contrast", "link-in-text-block")
"""What axe-core holds against colours; nothing else is another by night."""


@contextmanager
def serve(site: Site) -> Iterator[str]:
    """Serves on a free port of this machine; gives the address, as `http://127.0.0.1:PORT`."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(create_app(site), "127.0.0.1", port, log_level="warning", lifespan="on")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    begun = time.monotonic()
    while not server.started:
        assert thread.is_alive() and time.monotonic() - begun < STARTS_SECONDS
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(STARTS_SECONDS)


def open_clip(screen: Page, served: str, sha256: str, at: str = "") -> None:
    screen.goto(f"{served}/footage/{sha256}" + (f"?at={at}" if at else ""))
    screen.wait_for_selector("#stage[data-ready]")


def faults(page: Page, rules: tuple[str, ...] = ()) -> list[str]:
    """What axe-core finds on a page, by all its rules or by some, a line for each element."""
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = rules
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{fault['id']}: {node['html'][:120]}" + _why(node)
        for fault in found
        for node in fault["nodes"]
    ]


def _why(node: dict[str, object]) -> str:
    checks = [*node["any"], *node["all"]]  # type: ignore[misc]
    return f" ({checks[0]['message']})" if checks else ""
