"""The whole way of one footage: open, sweep, look closer, read, attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from datasets.registry import Registry, load_registry
from detector.attribute import Attributor
from detector.boxes import as_box
from detector.caption import static_in_shot
from detector.conceal import find_concealed
from detector.decoder import Decoder
from detector.detect import Detector
from detector.footage import open_footage
from detector.legible import LegibleView
from detector.match import Matcher
from detector.overlay import OverlayFinder, OverlayMap
from detector.read import Reader
from detector.settings import Settings
from detector.sweep import plan_spans, sweep
from detector.types import (
    MACHINE,
    Analysis,
    Box,
    Footage,
    Frame,
    Probe,
    Reading,
    Shot,
    Sighting,
    Span,
)
from detector.watch import Watched, watch

Progress = Callable[[float, str], None]
"""Told the share done, 0..1, and the stage in a word."""

SWEPT = 0.25
"""Share of the work the first pass is reckoned as; only the progress bar depends on it."""


class Analyst:
    """Looks at footage. Loads the model and the reader once; keep one and reuse it.

    Args:
        settings: everything tunable.
        registry: the builders it can name; the packaged one if None.
        model: the folder of an exported model; the packaged one if None.

    Raises:
        ModelError: the model or the reader is missing or damaged.

    Example:
        >>> analysis = Analyst().analyze("clip.mp4")          # doctest: +SKIP
        >>> analysis.sightings[0].attribution.builder         # doctest: +SKIP
        'mazak'
    """

    def __init__(
        self,
        settings: Settings | None = None,
        registry: Registry | None = None,
        model: Path | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.registry = registry or load_registry()
        self.detector = Detector(model, self.settings.detecting)
        self._reader = Reader(self.settings.reading)
        matcher = Matcher(self.registry)
        self._matcher = matcher
        self._attributor = Attributor(matcher, self.registry, self.settings.attributing)

    def analyze(self, path: Path | str, progress: Progress | None = None) -> Analysis:
        """All machines of one footage: a clip, a picture, or a folder of pictures.

        Raises:
            FootageError: it cannot be looked at; the kind says why.
        """
        tell = progress or (lambda share, stage: None)
        settings = self.settings
        tell(0.0, "opening")
        footage = open_footage(Path(path))
        with Decoder(footage, settings.decoding) as decoder:
            probe = decoder.probe
            finder = OverlayFinder()

            def observe(frame: Frame, _: object) -> None:
                if footage.kind == "video":
                    finder.observe(frame)
                tell(SWEPT * _share(frame.pts, probe), "sweeping")

            swept = sweep(decoder, self.detector, settings.sweeping, observe)
            spans = plan_spans(swept, probe, settings.sweeping, footage)
            overlays = finder.settle(self._reader)
            shots: list[Shot] = []
            sightings: list[Sighting] = []
            for shot, watched in watch(decoder, spans, self.detector, settings):
                shots.append(shot)
                sightings += [
                    self._sighting(f"m{len(sightings) + n}", one, overlays)
                    for n, one in enumerate(watched, 1)
                ]
                tell(SWEPT + (1 - SWEPT) * _watched_share(shot.end, spans), "looking closer")
            loss = decoder.loss
        tell(1.0, "done")
        return Analysis(
            footage=footage,
            probe=probe,
            loss=loss,
            shots=tuple(shots),
            sightings=tuple(sightings),
            overlays=overlays.texts,
            model_hash=self.detector.digest,
            settings_hash=settings.digest,
            settings=settings.model_dump(mode="json"),
        )

    def _sighting(self, name: str, watched: Watched, overlays: OverlayMap) -> Sighting:
        views = [self._look_closer(view) for view in watched.views]
        readings = self._read(views, watched, overlays)
        concealed = [(v.pts, box) for v in views for box in find_concealed(v, readings)]
        concealed = [(pts, box) for pts, box in concealed if not overlays.covers(box, pts)]
        attribution = self._attributor.attribute(readings, concealed)
        return Sighting(
            name, watched.track, watched.best, attribution, tuple(readings), watched.file
        )

    def _look_closer(self, view: LegibleView) -> LegibleView:
        """The view with the marks found on its enlarged crop in place of the frame's."""
        found = view.in_frame(self.detector.look_closer(view.picture, view.box_in_crop))
        marks = found.where(found.class_id != MACHINE)
        return replace(view, marks=marks) if len(marks) >= len(view.marks) else view

    def _read(
        self, views: Sequence[LegibleView], watched: Watched, overlays: OverlayMap
    ) -> list[Reading]:
        """What the views say; flipped as well where nothing upright is anyone's mark."""
        readings = self._read_views(views, watched, mirrored=False)
        readings = overlays.mark(readings)
        static = {id(r) for r in static_in_shot(readings, watched.track)}
        readings = [replace(r, overlay=True) if id(r) in static else r for r in readings]
        scene = [r for r in readings if not r.overlay]
        if self.settings.reading.mirrored and not any(self._matcher.match(r.text) for r in scene):
            readings += self._read_flipped(views, watched, overlays)
        return readings

    def _read_flipped(
        self, views: Sequence[LegibleView], watched: Watched, overlays: OverlayMap
    ) -> list[Reading]:
        """The marks read in the mirror; where the best view has none the others are spared."""
        best = self._marks_in(overlays.mark(self._read_views(views[:1], watched, mirrored=True)))
        if not best:
            return []
        rest = self._read_views(views[1:], watched, mirrored=True)
        return best + self._marks_in(overlays.mark(rest))

    def _marks_in(self, readings: Sequence[Reading]) -> list[Reading]:
        return [r for r in readings if self._matcher.match(r.text)]

    def _read_views(
        self, views: Sequence[LegibleView], watched: Watched, *, mirrored: bool
    ) -> list[Reading]:
        readings: list[Reading] = []
        for view in views:
            dx, dy = view.offset
            boxes = [
                (x1 - dx, y1 - dy, x2 - dx, y2 - dy)
                for x1, y1, x2, y2 in (as_box(row) for row in view.marks.xyxy)
            ]
            read = self._reader.read_view(view.picture, boxes, view.pts, view.offset, mirrored)
            readings += [r for r in read if belongs(r.box, view.box, watched.others[view.pts])]
        return readings


