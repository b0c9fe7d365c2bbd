"""False names an hour, and pictures as footage would show them.

Footage with known truth, gone through as `nameplate analyze` goes.

The footage stands beside the data set's splits:

    clips/  ID.mp4 (or another container)   ID.json: which photograph is on screen from when to
            when, `[{"photo": "s083.jpg", "start": 0.0, "end": 4.0}, ...]`, by its path below
            `images/`

A builder is named right where a machine of his is on screen while the sighting lasts, not where one
comes at another time of the clip. Without an ID.json nothing in a clip bears a mark that can be
read, and any name is false. A clip that shows no builder's machine, as one without an ID.json, is
negative footage.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from datasets.errors import DataError
from datasets.photographs.annotations import AnnotatedMachine, AnnotatedMark, Photograph
from detector.types import Analysis, Picture
from training.evaluate.measures import rate_at_most
from training.machines.views import Labelled, dimmed, recompressed, shaken, stood_before

CONTAINERS = frozenset({".mp4", ".webm", ".mkv", ".mov", ".avi", ".ts", ".mpg"})


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    photo: str
    start: float
    end: float


_SHOWN = TypeAdapter(tuple[_Shown, ...])


@dataclass(frozen=True, slots=True)
class TruthClip:
    """A clip and whose machines it shows, legibly or not: builder, from when to before when, in
    seconds."""

    path: Path
    shown: tuple[tuple[str, float, float], ...] = ()

    @property
    def negative(self) -> bool:
        return not self.shown

    def shows(self, builder: str, first: float, last: float) -> bool:
        """Whether a machine of that builder is on screen at any time between the two."""
        return any(b == builder and start <= last and first < end for b, start, end in self.shown)


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said of one clip. named: builders named right; wrong: with what was read."""

    clip: str
    seconds: float
    negative: bool
    sightings: int
    named: tuple[str, ...]
    wrong: tuple[tuple[str, str], ...]


def footage_report(heard: Sequence[Heard]) -> dict[str, Any]:
    """All clips, and false names an hour with their exact upper bound: in all, and in negative."""
    return {
        "clips": [asdict(one) | {"seconds": round(one.seconds, 2)} for one in heard],
        "all": _rate(heard),
        "negative": _rate([one for one in heard if one.negative]),
    }


def _rate(heard: Sequence[Heard]) -> dict[str, float | None]:
    hours = sum(one.seconds for one in heard) / 3600
    false = sum(len(one.wrong) for one in heard)
    return {
        "hours": round(hours, 4),
        "false_names": false,
        "an_hour": round(false / hours, 3) if hours else None,
        "an_hour_at_most": round(rate_at_most(false, hours), 3) if hours else None,
    }


def find_clips(folder: Path, photographs: Iterable[Photograph]) -> list[TruthClip]:
    """The clips of a folder with their truth, in order of name. Raises DataError: there is none, or
    an ID.json is wrong or names a photograph that is not in the split."""
    by_name = {p.image.removeprefix("images/"): p for p in photographs}
    inside = folder.iterdir() if folder.is_dir() else ()
    found = sorted(file for file in inside if file.suffix.lower() in CONTAINERS)
    if not found:
        do = "put some there, or leave out --footage"
        raise DataError(f"{folder}: no clip is there to be measured; {do}")
    return [TruthClip(file, tuple(_shown(file.with_suffix(".json"), by_name))) for file in found]


def _shown(file: Path, by_name: Mapping[str, Photograph]) -> Iterator[tuple[str, float, float]]:
    if not file.is_file():
        return
    try:
        shown = _SHOWN.validate_python(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise DataError(f"{file}: expected a list of photos, start and end ({error})") from error
    for one in shown:
        photograph = by_name.get(one.photo)
        if photograph is None:
            raise DataError(f"{file}: {one.photo} is not in the split that is measured")
        builders = sorted({m.builder for m in photograph.machines if m.builder is not None})
        yield from ((builder, one.start, one.end) for builder in builders)


def hear(clip: TruthClip, analysis: Analysis) -> Heard:
    """What an analysis of a clip said, held against who is shown at that time."""
    right: set[str] = set()
    wrong: list[tuple[str, str]] = []
    for sighting in analysis.sightings:
        name, track = sighting.attribution.builder, sighting.track
        if name is None:
            continue
        if clip.shows(name, float(track.first), float(track.last)):
            right.add(name)
        else:
            texts = (r.text for r in sighting.readings if not r.overlay)
            wrong.append((name, " / ".join(texts)))
    duration = analysis.probe.duration
    last = max((shot.end for shot in analysis.shots), default=0)
    seconds, count = float(duration if duration is not None else last), len(analysis.sightings)
    named = tuple(sorted(right))
    return Heard(clip.path.name, seconds, clip.negative, count, named, tuple(wrong))


Chance = np.random.Generator
PERSON = "a person in front"


def _shrunk(picture: Picture, lines: int) -> Picture:
    scale = lines / picture.shape[0]
    if scale >= 1:
        return picture
    size = (max(1, round(picture.shape[1] * scale)), lines)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


CONDITIONS: Mapping[str, Callable[[Picture, Chance], Picture]] = {
    "480 lines": lambda picture, rng: _shrunk(picture, 480),
    "360 lines": lambda picture, rng: _shrunk(picture, 360),
    "recompressed": lambda picture, rng: recompressed(picture, 20),
    "motion blur": lambda picture, rng: shaken(
        picture, max(3, max(picture.shape) // 100), rng.uniform(0, np.pi)
    ),
    "dim light": lambda picture, rng: dimmed(picture, 1.8, 0.6, rng),
    PERSON: lambda picture, rng: picture,
}
"""How a picture is changed. JPEG of quality 20; a blur of a hundredth of the longer side."""


def seen_through(name: str, picture: Picture, photograph: Photograph) -> tuple[Picture, Photograph]:
    """The picture in a condition, the same each time, and its labels. Boxes stay in pixels of the
    picture as stored. Machines and marks that are hidden are ignored."""
    rng = np.random.default_rng(zlib.crc32(f"{name} {photograph.image}".encode()))
    changed = CONDITIONS[name](picture, rng)
    if name != PERSON:
        return changed, photograph
    labelled: list[AnnotatedMachine | AnnotatedMark] = [*photograph.machines, *photograph.marks]
    before = Labelled(
        np.array([one.box for one in labelled], np.float32).reshape(-1, 4), np.arange(len(labelled))
    )
    # Upright, and of the picture's own tones: a stand-in for somebody walking by.
    changed, after = stood_before((picture, before), picture[:, ::-1], rng)
    shown = [
        one.model_copy(update={"ignore": True}) if hidden else one
        for one, hidden in zip(labelled, after.classes < 0, strict=True)
    ]
    count = len(photograph.machines)
    parts = {"machines": tuple(shown[:count]), "marks": tuple(shown[count:])}
    return changed, photograph.model_copy(update=parts)
