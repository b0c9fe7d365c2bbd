"""A case served to a team: accounts of every role, each with a browser and a program."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.web.app import create_app
from api.web.site import Site
from evidence.accounts import make_token, start_login, to_secret
from evidence.case.case import Case
from evidence.case.tables import Account
from evidence.case.verdicts import append
from evidence.link.machines import update_machines
from tests.api.web.access.asking import HOST, Asking
from tests.evidence.case.conftest import to_survey
from tests.evidence.conftest import analysis, clip, registry
from tests.rows import keep

__all__ = ["analysis", "clip", "registry"]
ROLES = ("reviewer", "lead", "admin")
PASSWORD = "seven lathes in a hall"


@dataclass(frozen=True)
class Team:
    """A site that needs accounts, named after their roles, and a token of each."""

    site: Site
    app: FastAPI
    tokens: dict[str, str]

    def cookie(self, role: str, scheme: str = "http") -> dict[str, str]:
        """The header of a browser that has just logged in."""
        prefix = "__Host-" if scheme == "https" else ""
        value = start_login(self.site.case, role)
        return {"Cookie": f"{prefix}nameplate-{self.site.case.id[:8]}={value}"}

    def bearer(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[role]}"}


@pytest.fixture
def secret(weak_passwords) -> str:
    """What is kept of the one password of all accounts here."""
    return to_secret(PASSWORD)


@pytest.fixture
def team(site, secret) -> Team:
    return team_of(site, secret)


def team_of(site: Site, secret: str) -> Team:
    """Accounts of every role on a case that has none, all with the password that `secret` is of."""
    with site.session() as session, session.begin():
        for role in ROLES:
            made = datetime.now(UTC)
            session.add(Account(name=role, role=role, secret=secret, made=made, ended=None))
    tokens = {role: make_token(site.case, role, "walk", None)[0] for role in ROLES}
    site = replace(site, local=None)
    return Team(site, create_app(site), tokens)


@pytest.fixture
def visitor(team) -> Iterator[httpx.Client]:
    """A browser on the same site in which nobody has logged in."""
    headers = {"Origin": f"http://{HOST}"}
    with TestClient(team.app, f"http://{HOST}", headers=headers, follow_redirects=False) as made:
        yield made


@pytest.fixture
def packed_here(monkeypatch) -> None:
    """A package is made in this process, since here it is asked for often. Starting a process for
    it, as a server does, takes longer than the package itself (`tests/api/web/answer` has it)."""
    monkeypatch.setattr(
        "api.web.answer.run_in_process", lambda how, *given, **named: how(*given, **named)
    )


@pytest.fixture
def ask_at() -> Iterator[Callable[[Site], Asking]]:
    """Serves a site, and asks what it answers."""
    with ExitStack() as stack:
        yield lambda site: Asking(stack.enter_context(TestClient(create_app(site))))


@pytest.fixture
def asking(team) -> Iterator[Asking]:
    """Asks the team's application."""
    with TestClient(team.app) as client:
        yield Asking(client)


@pytest.fixture
def local_site(site, tmp_path) -> Iterator[Site]:
    """A case that needs no account: the only one it has, a reviewer's, is closed."""
    with Case.new(tmp_path / "local", "Plant 13") as case:
        with case.session() as session, session.begin():
            now = datetime.now(UTC)
            session.add(Account(name="reviewer", role="reviewer", secret="", made=now, ended=now))
        yield replace(site, case=case)


@pytest.fixture
def asking_locally(local_site, ask_at) -> Asking:
    """Asks a server that needs no account."""
    return ask_at(local_site)


@pytest.fixture
def fill(clip, analysis, registry) -> Callable[[Site], str]:
    """Puts what was found in one clip into a case; gives the clip's hash."""

    def put(site: Site) -> str:
        case: Case = site.case
        recipe = site.recipe
        found = replace(analysis, model_hash=recipe.model, settings_hash=site.settings.digest)
        sha256 = hashlib.sha256(clip.read_bytes()).hexdigest()
        keep(case, recipe, to_survey(found))
        with case.session() as session, session.begin():
            update_machines(session, recipe.model, recipe.settings)
            append(session, footage=sha256, pts=1, verdict="missed", author="reviewer")
        return sha256

    return put
