"""What was read on labelled photographs, kept as JSON, and what `training.weighing` learns from it.

Reading takes seconds a picture, fitting takes seconds in all: so readings are written once, a line
a picture, and read again at each fit. What must not match are the machines of others, pictures
without any machine, the texts of dealers, plants, signs and captions, and the pitfalls of
`pitfalls.tsv`.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from datasets.photographs.annotations import Photograph
from datasets.registry import Registry, id_of_label
from detector.analyze import Analyst
from detector.boxes import holds, iou
from detector.examining.checks import chance_on
from detector.examining.examination import Examination
from detector.name.decide import Attributor
from detector.name.homes import home_of
from detector.name.match import Matcher
from detector.name.plates import candidates as countries_of
from detector.name.weigh import load_weights, probabilities
from detector.read.reader import script_of
from detector.settings import Attributing
from detector.types import Box, Likeness, Reading
from training.weighing import Rows, WeighingSample, fit_weights, summary

SAME = 0.4
"""Overlap (IoU) from which a found machine is the labelled one."""
FOREIGN_ROLES = frozenset({"dealer", "plant", "safety", "overlay"})
ROLE_WEIGHT, PITFALL_WEIGHT, PLATE_WEIGHT = 0.1, 0.01, 0.9
"""What a text of another role, and a pitfall made up, weigh beside a machine; of builders and of
plates, which few photographs show. Heavier pitfalls cost the machines of folds left out more than
one unit of log-likelihood: 5.7 at 0.05."""
LINE = 20.0


@dataclass(frozen=True, slots=True)
class MachineReadings:
    """What was read on one machine of a picture; box: where the detector saw it."""

    picture: str
    box: tuple[float, float, float, float]
    readings: tuple[Reading, ...]
    likenesses: tuple[Likeness, ...]


def write_readings(
    photographs: Sequence[Photograph], folder: Path, out: Path, model: Path | None = None
) -> int:
    """How many pictures were read now; those that `out` holds already are passed over.

    photographs: of the split `folder`. out: a line of JSON a picture, written as each is read, so
    that a run may be ended.
    """
    known = {row["key"] for row in _rows(out)} if out.exists() else set()
    keys = {f"{folder.name}/{one.image}": folder / one.image for one in photographs}
    wanted = {key: path for key, path in keys.items() if key not in known}
    analyst = Analyst(model=model)
    with out.open("a", encoding="utf-8") as file:
        for key, path in wanted.items():
            row = {"key": key, "machines": [_as_row(one) for one in analyst.examine(path)]}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
    return len(wanted)


def read_readings(path: Path) -> Iterator[MachineReadings]:
    """The machines of a file that `write_readings` wrote."""
    for row in _rows(path):
        for one in row["machines"]:
            readings = tuple(
                Reading(r["text"], r["score"], tuple(r["box"]), Fraction(0), script_of(r["text"]),
                        overlay=r["overlay"], on_machine=r.get("on_machine", 1.0))
                for r in one["readings"]
            )  # fmt: skip
            likes = tuple(
                Likeness(k["id"], k["mark"], k["weight"], Fraction(0), tuple(k["box"]), k["sure"])
                for k in one["likes"]
            )
            yield MachineReadings(row["key"], tuple(one["box"]), readings, likes)


class ReadingSampler:
    """Makes samples for one model; build it once. None where nobody is a candidate.

    kind: `builder` or `origin`. attributor: of the same registry; its model of `origin` makes the
    features of plates.
    """

    def __init__(self, kind: str, attributor: Attributor, registry: Registry) -> None:
        self._kind, self._attributor, self._registry = kind, attributor, registry

    def of_machines(
        self, machines: Sequence[MachineReadings], labels: dict[str, Photograph]
    ) -> Iterator[WeighingSample | None]:
        """Samples of machines, those that no label tells of left out."""
        for one in machines:
            if (photograph := labels.get(one.picture)) is None:
                continue
            truth, known = self._truth(one, photograph)
            told = known == "negative" or truth in self._registry
            if known is not None and (told or self._kind == "builder"):
                yield self.sample(
                    one.readings, one.likenesses, photograph.source, truth, self._home(truth),
                    name=one.picture,
                )  # fmt: skip

    def of_texts(self, photographs: Sequence[Photograph]) -> Iterator[WeighingSample | None]:
        """Builder samples of texts that are nobody's mark on a machine of theirs."""
        for photograph in photographs:
            for mark in photograph.marks:
                if mark.role in FOREIGN_ROLES and mark.text:
                    read = Reading(mark.text, 0.95, mark.box, Fraction(0), script_of(mark.text))
                    name = f"{photograph.image} {mark.text}"
                    yield self.sample([read], (), photograph.source, None, None, ROLE_WEIGHT, name)

    def of_overlaps(self, photographs: Sequence[Photograph]) -> Iterator[WeighingSample | None]:
        """Samples of marks that lie in the boxes of several machines, one for each of these. A
        mark is taken to be read and to look like its own, as nine in ten do."""
        for photograph in photographs:
            boxes = [machine.box for machine in photograph.machines]
            for mark in photograph.marks:
                inside = [n for n, box in enumerate(boxes) if holds(box, mark.box)]
                if len(inside) < 2 or mark.of not in inside or not mark.text:
                    continue
                script, at = script_of(mark.text), Fraction(0)
                looks = [Likeness(mark.id, mark.text, 5.0, at, mark.box)] if mark.id else []
                for n in inside:
                    chance = chance_on(mark.box, boxes[n], [boxes[o] for o in inside if o != n])
                    text = Reading(mark.text, 0.95, mark.box, at, script, on_machine=chance)
                    truth, source = self._id(photograph.machines[n].builder), photograph.source
                    name = f"{photograph.image} {mark.text} on {n}"
                    yield self.sample([text], looks, source, truth, self._home(truth), name=name)

    def of_pitfalls(self) -> Iterator[WeighingSample | None]:
        """Samples of the packaged pitfalls."""
        for number, (text, builder, country, kind) in enumerate(read_pitfalls()):
            plate = kind == "plate" and self._kind == "origin"
            weight, source = PLATE_WEIGHT if plate else PITFALL_WEIGHT, f"pitfall {number % 97}"
            yield self.sample(lay_out(text), (), source, builder, country, weight, text)

    def sample(
        self,
        readings: Sequence[Reading],
        likenesses: Sequence[Likeness],
        source: str,
        builder: str | None,
        country: str | None,
        weight: float = 1.0,
        name: str = "",
    ) -> WeighingSample | None:
        """The sample of what was read."""
        scene = [reading for reading in readings if not reading.overlay]
        likenesses = [look for look in likenesses if look.id in self._registry]
        cues = self._attributor.find_cues(scene)
        statements = self._attributor.plates.statements(scene)
        rows: Rows = {
            code: [features for _, features in found]
            for code, found in countries_of(statements, self._attributor.homes(cues)).items()
        }
        truth = country
        if self._kind == "builder":
            weights = self._attributor.weights["origin"]
            shares = probabilities({c: max(map(weights.utility, r)) for c, r in rows.items()})
            found = self._attributor.collector.candidates(cues, scene, likenesses, shares)
            rows, truth = {one.id: [one.features] for one in found}, builder
        true = truth if truth in rows else None
        return WeighingSample(source, rows, true, weight, name) if rows else None

    def _home(self, builder: str | None) -> str | None:
        known = builder is not None and builder in self._registry
        return home_of(self._registry.get(builder)) if known and builder else None

    def _id(self, label: str | None) -> str | None:
        return None if label is None else id_of_label(label, self._registry)

    def _truth(self, one: MachineReadings, photograph: Photograph) -> tuple[str | None, str | None]:
        """The builder of a found machine, and whether it is a machine, a negative or neither."""
        if not photograph.machines:
            # A part of a machine, with its builder's mark, is no negative.
            of_builder = any(mark.role in ("builder", "series") for mark in photograph.marks)
            return None, None if of_builder else "negative"
        boxes = np.array([machine.box for machine in photograph.machines], np.float32)
        shares = iou(boxes, np.array([one.box], np.float32))[:, 0]
        best = int(shares.argmax())
        if shares[best] < SAME:
            return None, None
        return self._id(photograph.machines[best].builder), "machine"


