"""Cases to be reviewed, filled with drawn photographs, and what their reviewers see and leave."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect
from sqlalchemy import select

from api.web.site import Site
from evidence.case.sighting_tables import Verdict
from evidence.case.verdicts import verify
from evidence.review.audit import RATES, AuditPlan
from evidence.review.items import rebuild
from tests.api.web.drawn import Drawn, empty, marked, to_survey
from tests.rows import keep

CLAIMED = ("smtcl", "dmtg")
OTHERS = ("mazak", "haas", "okuma", "makino", "hermle")
EVERY = AuditPlan(rates=dict.fromkeys(RATES, 1.0))


def fill(site: Site, folder: Path, claims: int, others: int, halls: int) -> list[str]:
    """Stores photographs of claims, of other machines and of empty halls, in this order.

    Returns:
        The items' keys; those of the halls exist where everything is drawn (`draw_all`).
    """
    drawn: list[tuple[Drawn, str, str | None]] = []
    for number in range(claims):
        drawn.append((marked(number % 3, CLAIMED), "m1", "CN"))
    for number in range(others):
        drawn.append((marked(3 + number % 3, OTHERS), "m1", None))
    drawn += [(empty(), "", None)] * halls
    keys = []
    for number, (one, name, origin) in enumerate(drawn):
        survey = to_survey(site, one, folder, number, origin)
        analysis = keep(site.case, site.recipe, survey, plant_claimed="Plant 12")
        keys.append(f"{analysis}:{name}" if name else f"{analysis}@0")
    return keys


def draw_all(site: Site) -> None:
    """Everything that comes is of the audit sample."""
    with site.session() as session, session.begin():
        rebuild(session, EVERY)


def open_review(page: Page, address: str) -> str:
    """Opens the review; gives the item on the screen."""
    page.goto(f"{address}/review")
    return shown(page)


def choose(page: Page, letters: str, builder: str) -> None:
    """Chooses a builder by a few letters."""
    page.keyboard.type(letters)
    expect(page.locator("#builder-list li").first).to_contain_text(builder)
    page.keyboard.press("Enter")


def shown(page: Page) -> str:
    """The item on the screen, once its picture is, and it has been there long enough to judge."""
    page.wait_for_function(
        "() => { const d = document.getElementById('desk').dataset;"
        " return d.state === 'empty' || (d.item && d.painted === d.item && d.met === d.item); }"
    )
    return page.evaluate("document.getElementById('desk').dataset.item ?? ''")


def next_after(page: Page, item: str) -> str:
    """The item that comes after this one, once it is on the screen."""
    page.wait_for_function(
        "before => document.getElementById('desk').dataset.item !== before", arg=item
    )
    return shown(page)


def all_sent(page: Page) -> None:
    expect(page.locator("#unsent")).to_be_hidden()


def verdicts(site: Site) -> list[Verdict]:
    with site.session() as session:
        assert verify(session) == []
        return list(session.scalars(select(Verdict).order_by(Verdict.number)))
