"""What linking one more sighting costs in a case that holds many.

python -m bench.link_scale [--sightings 100000] [--new 200] --data FOLDER

The looks are those of photographs, each many times over with noise, so that about as many are
alike as in an archive that films the same halls again and again; their points are shuffled, so
that hardly any are tied: what is measured is the search and the comparing.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
from sqlalchemy import func, insert, select

from bench.link_real import shown
from evidence.linking.update import update_machines
from evidence.store import (
    AnalysisRow,
    Case,
    FootageRow,
    Link,
    LookRow,
    MachineRow,
    Membership,
    ShotRow,
    SightingRow,
)
from evidence.store.keys import analysis_id, machine_id, sighting_key

MODEL, SETTINGS = "aa" * 32, "bb" * 32
EACH = 5
"""Sightings of a footage."""

NOISE = 0.045
"""Of each of the 460 numbers of a look: two of one photograph then have a cosine of 0.5."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.link_scale", description=__doc__)
    parser.add_argument("--sightings", type=int, default=100_000)
    parser.add_argument("--new", type=int, default=200)
    parser.add_argument("--data", type=Path, required=True, help="the labelled photographs")
    given = parser.parse_args()
    pool = [(one.appearance, one.points) for one in shown(given.data, 200)]
    with (
        tempfile.TemporaryDirectory(prefix="nameplate-linking-") as scratch,
        Case.new(Path(scratch) / "case", "scale") as case,
    ):
        began = time.perf_counter()
        _fill(case, pool, 0, given.sightings, placed=True)
        print(f"{given.sightings} sightings stored in {time.perf_counter() - began:.0f} s")
        _fill(case, pool, given.sightings, given.new, placed=False)
        for what in (f"{given.new} new sightings", "nothing new"):
            began, busy = time.perf_counter(), time.process_time()
            with case.session() as session, session.begin():
                update_machines(session, MODEL, SETTINGS)
            took, cpu = time.perf_counter() - began, time.process_time() - busy
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{what}: {took:.1f} s, {cpu:.1f} s of processor time, peak {peak:.0f} MiB")
        with case.session() as session:
            print("links:", session.scalar(select(func.count()).select_from(Link)))


def _fill(
    case: Case, pool: list[tuple[np.ndarray, bytes]], start: int, count: int, placed: bool
) -> None:
    """Sightings `start` to `start + count`; `placed`: each a machine of its own already."""
    rng = np.random.default_rng((7, start))
    for begin in range(start, start + count, 50 * EACH):
        rows: dict[type, list[dict[str, object]]] = {
            model: []
            for model in (
                FootageRow, AnalysisRow, ShotRow, SightingRow, LookRow, MachineRow, Membership,
            )
        }  # fmt: skip
        for number in range(begin, min(begin + 50 * EACH, start + count)):
            sha = f"{number // EACH:064x}"
            key = analysis_id(sha, MODEL, SETTINGS)
            naming = {"analysis": key, "footage": sha, "model": MODEL, "settings": SETTINGS}
            at = number % EACH
            if at == 0:
                rows[FootageRow].append(
                    {"sha256": sha, "size": 1, "kind": "video", "container": "mp4",
                     "width": 1280, "height": 720}
                )  # fmt: skip
                rows[AnalysisRow].append(
                    {"id": key, "footage": sha, "model": MODEL, "settings": SETTINGS,
                     "registry_hash": SETTINGS, "nameplate": "0", "frames_expected": 1,
                     "frames_decoded": 1, "frames_total": 1, "losses": [], "digest": SETTINGS}
                )  # fmt: skip
            first = Fraction(10 * at)
            box = [100.0, 100.0, 500.0, 500.0]
            rows[ShotRow].append(
                naming | {"number": at, "pts": first, "end": first + 9, "reason": "hit"}
            )
            track = [[str(first + i), *box, 0.9] for i in range(10)]
            name = f"m{at + 1}"
            rows[SightingRow].append(
                naming
                | {"name": name, "key": sighting_key(key, name), "shot": at, "first": first,
                   "last": first + 9, "pts": first, "box": box, "confidence": 0.9,
                   "track": track, "builder": None, "probability": 0.1, "grade": "U",
                   "concealed": False, "evidence": []}
            )  # fmt: skip
            look = pool[int(rng.integers(len(pool)))][0]
            look = look + rng.normal(0, NOISE, len(look))
            look = (look / np.linalg.norm(look)).astype("<f4")
            points = pool[int(rng.integers(len(pool)))][1]
            rows[LookRow].append(
                naming | {"sighting": name, "pts": first, "box": box,
                          "appearance": look.tobytes(), "points": points}
            )  # fmt: skip
            if placed:
                machine = machine_id(sighting_key(key, name))
                rows[MachineRow].append(
                    {"id": machine, "model": MODEL, "settings": SETTINGS, "builder": None,
                     "grade": "U", "probability": 0.1, "sightings": 1, "footages": 1,
                     "conflict": False}
                )  # fmt: skip
                rows[Membership].append({"sighting": sighting_key(key, name), "machine": machine})
        with case.session() as session, session.begin():
            for model, part in rows.items():
                if part:
                    session.execute(insert(model), part)


if __name__ == "__main__":
    main()
