"""A case that people have judged in part: drawn clips, what was found in them, and verdicts."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from sqlalchemy import select

from datasets.registry import Registry
from detector.footage.files import open_footage
from detector.look.model_files import PACKAGED
from detector.settings import Settings
from detector.types import (
    Analysis,
    Attribution,
    Box,
    Evidence,
    Loss,
    Observation,
    Reading,
    Shot,
    Sighting,
    Survey,
    Track,
)
from evidence.case.case import Case
from evidence.case.sighting_tables import SightingRow
from evidence.case.summary import add_recipe
from evidence.case.tables import Item
from evidence.case.verdicts import append
from tests.probe import probe as probe_of
from tests.rows import keep

SIZE = (320, 180)
RATE, FRAMES = 4, 12
MODEL = "aa" * 32
LEFT: Box = (20.0, 40.0, 130.0, 160.0)
RIGHT: Box = (180.0, 50.0, 300.0, 165.0)
MARK: Box = (40.0, 60.0, 90.0, 75.0)


def film(path: Path, seed: int, boxes: Sequence[Box] = (LEFT, RIGHT)) -> Path:
    """Three seconds of bright boxes on a dark floor, each frame four levels brighter, in MP4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_filmed(seed, tuple(boxes)))
    return path


@cache
def _filmed(seed: int, boxes: tuple[Box, ...]) -> bytes:
    rng = np.random.default_rng(seed)
    floor = rng.integers(20, 60, (SIZE[1] // 4, SIZE[0] // 4, 3), dtype=np.uint8)
    picture = floor.repeat(4, axis=0).repeat(4, axis=1)
    for x1, y1, x2, y2 in boxes:
        picture[int(y1) : int(y2), int(x1) : int(x2)] = rng.integers(150, 205)
    content = BytesIO()
    with av.open(content, "w", format="mp4") as target:
        stream = target.add_stream("mpeg4", rate=RATE)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 2_000_000
        for index in range(FRAMES):
            frame = np.clip(picture.astype(np.int16) + 4 * index, 0, 255).astype(np.uint8)
            target.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        target.mux(stream.encode())
    return content.getvalue()


def machine(
    name: str, box: Box, builder: str | None = None, times: Sequence[str] = ("0", "1/2", "1", "5/2")
) -> Sighting:
    """A sighting; with a builder, whose mark was read at 1/2."""
    shot = Shot(0, Fraction(0), Fraction(3), "hit")
    seen = tuple(Observation(Fraction(time), box, 0.9) for time in times)
    best = next((one for one in seen if one.pts == Fraction(1, 2)), seen[0])
    if builder is None:
        return Sighting(name, Track(shot, seen), best, Attribution(None, 0.1, "U"))
    part = Evidence("wordmark", builder, builder.upper(), 9.0, Fraction(1, 2), MARK)
    read = Reading(builder.upper(), 0.98, MARK, Fraction(1, 2), "latin")
    said = Attribution(builder, 0.97, "B", evidence=(part,))
    return Sighting(name, Track(shot, seen), best, said, (read,))


def survey(path: Path, sightings: Sequence[Sighting]) -> Survey:
    probe = probe_of(SIZE, 3, "mpeg4", 16384, RATE, FRAMES)
    shots = (Shot(0, Fraction(0), Fraction(3), "hit"),)
    return Survey(
        Analysis(
            open_footage(path), probe, Loss(FRAMES, FRAMES, FRAMES), shots, tuple(sightings), (),
            MODEL, Settings().digest,
        )
    )  # fmt: skip


@dataclass
class Filler:
    """Fills a case: clips with what was found in them, and what people said of it."""

    case: Case
    registry: Registry

    def clip(self, path: Path, sightings: Sequence[Sighting], **provenance: str) -> str:
        """A clip swept; gives its SHA-256."""
        found = survey(path, sightings)
        with self.case.session() as session, session.begin():
            recipe = add_recipe(session, MODEL, Settings(), self.registry)
        keep(self.case, recipe, found, **provenance)
        return str(found.analysis.footage.sha256)

    def judge(
        self,
        footage: str,
        name: str | None,
        outcome: str,
        builder: str | None = None,
        *,
        pts: Fraction | None = None,
        box: Box | None = None,
        state: str = "settled",
        author: str = "anna",
    ) -> None:
        """A verdict on a sighting, or on a frame, and the item that it settles."""
        with self.case.session() as session, session.begin():
            query = select(SightingRow).where(SightingRow.footage == footage)
            rows = {row.name: row for row in session.scalars(query)}
            row = rows[name] if name is not None else next(iter(rows.values()))
            key = row.key if name is not None else None
            at = pts if pts is not None else row.pts
            said = {"footage": footage, "pts": at, "sighting": key, "builder": builder}
            append(session, verdict=outcome, author=author, box=box, **said)
            item = key or f"{row.analysis}@{at}"
            known = session.get(Item, item)
            if known is None:
                known = Item(item=item, kind="claim", reason="", priority=500, needs=1, **said)
                known.box = row.box if name is not None else None
                for column in ("analysis", "model", "settings"):
                    setattr(known, column, getattr(row, column))
                session.add(known)
            known.state, known.given, known.builder = state, 1, builder
            known.outcome = outcome if state == "settled" else None


def other_model(folder: Path) -> Path:
    """Another model than the one that ships, which does the same."""
    shutil.copytree(PACKAGED, folder)
    card = json.loads((folder / "model.json").read_text("utf-8"))
    xml = folder / "model.xml"
    content = xml.read_bytes() + b"\n"
    xml.write_bytes(content)
    card["files"]["model.xml"] = hashlib.sha256(content).hexdigest()
    whole = content + (folder / "model.bin").read_bytes()
    card["sha256"] = hashlib.sha256(whole).hexdigest()
    (folder / "model.json").write_text(json.dumps(card), "utf-8")
    return folder


def fill(case: Case, registry: Registry, folder: Path) -> dict[str, str]:
    """Three clips of three publishers with two machines each, most of it judged.

    Returns:
        The SHA-256 of the footage by a word: `gate`, `hall`, `fair`.
    """
    filler = Filler(case, registry)
    found = {}
    for seed, (word, publisher) in enumerate(
        {"gate": "Factory One", "hall": "Zavod TV", "fair": "Expo"}.items()
    ):
        path = film(folder / f"{word}.mp4", seed)
        sightings = [machine("m1", LEFT, "mazak"), machine("m2", RIGHT)]
        found[word] = filler.clip(path, sightings, publisher=publisher)
    filler.judge(found["gate"], "m1", "accept", "mazak")
    filler.judge(found["gate"], "m2", "unknown")
    filler.judge(found["hall"], "m1", "builder", "haas")
    filler.judge(found["hall"], "m2", "not-a-machine")
    filler.judge(found["fair"], "m1", "accept", "mazak")
    filler.judge(found["fair"], None, "nothing", pts=Fraction(11, 4))
    return found
