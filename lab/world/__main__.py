"""A whole case end to end, of a world whose truth is known.

python -m lab.world DIR [--seed 6] [--share 0.08] [--beside DIR] [--page docs/statistics.md]

Draws the world, sweeps it, has simulated reviewers judge it, asks for the share of Chinese
machines, and holds the answer against the truth. Called again it keeps what is drawn, swept and
judged, and goes on. The numbers go into `--page`, after those of the finished world that
`--beside` names.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import select

from datasets.errors import UsageError
from datasets.registry import Registry, load_registry
from evidence.answer.audit import keep_control
from evidence.case.case import Case
from evidence.case.tables import Location, Recipe
from lab import arguments
from lab.processes import NAMEPLATE
from lab.world.footage import WorldFile, draw_world
from lab.world.outcome import WorldOutcome, compare, publish, read_outcome, table, write_outcome
from lab.world.people import ReviewedWorld, review
from lab.world.plan import WorldPlan, WorldSpec, make_plan

CHANCES = {"sighting-claim": 0.25, "sighting-named": 0.25, "sighting-unknown": 0.25, "frame": 0.1}
"""Of being drawn for the audit sample, set before there is footage: 400 machines are few."""


def main() -> None:
    parser = arguments("lab.world", __doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="of the world; made if new")
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--share", type=float, default=0.08, help="of Chinese machines")
    parser.add_argument("--plants", type=int, default=40)
    parser.add_argument("--beside", type=Path, metavar="DIR", help="a finished world")
    parser.add_argument("--page", type=Path, metavar="FILE", help="where to put the numbers")
    given = parser.parse_args()
    worlds = [read_outcome(given.beside)] if given.beside else []
    worlds.append(run(given.folder.absolute(), WorldSpec(given.seed, given.share, given.plants)))
    print(table(worlds))
    if given.page is not None:
        publish(given.page, worlds)


def run(folder: Path, spec: WorldSpec) -> WorldOutcome:
    """The outcome of all stages, each taken as far as it is not done.

    Raises:
        UsageError: the folder holds another world.
        subprocess.CalledProcessError: a command failed; it has said why.
    """
    registry = load_registry()
    _keep_spec(folder, spec, registry)
    plan = make_plan(spec, registry)
    began = time.perf_counter()
    drawn = draw_world(folder, plan)
    _report("drawn", began)
    began = time.perf_counter()
    sweep(folder)
    _report("swept", began)
    began = time.perf_counter()
    with Case.open(folder / "case") as case:
        with case.session() as session:
            recipe = session.scalars(select(Recipe)).one()
        footage = by_hash(case, drawn)
        with case.session() as session, session.begin():
            for sha256, clip in footage.items():
                if (control := plan.controls.get(clip.name)) is not None:
                    keep_control(session, registry, sha256, control.mark.builder, "the world")
        verdicts = review(case, recipe, registry, knowledge(plan, footage), spec.seed)
        _report(f"judged ({dict(sorted(verdicts.items()))})", began)
        found = compare(case, recipe, plan, footage, registry)
    write_outcome(folder, found)
    return found


def sweep(folder: Path) -> None:
    """Sweeps the list of sources into `case`; the chances are set before."""
    case = str(folder / "case")
    if not Path(case).exists():
        Case.new(Path(case), folder.name).close()
    set_, sources = folder / "chances-set", str(folder / "sources.csv")
    if not set_.exists():
        chances = [f"--audit={name}={chance:g}" for name, chance in CHANCES.items()]
        subprocess.run([*NAMEPLATE, "case", "items", case, *chances], check=True)
        set_.touch()
    sweep = ["sweep", "--case", case, "--list", sources, "--quiet"]
    subprocess.run([*NAMEPLATE, *sweep], check=True)


def by_hash(case: Case, drawn: Mapping[str, WorldFile]) -> dict[str, WorldFile]:
    """The clips by the SHA-256 of their bytes."""
    with case.session() as session:
        rows = session.execute(select(Location.path, Location.footage)).all()
    places = {row.path: row.footage for row in rows}
    return {sha: clip for clip in drawn.values() if (sha := places[clip.file]) is not None}


def knowledge(plan: WorldPlan, footage: Mapping[str, WorldFile]) -> ReviewedWorld:
    """What reviewers judge from; one who errs may name any builder of the world, or of a control:
    a Chinese one too, where no machine is Chinese."""
    machines = plan.machines | plan.controls
    builders = {id_: one.mark.builder for id_, one in machines.items()}
    names = set(builders.values()) | {one.other.builder for one in plan.machines.values()}
    return ReviewedWorld(footage, builders, tuple(sorted(names)))


def _keep_spec(folder: Path, spec: WorldSpec, registry: Registry) -> None:
    """What a world follows from: builders and marks are drawn from the registry, and footage is
    looked at with it."""
    file = folder / "world.json"
    folder.mkdir(parents=True, exist_ok=True)
    plain = json.loads(json.dumps(asdict(spec) | {"registry": registry.digest}))
    if file.exists() and json.loads(file.read_text("utf-8")) != plain:
        raise UsageError(
            f"{folder}: holds another world, or one of another registry; name another folder"
        )
    file.write_text(json.dumps(plain), "utf-8")


def _report(stage: str, began: float) -> None:
    took = time.perf_counter() - began
    print(f"{stage} in {took:.0f} s; load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