def fit_naming(
    photographs: Sequence[Photograph], readings: Path, folder: Path, registry: Registry
) -> dict[str, Any]:
    """Both models fitted, as `detector/name/weights.json` holds them, with their card.

    photographs: of the split `folder`; readings: what `write_readings` wrote of them.
    Raises ValueError: no text names anybody.
    """
    matcher = Matcher(registry)
    labels = {f"{folder.name}/{one.image}": one for one in photographs}
    machines = list(read_readings(readings))
    weights = {kind: load_weights(kind) for kind in ("builder", "origin")}
    cards = {}
    # What plates say is a feature of builders: so origin is fitted first.
    for kind in ("origin", "builder"):
        attributor = Attributor(matcher, registry, Attributing(), weights)
        sampler = ReadingSampler(kind, attributor, registry)
        samples = [
            *sampler.of_machines(machines, labels),
            *sampler.of_overlaps(photographs),
            *sampler.of_pitfalls(),
            *(sampler.of_texts(photographs) if kind == "builder" else ()),
        ]
        fitted = fit_weights(kind, [one for one in samples if one is not None])
        weights[kind], cards[kind] = fitted.weights, summary(fitted)
    card = {
        "builder": cards["builder"],
        "origin": cards["origin"],
        "pictures": len({one.picture for one in machines if one.picture in labels}),
        "sources": len({one.source for one in labels.values()}),
        "registry": registry.digest,
    }
    models = {kind: dict(weights[kind].coefficients) for kind in ("builder", "origin")}
    return models | {"card": card}


