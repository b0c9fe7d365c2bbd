"""The typed values that travel from stage to stage; each arrow of the design has one.

Pictures are `uint8` RGB arrays of shape (height, width, 3), *upright*: rotated as the
container asks, with square pixels, deinterlaced. Boxes are `(x1, y1, x2, y2)` in pixels
of that upright frame. Times are `Fraction` seconds since the container's start time, as
every player shows them; `Probe.start` leads back to the raw PTS.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from detector.leads import Doubt, Lead

Picture = NDArray[np.uint8]
Box = tuple[float, float, float, float]
Grade = Literal["A", "B", "U"]
Script = Literal["latin", "han", "cyrillic"]
FootageKind = Literal["video", "still", "stills"]
OriginBasis = Literal["builder", "plate", "rebadger"]
_OfAMachine = Literal["wordmark", "series", "logo", "control", "concealed", "mirrored", "plate"]
CueKind = _OfAMachine | Literal["overlay", "dealer"]

CLASSES: tuple[str, ...] = ("machine", "wordmark", "control", "manual machine")
MACHINE, WORDMARK, CONTROL, MANUAL = range(4)


@dataclass(frozen=True, slots=True)
class Footage:
    """One piece of footage, known by the SHA-256 of its bytes. A folder of stills is one too; its
    hash covers each file's name and bytes."""

    path: Path
    sha256: str
    size: int
    kind: FootageKind
    container: str
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """What the container says of its pictures; `width` x `height` is the upright frame."""

    width: int
    height: int
    codec: str
    time_base: Fraction
    start: Fraction
    duration: Fraction | None
    average_rate: Fraction | None
    declared_frames: int | None
    rotation: int
    sample_aspect: Fraction
    interlaced: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """What footage says of its own making, in a C2PA manifest; never that it is true.

    - state: "elsewhere": only its address, not followed; "unreadable": damaged, too large, harmful.
    - generator: the program that wrote it. signed: the time in its time stamp.
    - signer, organisation: the names in the certificate, which anybody may have made.
    - actions: what was done to it by its own account, when, and to what kind of source.
    - signature: whether the manifest is as it was signed; content: whether the footage is.
    - problems: codes of what does not hold (C2PA 2.2, chapter 15), or why it cannot be read.
    """

    state: Literal["none", "stated", "elsewhere", "unreadable"]
    generator: str | None = None
    title: str | None = None
    signer: str | None = None
    organisation: str | None = None
    signed: str | None = None
    actions: tuple[str, ...] = ()
    signature: Literal["valid", "invalid", "unknown"] = "unknown"
    content: Literal["same", "other", "unknown"] = "unknown"
    address: str | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Loss:
    """What was asked of the decoder and what came; intact footage has no frame lost.

    expected: frames asked for, and those the container declares but does not hold. decoded: those
    that came. total: frames held or declared, looked at or not.
    """

    expected: int = 0
    decoded: int = 0
    total: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def lost(self) -> int:
        return max(0, self.expected - self.decoded)


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture, addressed by its time."""

    pts: Fraction
    image: Picture
    keyframe: bool = False
    file: Path | None = None


SpanReason = Literal["hit", "marks", "audit", "scouted"]
"""Why a stretch is looked at closely: around a machine (or a photograph), for marks near one, or in
a random sample (`scouted`: of what the scout passed over)."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of footage, [start, end) in seconds, and why it is looked at closely."""

    start: Fraction
    end: Fraction
    reason: SpanReason


@dataclass(frozen=True, slots=True)
class Sample:
    """One densely decoded frame: a thumbnail (RGB, 64 px wide at most), a picture if sampled."""

    pts: Fraction
    thumbnail: Picture
    frame: Frame | None


@dataclass(frozen=True, slots=True)
class Shot:
    """A run of frames between two cuts, [start, end]; one of too many machines is split."""

    index: int
    start: Fraction
    end: Fraction
    reason: SpanReason


@dataclass(frozen=True, slots=True)
class Detections:
    """Boxes of one frame, in columns.

    xyxy: (n, 4) float32; confidence: (n,) float32 in 0..1; class_id: (n,) int64 into CLASSES.

    Raises ValueError: a column of the wrong shape; the message gives both shapes.
    """

    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    class_id: NDArray[np.int64]

    def __post_init__(self) -> None:
        n = len(self.xyxy)
        for name, shape in (("xyxy", (n, 4)), ("confidence", (n,)), ("class_id", (n,))):
            got = getattr(self, name).shape
            if got != shape:
                raise ValueError(f"Detections.{name}: expected shape {shape}, got {got}")

    def __len__(self) -> int:
        return len(self.xyxy)

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Detections:
        """The detections for which a mask (n,) is true, or at some indices, in their order."""
        return Detections(self.xyxy[chosen], self.confidence[chosen], self.class_id[chosen])

    def of(self, class_id: int) -> Detections:
        """The detections of one class."""
        return self.where(self.class_id == class_id)

    @classmethod
    def none(cls) -> Detections:
        return cls(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int64))


