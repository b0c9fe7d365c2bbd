"""The whole way of one footage: open, sweep, look closer, read, attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from datasets.errors import FootageChanged
from datasets.registry import Registry, load_registry
from detector.examining.examination import Examination, SurveyCollector
from detector.examining.examine import Examiner
from detector.examining.lone_marks import LoneMarks
from detector.footage.decoder import Decoder
from detector.footage.files import open_footage, stamp_of
from detector.footage.manifest import read_manifest
from detector.inference import LARGE_BYTES, Engine, release_memory, share_heap
from detector.look.detect import YoloDetector
from detector.look.detector import Detector
from detector.look.model_files import model_digest
from detector.look.plan import joined, plan_spans
from detector.look.scout import Scout
from detector.look.sweep import sweep
from detector.look.watch import WIDEST, watch
from detector.name.match import matcher_of
from detector.read.concealment import ConcealmentDetector
from detector.read.logos import Recogniser
from detector.read.reader import PaddleReader, Reader
from detector.screen.overlay import OverlayFinder, OverlayMap
from detector.settings import Depth, Settings
from detector.types import Analysis, Footage, Frame, Probe, Sample, Shot, Sighting, Span, Survey

Progress = Callable[[float, str], None]
"""Called with the share done, 0..1, and the stage in a word."""

Loaded = TypeVar("Loaded")

FRAMES_HELD = 128 << 20
"""Bytes of the frames of one clip that are kept while its machines are checked."""

AROUND = Fraction(60)
"""Seconds on either side of what is looked at closely in which the broadcast's text is sought."""

SWEPT, WATCHED = 0.25, 0.95
"""Share of the work done after the first pass, and after the closer looks; for the progress bar."""


