"""The five published sightings of machines, as footage that is drawn for them.

None of the footage they were published with is ours. Each is a shot of one machine in a hall of
the plant it was published of. Its place in the frame is known.
"""

from __future__ import annotations

import csv
import fcntl
import json
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
from sqlalchemy import select

from datasets.maker.clip import CameraView, ClipSpec, Encoding, ShotSpec, make_clip
from datasets.maker.machine import Variant, random_machine
from datasets.maker.scene import Scene, draw_scene, random_scene
from datasets.registry import load_registry
from detector import Settings
from detector.footage.files import open_footage
from evidence.case.case import Case
from evidence.case.pack import pack
from evidence.case.tables import Location, Recipe
from evidence.case.unpack import unpack
from evidence.case.work_queue import FootageSource, add_work, done, take
from evidence.work.progress import Stop
from evidence.work.sources import Feed
from evidence.work.sweep import Order, sweep
from tests.evidence.work.helping import Noted

SIZE = (640, 360)
AT = Fraction(1, 2)


@dataclass(frozen=True)
class Published:
    """What was published of a machine."""

    plant: str
    variant: Variant


PUBLISHED = {
    "haas": Published("Novosibirsk instrument plant", "concealed"),
    "tsugami": Published("Plant in Altai", "unknown"),
    "fanuc": Published("Titan-Barrikady", "control-only"),
    "niles": Published("Uraltrac", "unknown"),
    "fair": Published("Fair of 2024", "control-only"),
}


@dataclass(frozen=True)
class Place:
    """Where the machine stands: the clip, and x1, y1, x2, y2 in the frame at `AT`."""

    path: Path
    box: tuple[float, ...]


def draw(folder: Path) -> dict[str, Place]:
    """Draws the five clips, and beside them `list.csv` with their plants; where each machine is."""
    folder.mkdir(parents=True, exist_ok=True)
    places = {}
    with (folder / "list.csv").open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(("path", "plant", "published"))
        for number, (name, one) in enumerate(PUBLISHED.items()):
            path = folder / f"{name}.mp4"
            shot = ShotSpec(_scene(number, one.variant), Fraction(1), CameraView(), CameraView())
            encoding = Encoding(size=SIZE, rate=Fraction(10), gop=5)
            truth = make_clip(path, ClipSpec((shot,), encodings=(encoding,), seed=number))
            (machine,) = truth.machines
            box = min(machine.boxes, key=lambda seen: abs(seen[0] - float(AT)))[1]
            places[name] = Place(path, tuple(round(corner, 1) for corner in box))
            rows.writerow((path.name, one.plant, "2024"))
    return places


@dataclass(frozen=True)
class Swept:
    """Where the machine stands in each clip, and a pack of a case that looked at all five."""

    pack: Path
    places: dict[str, Place]

    def open(self, folder: Path, database: str | None = None) -> Case:
        """The case out of its pack, its clips read again where they lie."""
        case = unpack(self.pack, folder, database)
        read_again(case)
        return case


def read_again(case: Case) -> None:
    """What a sweep does where a case out of a pack knows all the footage: reads it, no more."""
    with case.session() as session, session.begin():
        recipe = session.scalars(select(Recipe)).one()
        paths = [Path(path) for path in session.scalars(select(Location.path))]
        states = [(str(path), path.stat()) for path in paths]
        add_work(session, recipe, [FootageSource(p, s.st_size, s.st_mtime_ns) for p, s in states])
        for work in take(session, recipe, len(paths)):
            assert done(session, work, open_footage(Path(work.path)).sha256)


def sweep_once(folder: Path) -> Swept:
    """What `sweep_all` made in `folder`, or makes there: once for processes that test side by
    side: one waits for the other."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    known = folder / "places.json"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not known.exists():
            places = sweep_all(folder).places
            boxes = {name: (str(one.path), one.box) for name, one in places.items()}
            known.write_text(json.dumps(boxes), "utf-8")
    read = json.loads(known.read_text("utf-8"))
    places = {name: Place(Path(path), tuple(box)) for name, (path, box) in read.items()}
    return Swept(folder / "case.zip", places)


def sweep_all(folder: Path) -> Swept:
    """Draws the clips, and looks at them with the model that ships."""
    places = draw(folder)
    order = Order(Settings.archive(), load_registry(), workers=1)
    with Case.new(folder / "case", "Published") as case:
        ending = sweep(case, order, Feed((), [folder / "list.csv"]), Stop(), Noted())
        assert (ending.outcome, ending.tally.done) == ("done", len(places))
        pack(case, folder / "case.zip")
    return Swept(folder / "case.zip", places)


@cache
def _scene(number: int, variant: Variant) -> Scene:
    """A hall with one machine, well in sight."""
    rng = np.random.default_rng(number)
    for seed in range(1000 * number, 1000 * number + 200):
        spec = random_machine(rng, variant=variant)
        scene = random_scene(seed, SIZE, machines=[spec], setting="hall")
        machines = draw_scene(scene)[1].machines
        if len(machines) == 1:
            x1, y1, x2, y2 = machines[0].box
            if (x2 - x1) * (y2 - y1) > 0.08 * SIZE[0] * SIZE[1]:
                return scene
    raise AssertionError("no drawing with one machine in sight")
