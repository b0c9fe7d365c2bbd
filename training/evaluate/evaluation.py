"""Measures the artefact that ships: the exported model, and the whole road to a name.

Two measurements on one labelled split. The detector alone, over every picture, at every
confidence; then the road as `nameplate analyze` goes it, picture by picture, each a still.
On request also the open set, over the training pictures as well, and footage.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError
from pydantic import TypeAdapter

from datasets.errors import DataError
from datasets.photographs.annotations import ANNOTATIONS, Photograph, read_photographs, split_folder
from datasets.photographs.writing import source_key
from datasets.registry import Registry, load_registry
from detector.analyze import Analyst
from detector.boxes import as_box
from detector.look.detect import YoloDetector
from detector.read.reader import PaddleReader
from detector.settings import Settings
from detector.types import MACHINE, Analysis, Detections, Picture, Sighting
from training.evaluate.conditions import CONDITIONS, seen_through
from training.evaluate.detection import Spotted, is_legible
from training.evaluate.footage import FootageReport, TruthClip, find_clips, hear
from training.evaluate.journal import Journal
from training.evaluate.naming import NamingCounts, as_entries, assign, is_case, slices
from training.evaluate.openset import Naive, OpenSet, SeenMachine, hold_out
from training.evaluate.report import Report, digest_of

# Average precision needs what the detector is hardly sure of, too.
LEAST_CONFIDENCE = 0.01
JOURNAL = "evaluation.partial.jsonl"
CLIPS = "clips"

Progress = Callable[[str, int, int], None]
_SIGHTINGS = TypeAdapter(tuple[Sighting, ...])
_ANALYSIS = TypeAdapter(Analysis)


@dataclass(frozen=True, slots=True)
class Parts:
    """What to measure besides detection.

    naming: go the whole road; without it only detection is measured, in a tenth of the time.
    conditions: detection again, in pictures as footage would show them.
    naive: the naive way to a name beside ours. open_set: builders held out in turn, at most
    so many, over the train split too where there is one. footage: the clips beside the splits.
    """

    naming: bool = True
    naive: bool = False
    open_set: int = 0
    footage: bool = False
    conditions: bool = False


def evaluate(
    data: Path,
    split: str = "val",
    model: Path | None = None,
    *,
    settings: Settings | None = None,
    registry: Registry | None = None,
    parts: Parts | None = None,
    work: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Measures detection and naming on one split of a labelled data set.

    Args:
        data: holds the split, laid out as `datasets.photographs.annotations` says.
        model: folder of the exported model; the packaged one if None.
        settings: the operating point; the defaults if None.
        registry: what builders there are; the packaged one if None.
        parts: what to measure; detection and naming if None.
        work: folder where a run keeps what it has, to go on from there; once what it measured is
            written, `forget` removes that.
        progress: called after each picture with the stage, pictures done and in all.

    Raises:
        DataError: the split, or a clip asked for, is missing or wrong, with file, line and field.
        ModelError: the model is missing, damaged or of other classes.
        ResultError: `work` cannot be written.
    """
    settings, parts = settings or Settings(), parts or Parts()
    registry = registry or load_registry()
    told: Progress = progress or (lambda stage, done, total: None)
    photographs = as_entries(read_photographs(split_folder(data, split)), registry)
    clips = find_clips(data / CLIPS, photographs) if parts.footage else None
    detector = YoloDetector(model, at_any_confidence(settings).detecting)
    run = {
        "split": split,
        "data": data_digest(photographs),
        "model": detector.digest,
        "settings": settings.digest,
        "registry": registry.digest,
    }
    journal = Journal(None if work is None else work / JOURNAL, run)
    road = _Road(journal, settings, registry, model, told)
    spotted = _spot(photographs, detector, settings, journal, told)
    conditions = {
        name: _spot(photographs, detector, settings, journal, told, name)
        for name in (CONDITIONS if parts.conditions else ())
    }
    named = road.name(photographs) if parts.naming else NamingCounts()
    if parts.naming and parts.naive:
        _name_naively(photographs, settings, registry, named, told)
    held = _held_out(data, split, photographs, road, parts.open_set) if parts.open_set else None
    footage = None if clips is None else road.hear(clips)
    return Report(
        split=split,
        pictures=len(photographs),
        sources=len({source_key(p.source) for p in photographs}),
        model_sha256=detector.digest,
        settings_sha256=settings.digest,
        registry_sha256=registry.digest,
        confidence=settings.detecting.bare,
        mark_confidence=settings.detecting.mark_confidence,
        spotted=spotted,
        named=named,
        naive=parts.naming and parts.naive,
        data_sha256=run["data"],
        slices=slices(named.cases, registry),
        open_set=None if held is None else held[1],
        open_set_splits=() if held is None else held[0],
        footage=footage,
        conditions=conditions,
    )


