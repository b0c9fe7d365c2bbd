"""The legibility curve: of marks that are there, how many are named, by height and bit rate.

Marks of the registry are written on real machines whose own marks were painted over
(`training.evaluate.mounting`), in short clips encoded as H.264 at given bit rates, and each clip is
looked at as `nameplate analyze` does. The same machine, mark and style come at every height
and bit rate, so that cells differ in nothing else; where a photograph is too small for a
height the next machine takes its place.

What it does not show: reflections, dirt, hands and chips before the mark, focus and motion
blur of a real camera. It is an upper bound for real footage of that height and rate.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from os.path import commonpath
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.maker import Encoding, encode
from datasets.photographs.annotations import Photograph
from datasets.registry import Registry
from detector.analyze import Analyst
from detector.examining.placement import holds
from detector.name.marks import EntryMark, marks_of
from detector.settings import Settings
from detector.types import Picture, Script, Sighting
from training.evaluate.evaluation import Progress, open_picture
from training.evaluate.faces import LEAST_SIDE, MachineFace, body, find_faces, without_marks
from training.evaluate.journal import Journal
from training.evaluate.mounting import FRAME, FRAMES, RATE, Mounted, mount

HEIGHTS: tuple[int, ...] = (8, 12, 16, 20, 24, 32, 48, 64)
BITRATES: tuple[int, ...] = (300, 700, 1500, 4000)
"""Thousands of bits a second at 1280 x 720 and 25 frames: a messenger's, a video site's lowest,
its usual one, and a broadcaster's file."""

PAIRS: tuple[tuple[str, str], ...] = (("DMG", "dmg"), ("DMG MORI", "dmg-mori"), ("DMTG", "dmtg"))
"""Marks that must not be taken for each other."""