class Analyst:
    """Looks at footage. Loads each network once, when first needed; keep one and reuse it.

    settings: everything tunable. registry: the builders it can name; the packaged one if None.
    model: the folder of an exported model; the packaged one if None. threads: threads of inference,
    for a worker that shares its machine with others; as many as there are cores if None. Results do
    not depend on it. recogniser: what knows marks by their looks; the packaged one, of this
    registry, if None. detector, reader: others than the packaged ones; `model` is unused with a
    detector.

    Its methods raise `ModelError` if one of the networks is missing or damaged.

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
        threads: int | None = None,
        recogniser: Recogniser | None = None,
        detector: Detector | None = None,
        reader: Reader | None = None,
    ) -> None:
        share_heap()
        self.settings = settings or Settings()
        self.registry = registry or load_registry()
        self._model = model
        self._engine = Engine(threads, self.settings.inference.backend)
        self._given = detector, reader, recogniser

    @property
    def detector(self) -> Detector:
        """What finds machines, loaded when first asked for."""
        return self._detecting.result()

    def begin(self) -> Analyst:
        """Itself; it begins to load what nearly all footage needs, beside the caller's work."""
        _ = self._detecting, self._reading
        return self

    @cached_property
    def _detecting(self) -> Future[Detector]:
        given, detecting = self._given[0], self.settings.detecting
        return _load(lambda: given or YoloDetector(self._model, detecting, self._engine))

    @cached_property
    def _digest(self) -> str:
        given = self._given[0]
        return given.digest if given is not None else model_digest(self._model)

    @cached_property
    def _scout(self) -> Scout:
        return Scout.open(self._engine)

    @cached_property
    def _reading(self) -> Future[Reader]:
        """The reader, which loads beside whatever is done before its result is asked for."""
        given = self._given[1]
        return _load(lambda: given or PaddleReader(self.settings.reading, self._engine))

    @property
    def _reader(self) -> Reader:
        return self._reading.result()

    @property
    def _examiner(self) -> Examiner:
        return self._examining.result()

    @cached_property
    def _examining(self) -> Future[Examiner]:
        return _load(self._make_examiner)

    def _make_examiner(self) -> Examiner:
        # These first: the larger networks load meanwhile.
        matcher_of(self.registry)
        recogniser = self._given[2] or Recogniser(registry=self.registry, engine=self._engine)
        concealment = ConcealmentDetector(self._engine)
        detector, reader = self.detector, self._reader
        return Examiner(detector, reader, recogniser, concealment, self.registry, self.settings)

    def _lone_marks(self) -> LoneMarks:
        return LoneMarks(self._reader, lambda: self._examiner, self.settings.reading)

    def _find_overlays(self, footage: Footage, probe: Probe, spans: Sequence[Span]) -> OverlayMap:
        """What the broadcast draws, sought around what is looked at closely. By a decoder of its
        own, since the other one is in the midst of its second pass."""
        settings = self.settings
        finder = OverlayFinder((probe.width, probe.height))
        around = joined([(max(Fraction(0), one.start - AROUND), one.end + AROUND) for one in spans])
        spacing = settings.sweeping.keyframe_spacing / Fraction(str(settings.sweeping.budget))
        with Decoder(footage, settings.decoding) as decoder:
            for frame in decoder.keyframes(spacing, WIDEST, around):
                finder.observe(frame)
            return finder.settle(self._reader, decoder.at)

    def analyze(self, footage: Footage | Path | str, progress: Progress | None = None) -> Analysis:
        """All machines of one footage: a clip, a picture, or a folder of pictures.

        footage: where it lies, or the footage opened before, which is not hashed again. progress:
        called with how far it is.
        Raises FootageError: it cannot be looked at; the kind says why.
        """
        return self._look(footage, progress, None)

    def survey(
        self,
        footage: Footage | Path | str,
        progress: Progress | None = None,
        depth: Depth = "set",
    ) -> Survey:
        """The analysis, with prints, looks and stills to recognise footage and machines by.

        They are taken as the frames pass by: nothing is decoded again for them. Two surveys of one
        footage under equal settings are equal, byte for byte.

        Args, Raises: as for `analyze`. depth: how much of it is looked at, whatever the settings
            say.
        """
        keeper = SurveyCollector()
        return keeper.survey(self._look(footage, progress, keeper, depth=depth))

    def examine(self, footage: Footage | Path | str) -> tuple[Examination, ...]:
        """What was read on each machine of one footage, before it is attributed. Raises: as for
        `analyze`."""
        found: list[Examination] = []
        self._look(footage, None, None, found)
        return tuple(found)

    def _look(
        self,
        footage: Footage | Path | str,
        progress: Progress | None,
        keeper: SurveyCollector | None,
        everything: list[Examination] | None = None,
        depth: Depth = "set",
    ) -> Analysis:
        tell = progress or (lambda share, stage: None)
        settings = self.settings
        sweeping = settings.sweeping.at(depth)
        tell(0.0, "opening")
        if not isinstance(footage, Footage):
            footage = open_footage(Path(footage))
        stamp = stamp_of(footage)
        film = footage.kind == "video"
        if not film:
            _ = self.begin()._examining  # most photographs show something to read
        with Decoder(footage, settings.decoding, sparing=True) as decoder:
            probe = decoder.probe

            def observe(frame: Frame) -> None:
                if keeper is not None:
                    keeper.keyframe(frame)
                tell(SWEPT * _share(frame.pts, probe), "sweeping")

            scout = self._scout if sweeping.scout and film else None
            detector = (lambda: self.detector) if film else None
            swept = sweep(decoder, detector, sweeping, observe, scout)
            # Of some clips only reading them through tells how long they are.
            probe = decoder.probe
            spans = plan_spans(swept, probe, sweeping, footage)

            @cache
            def overlays() -> OverlayMap:
                return self._find_overlays(footage, probe, spans) if film else OverlayMap()

            shots: list[Shot] = []
            manual = 0
            sightings: list[Sighting] = []
            examined: list[Examination] = []
            lone: list[Examination] = []
            share_watched = _shares(spans)

            def observe_dense(sample: Sample, shot: int) -> None:
                if keeper is not None:
                    keeper.dense(sample, shot)
                share = SWEPT + (WATCHED - SWEPT) * share_watched(sample.pts)
                tell(share, "looking closer")

            keep = keeper is not None
            for watched in (
                watch(decoder, spans, self.detector, settings, observe_dense, keep, not film)
                if spans
                else ()
            ):
                shots.append(watched.shot)
                manual = max(manual, watched.manual)
                before = len(sightings)
                for one in watched.machines:
                    seen = self._examiner.examine(one, overlays())
                    if everything is not None:
                        everything.append(seen)
                    sighting = self._examiner.sighting(f"m{len(sightings) + 1}", seen)
                    if sighting is None:
                        continue
                    sightings.append(sighting)
                    examined.append(seen)
                    if keeper is not None:
                        keeper.sighting(sighting, one, overlays())
                sighted = len(sightings) > before
                alone = self._lone_marks().examine(watched, overlays, sighted=sighted)
                lone += [] if alone is None else [alone]
                # Else its crops would be held until those of the next shot have come in.
                if watched.machines:
                    del one
                del watched
            # Before single frames are decoded again: what that skips is not lost.
            loss = decoder.loss
            large = 3 * probe.width * probe.height > LARGE_BYTES
            if large:
                release_memory()
            shown = FrameCache(decoder.at) if film else decoder.at
            if sightings:
                sightings = self._examiner.settle(
                    sightings,
                    examined,
                    shown,
                    film=film,
                    progress=lambda share: tell(WATCHED + (1 - WATCHED) * share, "checking"),
                )
            lone_marks = self._lone_marks().settle(
                lone, examined, sightings, shown if film else None
            )
        if large:
            release_memory()
        if stamp_of(footage) != stamp or stamp.size != footage.size:
            # What was found may lie in bytes that its hash does not cover.
            raise FootageChanged.saying(
                "%(path)s: it was written to while it was looked at; do it again once it is whole",
                path=footage.path,
            )
        if keeper is not None:
            keeper.settle(sightings)
        manifest = read_manifest(footage, settings.decoding)
        tell(1.0, "done")
        return Analysis(
            footage=footage,
            probe=probe,
            loss=loss,
            shots=tuple(shots),
            sightings=tuple(sightings),
            overlays=overlays().texts if overlays.cache_info().currsize else (),
            model_hash=self._digest,
            settings_hash=settings.digest,
            settings=settings.model_dump(mode="json"),
            manifest=manifest,
            lone_marks=lone_marks,
            manual_machines=manual,
        )


