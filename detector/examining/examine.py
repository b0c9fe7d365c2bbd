"""From a machine watched through a shot to a sighting: look closer, read, attribute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from statistics import median

import numpy as np

from datasets.registry import Registry
from detector.boxes import as_box, holds, moved
from detector.examining.checks import LEAST_CHANCE, LIKELY, chance_on, is_cut, is_sure_in_sizes
from detector.examining.examination import Examination
from detector.examining.rereading import Rereader, open_in_mirror
from detector.leads import Doubt
from detector.look.detector import Detector
from detector.look.legibility import LegibleView, shows_same
from detector.look.track import SURE
from detector.look.watch import Watched
from detector.name.decide import Attributor
from detector.name.homes import claimed_by, withhold
from detector.name.match import matcher_of
from detector.read.concealment import ConcealmentDetector
from detector.read.line_reader import Line
from detector.read.logos import Recogniser
from detector.read.reader import Reader, cut_marks
from detector.screen.caption import (
    BackgroundPoints,
    drawn_with,
    scene_of,
    static_across_shots,
    static_in_shot,
)
from detector.screen.graphics import drawn_on
from detector.screen.overlay import Frames, OverlayMap
from detector.settings import Settings
from detector.types import MACHINE, Attribution, Box, Likeness, Reading, Sighting, Track

_LinedView = tuple[LegibleView, list[Line]]


class Examiner:
    """Reads machines and says who built them. Build it once, for any number of footages."""

    def __init__(
        self,
        detector: Detector,
        reader: Reader,
        recogniser: Recogniser,
        concealment: ConcealmentDetector,
        registry: Registry,
        settings: Settings,
    ) -> None:
        self._detector = detector
        self._reader = reader
        self._recogniser = recogniser
        self._concealment = concealment
        self._settings = settings
        self._registry = registry
        self._matcher = matcher_of(registry)
        self.attributor = Attributor(self._matcher, registry, settings.attributing)
        self._rereader = Rereader(
            reader, self._matcher, registry, settings.attributing.tested_origins
        )

    def examine(self, watched: Watched, overlays: OverlayMap) -> Examination:
        """What is read and seen on a machine; texts of the broadcast are marked."""
        background = BackgroundPoints()
        views, readings = self._read_views(watched, overlays, background)
        if not self._names_anything(_scene_readings(readings)):
            view, lines = views[0]
            readings = self._rereader.reread(readings, lines, view)
        if self._settings.reading.mirrored and not self._marks_in(_scene_readings(readings)):
            readings += self._read_flipped(views, watched, overlays, readings)
        likenesses = self._find_likenesses(views, watched, overlays)
        scene, passing = _scene_readings(readings), list[Reading]()
        attribution = self.attributor.attribute(scene, (), likenesses)
        if self.tested_claims(attribution):
            passing = background.passing(scene, [view for view, _ in views])
        concealed = list[tuple[Fraction, Box]]()
        # Where a builder's mark is read, what is blurred is none.
        named = any(
            line.kind == "wordmark" and line.id == attribution.builder
            for line in attribution.evidence
        )
        if not named and not self._is_bare(
            watched.track, self.attributor.attribute(readings, (), likenesses)
        ):
            concealed = self._find_concealed(views, watched, readings, overlays, background)
        return Examination(
            watched.track,
            watched.best,
            watched.file,
            tuple(readings),
            tuple(concealed),
            tuple(likenesses),
            scene_of(watched.views[0].picture),
            frozenset(
                (read.pts, read.box)
                for view, _ in views
                for read in readings
                if read.pts == view.pts
                and (read in passing or is_cut(read.box, view) or not holds(view.box, read.box))
            ),
        )

    def sighting(self, name: str, seen: Examination) -> Sighting | None:
        """The sighting called `name` of what was examined; overlays speak for no builder.

        None in two cases. The detector is not sure of a machine, and no builder or origin is named.
        Or half of its looks are below `bare_confidence`, with no evidence but hiding.
        """
        attribution = self.attributor.attribute(seen.readings, seen.concealed, seen.likenesses)
        if self._is_bare(seen.track, attribution):
            return None
        sure = self._is_sure(seen.track)
        if not sure and not _is_likely(attribution):
            return None
        doubted = seen.doubted
        if doubted is None:
            doubted = not sure or not self._is_half_sure(seen.track)
        if doubted:
            attribution = self._withhold(attribution, "machine")
        if seen.cut and self.tested_claims(attribution):
            # TAIKAN at the edge may be what is left of TAIKANG, SMTCL may be on somebody's back.
            again = self.attributor.attribute(seen.whole, seen.concealed, seen.likenesses)
            if again.builder != attribution.builder or not self.tested_claims(
                attribution
            ) <= self.tested_claims(again):
                attribution = self._withhold(attribution, "mark")
        attribution = self._check_registry(attribution, seen)
        return Sighting(name, seen.track, seen.best, attribution, seen.readings, seen.file)

    def _check_registry(self, attribution: Attribution, seen: Examination) -> Attribution:
        """The attribution without a tested claim that rests on an uncertain entry. If a plate says
        the same, the origin rests on the plate."""
        if (
            attribution.builder is None
            or self._registry.get(attribution.builder).confidence != "low"
        ):
            return attribution
        claimed = self.tested_claims(attribution)
        if not claimed:
            return attribution
        plated = self.attributor.origin_of_plates(seen.whole)
        if plated is not None and claimed <= {plated.code}:
            return replace(attribution, origin=plated)
        return self._withhold(attribution, "registry")

    def settle(
        self,
        sightings: Sequence[Sighting],
        examined: Sequence[Examination],
        frames: Frames,
        *,
        film: bool,
        progress: Callable[[float], None] = lambda share: None,
    ) -> list[Sighting]:
        """The sightings of a footage, attributed again without the broadcast's texts.

        A text belongs to the broadcast if it stands at the same place of the screen in other shots,
        or comes and goes by itself. An origin under test is claimed only for a machine that is sure
        in several sizes of the frame.

        examined: what each was made of. frames: shows the footage. film: one frame of it may show
        what stood before in another. progress: called with the share that is done, 0..1.
        """
        settled: list[Sighting] = []
        for i, (first, seen, captions) in enumerate(
            zip(sightings, examined, static_across_shots(examined), strict=True)
        ):
            progress(i / len(sightings))
            places = [(seen.readings[n].pts, seen.readings[n].box) for n in captions]
            left = seen.without(places) if places else seen
            found = self._check_sizes(first.id, left, frames)
            if film and found is not None:
                found = self._remove_graphics(found, left, frames)
            settled += [] if found is None else [found]
        return settled

    def _check_sizes(self, name: str, seen: Examination, frames: Frames) -> Sighting | None:
        """The sighting; a claim makes the detector look at several sizes of the frame."""
        found = self.sighting(name, seen)
        if found is None:
            return None
        withheld = found.attribution.withheld
        doubted = withheld is not None and withheld.doubt == "machine"
        if not doubted and not self.tested_claims(found.attribution):
            return found
        texts = {one.pts for one in seen.readings} | {one.pts for one in seen.likenesses}
        bound = self._settings.detecting.bare
        sure = is_sure_in_sizes(self._detector, seen.track, {seen.best.pts} | texts, frames, bound)
        return self.sighting(name, replace(seen, doubted=not sure))

    def _remove_graphics(
        self, found: Sighting, seen: Examination, frames: Frames
    ) -> Sighting | None:
        """The sighting without graphics drawn over its machine, if a claim or a contest rests on
        them."""
        contested = _contested(found.attribution)
        if not contested and not _is_likely(found.attribution):
            return found
        drawn = drawn_on(seen, frames)
        if not drawn:
            return found
        if not contested:
            return self._check_sizes(found.id, seen.without(drawn), frames)
        again = self.sighting(found.id, seen.without(drawn))
        # Which of two marks is drawn may be mistaken: no claim of an origin under test rests on it.
        return found if again is None or self.tested_claims(again.attribution) else again

    def _is_bare(self, track: Track, attribution: Attribution) -> bool:
        """True if it is too unsure a machine to count with no evidence on it."""
        # What is hidden before it may be a face, on something that is no machine.
        evident = any(line.kind != "concealed" for line in attribution.evidence)
        # Of many looks at a lorry one or another is sure.
        typical = median(one.confidence for one in track.observations)
        return not evident and typical < self._settings.detecting.bare_confidence

    def _is_half_sure(self, track: Track) -> bool:
        surest = max(one.confidence for one in track.observations)
        return surest >= self._settings.detecting.bare_confidence

    def _is_sure(self, track: Track) -> bool:
        """True if it would be a track without its less sure boxes."""
        least = self._settings.detecting.confidence
        sure = [seen.confidence for seen in track.observations if seen.confidence >= least]
        often = len(sure) >= self._settings.tracking.least_observations
        return len(sure) == len(track.observations) or often or max(sure, default=0.0) >= SURE

    def _withhold(self, attribution: Attribution, doubt: Doubt) -> Attribution:
        tested = self._settings.attributing.tested_origins
        return withhold(attribution, doubt, tested, self._origins_of(attribution))

    def tested_claims(self, attribution: Attribution) -> frozenset[str]:
        """The origins under test that it claims, by a builder or by a plate."""
        origin = None if attribution.origin is None else attribution.origin.code
        claimed = {origin, *self._origins_of(attribution)}
        tested = self._settings.attributing.tested_origins
        return frozenset(code for code in tested if code in claimed)

    def _origins_of(self, attribution: Attribution) -> frozenset[str]:
        """The origins that its builder's name claims."""
        builder = attribution.builder
        return frozenset() if builder is None else claimed_by(self._registry.get(builder))

    def _read_views(
        self, watched: Watched, overlays: OverlayMap, background: BackgroundPoints
    ) -> tuple[list[_LinedView], list[Reading]]:
        """The views that had to be read, and what they say upright."""
        views: list[_LinedView] = []
        read: list[Reading] = []
        marked: list[Reading] = []
        for view in watched.views:
            shown = next((old for old in views if shows_same(view, old[0])), None)
            if shown is None:
                views.append(self._find_lines(view))
                read += self._read_view(views[-1], watched, mirrored=False)
            else:
                first, lines = shown
                views.append((replace(view, marks=first.marks), lines))
                read += [replace(r, pts=view.pts) for r in read if r.pts == first.pts]
            marked = overlays.mark(read)
            drawn = drawn_with(static_in_shot(marked, watched.track), marked)
            marked = [replace(r, overlay=True) if r in drawn else r for r in marked]
            scene = _scene_readings(marked)
            if len(views) > 1 and self._names_anything(scene):
                drawn = drawn_with(background.drawn_over(scene, [v for v, _ in views]), scene)
                marked = [replace(r, overlay=True) if r in drawn else r for r in marked]
            if self._is_enough(views, marked):
                break
        return views, marked

    def _names_anything(self, scene: Sequence[Reading]) -> bool:
        """True if one builder or origin is likelier than not: with looks, it may be a claim."""
        return _is_likely(self.attributor.attribute(scene))

    def _is_enough(self, views: Sequence[_LinedView], readings: Sequence[Reading]) -> bool:
        """True if reading another view would hardly change anything.

        So if there is no text at all, if enough views have nobody's mark, or if the builder is
        named twice. A mark in one view is never enough: only another view tells captions from it.
        """
        if not any(lines for _, lines in views):
            return True
        scene = _scene_readings(readings)
        if not self.attributor.has_marks(scene):
            return len(views) >= self._settings.views_in_vain
        return len(views) >= 2 and self.attributor.attribute(scene).grade == "A"

    def _find_lines(self, view: LegibleView) -> _LinedView:
        """The view with the marks found on its enlarged crop, and its lines of text."""
        found = view.in_frame(self._detector.look_closer(view.picture, view.box_in_crop))
        marks = found.where(found.class_id != MACHINE)
        closer = replace(view, marks=marks) if len(marks) >= len(view.marks) else view
        dx, dy = closer.offset
        boxes = [moved(as_box(row), -dx, -dy) for row in closer.marks.xyxy]
        return closer, self._reader.find_lines(view.picture) + cut_marks(view.picture, boxes)

    def _read_flipped(
        self,
        views: Sequence[_LinedView],
        watched: Watched,
        overlays: OverlayMap,
        upright: Sequence[Reading],
    ) -> list[Reading]:
        """The marks read in the mirror; without any in the best view the others are spared."""
        marks: list[Reading] = []
        for view, lines in views:
            read = self._read_view(
                (view, open_in_mirror(lines, view, upright)), watched, mirrored=True
            )
            marks += self._marks_in(overlays.mark(read))
            if not marks:
                break
        return marks

    def _read_view(self, lined: _LinedView, watched: Watched, *, mirrored: bool) -> list[Reading]:
        """What stands on this machine in one view; not on those before or behind it."""
        view, lines = lined
        read = self._reader.read_lines(lines, view.pts, view.offset, mirrored)
        others = watched.others[view.pts]
        placed = [replace(r, on_machine=chance_on(r.box, view.box, others)) for r in read]
        return [r for r in placed if r.on_machine >= LEAST_CHANCE]

    def _find_concealed(
        self,
        views: Sequence[_LinedView],
        watched: Watched,
        readings: Sequence[Reading],
        overlays: OverlayMap,
        background: BackgroundPoints,
    ) -> list[tuple[Fraction, Box]]:
        """What is hidden on the machine in its clearest view. What moves along to the view furthest
        in time must be hidden there too."""
        clearest = max((view for view, _ in views), key=lambda view: view.score)
        other = max(watched.views, key=lambda view: abs(view.pts - clearest.pts))
        found = [
            box
            for box in self._concealment.find(clearest, readings)
            if chance_on(box, clearest.box, watched.others[clearest.pts]) >= LIKELY
            and not overlays.covers(box, clearest.pts)
        ]
        if other.pts != clearest.pts:
            then = {box: background.carried(clearest, other, box) for box in found}
            followed = {box: place for box, place in then.items() if place is not None}
            again = self._concealment.are_hidden(other, list(followed.values()))
            gone = {box for box, so in zip(followed, again, strict=True) if so is False}
            found = [box for box in found if box not in gone]
        return [(clearest.pts, box) for box in found]

    def _find_likenesses(
        self, views: Sequence[_LinedView], watched: Watched, overlays: OverlayMap
    ) -> list[Likeness]:
        """Builders' marks that the places with text or a mark look like. What stands on another
        machine, or belongs to the broadcast, is left out."""
        found: list[Likeness] = []
        for view, lines in views:
            dx, dy = view.offset
            cuts = [np.ascontiguousarray(line.picture[:, :, ::-1]) for line in lines]
            for line, seen in zip(lines, self._recogniser.recognise(cuts), strict=True):
                weight = self._recogniser.weight(seen, places=len(lines))
                if seen.nearest is None or seen.mark is None or weight <= 0:
                    continue
                box = moved(line.box, dx, dy)
                stands = chance_on(box, view.box, watched.others[view.pts]) >= LIKELY
                if stands and not overlays.covers(box, view.pts):
                    sure = seen.id is not None
                    found.append(Likeness(seen.nearest, seen.mark, weight, view.pts, box, sure))
        return found

    def _marks_in(self, readings: Sequence[Reading]) -> list[Reading]:
        return [r for r in readings if self._matcher.match(r.text)]


def _is_likely(attribution: Attribution) -> bool:
    """True if it claims a builder or an origin, or if a lead is likelier than not."""
    claims = attribution.builder is not None or attribution.origin is not None
    return claims or any(lead.probability >= LIKELY for lead in attribution.leads)


def _contested(attribution: Attribution) -> bool:
    """True if marks of several builders were read, so that none is named."""
    read = {part.id for part in attribution.evidence if part.kind == "wordmark" and part.weight > 0}
    return attribution.builder is None and len(read) > 1


def _scene_readings(readings: Sequence[Reading]) -> list[Reading]:
    return [reading for reading in readings if not reading.overlay]
