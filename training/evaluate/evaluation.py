"""Measures the artefact that ships: the exported model, and the whole road to a name.

Two measurements on one labelled split. The detector alone, over every picture, at every
confidence; then the road as `nameplate analyze` goes it, picture by picture, each a still.
On request also footage, and detection in pictures as footage would show them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from datasets.photographs.annotations import ANNOTATIONS, Photograph, read_photographs, split_folder
from datasets.photographs.splits import source_key
from datasets.registry import Registry, load_registry
from detector.analyze import Analyst
from detector.boxes import as_box
from detector.look.detect import YoloDetector
from detector.settings import Settings
from detector.types import MACHINE, Analysis, Detections, Picture, Sighting
from training.evaluate.detection import Spotted, is_legible
from training.evaluate.footage import (
    CONDITIONS,
    TruthClip,
    find_clips,
    footage_report,
    hear,
    seen_through,
)
from training.evaluate.measures import (
    CHANCE_DRAWS,
    SURE,
    Share,
    calibration_by_luck,
    calibration_error,
    interval,
    reliability,
    risk_coverage,
    rounded,
)
from training.evaluate.naming import NamingClaim, NamingCounts, as_entries, outcomes, slices
from training.pictures import read_photograph
from training.results import Journal, digest_of, program

# Average precision needs what the detector is hardly sure of, too.
LEAST_CONFIDENCE = 0.01
VERSION = 2
NAME = "evaluation.json"
SINGLE = ("cases", "false_names", "by_picture", "claims", "footage")
"""What names single pictures, and so stays out of a card that travels with a model."""
JOURNAL = "evaluation.partial.jsonl"
CLIPS = "clips"

Progress = Callable[[str, int, int], None]
_SIGHTINGS = TypeAdapter(tuple[Sighting, ...])
_ANALYSIS = TypeAdapter(Analysis)


def evaluate(
    data: Path,
    split: str = "val",
    model: Path | None = None,
    *,
    settings: Settings | None = None,
    registry: Registry | None = None,
    naming: bool = True,
    footage: bool = False,
    conditions: bool = False,
    work: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measures detection and naming on one split of a labelled data set.

    data: holds the split, laid out as `datasets.photographs.annotations` says.
    model: folder of the exported model; the packaged one if None.
    settings: the operating point; the defaults if None.
    registry: what builders there are; the packaged one if None.
    naming: go the whole road; without it only detection is measured, in a tenth of the time.
    footage: the clips beside the splits. conditions: detection again, in pictures as footage would
    show them.
    work: folder where a run keeps what it has, to go on from there; once what it measured is
    written, `forget` removes that.
    progress: called after each picture with the stage, pictures done and in all.
    Returns what evaluation.json holds (`report_of`).
    Raises DataError: the split, or a clip asked for, is missing or wrong, with file, line and
    field. ModelError: the model is missing, damaged or of other classes. ResultError: `work` cannot
    be written.
    """
    settings, registry = settings or Settings(), registry or load_registry()
    photographs = as_entries(read_photographs(split_folder(data, split)), registry)
    clips = find_clips(data / CLIPS, photographs) if footage else None
    detector = YoloDetector(model, at_any_confidence(settings).detecting)
    about: dict[str, Any] = {
        "split": split,
        "pictures": len(photographs),
        "sources": len({source_key(p.source) for p in photographs}),
        "data_sha256": data_digest(photographs),
        "model_sha256": detector.digest,
        "settings_sha256": settings.digest,
        "registry_sha256": registry.digest,
        "confidence": settings.detecting.bare,
        "mark_confidence": settings.detecting.mark_confidence,
    }
    run = {name: about[f"{name}_sha256"] for name in ("data", "model", "settings", "registry")}
    journal = Journal(None if work is None else work / JOURNAL, {"split": split, **run})
    tell: Progress = progress or (lambda stage, done, total: None)
    analyst = cache(lambda: Analyst(settings, registry, model))
    measured = _Measurement(photographs, detector, settings, analyst, journal, tell)
    spotted = measured.spot()
    changed = {name: measured.spot(name) for name in (CONDITIONS if conditions else ())}
    named = measured.name() if naming else NamingCounts()
    heard = None if clips is None else measured.hear(clips)
    return report_of(about, spotted, named, registry, heard, changed)


