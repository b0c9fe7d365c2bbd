"""A real server and a real browser (Debian's Chromium)."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from api.web.app import create_app
from api.web.site import Site

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The same browser, without a window it takes half the time."""
STARTS_SECONDS = 20.0


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
