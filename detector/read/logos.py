"""Recognising marks that no reader reads: stylised letters and logos, by their looks.

    >>> from detector.read.logos import Recogniser
    >>> recogniser = Recogniser()  # doctest: +SKIP
    >>> [found] = recogniser.recognise([cut])  # doctest: +SKIP
    >>> found.id, round(found.score, 2)  # doctest: +SKIP
    ('okuma', 0.86)

A cut becomes a vector and is compared with prototypes: vectors of each builder's wordmarks and
logos, of other firms' marks, and of what is no mark. Adding a builder is adding prototypes; no
network is trained for it. A recognition is one cue among others, and rarely enough alone:
docs/how-it-looks.md has what was measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.entry import OUTSIDE
from datasets.errors import ModelError
from datasets.logos import logo_picture
from datasets.registry import Registry, load_registry
from detector.inference import PROCESSOR, Engine
from detector.read.logo_files import (
    NAMES,
    PACKAGED,
    Embedder,
    Prototypes,
    read_folder,
    read_prototypes,
    views,
)
from detector.types import Picture


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a mark looks like.

    - id: the builder, None unless score + margin reach the threshold of the model.
    - nearest: the builder with the most similar mark, however little; None if no builder is known.
    - mark: which of its marks, the text or "logo".
    - score: cosine to it, -1..1.
    - margin: how much nearer it is than anything that is not this builder's.
    - second: whose that is: a registry id, `x-...` for a firm outside the registry, None for
    nobody's mark.
    """

    id: str | None
    nearest: str | None
    mark: str | None
    score: float
    margin: float
    second: str | None