def forget(work: Path) -> None:
    """Removes what `evaluate` kept in a folder: the report that it made is written."""
    (work / JOURNAL).unlink(missing_ok=True)


def data_digest(photographs: Sequence[Photograph]) -> str:
    """SHA-256 over a split's annotations and the bytes of its pictures, in their order.

    Raises:
        DataError: a file cannot be read.
    """
    return digest_of([photographs[0].folder / ANNOTATIONS, *(p.path for p in photographs)])


def open_picture(photograph: Photograph) -> Picture:
    """A labelled picture as stored, RGB (height, width, 3).

    Raises:
        DataError: it cannot be read, or has another size than its line says.
    """
    try:
        with Image.open(photograph.path) as image:
            picture = np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(f"{photograph.path}: not a picture that can be read ({error})") from error
    height, width = picture.shape[:2]
    if (width, height) != (photograph.width, photograph.height):
        raise DataError(
            f"{photograph.path}: it has {width}x{height} pixels, its line in the annotations "
            f"says {photograph.width}x{photograph.height}"
        )
    return picture


def at_any_confidence(settings: Settings) -> Settings:
    """Settings under which the detector reports all it sees, however unsure."""
    least = {"confidence": LEAST_CONFIDENCE, "mark_confidence": LEAST_CONFIDENCE}
    return settings.model_copy(update={"detecting": settings.detecting.model_copy(update=least)})


def _spot(
    photographs: Sequence[Photograph],
    detector: YoloDetector,
    settings: Settings,
    journal: Journal,
    told: Progress,
    condition: str = "",
) -> Spotted:
    """What is found in the pictures, in a condition if one is given.

    The closer look is measured on pictures as they are, where a builder's mark is legible.
    """
    spotted = Spotted(settings.detecting.bare, settings.detecting.mark_confidence)
    stage = f"detecting, {condition}" if condition else "detecting"
    for done, photograph in enumerate(photographs, start=1):
        shown = photograph
        picture: Picture | None = None
        if condition:
            picture, shown = seen_through(condition, open_picture(photograph), photograph)

        def look(
            photograph: Photograph = photograph, picture: Picture | None = picture
        ) -> list[list[list[float]]]:
            picture = open_picture(photograph) if picture is None else picture
            (found,) = detector.detect([picture])
            near = []
            if not condition and any(is_legible(mark) for mark in photograph.marks):
                machines = found.of(MACHINE)
                sure = machines.xyxy[machines.confidence >= settings.detecting.confidence]
                near = [detector.look_closer(picture, as_box(box)) for box in sure]
            scale = photograph.height / picture.shape[0]
            return [_as_rows(found, scale), [row for one in near for row in _as_rows(one, scale)]]

        whole, near = journal.ask(f"{stage} {photograph.image}", look)
        closer = None if condition else _from_rows(near)
        spotted.add(shown, _from_rows(whole), closer)
        told(stage, done, len(photographs))
    return spotted


def _as_rows(found: Detections, scale: float) -> list[list[float]]:
    rows = np.column_stack([found.xyxy * scale, found.confidence, found.class_id])
    return [[float(value) for value in row] for row in rows]


def _from_rows(rows: Sequence[Sequence[float]]) -> Detections:
    held = np.array(rows).reshape(-1, 6)
    return Detections(
        held[:, :4].astype(np.float32), held[:, 4].astype(np.float32), held[:, 5].astype(np.int64)
    )