def report_of(
    about: Mapping[str, Any],
    spotted: Spotted,
    named: NamingCounts,
    registry: Registry,
    footage: Mapping[str, Any] | None = None,
    conditions: Mapping[str, Spotted] | None = None,
) -> dict[str, Any]:
    """What was measured, and on what, as JSON holds it.

    about: split, pictures and sources; the SHA-256 of data, model, settings and registry; the least
    confidences. Only runs with the same `data_sha256` can be compared. footage, conditions: where
    asked for.
    """
    negatives = spotted.false_on_negatives
    parts = {"all": spotted, **spotted.rounds, **(conditions or {})}
    inside = [case for case in named.cases if case.in_registry]
    outside = [case for case in named.cases if not case.in_registry]
    values = {
        **about,
        "version": VERSION,
        "program": program(),
        "detection": spotted.rows(),
        "measures": {name: part.measures() for name, part in parts.items()},
        "negatives": {
            "pictures": len(negatives),
            "false_machines": sum(negatives),
            "disturbed": spotted.disturbed_share,
            "named": named.named_share,
            "false_names_per_1000": _per_thousand(named.named_share),
            "bound": f"Clopper-Pearson, one-sided, {SURE}",
        },
        "naming": {"in_registry": outcomes(inside), "outside": outcomes(outside)},
        "slices": slices(named.cases, registry),
        "chances": chances(named.claims, len(named.cases)),
        "footage": footage,
        "cases": named.cases,
        "false_names": named.false_names,
        "by_picture": spotted.counts,
        "claims": named.claims,
    }
    plain: dict[str, Any] = json.loads(json.dumps(values, default=_plain))
    return plain


def _plain(value: Any) -> Any:
    return value.as_dict() if hasattr(value, "as_dict") else asdict(value)


def chances(claims: Sequence[NamingClaim], cases: int) -> dict[str, Any]:
    """Reliability, calibration error and the risk-coverage curve of a report.

    Reliability is over every claim with a candidate, whatever its picture shows; claims
    without one have nothing to be calibrated and would only dilute the error. The curve is
    over the machines that can be named.

    The interval is none of the true error: every draw of the sources adds luck of its own, and an
    error counts luck up (`calibration_by_luck`). An error of nothing lies below it.
    """
    stated = [claim for claim in claims if claim.best is not None]
    chance = np.array([claim.chance for claim in stated], np.float64)
    right = np.array([claim.right for claim in stated], np.bool_)
    nameable = np.array([claim.case for claim in stated], np.bool_)
    draws = interval(
        [source_key(claim.source) for claim in stated],
        CHANCE_DRAWS,
        lambda drawn: calibration_error(chance[drawn], right[drawn]),
    )
    luck = calibration_by_luck(chance)
    return {
        "claims": len(stated),
        "without_candidate": len(claims) - len(stated),
        "calibration_error": rounded(calibration_error(chance, right)),
        "calibration_interval": None if draws is None else [*map(rounded, draws)],
        "calibration_by_luck": None if luck is None else [*map(rounded, luck)],
        "reliability": reliability(chance, right),
        "risk_coverage": risk_coverage(chance[nameable], right[nameable], max(1, cases)),
    }


def _per_thousand(share: Share) -> dict[str, float | None]:
    """False names in a thousand pictures, and at most so many."""
    found = None if share.value is None else round(1000 * share.value, 2)
    return {"found": found, "at_most": round(1000 * share.at_most, 2)}


def forget(work: Path) -> None:
    """Removes what `evaluate` kept in a folder: the report that it made is written."""
    (work / JOURNAL).unlink(missing_ok=True)