class Recogniser:
    """The mark embedder and its `prototypes` in use. Not safe to share between threads.

    folder: the model's folder; the packaged one if None.
    registry: whose builders to recognise; the packaged registry if None. Wordmarks without
    prototypes in the folder are drawn here, a fortieth of a second each. Logos of its entries are
    added.
    engine: what it computes on.
    Raises ModelError: a file is missing, damaged, or not the one that `marks.json` vouches for.
    """

    def __init__(
        self,
        folder: Path | None = None,
        registry: Registry | None = None,
        engine: Engine = PROCESSOR,
    ) -> None:
        self.folder = folder or PACKAGED
        registry = registry or load_registry()
        card, files = read_folder(self.folder)
        try:
            self.least_strength = float(card["thresholds"]["strength"])
            steps = [(step["from"], step["log_odds"]) for step in card["weights"]]
            self._weights = [(float(least), float(value)) for least, value in steps]
            self._crowded = frozenset(map(str, card["crowded"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"{self.folder / 'marks.json'}: no thresholds or weights in it ({error!r}); "
                "install or train the mark model again"
            ) from error
        self._builders = {entry.id for entry in registry.builders}
        network, weights, _ = (files[name] for name in NAMES)
        self._embedder = Embedder(network, weights, engine, self.folder / NAMES[0])
        packaged = read_prototypes(files["prototypes.npz"], self.folder / "prototypes.npz")
        self._place(self._complete(packaged, registry))
        if self.prototypes.vectors.shape[1] != self._embedder.dimensions:
            do = "train the model again"
            raise ModelError(f"{self.folder}: the prototypes are not of this network; {do}")
        for entry in registry.builders:
            if entry.logo is not None:
                self.add_logo(entry.id, logo_picture(entry.logo))

    def _complete(self, packaged: Prototypes, registry: Registry) -> Prototypes:
        """The packaged prototypes that the registry still confirms, and drawings of missing
        wordmarks."""
        wanted = {(entry.id, mark.text) for entry in registry for mark in entry.wordmarks}
        known = {entry.id for entry in registry}
        packaged = packaged.owned_by(known)
        kept = packaged.where(
            [
                not owner
                or owner.startswith(OUTSIDE)
                or (owner, mark) in wanted
                or (owner in known and kind != "drawn")
                for owner, mark, kind in packaged.names
            ]
        )
        drawn = {(owner, mark) for owner, mark, kind in packaged.names if kind == "drawn"}
        missing = [pair for pair in sorted(wanted) if pair not in drawn]
        if not missing:
            return kept
        # Rarely is anything drawn, and what draws takes longer to load than all the rest here.
        from detector.read.logo_drawing import draw_prototypes

        return kept.joined(draw_prototypes(self._embedder, id, text) for id, text in missing)

    def add_logo(self, id: str, picture: Picture) -> None:
        """Adds one picture of a builder's logo: from now on marks like it are recognised.

        id: the builder, an entry of the registry. picture: RGB (height, width, 3) or RGBA (height,
        width, 4), cut close around it.
        Raises ModelError: no such builder in the registry, or no picture.
        """
        if id not in self._builders:
            raise ModelError(f"{id!r} is no builder of the registry; add its entry first")
        if picture.ndim != 3 or picture.shape[2] not in (3, 4) or min(picture.shape[:2]) < 4:
            wanted = "a logo is a picture (height, width, 3 or 4)"
            raise ModelError(f"{id}: {wanted}, got {picture.shape}")
        from detector.read.logo_drawing import logo_prototypes

        self._place(self.prototypes.joined([logo_prototypes(self._embedder, id, picture)]))

    def recognise(self, cuts: Sequence[Picture]) -> list[Recognition]:
        """What each cut looks like, in order.

        cuts: marks cut from a picture by their boxes, each (height, width, 3) RGB. One smaller than
        4 pixels either way looks like nothing.
        """
        return [self._recognise(cut) for cut in cuts]

    def _recognise(self, cut: Picture) -> Recognition:
        if cut.ndim < 2 or min(cut.shape[:2]) < 4 or not self._is_builder.any():
            return Recognition(None, None, None, -1.0, 0.0, None)
        vectors = self._embedder.embed(views(cut))
        # The view that looks most like something, and how near it is to each prototype.
        return self._ranked((vectors @ self.prototypes.vectors.T).max(axis=0))

    def _place(self, prototypes: Prototypes) -> None:
        """Takes prototypes into use, ordered by owner."""
        self.prototypes = prototypes
        self._owners = list(dict.fromkeys(prototypes.owner))
        places = {owner: number for number, owner in enumerate(self._owners)}
        owned = np.array([places[owner] for owner in prototypes.owner])
        self._order = np.argsort(owned, kind="stable")
        self._starts = np.searchsorted(owned[self._order], np.arange(len(self._owners)))
        self._is_builder = np.array([owner in self._builders for owner in self._owners], np.bool_)

    def _ranked(self, cosines: NDArray[np.float32]) -> Recognition:
        """The answer for the cosines to all prototypes, (m,)."""
        best = np.maximum.reduceat(cosines[self._order], self._starts)
        nearest = int(np.where(self._is_builder, best, -2.0).argmax())
        score = float(best[nearest])
        others = best.copy()
        others[nearest] = -2.0
        rival = int(others.argmax())
        margin = score - max(-1.0, float(others[rival]))
        end = [*self._starts[1:], len(self._order)][nearest]
        own = self._order[self._starts[nearest] : end]
        builder = self._owners[nearest]
        return Recognition(
            id=builder if score + margin >= self.least_strength else None,
            nearest=builder,
            mark=self.prototypes.names[int(own[cosines[own].argmax()])][1],
            score=score,
            margin=margin,
            second=(self._owners[rival] or None) if len(self._owners) > 1 else None,
        )

    def weight(self, recognition: Recognition, places: int = 1) -> float:
        """How much a recognition speaks for its nearest builder, as log-odds.

        That is the natural log of a ratio: how much more often such a strength was measured on that
        builder's marks than on anything else (docs/how-it-looks.md). It is 0 if it says nothing,
        also for builders that bare surfaces look like. It is never negative: a mark may be somebody
        else's sticker.

        places: how many were looked at to find this one: each could have looked like it.
        """
        if recognition.nearest in self._crowded:
            return 0.0
        strength = strength_of(recognition)
        reached = [value for least, value in self._weights if strength >= least]
        return max(0.0, reached[-1] - math.log(places)) if reached else 0.0


def strength_of(recognition: Recognition) -> float:
    """Score and margin as one number: score + margin.

    Measured on marks of `train` that a first network had not seen, by how many stood above every
    mistake: by the sum 20 of 158 drawings and 6 of 62 looks at real ones. By the score alone 1 and
    none, by the margin alone 9 and 3.
    """
    return recognition.score + recognition.margin