@dataclass(frozen=True, slots=True)
class CurvePlan:
    """What is measured.

    heights: pixels of the letters' ink; bitrates: kbit/s; clips: in each cell; pairs: clips of
    each mark of `PAIRS` at each height, at the middle bit rate; seed: draws everything.
    """

    heights: tuple[int, ...] = HEIGHTS
    bitrates: tuple[int, ...] = BITRATES
    clips: int = 12
    pairs: int = 4
    seed: int = 0

    @property
    def middle(self) -> int:
        return sorted(self.bitrates)[len(self.bitrates) // 2]

    @property
    def looks(self) -> int:
        """How many clips are looked at in all."""
        cells = len(self.heights) * len(self.bitrates)
        return self.clips * cells + self.pairs * len(PAIRS) * len(self.heights)


@dataclass(frozen=True, slots=True)
class CurveClip:
    """One clip looked at.

    outcome: as in `naming`; said, grade, probability: of the sighting that bears the mark.
    elsewhere: builders named wrongly by other sightings of the clip. rate: kbit/s of
    the file as written. picture: the photograph. part: `curve` or `pairs`.
    """

    part: str
    number: int
    group: str
    builder: str
    text: str
    height: int
    bitrate: int
    rate: float
    picture: str
    outcome: str
    said: str | None
    grade: str | None
    probability: float | None
    readings: tuple[str, ...]
    elsewhere: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """All clips, and how many could not be made because no photograph was large enough."""

    plan: CurvePlan
    sample: MarkSample
    faces: int
    clips: tuple[CurveClip, ...]
    not_made: int


def measure(
    photographs: Sequence[Photograph],
    analyst: Analyst,
    plan: CurvePlan,
    journal: Journal,
    told: Progress,
) -> Measured:
    """Makes and looks at every clip of a plan.

    Args:
        photographs: labelled ones, whose machines are written on.
        analyst: looks at the clips.
        journal: keeps each clip's result, to go on after a break.
        told: called after each clip.

    Raises:
        DataError: no photograph shows a whole CNC machine large enough; or none can be encoded.
    """
    faces = find_faces(photographs)
    if not faces:
        folders = [photograph.path.parent for photograph in photographs] or [Path()]
        raise DataError(
            f"{commonpath(folders)}: no labelled picture shows a whole CNC machine of "
            f"{LEAST_SIDE:g} pixels or more to write marks on; add one, or leave --data out to "
            "have machines drawn"
        )
    sample = sample_marks(analyst.registry, plan.seed)
    maker = _Maker(faces, plan.seed)
    clips: list[CurveClip] = []
    not_made = done = 0
    for part, number, mark, bitrates in _series(plan, sample):
        for height in plan.heights:
            # Mounted when the first of its bit rates is not known yet.
            still = _Once(partial(maker.mount, part, number, mark, height))
            for bitrate in bitrates:
                answer = journal.ask(
                    f"{part} {number} {height} {bitrate}",
                    partial(_look, still, mark, bitrate, analyst),
                )
                if answer is None:
                    not_made += 1
                else:
                    where = {"part": part, "number": number, "height": height, "bitrate": bitrate}
                    clips.append(_clip(mark, {**answer, **where}))
                done += 1
                told("legibility", done, plan.looks)
    return Measured(plan, sample, len(faces), tuple(clips), not_made)


def _series(
    plan: CurvePlan, sample: MarkSample
) -> list[tuple[str, int, SampleMark, tuple[int, ...]]]:
    """Part, number, mark and bit rates of each row of clips, one row over all heights."""
    rows = [("curve", n, sample.of(n), plan.bitrates) for n in range(plan.clips)]
    for n in range(plan.pairs):
        for text, builder in PAIRS:
            mark = SampleMark(builder, text, "latin", "elsewhere-latin")
            rows.append((f"pairs {text}", n, mark, (plan.middle,)))
    return rows


class _Once:
    """A value worked out when first asked for."""

    def __init__(self, work: Callable[[], tuple[MachineFace, Mounted] | None]) -> None:
        self._work = work

    @cached_property
    def value(self) -> tuple[MachineFace, Mounted] | None:
        return self._work()


class _Maker:
    """Writes marks on machines; each photograph is opened and cleaned once."""

    def __init__(self, faces: Sequence[MachineFace], seed: int) -> None:
        self._faces = faces
        self._seed = seed
        self._clean: dict[str, Picture] = {}
        self._bodies: dict[int, NDArray[np.uint8]] = {}

    def mount(
        self, part: str, number: int, mark: SampleMark, height: int
    ) -> tuple[MachineFace, Mounted] | None:
        """The mark on the first machine, in seeded order, that is large enough for it."""
        # The pairs share their machines and styles: only the text differs.
        series = 0 if part == "curve" else 1
        order = np.random.default_rng((self._seed, series, number)).permutation(len(self._faces))
        for place in order:
            face = self._faces[place]
            rng = np.random.default_rng((self._seed, series, number, int(place)))
            picture, whole = self._opened(int(place))
            made = mount(picture, face, whole, mark.text, mark.script, height, rng)
            if made is not None:
                return face, made
        return None

    def _opened(self, place: int) -> tuple[Picture, NDArray[np.uint8]]:
        face = self._faces[place]
        name = face.photograph.image
        if name not in self._clean:
            self._clean[name] = without_marks(open_picture(face.photograph), face.photograph)
        if place not in self._bodies:
            self._bodies[place] = body(self._clean[name], face.box)
        return self._clean[name], self._bodies[place]


def _look(still: _Once, mark: SampleMark, bitrate: int, analyst: Analyst) -> dict[str, Any] | None:
    """Encodes one clip and looks at it; None where it could not be made."""
    made = still.value
    if made is None:
        return None
    face, mounted = made
    with tempfile.TemporaryDirectory(prefix="nameplate-legibility-") as folder:
        path = Path(folder) / "clip.mp4"
        encode(path, mounted.frames(), encoding(bitrate))
        rate = path.stat().st_size * 8 / 1000 / (FRAMES / RATE)
        sightings = analyst.analyze(path).sightings
    return {
        **judge(sightings, mounted, mark.builder),
        "rate": round(rate, 1),
        "picture": face.photograph.image,
    }


def encoding(bitrate: int) -> Encoding:
    """How a clip of so many kbit/s is written: the same frames give the same bytes."""
    limit = f"{bitrate}k"
    return Encoding(
        "libx264", FRAME, crf=None, bit_rate=1000 * bitrate,
        options={"maxrate": limit, "bufsize": limit},
    )  # fmt: skip


def judge(sightings: Sequence[Sighting], mounted: Mounted, builder: str) -> dict[str, Any]:
    """What was said of the machine that bears the mark: of the sightings whose box holds the
    mark's middle the one that is right, else one that names somebody, else any. `elsewhere`: what
    is wrong of all the others, those that hold it too among them."""

    def rank(sighting: Sighting) -> int:
        said = sighting.attribution.builder
        return 0 if said == builder else 1 if said is not None else 2

    bearing = sorted((s for s in sightings if _bears(s, mounted)), key=rank)
    others = {s.attribution.builder for s in sightings if not _bears(s, mounted)}
    others |= {s.attribution.builder for s in bearing[1:]} - {builder}
    values: dict[str, Any] = {"elsewhere": sorted(str(name) for name in others - {None})}
    if not bearing:
        return {**values, "outcome": "unseen", "said": None, "grade": None,
                "probability": None, "readings": []}  # fmt: skip
    said = bearing[0].attribution
    outcome = "right" if said.builder == builder else "unknown" if said.builder is None else "wrong"
    return {
        **values,
        "outcome": outcome,
        "said": said.builder,
        "grade": said.grade,
        "probability": round(said.probability, 5),
        "readings": [r.text for r in bearing[0].readings],
    }


def _bears(sighting: Sighting, mounted: Mounted) -> bool:
    mark = mounted.mark_at(min(FRAMES - 1, round(sighting.best.pts * RATE)))
    return holds(sighting.best.box, mark)


def _clip(mark: SampleMark, values: Mapping[str, Any]) -> CurveClip:
    return CurveClip(
        **{
            **values,
            "part": str(values["part"]).split()[0],
            "group": mark.group,
            "builder": mark.builder,
            "text": mark.text,
            "readings": tuple(values["readings"]),
            "elsewhere": tuple(values["elsewhere"]),
        }
    )


def run_of(
    plan: CurvePlan, data_sha256: str, settings: Settings, registry: Registry, model: str
) -> dict[str, str]:
    """What tells a measurement from others, for its journal and its result."""
    return {
        "data": data_sha256,
        "model": model,
        "settings": settings.digest,
        "registry": registry.digest,
        "plan": repr(dataclasses.astuple(plan)),
    }


Group = Literal["chinese-han", "chinese-latin", "elsewhere-latin", "cyrillic"]
GROUPS: tuple[Group, ...] = ("chinese-han", "chinese-latin", "elsewhere-latin", "cyrillic")
CHINESE: tuple[Group, ...] = ("chinese-han", "chinese-latin")
# Two clips in three bear a Chinese mark: that such machines are there is the claim under test.
CYCLE: tuple[Group, ...] = (
    "chinese-latin", "chinese-han", "elsewhere-latin",
    "chinese-han", "chinese-latin", "cyrillic",
)  # fmt: skip

# Longer marks do not fit on a machine at 64 pixels; a Han letter is as wide as two.
MOST_LETTERS = {"latin": 10, "cyrillic": 10, "han": 6}


@dataclass(frozen=True, slots=True)
class SampleMark:
    """A mark to be written on a machine, and whose it is."""

    builder: str
    text: str
    script: Script
    group: Group


@dataclass(frozen=True, slots=True)
class MarkSample:
    """marks: by group, in seeded order. left_out: how many of the registry's wordmarks are not
    in it, by reason."""

    marks: Mapping[Group, tuple[SampleMark, ...]]
    left_out: Mapping[str, int]

    def of(self, number: int) -> SampleMark:
        """The mark of the clip with that number, groups in turn as in `CYCLE`; from the
        beginning again when a group has been gone through.

        Groups without any mark are passed over.
        """
        filled = [group for group in CYCLE if self.marks[group]]
        group = filled[number % len(filled)]
        place = sum(filled[n % len(filled)] == group for n in range(number))
        return self.marks[group][place % len(self.marks[group])]


def sample_marks(registry: Registry, seed: int = 0) -> MarkSample:
    """Every wordmark of a builder that may name it alone and fits on a machine.

    Marks that the registry calls too weak to stand alone (three letters, dictionary words,
    shared texts) are left unknown on purpose, however well they are read, and say nothing
    about legibility.
    """
    rng = np.random.default_rng(seed)
    left_out = {"needs a second cue": 0, "too long": 0, "other scripts": 0}
    found: dict[Group, list[SampleMark]] = {group: [] for group in GROUPS}
    for mark in _wordmarks(registry):
        script: Script = "han" if mark.han else "cyrillic" if mark.cyrillic else "latin"
        group = _group(registry.get(mark.id).origin == "CN", script)
        if mark.needs_second_cue:
            left_out["needs a second cue"] += 1
        elif len(mark.letters) > MOST_LETTERS[script]:
            left_out["too long"] += 1
        elif group is None:
            left_out["other scripts"] += 1
        else:
            found[group].append(SampleMark(mark.id, mark.text, script, group))
    shuffled = {
        group: tuple(marks[i] for i in rng.permutation(len(marks)))
        for group, marks in found.items()
    }
    return MarkSample(shuffled, left_out)


def _wordmarks(registry: Registry) -> Iterator[EntryMark]:
    return (m for m in marks_of(registry) if m.kind == "wordmark" and m.type != "control")


def _group(chinese: bool, script: Script) -> Group | None:
    if script == "cyrillic":
        return None if chinese else "cyrillic"
    if script == "han":
        return "chinese-han" if chinese else None
    return "chinese-latin" if chinese else "elsewhere-latin"
