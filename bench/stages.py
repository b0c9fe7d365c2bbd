"""Milliseconds a frame for each stage of the road, beside `yolo predict` with the same weights.

python -m bench.stages [--clip FILE]... [--threads 2] [--rounds 3]

Each stage is timed alone on the same frames, after one round that warms it up; the median of
the rounds counts. Stages are those of the road: decode (every frame, in the decoder's process),
detect (a whole frame), look closer (a machine's enlarged crop), find lines and recognise (the
reader, a machine), attribute (all that was read of a machine). `yolo predict` is given the
frames already decoded, one at a time, as detect is.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from bench import DATA, arguments
from bench.alternatives import for_ultralytics
from datasets.maker import demo_clip
from datasets.registry import load_registry
from detector.boxes import as_box
from detector.footage.decoder import Decoder
from detector.footage.files import open_footage
from detector.look.detect import Detector
from detector.look.legibility import LegibleFrames, LegibleView
from detector.matching.match import Matcher
from detector.naming.attribute import Attributor
from detector.naming.stands import belongs
from detector.read.concealment import Uncoverer
from detector.read.reader import Reader, cut_marks
from detector.settings import Settings
from detector.types import MACHINE, Frame, Picture, Reading, Span

LOOKED_AT = 24
"""Frames of a clip that the stages after decoding are timed on, evenly spaced."""


@dataclass(slots=True)
class Stage:
    """Seconds of each round, and how many pieces of work a round held."""

    name: str
    each: str
    count: int = 0
    rounds: list[float] = field(default_factory=list)

    @property
    def milliseconds(self) -> float:
        return 1000 * statistics.median(self.rounds) / max(1, self.count)


def main() -> None:
    parser = arguments("bench.stages", __doc__)
    parser.add_argument("--clip", type=Path, action="append", default=[], help="a clip of yours")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nameplate-stages-") as folder:
        scratch = Path(folder)
        clips = given.clip or [DATA / "clips" / "news-720p.mp4"]
        if not given.clip and not clips[0].is_file():
            clips = [scratch / "made.mp4"]
            demo_clip(clips[0])
        for clip in clips:
            _table(clip, time_stages(clip, scratch, given.threads, given.rounds), given.threads)


def time_stages(clip: Path, scratch: Path, threads: int, rounds: int) -> list[Stage]:
    """Every stage on one clip."""
    settings = Settings()
    detector = Detector(None, settings.detecting, threads)
    reader = Reader(settings.reading, threads)
    registry = load_registry()
    matcher = Matcher(registry)
    attributor = Attributor(matcher, registry, settings.attributing)
    decode = Stage("decode", "frame of the clip")
    frames: list[Frame] = []
    _time(decode, rounds, lambda: _decoded(clip, settings, frames))
    frames = frames[:: max(1, len(frames) // LOOKED_AT)][:LOOKED_AT]
    pictures = [frame.image for frame in frames]
    stages = [decode, Stage("detect", "frame", len(frames))]
    _time(stages[-1], rounds, lambda: [detector.detect([p]) for p in pictures])
    views = _views(frames, detector)
    closer = Stage("look closer", "machine seen", len(views))
    _time(closer, rounds, lambda: [detector.look_closer(v.picture, v.box_in_crop) for v in views])
    lines = [_lines(view, detector, reader) for view in views]
    find = Stage("read, find lines", "machine read", len(views))
    _time(find, rounds, lambda: [reader.find_lines(view.picture) for view in views])
    recognise = Stage("read, recognise", "machine read", len(views))
    _time(recognise, rounds, lambda: [reader.read_lines(one, Fraction(0)) for one in lines])
    read = [_read(view, one, reader) for view, one in zip(views, lines, strict=True)]
    uncoverer = Uncoverer(threads)
    uncover = Stage("uncover", "machine without a builder's mark read", len(views))
    _time(uncover, rounds, lambda: [uncoverer.hidden(view.picture) for view in views])
    attribute = Stage("attribute", "machine read", len(views))
    _time(attribute, rounds, lambda: [attributor.attribute(one) for one in read])
    stages += [closer, find, recognise, uncover, attribute]
    predict = Stage("yolo predict, same weights", "frame", len(frames))
    _time(predict, rounds, _predictor(scratch, pictures))
    return [*stages, predict]


def _time(stage: Stage, rounds: int, work: Callable[[], object]) -> None:
    """Once to warm up, then `rounds` times. Work that counts itself gives a number."""
    for number in range(rounds + 1):
        began = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - began
        if isinstance(result, int):
            stage.count = result
        if number:
            stage.rounds.append(seconds)


def _decoded(clip: Path, settings: Settings, sampled: list[Frame]) -> int:
    """Decodes all of a clip as the second pass does; frames decoded. Keeps those sampled."""
    sampled.clear()
    footage = open_footage(clip)
    count = 0
    with Decoder(footage, settings.decoding) as decoder:
        whole = Span(Fraction(0), (decoder.probe.duration or Fraction(60)) + 1, "audit")
        for _, sample in decoder.dense([whole], settings.sweeping.sampling):
            count += 1
            if sample.frame is not None:
                sampled.append(sample.frame)
    return count


def _views(frames: Sequence[Frame], detector: Detector) -> list[LegibleView]:
    """Each machine in each frame, cut out as it is for reading."""
    views = []
    for frame in frames:
        found = detector.detect([frame.image])[0]
        for row in found.of(MACHINE).xyxy:
            legible = LegibleFrames(1)
            legible.offer(0, frame, as_box(row), found)
            views += legible.take(0)
    return views


def _lines(view: LegibleView, detector: Detector, reader: Reader):  # type: ignore[no-untyped-def]
    found = detector.look_closer(view.picture, view.box_in_crop)
    marks = found.where(found.class_id != MACHINE)
    boxes = [as_box(row) for row in marks.xyxy]
    return reader.find_lines(view.picture) + cut_marks(view.picture, boxes)


def _read(view: LegibleView, lines, reader: Reader) -> list[Reading]:  # type: ignore[no-untyped-def]
    read = reader.read_lines(lines, view.pts, view.offset)
    return [one for one in read if belongs(one.box, view.box, ())]


def _predictor(scratch: Path, pictures: Sequence[Picture]) -> Callable[[], object]:
    from ultralytics import YOLO

    model = YOLO(str(for_ultralytics(scratch)), task="detect")
    bgr = [np.ascontiguousarray(picture[..., ::-1]) for picture in pictures]
    return lambda: [model.predict(picture, imgsz=640, verbose=False) for picture in bgr]


def _table(clip: Path, stages: Sequence[Stage], threads: int) -> None:
    print(f"\n{clip.name}, {threads} threads, median of {len(stages[0].rounds)} rounds\n")
    print("| stage | ms | for each | how many |\n|---|---|---|---|")
    for stage in stages:
        print(f"| {stage.name} | {stage.milliseconds:.2f} | {stage.each} | {stage.count} |")


if __name__ == "__main__":
    main()