class FrameCache:
    """Shows a clip, as `Decoder.at`; machines of one shot ask for the same frames.

    at: gives one frame for each of the (sorted) times.
    """

    def __init__(self, at: Callable[[Sequence[Fraction]], Iterator[Frame]]) -> None:
        self._at = at
        self._shown: dict[Fraction, Fraction] = {}  # the frame's own time, by the time asked for
        self._kept: dict[Fraction, Frame] = {}

    def __call__(self, times: Sequence[Fraction]) -> Iterator[Frame]:
        known = [self._kept.get(self._shown.get(time, time)) for time in times]
        missing = self._at([time for time, one in zip(times, known, strict=True) if one is None])
        for time, one in zip(times, known, strict=True):
            frame = one or next(missing, None)
            if frame is None:
                return
            self._shown[time] = frame.pts
            # What several times show counts once.
            self._kept[frame.pts] = frame
            while sum(one.image.nbytes for one in self._kept.values()) > FRAMES_HELD:
                del self._kept[next(iter(self._kept))]
            yield frame


def cut_stills(
    footage: Footage, times: Sequence[Fraction], settings: Settings | None = None
) -> Iterator[Frame]:
    """The frames at `times` (sorted, seconds), each exactly that frame. Raises FootageError: the
    footage can no longer be decoded."""
    with Decoder(footage, (settings or Settings()).decoding) as decoder:
        yield from decoder.at(times)


def _load(make: Callable[[], Loaded]) -> Future[Loaded]:
    """What is made in a thread of its own, beside whatever is done before its result is needed."""
    pool = ThreadPoolExecutor(1)
    made = pool.submit(make)
    pool.shutdown(wait=False)
    return made


def _share(pts: Fraction, probe: Probe) -> float:
    return min(1.0, float(pts / probe.duration)) if probe.duration else 0.0


def _shares(spans: Sequence[Span]) -> Callable[[Fraction], float]:
    """A function of time: the share of sorted, disjoint spans that has been watched."""
    edges = np.array([(one.start, one.end) for one in spans], float).reshape(-1, 2)
    done = [0.0, *np.repeat(np.cumsum(edges[:, 1] - edges[:, 0]), 2)][:-1]
    return lambda pts: float(np.interp(float(pts), edges.ravel(), done) / done[-1])