@dataclass(frozen=True, slots=True)
class Observation:
    """A track's box in one frame."""

    pts: Fraction
    box: Box
    confidence: float


@dataclass(frozen=True, slots=True)
class Track:
    """Detections of one machine through one shot, in time order, at least one."""

    shot: Shot
    observations: tuple[Observation, ...]

    @property
    def first(self) -> Fraction:
        return self.observations[0].pts

    @property
    def last(self) -> Fraction:
        return self.observations[-1].pts


@dataclass(frozen=True, slots=True)
class Reading:
    """Text read off one frame. `score` is the reader's own, 0..1.

    `mirrored`: read only after flipping the picture. `overlay`: it belongs to the broadcast.
    `on_machine`: probability that it stands on this machine and not on one before or behind it.
    """

    text: str
    score: float
    box: Box
    pts: Fraction
    script: Script
    mirrored: bool = False
    overlay: bool = False
    on_machine: float = 1.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """A place on a machine that looks like a mark of a builder, whatever was read there.

    mark: which of its marks, the text or "logo". weight: log-odds that it is one. sure: it is more
    like it than any measured mistake was.
    """

    id: str
    mark: str
    weight: float
    pts: Fraction
    box: Box
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for or against an attribution, in words a person can check.

    kind: what it is. id: the registry entry it points to. text: what was read; of a `logo` the mark
    it looks like. weight: log-odds it adds to that builder. A `plate` adds to no builder.
    """

    kind: CueKind
    id: str | None
    text: str
    weight: float
    pts: Fraction | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a machine comes from, and how that is known.

    - code: ISO 3166-1 alpha-2; None only for a rebadger whose makers' country is not known.
    - basis: the builder's home, the machine's own plate, or the makers behind a seller's badge.
    - grade: of the builder's attribution; of a plate A for two independent statements, B for one;
    of a rebadger always B.
    """

    code: str | None
    basis: OriginBasis
    grade: Grade


@dataclass(frozen=True, slots=True)
class Withheld:
    """The builder, the origin or both that are withheld, and the doubt: see `withhold`."""

    builder: str | None
    origin: Origin | None
    doubt: Doubt


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who built it: a registry id, or None for unknown; leads: at most five, likeliest first."""

    builder: str | None
    probability: float
    grade: Grade
    control: str | None = None
    series: str | None = None
    concealed: bool = False
    evidence: tuple[Evidence, ...] = ()
    origin: Origin | None = None
    withheld: Withheld | None = None
    leads: tuple[Lead, ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """A track with its attribution. `best` is the frame in which it is best seen."""

    id: str
    track: Track
    best: Observation
    attribution: Attribution
    readings: tuple[Reading, ...] = ()
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class LoneMark:
    """A builder's mark (registry id), or a plate (its country), where no machine is seen."""

    id: str
    shot: Shot
    builder: str | None
    plate: str | None
    evidence: Evidence
    readings: tuple[Reading, ...]
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """All that was found in one footage: plain data, no pictures, the same on every run.

    manual_machines: the most lathes and mills without a CNC in one frame.
    """

    footage: Footage
    probe: Probe
    loss: Loss
    shots: tuple[Shot, ...]
    sightings: tuple[Sighting, ...]
    overlays: tuple[Reading, ...]
    model_hash: str
    settings_hash: str
    settings: dict[str, object] = field(default_factory=dict)
    manifest: Manifest | None = None
    lone_marks: tuple[LoneMark, ...] = ()
    manual_machines: int = 0


@dataclass(frozen=True, slots=True)
class Print:
    """The perceptual fingerprint of one frame, which finds copies of it.

    hashes: of its windows (`detector/known_again/prints.py`), the whole picture first. detail:
    0..1, near 0 if flat. shot: index into `Analysis.shots`; None if keyframes alone were decoded.
    """

    pts: Fraction
    shot: int | None
    hashes: bytes
    detail: float


@dataclass(frozen=True, slots=True)
class Look:
    """What one sighting and its surroundings look like, to link it with others.

    pts, box: the frame, the machine in it. appearance: float32 vector of unit length, as bytes.
    points: keypoints and descriptors (`detector/known_again/surroundings.py`).
    """

    sighting: str
    pts: Fraction
    box: Box
    appearance: bytes
    points: bytes


@dataclass(frozen=True, slots=True)
class Still:
    """One picture kept of a sighting: the frame it is best seen in, or its mark cut out.

    picture: JPEG ("best", the whole frame) or PNG ("mark"). box: machine or mark, in its pixels.
    """

    sighting: str
    role: Literal["best", "mark"]
    pts: Fraction
    box: Box
    picture: bytes


@dataclass(frozen=True, slots=True)
class Survey:
    """All that a case keeps of one footage: what was found, and what links it to others."""

    analysis: Analysis
    prints: tuple[Print, ...] = ()
    looks: tuple[Look, ...] = ()
    stills: tuple[Still, ...] = ()
