"""Everything tunable, in one typed object that is stored, hashed, with each result."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from datasets.errors import ModelError, SettingsError
from detector.inference import Backend

MIB = 1 << 20

MOST_HOURS = Fraction(24)
"""Longer footage gets no more time: the limit of frames ends it here."""

ARCHIVE: Mapping[str, object] = {"audit_share": 0.02, "audit_seconds": 0, "scout": True}
"""Defaults of `Sweeping` for an archive: with so much footage a fiftieth measures what is missed,
short clips need no full look, and most shows no machine."""


Depth = Literal["set", "clip", "whole"]
"""How much of footage is looked at: as the settings say, as of a clip by itself, all of it."""


PACKAGED_SCOUT = Path(__file__).parent / "model"


@lru_cache(maxsize=4)
def scout_digest(folder: Path = PACKAGED_SCOUT) -> str:
    """SHA-256 over the scout's files, in hexadecimal: results depend on it. Raises ModelError: one
    of them cannot be read."""
    try:
        whole = b"".join((folder / f"scout.{kind}").read_bytes() for kind in ("json", "xml", "bin"))
    except OSError as error:
        raise ModelError(
            f"{error.filename}: cannot be read ({error.strerror}); install Nameplate again"
        ) from error
    return hashlib.sha256(whole).hexdigest()


Share = Annotated[float, Field(ge=0, le=1)]
Side = Annotated[int, Field(ge=32)]
"""Pixels, at least a step of the network."""


class _Part(BaseModel):
    # Results carry the settings, and JSON has no infinity.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Decoding(_Part):
    """Limits of the decoder process. A file that exceeds one is set aside by name."""

    address_space: int = Field(default=4096 * MIB, gt=0, description="bytes (RLIMIT_AS)")
    cpu_seconds: int = Field(
        default=3600, gt=0, description="processor time (RLIMIT_CPU), for each hour of footage"
    )
    wall_seconds: float = Field(
        default=7200, gt=0, description="longest a footage may take, for each hour of it"
    )
    stall_seconds: float = Field(
        default=60, gt=0, description="longest silence before it is stopped"
    )
    pixels: int = Field(default=8192 * 4320, gt=0, description="largest frame, width x height")
    frames: int = Field(default=5_000_000, gt=0, description="most frames, a day at 50 a second")

    def of_length(self, seconds: Fraction | None) -> Decoding:
        """These limits for footage of a length; None: not known. Footage longer than an hour gets
        more time in proportion, up to that of a day, since a file may declare what it likes."""
        hours = min(max((seconds or 0) / Fraction(3600), Fraction(1)), MOST_HOURS)
        times = {
            "cpu_seconds": math.ceil(self.cpu_seconds * hours),
            "wall_seconds": self.wall_seconds * float(hours),
        }
        return self.model_copy(update=times)


ENDING = ("cpu_seconds", "wall_seconds", "stall_seconds", "frames")
"""Limits of `Decoding` that change no result: footage that exceeds one is set aside whole. With
`pixels` and `address_space` a single picture may be lost while the others are looked at."""


class Sweeping(_Part):
    """First pass over keyframes, second pass around hits and in a random sample. A keyframe at 448
    pixels takes 0.6 of the time of one at 640."""

    keyframe_spacing: Fraction = Field(
        default=Fraction(1, 2), ge=0, description="least seconds between two"
    )
    image_size: Side = Field(
        default=448, description="longer side of a keyframe fed to the network, pixels"
    )
    hit_confidence: Share = Field(
        default=0.35, description="of a machine, for a second look around a keyframe"
    )
    margin: Fraction = Field(
        default=Fraction(1), ge=0, description="seconds looked at around a hit"
    )
    sampling: Fraction = Field(
        default=Fraction(1, 2), gt=0, description="seconds between two looks where frames are dense"
    )
    audit_share: Share = Field(
        default=0.05, description="chance of each other stretch to be audited"
    )
    audit_seconds: Fraction = Field(
        default=Fraction(60), description="audited in the mean at least, if there is so much"
    )
    scout: bool = Field(
        default=False, description="whether a tiny network first passes over what shows no machine"
    )
    seed: int = Field(default=0, description="of the random sample")
    budget: float = Field(
        default=1.0, ge=0.01, le=1, description="how much is looked at; less is faster, finds less"
    )

    def at(self, depth: Depth) -> Sweeping:
        """The same for a depth: as set, as for a clip by itself, or for every frame."""
        usual = Sweeping()
        values: dict[Depth, dict[str, object]] = {
            "set": {},
            "clip": {name: getattr(usual, name) for name in ARCHIVE},
            "whole": {"audit_share": 1.0, "budget": 1.0, "scout": False},
        }
        return self.model_copy(update=values[depth])


class Detecting(_Part):
    confidence: Share = Field(default=0.4, description="least for a machine")
    bare_confidence: Share = Field(
        default=0.5,
        description="least in half of its looks, for one on which nothing tells anything, and in "
        "the mean of its two surest sizes for a claim of an origin under test",
    )
    bearing_confidence: Share = Field(
        default=0.15,
        description="least for one that bears a mark of its own, kept if that tells who built it",
    )
    mark_confidence: Share = Field(default=0.20, description="least for a wordmark or control")
    overlap: Share = Field(default=0.6, description="NMS IoU")
    image_size: Side = Field(default=640, description="longer side fed to the network, pixels")
    hall_size: Side | None = Field(
        default=960, description="longer side of a second look where a hall is seen, pixels"
    )

    @property
    def bare(self) -> float:
        """Confidence from which a machine is reported on a single picture, whatever is on it."""
        return max(self.confidence, self.bare_confidence)


class Tracking(_Part):
    gate: Share = Field(default=0.2, description="least similarity of a match")
    appearance: Share = Field(default=0.4, description="weight of appearance beside overlap")
    patience: Fraction = Field(
        default=Fraction(2), ge=0, description="seconds a track survives unseen"
    )
    least_observations: int = Field(
        default=2, ge=1, description="in footage sampled more than once"
    )


class Legibility(_Part):
    keep: int = Field(default=3, ge=1, description="frames of a track that are read")


class TextRecognition(_Part):
    """How text is read.

    Measured on 172 training photographs with a known builder's mark: 96 lead to a name with text
    sought in up to 960 pixels. With up to 1280 pixels 100 do, in 1.16 of the time.
    """

    score: Share = Field(default=0.5, description="least reader score of a text")
    cyrillic: Share = Field(default=0.8, description="least score of a line read in Cyrillic")
    longest_side: int = Field(
        default=1280, ge=64, description="of a crop in which text is looked for, pixels"
    )
    mirrored: bool = Field(
        default=True, description="whether to read flipped where nothing upright is a mark"
    )
    lone_side: int = Field(
        default=480,
        ge=0,
        description="of a frame without a machine in which marks are sought, pixels; 0: in none",
    )


class Attributing(_Part):
    """The operating point.

    A builder is named from the probability at which, on sources left out, 1 claim in 100 is wrong
    (3 of 297). For an origin under test a wrong claim costs as much as a hundred unknown ones.
    """

    probability: Share = Field(
        default=0.91, description="least for naming a builder (1 in 100 wrong)"
    )
    tested_origins: tuple[str, ...] = Field(
        default=("CN",), description="builders' homes whose presence is the claim under test"
    )
    tested_probability: Share = Field(
        default=0.990, description="least for a builder of such an origin (100 / 101)"
    )


class Inference(_Part):
    backend: Backend = Field(default="openvino", description="what networks compute on")


class Settings(_Part):
    decoding: Decoding = Decoding()
    sweeping: Sweeping = Sweeping()
    detecting: Detecting = Detecting()
    tracking: Tracking = Tracking()
    legibility: Legibility = Legibility()
    reading: TextRecognition = TextRecognition()
    attributing: Attributing = Attributing()
    inference: Inference = Inference()
    program: str = Field(
        default="", max_length=32, description="the program that looked, after a `sweep --anew`"
    )

    @property
    def views(self) -> int:
        """Views of a machine that are kept to be read, by the budget. At least two if there may be
        two: one view alone cannot tell a caption from a mark."""
        allowed = math.ceil(self.legibility.keep * self.sweeping.budget)
        return min(self.legibility.keep, max(2, allowed))

    @property
    def views_in_vain(self) -> int:
        """Views without anybody's mark after which no more is read: at most two."""
        return math.ceil(2 * self.sweeping.budget)

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON of every value.

        Limits of `ENDING` count as their defaults, so settings that find the same have one digest.
        An empty `program` is left out. With a scout its own digest is part of it.

        Raises ModelError: there is to be a scout, and it is missing.
        """
        values = self.model_dump(mode="json")
        usual = Decoding().model_dump(mode="json")
        values["decoding"] |= {name: usual[name] for name in ENDING}
        if not self.program:
            del values["program"]
        if self.sweeping.scout:
            # It decides what the detector sees, as the settings do.
            values["scout"] = scout_digest()
        text = json.dumps(values, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @classmethod
    def archive(cls, values: object = None) -> Settings:
        """Settings for archives: those of `values`, plain data, and else `ARCHIVE`. Raises
        SettingsError: as for `parse`."""
        given = values or {}
        if isinstance(given, Mapping) and isinstance(given.get("sweeping", {}), Mapping):
            given = {**given, "sweeping": {**ARCHIVE, **given.get("sweeping", {})}}
        return cls.parse(given)

    @classmethod
    def parse(cls, values: object) -> Settings:
        """Settings from plain data. Raises SettingsError: an unknown name or a value out of range,
        named in the message."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            match first["type"]:
                case "extra_forbidden":
                    wrong = "there is none of that name; docs/reference.md lists them"
                case "model_type":
                    wrong = f"names with values are wanted, got {first['input']!r:.40}"
                case _:
                    wrong = first["msg"].removeprefix("Value error, ")
            raise SettingsError(f"setting {where}: {wrong}" if where else wrong) from error


def origins_under_test(kept: object) -> tuple[str, ...]:
    """The origins under test of settings that a case keeps, `Recipe.values`.

    Only these are checked. Bounds of other settings have become narrower since; what was found with
    such a value stands all the same.

    Raises SettingsError: they are no settings, or the origins no list of texts.
    """
    if isinstance(kept, Mapping) and isinstance(group := kept.get("attributing", {}), Mapping):
        origins = {name: value for name, value in group.items() if name == "tested_origins"}
        kept = {"attributing": origins}
    return Settings.parse(kept).attributing.tested_origins
