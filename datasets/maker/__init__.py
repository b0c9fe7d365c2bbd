"""The footage maker: drawn pictures and clips of a shop floor, seeded, with exact truth."""

from datasets.maker.broadcast import DrawnOverlay, Overlay
from datasets.maker.clip import (
    CameraView,
    ClipMachine,
    ClipSpec,
    ClipTruth,
    ShotSpec,
    demo_clip,
    demo_spec,
    make_clip,
)
from datasets.maker.encode import Encoding, available, encode, recompress
from datasets.maker.lettering import BUILDER_MARKS, BuilderMark
from datasets.maker.machine import (
    DrawnControl,
    DrawnMachine,
    MachineSpec,
    Truth,
    random_machine,
)
from datasets.maker.scene import Scene, draw_scene
from datasets.maker.sheet import DrawnMark
from datasets.maker.stills import draw_still, random_scene, write_stills

__all__ = [
    "BUILDER_MARKS",
    "BuilderMark",
    "CameraView",
    "ClipMachine",
    "ClipSpec",
    "ClipTruth",
    "DrawnControl",
    "DrawnMachine",
    "DrawnMark",
    "DrawnOverlay",
    "Encoding",
    "MachineSpec",
    "Overlay",
    "Scene",
    "ShotSpec",
    "Truth",
    "available",
    "demo_clip",
    "demo_spec",
    "draw_scene",
    "draw_still",
    "encode",
    "make_clip",
    "random_machine",
    "random_scene",
    "recompress",
    "write_stills",
]
