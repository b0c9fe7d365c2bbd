"""A whole case end to end, of a world whose truth is known.

python -m lab.world DIR [--seed 6] [--share 0.08] [--beside DIR] [--page docs/statistics.md]

Draws the world, sweeps it, has simulated reviewers judge it, asks for the share of Chinese
machines, and holds the answer against the truth. Called again it goes on where it was: what is
drawn, swept and judged stays. With `--beside`, a finished world of the same seed and another share:
footage that is the same in both is neither drawn nor swept again. `--page` puts the numbers of
this world, after those of the one beside it, into the page.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from datasets.errors import UsageError
from datasets.registry import Registry, load_registry
from evidence.store import Case, Location, Recipe
from lab import arguments
from lab.commands import NAMEPLATE
from lab.world.footage import Footage, draw_world
from lab.world.people import World, review
from lab.world.plan import Plan, WorldSpec, make_plan
from lab.world.reckon import Reckoned, reckon
from lab.world.table import publish, table

CHANCES = {"sighting-claim": 0.25, "sighting-named": 0.25, "sighting-unknown": 0.25, "frame": 0.1}
"""Of being drawn for the audit sample, set before there is footage: 400 machines are few."""


def main() -> None:
    parser = arguments("lab.world", __doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="of the world; made if new")
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--share", type=float, default=0.08, help="of Chinese machines")
    parser.add_argument("--plants", type=int, default=40)
    parser.add_argument("--beside", type=Path, metavar="DIR", help="a world of the same seed")
    parser.add_argument("--page", type=Path, metavar="FILE", help="where to put the numbers")
    given = parser.parse_args()
    spec = WorldSpec(given.seed, given.share, given.plants)
    beside = given.beside.absolute() if given.beside else None
    found = run(given.folder.absolute(), spec, beside)
    worlds = [found] if beside is None else [read_result(beside), found]
    print(table(worlds))
    if given.page is not None:
        publish(given.page, worlds)


def run(folder: Path, spec: WorldSpec, beside: Path | None = None) -> Reckoned:
    """All stages, each as far as it is not done.

    Raises:
        UsageError: the folder holds another world, or the one beside it is not of its kind.
        subprocess.CalledProcessError: a command failed; it has said why.
    """
    registry = load_registry()
    _keep_spec(folder, spec, registry)
    if beside is not None and _spec(beside) | {"share": 0} != _spec(folder) | {"share": 0}:
        raise UsageError(f"{beside}: of another seed, size or registry; footage cannot be shared")
    plan = make_plan(spec, registry)
    began = time.perf_counter()
    other = None
    if beside is not None:
        other = beside, make_plan(replace(spec, share=_spec(beside)["share"]), registry)
    drawn = draw_world(folder, plan, other)
    _say("drawn", began)
    began = time.perf_counter()
    sweep(folder, beside)
    _say("swept", began)
    began = time.perf_counter()
    with Case.open(folder / "case") as case:
        with case.session() as session:
            recipe = session.scalars(select(Recipe)).one()
        footage = by_hash(case, drawn)
        said = review(case, recipe, registry, knowledge(plan, footage), spec.seed)
        _say(f"judged ({dict(sorted(said.items()))})", began)
        found = reckon(case, recipe, plan, footage, registry, folder / "controls.csv")
    (folder / "result.json").write_text(json.dumps(asdict(found), indent=1), "utf-8")
    return found


def sweep(folder: Path, beside: Path | None = None) -> None:
    """Sweeps the lists into `case`, what is the same in other worlds first; the case as it is
    then is kept for them as `case-same`."""
    case, same = folder / "case", folder / "case-same"
    if not case.exists():
        if beside is not None:
            _copy(beside / "case-same", case)
        else:
            Case.new(case, folder.name).close()
    if not same.exists():
        if beside is None:
            chances = [f"--audit={name}={chance:g}" for name, chance in CHANCES.items()]
            if not (folder / "chances-set").exists():
                _nameplate("case", "items", str(case), *chances)
                (folder / "chances-set").touch()
        _sweep(case, folder / "same.csv")
        _copy(case, same)
    _sweep(case, folder / "changed.csv")


def _sweep(case: Path, sources: Path) -> None:
    """A list without a line but its head is no list to sweep."""
    if len(sources.read_text("utf-8").splitlines()) > 1:
        _nameplate("sweep", "--case", str(case), "--list", str(sources), "--quiet")


def _nameplate(*words: str) -> None:
    subprocess.run([*NAMEPLATE, *words], check=True)


def _copy(case: Path, to: Path) -> None:
    """A case that nobody holds, whole or not at all."""
    partial = to.with_name(f".{to.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(case, partial)
    partial.rename(to)


def by_hash(case: Case, drawn: Mapping[str, Footage]) -> dict[str, Footage]:
    """The clips by the SHA-256 of their bytes."""
    with case.session() as session:
        rows = session.execute(select(Location.path, Location.footage)).all()
    places = {row.path: row.footage for row in rows}
    return {sha: clip for clip in drawn.values() if (sha := places[clip.file]) is not None}


def knowledge(plan: Plan, footage: Mapping[str, Footage]) -> World:
    """What reviewers judge from; one who errs may name any builder of the world, or of a control:
    a Chinese one too, where no machine is Chinese."""
    machines = plan.machines | plan.controls
    builders = {id_: one.mark.builder for id_, one in machines.items()}
    names = set(builders.values()) | {one.other.builder for one in plan.machines.values()}
    return World(footage, builders, tuple(sorted(names)))


def read_result(folder: Path) -> Reckoned:
    """The numbers of a world that ran to its end.

    Raises:
        UsageError: it has not.
    """
    file = folder / "result.json"
    try:
        plain: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"{file}: not there; run that world to its end first") from error
    tuples = {name: tuple(value) for name, value in plain.items() if isinstance(value, list)}
    estimators = {name: tuple(value) for name, value in plain["estimators"].items()}
    return Reckoned(**{**plain, **tuples, "estimators": estimators})


def _keep_spec(folder: Path, spec: WorldSpec, registry: Registry) -> None:
    """What a world follows from: builders and marks are drawn from the registry, and footage is
    looked at with it."""
    file = folder / "world.json"
    folder.mkdir(parents=True, exist_ok=True)
    plain = json.loads(json.dumps(asdict(spec) | {"registry": registry.digest}))
    if file.exists() and _spec(folder) != plain:
        raise UsageError(
            f"{folder}: holds another world, or one of another registry; name another folder"
        )
    file.write_text(json.dumps(plain), "utf-8")


def _spec(folder: Path) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads((folder / "world.json").read_text("utf-8"))
    return plain


def _say(what: str, began: float) -> None:
    took = time.perf_counter() - began
    print(f"{what} in {took:.0f} s; load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
