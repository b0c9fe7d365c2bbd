"""Cases to be reviewed, filled with drawn photographs."""

from __future__ import annotations

from pathlib import Path

from api.web.site import Site
from evidence.review.audit import RATES, Plan
from evidence.review.items import rebuild
from evidence.store.record import record_survey
from evidence.store.work import Source, add_work, done, take
from tests.api.web.drawn import Drawn, empty, marked, to_survey

CLAIMED = ("smtcl", "dmtg")
OTHERS = ("mazak", "haas", "okuma", "makino", "hermle")
EVERY = Plan(rates=dict.fromkeys(RATES, 1.0))


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
    settings = site.settings.model_dump(mode="json")
    keys = []
    for number, (one, name, origin) in enumerate(drawn):
        survey = to_survey(
            one, folder, number, site.recipe.model, settings, site.settings.digest, origin
        )
        path = survey.analysis.footage.path
        status = path.stat()
        source = Source(str(path), status.st_size, status.st_mtime_ns, plant_claimed="Plant 12")
        with site.session() as session, session.begin():
            add_work(session, site.recipe, [source])
            analysis = record_survey(session, site.case, survey, site.registry)
            (work,) = take(session, site.recipe, 1)
            assert done(session, work, survey.analysis.footage.sha256)
        keys.append(f"{analysis}:{name}" if name else f"{analysis}@0")
    return keys


def draw_all(site: Site) -> None:
    """Everything that comes is of the audit sample."""
    with site.session() as session, session.begin():
        rebuild(session, EVERY)