class _Road:
    """The whole road, gone once for each picture; the analyst is loaded when first needed.

    `without`: the builder that the registry lacks, if it lacks one.
    """

    def __init__(
        self,
        journal: Journal,
        settings: Settings,
        registry: Registry,
        model: Path | None,
        told: Progress,
        without: str = "",
    ) -> None:
        self.registry = registry
        self._settings, self._without = settings, without
        self._journal, self._model, self._told = journal, model, told
        self._analyst: Analyst | None = None

    def analyze(self, path: Path) -> Analysis:
        self._analyst = self._analyst or Analyst(self._settings, self.registry, self._model)
        return self._analyst.analyze(path)

    def lacking(self, builder: str, registry: Registry) -> _Road:
        """A road of its own with a registry that lacks a builder."""
        return _Road(self._journal, self._settings, registry, self._model, self._told, builder)

    def sightings(self, photograph: Photograph) -> tuple[Sighting, ...]:
        def look() -> Any:
            return _SIGHTINGS.dump_python(self.analyze(photograph.path).sightings, mode="json")

        how = f"without {self._without}" if self._without else "naming"
        key = f"{how} {photograph.folder.name}/{photograph.image}"
        return _SIGHTINGS.validate_python(self._journal.ask(key, look))

    def name(self, photographs: Sequence[Photograph]) -> NamingCounts:
        named = NamingCounts()
        for done, photograph in enumerate(photographs, start=1):
            picture = open_picture(photograph) if photograph.marks else None
            named.add(photograph, self.sightings(photograph), picture)
            self._told("naming", done, len(photographs))
        return named

    def seen(self, photographs: Sequence[Photograph], stage: str) -> list[SeenMachine]:
        """The sightings of machines whose builder's mark a person can read."""
        found = []
        legible = [p for p in photographs if any(is_case(p, i) for i in range(len(p.machines)))]
        for done, photograph in enumerate(legible, start=1):
            sightings = self.sightings(photograph)
            for sighting, of in zip(sightings, assign(photograph, sightings), strict=True):
                if of is not None and is_case(photograph, of):
                    truth = photograph.machines[of].builder
                    assert truth is not None
                    found.append(SeenMachine(photograph.image, truth, sighting.attribution))
            self._told(stage, done, len(legible))
        return found

    def hear(self, clips: Sequence[TruthClip]) -> FootageReport:
        heard = []
        for done, clip in enumerate(clips, start=1):

            def look(path: Path = clip.path) -> Any:
                return _ANALYSIS.dump_python(self.analyze(path), mode="json")

            size = clip.path.stat().st_size
            analysis = self._journal.ask(f"footage {clip.path.name} {size}", look)
            heard.append(hear(clip, _ANALYSIS.validate_python(analysis)))
            self._told("footage", done, len(clips))
        return FootageReport(tuple(heard))


def _held_out(
    data: Path, split: str, photographs: Sequence[Photograph], road: _Road, builders: int
) -> tuple[tuple[str, ...], OpenSet]:
    held = list(photographs)
    splits: tuple[str, ...] = (split,)
    if split != "train" and (data / "train").is_dir():
        held += as_entries(read_photographs(data / "train"), road.registry)
        splits = (split, "train")

    def again(builder: str, less: Registry) -> list[SeenMachine]:
        its = [p for p in held if any(m.builder == builder for m in p.machines)]
        return road.lacking(builder, less).seen(its, f"open set, without {builder}")

    return splits, hold_out(road.seen(held, "open set"), road.registry, builders, again)


def _name_naively(
    photographs: Sequence[Photograph],
    settings: Settings,
    registry: Registry,
    named: NamingCounts,
    told: Progress,
) -> None:
    way = Naive(PaddleReader(settings.reading), registry)
    by_image = {p.image: p for p in photographs}
    for index, case in enumerate(named.cases):
        photograph = by_image[case.picture]
        said = way.name(open_picture(photograph), photograph.machines[case.machine].box)
        named.cases[index] = dataclasses.replace(case, naive=said)
        told("naive", index + 1, len(named.cases))
