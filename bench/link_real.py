"""Linking on real photographs: different ones must not be tied, clips made of one must be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, combinations, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.link_sets import Known
from datasets.annotations import Photograph, read_photographs, split_folder
from detector.known_again.surroundings import look_of_sighting
from detector.types import Box, Survey
from evidence.linking.candidates import ALIKE, ALIKE_NAMED
from evidence.linking.pairs import agreement

BAND = (0.34, 0.66)
"""Between which shares of its height the picture of an upright clip lies."""

LEAST_SHARE = 0.03
"""Of the photograph's area: smaller machines are passed over."""


class Shown(NamedTuple):
    """A machine of a photograph and its look."""

    photograph: Photograph
    builder: str | None
    box: Box
    appearance: NDArray[np.float32]
    points: bytes


def photographs(data: Path) -> None:
    """Compares each machine of each photograph with those of all the others, and prints every
    pair that is tied, to be looked at: photographs of one source may well show one machine."""
    all_shown = shown(data)
    pairs = alike = tied = 0
    print("\n| photographs | source | builders | on | around | rival | overlap |")
    print("|---|---|---|---|---|---|---|")
    for a, b in combinations(all_shown, 2):
        if a.photograph.image == b.photograph.image:
            continue
        pairs += 1
        named = a.builder is not None and a.builder == b.builder
        if float(a.appearance @ b.appearance) < (ALIKE_NAMED if named else ALIKE):
            continue
        alike += 1
        found = agreement(a.points, a.box, b.points, b.box)
        if found is not None:
            tied += 1
            sources = a.photograph.source, b.photograph.source
            print(
                f"| {a.photograph.path.name}, {b.photograph.path.name} |"
                f" {'one' if sources[0] == sources[1] else 'two'} | {a.builder}, {b.builder} |"
                f" {found.machine} | {found.around} | {found.rival} | {found.overlap:.2f} |"
            )
    print(
        f"\n{len(all_shown)} machines of photographs, {pairs} pairs of different photographs, "
        f"{alike} alike enough to be compared, {tied} tied"
    )


def shown(data: Path, most: int | None = None) -> list[Shown]:
    """The machines of the photographs, large enough, `most` of them."""
    both = chain.from_iterable(_shown(split_folder(data, part)) for part in ("train", "val"))
    return list(islice(both, most))


def _shown(folder: Path) -> Iterator[Shown]:
    for one in read_photographs(folder):
        boxes = [machine.box for machine in one.machines]
        large = [
            (machine, box)
            for machine, box in zip(one.machines, boxes, strict=True)
            if (box[2] - box[0]) * (box[3] - box[1]) >= LEAST_SHARE * one.width * one.height
        ]
        if not large:
            continue
        picture = np.array(Image.open(one.path).convert("RGB"))
        for machine, box in large:
            others = [other for other in boxes if other != box]
            look, points = look_of_sighting(picture, box, (), others)
            yield Shown(one, machine.builder, box, np.frombuffer(look, "<f4"), points)


def known_in_clip(survey: Survey, clip: Path, data: Path) -> dict[str, Known]:
    """Which photograph each sighting shows, of a clip with a list beside it of which is on
    screen when. Where a photograph shows several machines it is not known which of them it is,
    and the name ends in a question mark. What is found in the blurred bands above and below the
    picture of an upright clip is no machine."""
    machines = {
        one.path.name: len(one.machines) for one in read_photographs(split_folder(data, "val"))
    }
    plan = json.loads(clip.with_suffix(".json").read_text(encoding="utf-8"))
    found = {}
    for sighting in survey.analysis.sightings:
        time = float(sighting.best.pts)
        middle = (sighting.best.box[1] + sighting.best.box[3]) / 2 / survey.analysis.probe.height
        upright = survey.analysis.probe.height > survey.analysis.probe.width
        if upright and not BAND[0] < middle < BAND[1]:
            found[sighting.id] = Known(None, None, None, "", "", clip.name, 0)
            continue
        row = next((r for r in plan if r["start"] <= time < r["end"]), plan[-1])
        sure = machines.get(row["photo"], 0) == 1
        name = row["photo"] if sure else row["photo"] + "?"
        found[sighting.id] = Known(name, name, row["photo"], "home", "", clip.name, 0)
    return found