def read_pitfalls() -> Iterator[tuple[str, str | None, str | None, str]]:
    """(texts, builder, country, kind) of each packaged pitfall; texts as of `lay_out`."""
    lines = files("training").joinpath("pitfalls.tsv").read_text("utf-8").splitlines()
    for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
        if row and not row[0].startswith("#"):
            text, builder, country, kind = row
            yield text, builder or None, country or None, kind


def lay_out(text: str, views: int = 1) -> list[Reading]:
    """Texts as readings: `|` is a line below, `>>` one beside it, `||` a label far off.

    views: frames in which they are read, each apart from the other.
    """
    found = []
    for at in range(views):
        for far, label in enumerate(text.split("||")):
            for n, line in enumerate(label.split("|")):
                x = 600.0 * far + 47.0 * at
                for piece in map(str.strip, line.split(">>")):
                    script = script_of(piece)
                    width = LINE * len(piece) * (1.0 if script == "han" else 0.55)
                    y = 400.0 * far + 1.6 * LINE * n + 33.0 * at
                    box = (x, y, x + width, y + LINE)
                    found.append(Reading(piece, 0.97, box, Fraction(2 * at), script))
                    x = box[2] + 2 * LINE
    return found


def _as_row(seen: Examination) -> dict[str, Any]:
    def rounded(box: Box) -> list[float]:
        return [round(float(v), 1) for v in box]

    return {
        "box": rounded(seen.best.box),
        "conf": round(max(float(one.confidence) for one in seen.track.observations), 3),
        "readings": [
            {"text": r.text, "score": round(float(r.score), 4), "box": rounded(r.box),
             "overlay": r.overlay, "on_machine": round(r.on_machine, 3)}
            for r in seen.readings
            if not r.mirrored
        ],
        "likes": [
            {"id": k.id, "mark": k.mark, "weight": round(float(k.weight), 3), "sure": k.sure,
             "box": rounded(k.box)}
            for k in seen.likenesses
        ],
    }  # fmt: skip


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            try:
                yield json.loads(line)
            except json.JSONDecodeError:  # the end of a run that was ended
                print(f"{path}: a line that is cut off is passed over", file=sys.stderr)
