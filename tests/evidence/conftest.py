"""A small real clip and, built by hand, what might have been found in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import av
import numpy as np
import pytest

from datasets.registry import Registry, load_registry
from detector.leads import Lead, LeadReason
from detector.name.homes import withhold
from detector.types import (
    Analysis,
    Attribution,
    Evidence,
    Footage,
    LoneMark,
    Loss,
    Observation,
    Origin,
    Reading,
    Shot,
    Sighting,
    Track,
)
from tests.probe import probe as probe_of

SCHEMA = json.loads(files("evidence").joinpath("schemas/sightings-1.json").read_text("utf-8"))
"""The JSON Schema (draft 2020-12) that every record and every failure satisfies."""

SIZE = (480, 270)
RATE, FRAMES = 4, 12


@pytest.fixture(scope="session")
def registry() -> Registry:
    return load_registry()


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Path:
    """Three seconds of grey, each frame of another brightness."""
    path = tmp_path_factory.mktemp("footage") / "цех №3.mp4"
    with av.open(str(path), "w") as target:
        stream = target.add_stream("mpeg4", rate=RATE)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for index in range(FRAMES):
            picture = np.full((SIZE[1], SIZE[0], 3), 60 + 12 * index, np.uint8)
            target.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        target.mux(stream.encode())
    return path


def sighting(
    name: str,
    attribution: Attribution,
    readings: Sequence[Reading] = (),
    times: tuple[str, str] = ("0", "5/2"),
) -> Sighting:
    box = (40.0, 50.5, 300.25, 260.0)
    shot = Shot(0, Fraction(0), Fraction(3), "hit")
    seen = tuple(Observation(Fraction(time), box, 0.75) for time in times)
    best = Observation(Fraction(1), box, 0.9)
    return Sighting(name, Track(shot, seen), best, attribution, tuple(readings))


def read(text: str, pts: str = "1", **more: object) -> Reading:
    values: dict[str, object] = {"script": "latin", "box": (60.0, 70.0, 160.0, 90.0)}
    return Reading(text=text, score=0.987654, pts=Fraction(pts), **(values | more))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def analysis(clip) -> Analysis:
    """Named, concealed, unknown with a control: one machine of each."""
    wordmark = Evidence("wordmark", "mazak", "MAZAK", 4.2, Fraction(1), (60.0, 70.0, 160.0, 90.0))
    badge = Evidence(
        "control", "ctl-fanuc", "FANUC", 0.0, Fraction(5, 2), (200.0, 90.0, 260.0, 99.0)
    )
    hidden = Evidence("concealed", None, "taped over", 0.0, Fraction(1), (90.0, 60.0, 190.0, 90.0))
    overlay = read("ЗВЕЗДА", script="cyrillic", overlay=True)
    sightings = (
        sighting(
            "m1",
            Attribution(
                "mazak",
                0.99997,
                "A",
                "ctl-fanuc",
                "INTEGREX",
                False,
                (wordmark, badge),
                Origin("JP", "builder", "A"),
            ),
            [read("MAZAK"), read("MAZAK", "2"), read("马扎克", "2", script="han"), overlay],
        ),
        sighting("m2", Attribution(None, 0.1, "U", concealed=True, evidence=(hidden,))),
        sighting(
            "m3",
            Attribution(None, 0.3, "U", "ctl-fanuc", evidence=(badge,)),
            [read("FANUC", "5/2", mirrored=True)],
            times=("1/3", "2"),
        ),
    )
    content = clip.read_bytes()
    return Analysis(
        footage=Footage(clip, hashlib.sha256(content).hexdigest(), len(content), "video", "mp4"),
        probe=probe_of(SIZE, 3, "mpeg4", 16384, RATE, FRAMES),
        loss=Loss(FRAMES, FRAMES - 1, FRAMES, ("1 frame at 0:02.0: a damaged packet",)),
        shots=(Shot(0, Fraction(0), Fraction(3), "hit"),),
        sightings=sightings,
        overlays=(overlay,),
        model_hash="aa" * 32,
        settings_hash="bb" * 32,
    )


PLATE = "滕州市金瑞达机床有限公司"


def plated() -> Sighting:
    """A machine of an unknown builder whose plate tells where it is from."""
    box = (60.0, 70.0, 160.0, 90.0)
    line = Evidence("plate", None, PLATE, 0.0, Fraction(1), box)
    found = Attribution(None, 0.9, "U", evidence=(line,), origin=Origin("CN", "plate", "B"))
    return sighting("m1", found, [read(PLATE, script="han")])


def rebadged() -> Sighting:
    """A machine with a Russian seller's badge, its makers not known."""
    line = Evidence("wordmark", "metaltec", "METALTEC", 9.0, Fraction(1), (60.0, 70.0, 160.0, 90.0))
    origin = Origin(None, "rebadger", "B")
    found = Attribution("metaltec", 0.98, "B", evidence=(line,), origin=origin)
    return sighting("m2", found, [read("METALTEC")])


def doubted() -> Sighting:
    """What may be a machine, with a mark from the origin under test."""
    line = Evidence("wordmark", "smtcl", "SMTCL", 11.0, Fraction(1), (60.0, 70.0, 160.0, 90.0))
    said = Attribution("smtcl", 0.98, "B", evidence=(line,), origin=Origin("CN", "builder", "B"))
    said = replace(said, leads=(lead("smtcl", "CN", 0.98, "SMTCL"),))
    return sighting("m3", withhold(said, "machine", ["CN"], ["CN"]), [read("SMTCL")])


def lead(builder: str | None, origin: str | None, probability: float, text: str) -> Lead:
    """A lead that rests on one text."""
    says = "its name is read" if builder else "a firm's name in Han"
    reason = LeadReason("name" if builder else "han_firm", 3.1, says, text)
    return Lead(builder, origin, probability, (reason,))


def lone_mark(
    text: str = "HURCO", builder: str | None = "hurco", plate: str | None = None, pts: str = "2"
) -> LoneMark:
    """A mark around which no machine is seen."""
    kind = "plate" if builder is None else "wordmark"
    line = Evidence(kind, builder, text, 9.0, Fraction(pts), (60.0, 70.0, 160.0, 90.0))
    shot = Shot(0, Fraction(0), Fraction(3), "audit")
    return LoneMark("k1", shot, builder, plate, line, (read(text, pts), read("CAUTION", pts)))


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "</style><b>",
    "\u202ekcatta",
    "\x1b[31mred",
    "nul\x00byte",
    '=HYPERLINK("http://example.org")',
    "@SUM(1)",
    "half a \ud800 pair",
    "мазак 马扎克",
)


@pytest.fixture(params=HOSTILE, ids=range(len(HOSTILE)))
def hostile(request, analysis) -> tuple[str, Analysis]:
    """A text made to break out of wherever it is put, in every place footage can put one."""
    text: str = request.param
    attribution = Attribution(None, 0.2, "U", evidence=(Evidence("wordmark", None, text, 1.0),))
    found = sighting("m1", attribution, [read(text)])
    loss = Loss(3, 2, 3, (text,))
    overlays = (read(text, overlay=True),)
    return text, replace(
        analysis,
        sightings=(found,),
        overlays=overlays,
        loss=loss,
        lone_marks=(replace(lone_mark(text), readings=(read(text),)),),
    )
