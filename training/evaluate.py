"""Measures the artefact that ships: the exported model, and the whole road to a name.

Two measurements on one labelled split. The detector alone, over every picture, at every
confidence; then the road as `nameplate analyze` goes it, picture by picture, each a still.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from datasets.annotations import Photograph, read_photographs, split_folder
from datasets.errors import DataError, ResultError
from datasets.registry import Registry, load_registry
from detector.analyze import Analyst
from detector.detect import Detector
from detector.read import Reader
from detector.settings import Settings
from detector.types import Picture
from training.naive import Naive
from training.naming import OUTCOMES, Named
from training.spotting import Spotted

# Average precision needs what the detector is hardly sure of, too.
LEAST_CONFIDENCE = 0.01
VERSION = 1

Told = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured, and on what: `as_dict` is what evaluation.json holds."""

    split: str
    pictures: int
    sources: int
    model_sha256: str
    settings_sha256: str
    registry_sha256: str
    confidence: float
    mark_confidence: float
    spotted: Spotted
    named: Named
    naive: bool

    def as_dict(self) -> dict[str, Any]:
        spotted, named = self.spotted, self.named
        return {
            "version": VERSION,
            "split": self.split,
            "pictures": self.pictures,
            "sources": self.sources,
            "model_sha256": self.model_sha256,
            "settings_sha256": self.settings_sha256,
            "registry_sha256": self.registry_sha256,
            "confidence": self.confidence,
            "mark_confidence": self.mark_confidence,
            "detection": [row.as_dict() for row in spotted.rows()],
            "negatives": {
                "pictures": spotted.negatives,
                "false_machines": spotted.false_on_negatives,
                "disturbed": spotted.disturbed_share.as_dict(),
                "named": named.named_share.as_dict(),
            },
            "naming": _naming(named, naive=False),
            "naive": _naming(named, naive=True) if self.naive else None,
            "cases": [dataclasses.asdict(case) for case in named.cases],
            "false_names": [dataclasses.asdict(false) for false in named.false_names],
        }

    def write(self, out: Path) -> Path:
        """Writes `out/evaluation.json`.

        Raises:
            ResultError: the folder cannot be written.
        """
        file = out / "evaluation.json"
        text = json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + "\n"
        try:
            out.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        except OSError as error:
            raise ResultError(f"{file}: cannot be written ({error.strerror})") from error
        return file


def evaluate(
    data: Path,
    split: str = "val",
    model: Path | None = None,
    *,
    settings: Settings | None = None,
    registry: Registry | None = None,
    naming: bool = True,
    naive: bool = False,
    progress: Told | None = None,
) -> Report:
    """Measures detection and naming on one split of a labelled data set.

    Args:
        data: holds the split, laid out as `datasets.annotations` says.
        model: folder of the exported model; the packaged one if None.
        settings: the operating point; the defaults if None.
        registry: what builders there are; the packaged one if None.
        naming: go the whole road as well; without it only detection is measured, in a
            tenth of the time.
        naive: measure the naive way to a name beside ours.
        progress: called after each picture with the stage, pictures done and in all.

    Raises:
        DataError: the split is missing or wrong, with file, line and field.
        ModelError: the model is missing, damaged or of other classes.
    """
    settings = settings or Settings()
    registry = registry or load_registry()
    told: Told = progress or (lambda stage, done, total: None)
    photographs = read_photographs(split_folder(data, split))
    detector, spotted = _spot(photographs, model, settings, told)
    named = _name(photographs, model, settings, registry, told) if naming else Named()
    if naming and naive:
        _name_naively(photographs, settings, registry, named, told)
    return Report(
        split=split,
        pictures=len(photographs),
        sources=len({p.source for p in photographs}),
        model_sha256=detector.digest,
        settings_sha256=settings.digest,
        registry_sha256=registry.digest,
        confidence=settings.detecting.confidence,
        mark_confidence=settings.detecting.mark_confidence,
        spotted=spotted,
        named=named,
        naive=naming and naive,
    )


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


def _spot(
    photographs: Sequence[Photograph], model: Path | None, settings: Settings, told: Told
) -> tuple[Detector, Spotted]:
    open_settings = settings.detecting.model_copy(
        update={"confidence": LEAST_CONFIDENCE, "mark_confidence": LEAST_CONFIDENCE}
    )
    detector = Detector(model, open_settings)
    spotted = Spotted(settings.detecting.confidence, settings.detecting.mark_confidence)
    for done, photograph in enumerate(photographs, start=1):
        spotted.add(photograph, detector.detect([open_picture(photograph)])[0])
        told("detecting", done, len(photographs))
    return detector, spotted


def _name(
    photographs: Sequence[Photograph],
    model: Path | None,
    settings: Settings,
    registry: Registry,
    told: Told,
) -> Named:
    analyst = Analyst(settings, registry, model)
    named = Named()
    for done, photograph in enumerate(photographs, start=1):
        named.add(photograph, analyst.analyze(photograph.path).sightings)
        told("naming", done, len(photographs))
    return named


def _name_naively(
    photographs: Sequence[Photograph],
    settings: Settings,
    registry: Registry,
    named: Named,
    told: Told,
) -> None:
    way = Naive(Reader(settings.reading), registry)
    by_image = {p.image: p for p in photographs}
    for index, case in enumerate(named.cases):
        photograph = by_image[case.picture]
        said = way.name(open_picture(photograph), photograph.machines[case.machine].box)
        named.cases[index] = dataclasses.replace(case, naive=said)
        told("naive", index + 1, len(named.cases))


def _naming(named: Named, *, naive: bool) -> dict[str, Any]:
    share = named.naive_share if naive else named.share
    return {
        where: {outcome: share(outcome, inside).as_dict() for outcome in OUTCOMES}
        for where, inside in (("in_registry", True), ("outside", False))
    }