def belongs(text: Box, machine: Box, others: Sequence[Box]) -> bool:
    """Whether a text stands on this machine and not on another one before or behind it.

    Of several machines whose boxes hold the text's middle it is the smallest's; a text just
    outside every box is left to the machine in whose margin it was read.
    """

    def holds(box: Box) -> bool:
        x, y = (text[0] + text[2]) / 2, (text[1] + text[3]) / 2
        return box[0] <= x <= box[2] and box[1] <= y <= box[3]

    def area(box: Box) -> float:
        return (box[2] - box[0]) * (box[3] - box[1])

    rivals = [area(other) for other in others if holds(other)]
    return not rivals or (holds(machine) and area(machine) < min(rivals))


def cut_stills(
    footage: Footage, times: Sequence[Fraction], settings: Settings | None = None
) -> Iterator[Frame]:
    """The frames at `times` (sorted, seconds), each exactly that frame.

    Raises:
        FootageError: the footage can no longer be decoded.
    """
    with Decoder(footage, (settings or Settings()).decoding) as decoder:
        yield from decoder.at(times)


def _share(pts: Fraction, probe: Probe) -> float:
    return min(1.0, float(pts / probe.duration)) if probe.duration else 0.0


def _watched_share(pts: Fraction, spans: Sequence[Span]) -> float:
    whole = sum((span.end - span.start for span in spans), Fraction(0))
    done = sum((max(Fraction(0), min(pts, s.end) - s.start) for s in spans), Fraction(0))
    return min(1.0, float(done / whole)) if whole else 1.0
