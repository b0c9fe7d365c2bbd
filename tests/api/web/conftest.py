"""A case being served, called as a program would, on each kind of database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, sync_playwright

from api.web.app import create_app
from api.web.site import Site
from datasets.registry import load_registry
from detector import Settings
from detector.look.model_files import model_digest
from evidence.case.summary import add_recipe
from tests.api.web.browser import CHROMIUM, serve


@pytest.fixture
def site(case) -> Site:
    """A case served to the one person at this machine."""
    settings, registry = Settings.archive(), load_registry()
    with case.session() as session, session.begin():
        recipe = add_recipe(session, model_digest(None), settings, registry)
    return Site(case, registry, settings, recipe, local="anna")


@pytest.fixture
def client(site) -> Iterator[httpx.Client]:
    """Calls the application as a browser on the same site would."""
    headers = {"Origin": "http://127.0.0.1"}
    with TestClient(create_app(site), "http://127.0.0.1", headers=headers) as made:
        yield made


@pytest.fixture
def person(site) -> Iterator[Callable[[str], httpx.Client]]:
    """A client of each person, all on one case."""
    with ExitStack() as stack:

        def make(name: str) -> httpx.Client:
            app, headers = create_app(replace(site, local=name)), {"Origin": "http://127.0.0.1"}
            client = TestClient(app, "http://127.0.0.1", headers=headers)
            stack.callback(client.close)
            return client

        yield make


@pytest.fixture
def served(site) -> Iterator[str]:
    """The address of a server in this process."""
    with serve(site) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, or a skip with the reason."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not here (Debian: apt-get install chromium-headless-shell)")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture
def screen(chromium) -> Iterator[Page]:
    """A page of a browser of its own, 1280 x 720; a test fails if a script of it did."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, locale="en")
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert not wrong


@pytest.fixture
def page(chromium) -> Iterator[Page]:
    """A page of a browser of its own, on whose console refusals may be told."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, locale="en")
    yield context.new_page()
    context.close()


@pytest.fixture
def shoot(request, screen) -> Callable[[str], None]:
    """`shoot(name)` keeps a picture of the page as it is, where `--screens` says; else nowhere."""
    folder: Path | None = request.config.getoption("--screens")

    def take(name: str) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            screen.screenshot(path=folder / f"{name}.png")

    return take
