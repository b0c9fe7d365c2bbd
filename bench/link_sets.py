"""Sightings whose machines are known: of generated archives, of photographs, of news-like clips.

Surveys are made in two ways: by looking at the clips as a sweep does, or with the boxes and
marks that were drawn, a little off as a detector's are, where linking alone is in question.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import av
import numpy as np

from datasets.maker.archive import Appearing, ArchiveClip, ArchiveTruth
from detector.known_again.surroundings import look_of_sighting
from detector.types import (
    Analysis,
    Attribution,
    Box,
    Footage,
    Look,
    Loss,
    Observation,
    Picture,
    Probe,
    Shot,
    Sighting,
    Survey,
    Track,
)
from evidence.copies.spans import Span
from evidence.linking.seen import overlap
from evidence.store import Copy

OFF = 0.02
"""How far the sides of a drawn box are off, as a share of its size (standard deviation)."""

LEAST_AREA, LEAST_WIDE, LEAST_HIGH = 0.02, 0.06, 0.1
"""Of the frame: smaller machines are hardly found."""

DRAWN = ("dd" * 32, "ee" * 32)
"""Model and settings of surveys made from what was drawn."""


@dataclass(frozen=True, slots=True)
class Known:
    """Which machine a sighting shows, and how it was filmed. machine: None for none of them."""

    machine: str | None
    model: str | None
    hall: str | None
    angle: str
    family: str
    file: str
    shot: int


def drawn_survey(folder: Path, clip: ArchiveClip, truth: ArchiveTruth) -> Survey:
    """The survey of a clip as a detector without fault would have made it."""
    path = folder / clip.file
    large = [one for one in clip.machines if _found(one, clip.size)]
    middles = {id(one): one.boxes[len(one.boxes) // 2][0] for one in large}
    frames = _frames(path, middles.values())
    rng = np.random.default_rng(zlib_seed(clip.file))
    sightings, looks = [], []
    for number, one in enumerate(large, 1):
        shot = Shot(
            one.shot, *(Fraction(t).limit_denominator(1000) for t in clip.shots[one.shot]), "hit"
        )
        seen = tuple(
            Observation(_exact(time), _off(box, rng, clip.size), 0.9) for time, box in one.boxes
        )
        best = seen[len(seen) // 2]
        builder = truth.machines[one.machine]["builder"] if one.legible else None
        said = Attribution(builder, 0.97 if builder else 0.2, "B" if builder else "U")
        sightings.append(Sighting(f"m{number}", Track(shot, seen), best, said))
        time = middles[id(one)]
        others = [dict(o.boxes)[time] for o in large if o is not one and time in dict(o.boxes)]
        look = look_of_sighting(frames[time], best.box, (), others)
        looks.append(Look(f"m{number}", best.pts, best.box, *look))
    data = path.read_bytes()
    footage = Footage(path, hashlib.sha256(data).hexdigest(), len(data), "video", "mp4")
    probe = Probe(
        *clip.size, "drawn", Fraction(1, 1000), Fraction(0),
        _exact(clip.shots[-1][1]), Fraction(25), None, 0, Fraction(1), False,
    )  # fmt: skip
    shots = tuple(Shot(i, _exact(a), _exact(b), "hit") for i, (a, b) in enumerate(clip.shots))
    analysis = Analysis(footage, probe, Loss(), shots, tuple(sightings), (), *DRAWN)
    return Survey(analysis, looks=tuple(looks))


def zlib_seed(name: str) -> int:
    """A seed that follows from a name."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)


def known(survey: Survey, clip: ArchiveClip, truth: ArchiveTruth) -> dict[str, Known]:
    """Which machine each sighting of a survey shows: the one drawn where its box lies."""
    found = {}
    for sighting in survey.analysis.sightings:
        time, box = float(sighting.best.pts), sighting.best.box
        fits = [
            (overlap(at, box), one) for one in clip.machines if (at := _at(one, time)) is not None
        ]
        fit, one = max(fits, key=lambda pair: pair[0], default=(0.0, None))
        if one is None or fit < 0.4:
            found[sighting.id] = Known(None, None, None, "", "", clip.file, 0)
            continue
        about = truth.machines[one.machine]
        found[sighting.id] = Known(
            one.machine, about["model"], one.hall, one.angle, clip.copy_of or clip.file,
            clip.file, one.shot,
        )  # fmt: skip
    return found


def drawn_copies(truth: ArchiveTruth, hashes: dict[str, str], settings: str) -> list[Copy]:
    """What the clips of an archive have in common, as it was made.

    Args:
        hashes: the SHA-256 of each file.
        settings: of the surveys, as a `settings_key`.
    """
    found = []
    for one, other in combinations(truth.clips, 2):
        if (one.copy_of or one.file) != (other.copy_of or other.file):
            continue
        a, b = sorted((hashes[one.file], hashes[other.file]))
        turned = one.mirrored != other.mirrored
        place = (-1.0, 1.0, 1.0, 0.0) if turned else (1.0, 0.0, 1.0, 0.0)
        whole = Span(Fraction(0), _exact(one.shots[-1][1]), Fraction(0), place, 8, 1.0)
        found.append(
            Copy(
                a=a, b=b, model=DRAWN[0], settings=settings, kind="recompressed", mirrored=turned,
                seconds=float(whole.seconds), share_a=1.0, share_b=1.0, score=1.0,
                spans=[whole.to_json()], reason="drawn so",
            )
        )  # fmt: skip
    return found


def _exact(time: float) -> Fraction:
    return Fraction(time).limit_denominator(1000)


def _at(one: Appearing, time: float) -> Box | None:
    if not one.start - 0.6 <= time <= one.end + 0.6:
        return None
    return min(one.boxes, key=lambda timed: abs(timed[0] - time))[1]


def _found(one: Appearing, size: tuple[int, int]) -> bool:
    x1, y1, x2, y2 = one.boxes[len(one.boxes) // 2][1]
    wide, high = (x2 - x1) / size[0], (y2 - y1) / size[1]
    return wide * high >= LEAST_AREA and wide >= LEAST_WIDE and high >= LEAST_HIGH


def _off(box: Box, rng: np.random.Generator, size: tuple[int, int]) -> Box:
    w, h = box[2] - box[0], box[3] - box[1]
    moved = np.array(box) + rng.normal(0, OFF, 4) * (w, h, w, h)
    x1, y1, x2, y2 = np.clip(moved, 0, (*size, *size))
    return float(x1), float(y1), float(x2), float(y2)


def _frames(path: Path, times: Iterable[float]) -> dict[float, Picture]:
    wanted = sorted(set(times))
    found: dict[float, Picture] = {}
    nearest: dict[float, float] = {}
    with av.open(str(path)) as clip:
        for frame in clip.decode(video=0):
            for time in wanted:
                off = abs(float(frame.pts * frame.time_base) - time)
                if off < nearest.get(time, 0.2):
                    nearest[time], found[time] = off, frame.to_ndarray(format="rgb24")
    return found