def data_digest(photographs: Sequence[Photograph]) -> str:
    """SHA-256 over a split's annotations and the bytes of its pictures, in their order. Raises
    DataError: a file cannot be read."""
    return digest_of([photographs[0].folder / ANNOTATIONS, *(p.path for p in photographs)])


def at_any_confidence(settings: Settings) -> Settings:
    """Settings under which the detector reports all it sees, however unsure."""
    least = {"confidence": LEAST_CONFIDENCE, "mark_confidence": LEAST_CONFIDENCE}
    return settings.model_copy(update={"detecting": settings.detecting.model_copy(update=least)})


@dataclass(frozen=True, slots=True)
class _Measurement:
    """Goes through the pictures and clips; the analyst is loaded when it is first needed."""

    photographs: Sequence[Photograph]
    detector: YoloDetector
    settings: Settings
    analyst: Callable[[], Analyst]
    journal: Journal
    tell: Progress

    def spot(self, condition: str = "") -> Spotted:
        """What is found in the pictures, in a condition if one is given. The closer look is
        measured on pictures as they are, where a builder's mark is legible."""
        detecting = self.settings.detecting
        spotted = Spotted(detecting.bare, detecting.mark_confidence)
        stage = f"detecting, {condition}" if condition else "detecting"
        for photograph in self._each(stage):
            shown, picture = photograph, None
            if condition:
                picture, shown = seen_through(condition, read_photograph(photograph), photograph)
            look = partial(self._look, photograph, picture)
            found, near = map(_from_rows, self.journal.ask(f"{stage} {photograph.image}", look))
            spotted.add(shown, found, None if condition else near)
        return spotted

    def _look(self, photograph: Photograph, changed: Picture | None) -> list[list[list[float]]]:
        picture = read_photograph(photograph) if changed is None else changed
        (found,) = self.detector.detect([picture], still=True)
        near = []
        if changed is None and any(is_legible(mark) for mark in photograph.marks):
            machines = found.of(MACHINE)
            sure = machines.xyxy[machines.confidence >= self.settings.detecting.confidence]
            near = [self.detector.look_closer(picture, as_box(box)) for box in sure]
        scale = photograph.height / picture.shape[0]
        return [_as_rows(found, scale), [row for one in near for row in _as_rows(one, scale)]]

    def name(self) -> NamingCounts:
        """The whole road, gone once for each picture."""
        named = NamingCounts()
        for photograph in self._each("naming"):
            picture = read_photograph(photograph) if photograph.marks else None
            key = f"naming {photograph.folder.name}/{photograph.image}"
            analysis = self.journal.ask(key, partial(self._analyze, photograph.path, "sightings"))
            named.add(photograph, _SIGHTINGS.validate_python(analysis["sightings"]), picture)
        return named

    def hear(self, clips: Sequence[TruthClip]) -> dict[str, Any]:
        heard = []
        for done, clip in enumerate(clips, start=1):
            key = f"footage {clip.path.name} {clip.path.stat().st_size}"
            analysis = self.journal.ask(key, partial(self._analyze, clip.path))
            heard.append(hear(clip, _ANALYSIS.validate_python(analysis)))
            self.tell("footage", done, len(clips))
        return footage_report(heard)

    def _analyze(self, path: Path, *only: str) -> Any:
        analysis = self.analyst().analyze(path)
        return _ANALYSIS.dump_python(analysis, mode="json", include=set(only) or None)

    def _each(self, stage: str) -> Iterator[Photograph]:
        for done, photograph in enumerate(self.photographs, start=1):
            yield photograph
            self.tell(stage, done, len(self.photographs))


def _as_rows(found: Detections, scale: float) -> list[list[float]]:
    rows = np.column_stack([found.xyxy * scale, found.confidence, found.class_id])
    return [[float(value) for value in row] for row in rows]


def _from_rows(rows: Sequence[Sequence[float]]) -> Detections:
    held = np.array(rows).reshape(-1, 6)
    return Detections(
        held[:, :4].astype(np.float32), held[:, 4].astype(np.float32), held[:, 5].astype(np.int64)
    )
