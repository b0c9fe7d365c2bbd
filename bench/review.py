"""How fast the review is on a case of 100,000 flags: each route, and from key to picture.

python -m bench.review [--flags 100000] [--judged 2000] [--verdicts 100] [--pause 0.25]
    [--only sqlite|postgresql]

Made-up sightings, 20 a footage, with the pictures of a few drawn photographs. `judged`: claims
that the reviewer who is measured has judged already, and that wait for another one: the queue
has to pass them over. Both databases; Chromium from Debian. A person's `pause` between the
picture and the next key is not part of what is measured.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
from playwright.sync_api import sync_playwright
from sqlalchemy import insert, select, text

from api.web.site import Site
from datasets.registry import load_registry
from detector import Settings
from evidence.review.audit import RATES, Plan
from evidence.review.items import rebuild
from evidence.review.judge import Bench, judge
from evidence.store import (
    AnalysisRow,
    Case,
    Flag,
    FootageRow,
    Item,
    Location,
    MachineRow,
    Membership,
    PrintRow,
    ReadingRow,
    Recipe,
    SightingRow,
    StillRow,
)
from evidence.store.flags import PRIORITIES
from evidence.store.keys import analysis_id, machine_id, sighting_key
from evidence.store.rows import stored_rows
from evidence.store.runs import add_recipe
from tests.api.web.browser import CHROMIUM, serve
from tests.api.web.drawn import encoded, marked
from tests.api.web.reviewed import CLAIMED, OTHERS
from tests.postgres import PostgresServer, binaries

EACH = 20
KINDS = ("claim", "uncorroborated", "uncorroborated", *["unread"] * 9, *["large"] * 8)
"""Of 20 sightings: 5 % claims, 10 % on one cue, the rest without a builder."""

PERSON = "anna"
ROUNDS = 100


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.review", description=__doc__)
    parser.add_argument("--flags", type=int, default=100_000)
    parser.add_argument("--judged", type=int, default=2_000)
    parser.add_argument("--verdicts", type=int, default=100)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--pause", type=float, default=0.25)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nameplate-review-") as scratch:
        for name, url in _databases():
            if given.only not in (None, name.lower()):
                continue
            with url() as database, Case.new(Path(scratch) / name, "bench", database) as case:
                site = _site(case)
                began = time.perf_counter()
                _fill(case, site.recipe, given.flags)
                with case.session() as session, session.begin():
                    items = rebuild(session, Plan(rates=dict(RATES) | {"frame": 0.02}))
                _judge(site, given.judged)
                if case.on_server:
                    with case.engine.connect() as connection:
                        connection.execute(text("ANALYZE"))
                        connection.commit()
                took = time.perf_counter() - began
                print(f"\n{name}: {items} items made in {took:.0f} s", flush=True)
                with serve(site) as address:
                    _routes(address)
                    _browser(address, given.verdicts, given.pause)


def _databases() -> Iterator[tuple[str, Callable[[], Any]]]:
    @contextmanager
    def none() -> Iterator[None]:
        yield None

    yield "SQLite", none
    programs = binaries()
    if programs is None:
        return

    @contextmanager
    def server() -> Iterator[str]:
        with PostgresServer(programs) as running:
            yield running.database()

    yield "PostgreSQL", server


def _site(case: Case) -> Site:
    settings, registry = Settings.archive(), load_registry()
    with case.session() as session, session.begin():
        recipe = add_recipe(session, "aa" * 32, settings, registry)
    return Site(case, registry, settings, recipe, local=PERSON)


def _fill(case: Case, recipe: Recipe, flags: int) -> None:
    """`flags` sightings with one flag each, their readings, pictures and empty frames."""
    pictures = []
    for number in range(6):
        drawn = marked(number, CLAIMED if number < 3 else OTHERS)
        best, mark = encoded(drawn)
        pictures.append((drawn, case.put_still(best), case.put_still(mark)))
    for begin in range(0, flags // EACH, 50):
        rows: dict[Any, list[dict[str, Any]]] = {
            model: []
            for model in (
                FootageRow, Location, AnalysisRow, SightingRow, ReadingRow, StillRow, PrintRow,
                Flag, MachineRow, Membership,
            )
        }  # fmt: skip
        for footage in range(begin, min(begin + 50, flags // EACH)):
            _footage(rows, recipe, footage, pictures)
        with case.session() as session, session.begin():
            for model, part in rows.items():
                session.execute(insert(model), part)
            for row in rows[AnalysisRow]:  # as it is read again: without it no package is made
                digest = stored_rows(session, row["id"]).digest()
                session.get_one(AnalysisRow, row["id"]).digest = digest


def _footage(rows: Any, recipe: Recipe, footage: int, pictures: list[Any]) -> None:
    sha = hashlib.sha256(str(footage).encode()).hexdigest()
    key = analysis_id(sha, recipe.model, recipe.settings)
    naming = {
        "analysis": key, "footage": sha, "model": recipe.model, "settings": recipe.settings,
    }  # fmt: skip
    rows[FootageRow].append(
        {"sha256": sha, "size": 1, "kind": "video", "container": "mp4", "width": 1280,
         "height": 720}
    )  # fmt: skip
    rows[Location].append(
        {"path": f"/archive/{footage:05d}.mp4", "footage": sha, "held": False,
         "publisher": f"Channel {footage % 40}", "published": f"202{footage % 5}-06",
         "plant_claimed": f"Plant {footage % 28}"}
    )  # fmt: skip
    rows[AnalysisRow].append(
        {"id": key, "footage": sha, "model": recipe.model, "settings": recipe.settings,
         "registry_hash": recipe.registry_hash, "nameplate": "0", "frames_expected": 1,
         "frames_decoded": 1, "frames_total": 1, "losses": [], "digest": sha}
    )  # fmt: skip
    for at in range(EACH):
        name, kind = f"m{at + 1}", KINDS[at]
        first = Fraction(10 * at)
        drawn, best, mark = pictures[(footage + at) % 3 + (0 if kind == "claim" else 3)]
        builder = drawn.builder if kind in ("claim", "uncorroborated") else None
        line = {"kind": "wordmark", "id": builder, "text": drawn.text, "weight": 8.4,
                "pts": float(first), "box": list(drawn.mark), "exact": str(first)}  # fmt: skip
        rows[SightingRow].append(
            naming
            | {"name": name, "key": sighting_key(key, name), "shot": at, "first": first,
               "last": first + 5, "pts": first, "box": list(drawn.box), "confidence": 0.9,
               "track": [[str(first + i), *drawn.box, 0.9] for i in range(10)],
               "builder": builder, "probability": 0.97, "grade": "B" if builder else "U",
               "concealed": False, "evidence": [line] if builder else []}
        )  # fmt: skip
        sighting = sighting_key(key, name)
        machine = machine_id(sighting)
        rows[MachineRow].append(
            {"id": machine, "model": recipe.model, "settings": recipe.settings,
             "builder": builder, "grade": "B" if builder else "U", "probability": 0.97,
             "sightings": 1, "footages": 1, "conflict": False}
        )  # fmt: skip
        rows[Membership].append({"sighting": sighting, "machine": machine})
        for number in range(3):
            rows[ReadingRow].append(
                naming
                | {"number": 3 * at + number, "sighting": name, "text": f"{drawn.text} {number}",
                   "score": 0.9, "pts": first, "box": list(drawn.mark), "script": "latin",
                   "mirrored": False, "overlay": False}
            )  # fmt: skip
        for role, box, sha256, suffix in (
            ("best", drawn.box, best, "jpg"), ("mark", drawn.mark, mark, "png"),
        ):  # fmt: skip
            rows[StillRow].append(
                naming
                | {"sighting": name, "role": role, "pts": first, "box": list(box),
                   "sha256": sha256, "suffix": suffix}
            )  # fmt: skip
        rows[Flag].append(
            naming
            | {"sighting": name, "kind": kind, "pts": first, "priority": PRIORITIES[kind],
               "reason": "made up for measuring"}
        )  # fmt: skip
        rows[PrintRow].append(
            naming
            | {"number": at, "pts": first + 7, "shot": None, "hashes": b"\0" * 14, "detail": 0.5}
        )


def _judge(site: Site, number: int) -> None:
    """The reviewer has judged so many claims, which now wait for another one."""
    bench = Bench(site.registry, ("CN",))
    with site.session() as session, session.begin():
        keys = session.scalars(
            select(Item.item).where(Item.kind == "claim").order_by(Item.item.desc()).limit(number)
        ).all()
        for key in keys:
            judge(session, bench, key, PERSON, "accept", seconds=2.0)


def _routes(address: str) -> None:
    """Median and p95 of each route, as a client on this machine sees it."""
    print("| route | median | p95 |\n|---|---|---|")
    with httpx.Client(base_url=address, headers={"Origin": address}, timeout=60) as client:
        given: list[int] = []
        keys: list[str] = []
        dealt: list[float] = []

        def timed(name: str, call: Callable[[int], httpx.Response], times: int = ROUNDS) -> None:
            took = []
            for number in range(times):
                began = time.perf_counter()
                answer = call(number)
                took.append((time.perf_counter() - began) * 1000)
                assert answer.status_code < 400, answer.text
                if name.startswith("GET /api/v1/review/next"):
                    keys.extend(card["item"] for card in answer.json()["items"])
            middle, high = np.percentile(took, [50, 95])
            print(f"| `{name}` | {middle:.0f} ms | {high:.0f} ms |", flush=True)

        def verdict(key: str) -> httpx.Response:
            body = {"item": key, "verdict": "unknown" if ":" in key else "nothing"}
            return client.post("/api/v1/verdicts", json=body)

        def hand(_: int) -> httpx.Response:
            """The next five, those of the last hand being judged."""
            for key in keys[-5:]:
                given.append(verdict(key).json()["verdict"]["number"])
            began = time.perf_counter()
            answer = client.get("/api/v1/review/next?n=5")
            dealt.append((time.perf_counter() - began) * 1000)
            return answer

        timed("GET /api/v1/review/next?n=5 (and 5 verdicts)", hand)
        middle, high = np.percentile(dealt, [50, 95])
        print(f"| `GET /api/v1/review/next?n=5` | {middle:.0f} ms | {high:.0f} ms |")
        timed(
            "GET /api/v1/review/items/ITEM", lambda n: client.get(f"/api/v1/review/items/{keys[n]}")
        )
        timed("DELETE /api/v1/verdicts/N", lambda n: client.delete(f"/api/v1/verdicts/{given[n]}"))
        timed("POST /api/v1/verdicts", lambda n: verdict(keys[n]))
        timed("POST .../skip", lambda n: client.post(f"/api/v1/review/items/{keys[200 + n]}/skip"))
        timed("GET /api/v1/review/counts", lambda _: client.get("/api/v1/review/counts"))
        timed(
            "GET /api/v1/verdicts?limit=50",
            lambda n: client.get(f"/api/v1/verdicts?limit=50&after={10 * n}"),
        )
        timed("GET /review", lambda _: client.get("/review"))
        _looking(client, timed)
        timed("GET /api/v1/agreement (after a verdict)", lambda _: _agreement(client, keys), 5)
        timed("GET /api/v1/agreement (unchanged)", lambda _: client.get("/api/v1/agreement"))


def _looking(client: httpx.Client, timed: Callable[..., None]) -> None:
    """The pages and lists, each as it is first opened and, of lists, some way in."""
    machines = client.get("/api/v1/machines?limit=50").json()
    footage = client.get("/api/v1/footage?limit=50").json()
    sha = [one["sha256"] for one in footage["items"]]
    ids = [one["id"] for one in machines["items"]]
    for name in ("/", "/api/v1/case", "/machines", "/footage", "/upload", "/learning"):
        timed(f"GET {name}", lambda _, name=name: client.get(name))
    for query in (
        "limit=50", f"limit=50&after={machines['next']}", "builder=smtcl", "origin=CN", "grade=U",
        "plant=Plant 3", "text=OKUMA", "state=waiting", "since=2023&until=2024",
    ):  # fmt: skip
        name = query.partition("&after=")[0] + (", second page" if "after" in query else "")
        timed(
            f"GET /api/v1/machines?{name}", lambda _, q=query: client.get(f"/api/v1/machines?{q}")
        )
    timed("GET /api/v1/machines/ID", lambda n: client.get(f"/api/v1/machines/{ids[n % 50]}"))
    timed("GET /machines/ID", lambda n: client.get(f"/machines/{ids[n % 50]}"))
    timed("GET /api/v1/footage?limit=50", lambda _: client.get("/api/v1/footage?limit=50"))
    timed("GET /api/v1/footage/SHA", lambda n: client.get(f"/api/v1/footage/{sha[n % 50]}"))
    timed(
        "GET /api/v1/footage/SHA/sightings",
        lambda n: client.get(f"/api/v1/footage/{sha[n % 50]}/sightings"),
    )
    timed("GET /footage/SHA", lambda n: client.get(f"/footage/{sha[n % 50]}"))
    timed("GET /api/v1/builders?q=sh", lambda _: client.get("/api/v1/builders?q=sh"))
    timed("GET /api/v1/uploads", lambda _: client.get("/api/v1/uploads"))
    timed("GET /api/v1/learning", lambda _: client.get("/api/v1/learning"))


def _agreement(client: httpx.Client, keys: list[str]) -> httpx.Response:
    """The report made anew, since a verdict has come."""
    item = keys.pop()
    client.post(
        "/api/v1/verdicts",
        json={"item": item, "verdict": "unknown" if ":" in item else "nothing"},
    )
    return client.get("/api/v1/agreement")


def _browser(address: str, verdicts: int, pause: float) -> None:
    """From the press of a key until the next picture is on the screen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(f"{address}/review")
        for _ in range(verdicts):
            page.wait_for_function(
                "() => { const d = document.getElementById('desk').dataset;"
                " return d.item && d.painted === d.item; }"
            )
            page.wait_for_timeout(pause * 1000)
            item = page.evaluate("document.getElementById('desk').dataset.item")
            page.keyboard.press("u" if ":" in item else "e")
        page.wait_for_timeout(1000)
        took = page.evaluate(
            "performance.getEntriesByName('next-picture').map((one) => one.duration)"
        )
        middle, high = np.percentile(took, [50, 95])
        print(
            f"| key to next picture ({len(took)}) | {middle:.0f} ms | {high:.0f} ms |", flush=True
        )
        browser.close()


if __name__ == "__main__":
    main()
