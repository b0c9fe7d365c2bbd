"""How fast the answer's page is.

python -m bench.answer [--machines 2000] [--only sqlite|postgresql]

A made-up case as `bench.review` makes it, every machine a sighting, a fifth of its audit sample
and its claims judged. Wall and processor seconds of computing, milliseconds of each route as a
client on this machine sees them, first and again.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import httpx2 as httpx
from sqlalchemy import select

from api.web.site import Site
from bench.review import PERSON, _databases, _fill, _site
from evidence.answer.cache import Answers, read_moment
from evidence.answer.question import Question
from evidence.review.audit import RATES, Plan
from evidence.review.items import rebuild
from evidence.review.judge import Bench, judge
from evidence.store import Item
from tests.api.web.browser import serve

AGAIN = 30


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.answer", description=__doc__)
    parser.add_argument("--machines", type=int, default=2_000)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nameplate-answer-") as scratch:
        for name, url in _databases():
            if given.only in (None, name.lower()):
                from evidence.store import Case

                with url() as database, Case.new(Path(scratch) / name, "bench", database) as case:
                    _measure(name, _site(case), given.machines)


def _measure(name: str, site: Site, machines: int) -> None:
    _fill(site.case, site.recipe, machines)
    rates = dict(RATES) | {"sighting-unknown": 0.2, "sighting-named": 0.2, "frame": 0.05}
    with site.session() as session, session.begin():
        rebuild(session, Plan(rates=rates))
    _judge(site)
    print(f"\n{name}, {machines} machines\n")
    with site.case.snapshot() as session:
        began, busy = time.perf_counter(), time.process_time()
        Answers(site.case, site.registry).find(session, Question())
        wall, cpu = time.perf_counter() - began, time.process_time() - busy
        began = time.perf_counter()
        read_moment(session)
        moment = time.perf_counter() - began
    print(
        f"computing: {wall:.2f} s, {cpu:.2f} s of a processor; state of the case: "
        f"{1000 * moment:.0f} ms\n\n| route | first | median again | p95 |\n|---|---|---|---|"
    )
    with serve(site) as address, httpx.Client(base_url=address, timeout=300) as client:
        for path, times in (
            ("/answer", AGAIN),
            ("/api/v1/answer", AGAIN),
            ("/api/v1/answer/report", 5),
            ("/api/v1/answer/report?format=pdf", 2),
            ("/api/v1/answer/package", 1),
        ):
            took = []
            for _ in range(times + 1):
                began = time.perf_counter()
                answer = client.get(path)
                took.append(1000 * (time.perf_counter() - began))
                assert answer.status_code == 200, answer.text
            rest = sorted(took[1:])
            print(
                f"| `GET {path}` | {took[0]:.0f} ms | {rest[len(rest) // 2]:.0f} ms | "
                f"{rest[min(len(rest) - 1, int(0.95 * len(rest)))]:.0f} ms |",
                flush=True,
            )


def _judge(site: Site) -> None:
    bench = Bench(site.registry, ("CN",))
    with site.session() as session, session.begin():
        items = session.execute(select(Item.item, Item.kind).order_by(Item.item)).all()
        for number, (key, kind) in enumerate(items):
            if kind == "claim":
                for person in (PERSON, "ben"):
                    judge(session, bench, key, person, "accept", seconds=2.0)
            elif number % 5 == 0:
                word = "unknown" if ":" in key else "nothing"
                judge(session, bench, key, PERSON, word, seconds=2.0)


if __name__ == "__main__":
    main()
