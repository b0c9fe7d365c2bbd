"""Words that only a newer Nameplate writes into a case: shown as they are, and no page ends."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import httpx2 as httpx
import pytest
from sqlalchemy import select, update

from api.web.site import Site
from evidence.access.accounts import add_account
from evidence.access.credentials import make_token
from evidence.case.sighting_tables import StillRow
from evidence.case.tables import Account, Correction, Item, Location
from evidence.review.judgement import judge, test_context
from tests.api.web.reviewed import fill

PASSWORD = "seven lathes in a hall"


@pytest.fixture
def database() -> None:
    """SQLite alone: nothing here is the database's doing."""


@pytest.fixture
def keys(site: Site, tmp_path: Path) -> list[str]:
    return fill(site, tmp_path, claims=1, others=1, halls=0)


def test_what_was_put_right(client: httpx.Client, site: Site, keys: list[str]) -> None:
    with site.session() as session, session.begin():
        place = session.scalars(select(Location)).first()
        assert place is not None
        where = {"path": place.path, "footage": place.footage, "made": datetime.now(UTC)}
        session.add(Correction(claim="camera", author="anna", before="a", after="b", **where))
        footage = place.footage
    shown = client.get(f"/footage/{footage}")
    assert shown.status_code == 200 and "camera" in shown.text


def test_what_people_settled(client: httpx.Client, site: Site, keys: list[str]) -> None:
    with site.session() as session, session.begin():
        bench = test_context(session, site.registry)
        for author, word in (("anna", "concealed"), ("ben", "unknown"), ("eve", "unknown")):
            judge(session, bench, keys[0], author, word)
        session.execute(update(Item).where(Item.item == keys[0]).values(outcome="hologram"))
    shown = client.get("/agreement")
    assert shown.status_code == 200 and "hologram" in shown.text


def test_a_kind_of_picture(client: httpx.Client, site: Site, keys: list[str]) -> None:
    with site.session() as session, session.begin():
        still = session.scalars(select(StillRow)).first()
        assert still is not None
        sha256 = still.sha256
        file = site.case.still(sha256, still.suffix)
        file.rename(file.with_suffix(".webp"))
        session.execute(update(StillRow).where(StillRow.sha256 == sha256).values(suffix="webp"))
    shown = client.get(f"/api/v1/stills/{sha256}")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "application/octet-stream")


def test_a_role(client: httpx.Client, site: Site, weak_passwords: None) -> None:
    add_account(site.case, "anna", "admin", PASSWORD)
    add_account(site.case, "ben", "lead", PASSWORD)
    tokens = {who: make_token(site.case, who, "test", None)[0] for who in ("anna", "ben")}
    with site.session() as session, session.begin():
        session.execute(update(Account).where(Account.name == "ben").values(role="auditor"))
    client.headers["Authorization"] = f"Bearer {tokens['ben']}"
    assert client.get("/footage").status_code == 403
    client.headers["Authorization"] = f"Bearer {tokens['anna']}"
    assert "auditor" in client.get("/accounts").text
    assert client.get("/api/v1/accounts").json()["items"][1]["role"] == "auditor"
