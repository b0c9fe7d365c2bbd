"""A conditional logit over the possible builders and `unknown`.

    p(k) = exp(b x_k) / (1 + sum over candidates of exp(b x_j))

`training/weighing.py` fits b and holds each coefficient to its sign (McFadden, "Conditional logit
analysis of qualitative choice behavior", 1974). A lead rests on feature times coefficient, in
words.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from detector.leads import LeadReason

FILE = "weights.json"
_LEAST = 0.05
"""Log-odds of a reason worth saying."""

SIGNS: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "builder": {
        "any": (-1, "any one builder is improbable before anything is read"),
        "name": (1, "its name is read"),
        "length": (1, "so long a name is rarely read by chance"),
        "misread": (-1, "letters are misread"),
        "far": (-1, "so much is misread that it is a hint"),
        "weak": (-1, "the mark is short, a word or a name of others too"),
        "unsure": (-1, "the reader is not sure"),
        "beside": (-1, "other words stand in the line"),
        "views": (1, "it is read in several places or frames"),
        "code": (1, "a model code of its own is read"),
        "weak_code": (1, "a code that others use too is read"),
        "second": (1, "name and code are both read"),
        "look": (1, "a mark looks like this builder's own"),
        "sure_look": (1, "a mark surely looks like this builder's own"),
        "small": (-1, "larger text stands on the machine"),
        "fitted": (-1, "controls, parts or dealers bear the name too"),
        "strange": (-1, "what else stands on the plate is no machine's"),
        "wrong_kind": (-1, "the plate is a part's, a dealer's or a case's"),
        "plate_home": (1, "a plate says the same country"),
        "plate_abroad": (-1, "another country is named"),
        "mirrored": (-1, "it is read only in the mirror"),
        "contested_place": (-1, "it may stand on the machine before or behind"),
        "rival": (-1, "another builder's name or code is read"),
        "rival_code": (-1, "a code of a builder from elsewhere is read"),
        "alone": (-1, "the mark is weak and no code bears it out"),
    },
    "origin": {
        "any": (-1, "any one country is improbable before anything is read"),
        "han_firm": (1, "a firm's name in Han"),
        "latin_firm": (1, "a firm's name in Latin letters"),
        "trade_name": (1, "a name and trade in Han"),
        "made_in": (1, "it says where it was made"),
        "address": (1, "an address"),
        "works": (1, "a works of that country"),
        "machine": (1, "the plate says what machine it is"),
        "second": (1, "a second thing says the same"),
        "views": (1, "it is read in several frames"),
        "own_builder": (1, "the builder read is from there"),
        "unsure": (-1, "the reader is not sure"),
        "unsure_name": (-1, "the name is not whole: place, name, trade and form"),
        "any_machinery": (-1, "the firm may make other machines"),
        "short": (-1, "the name is short"),
        "branch": (-1, "the firm is called after a builder from elsewhere"),
        "part": (-1, "the plate is a part's"),
        "dealer": (-1, "the plate is a dealer's or an owner's"),
        "contact": (-1, "the plate says how to reach somebody"),
        "goods": (-1, "the plate is of goods, papers or a screen"),
        "importer": (-1, "the plate is an importer's"),
        "elsewhere": (-1, "the plate names another country"),
        "strange": (-1, "what else stands on the plate is no machine's"),
        "disputed": (-1, "another plate says another country"),
        "other_builder": (-1, "a builder from elsewhere is read"),
        "contested_place": (-1, "it may stand on the machine before or behind"),
    },
}
"""Features of each model: the sign of its coefficient, and what it says in words."""

Features = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Weights:
    """A fitted model: its coefficients by feature."""

    kind: str
    coefficients: Mapping[str, float]

    def utility(self, features: Features) -> float:
        """Log-odds against `unknown` of a candidate with these features."""
        return sum(self.coefficients.get(name, 0.0) * value for name, value in features.items())

    def reasons(self, features: Features, text: str) -> tuple[LeadReason, ...]:
        """What the features add, the heaviest first; `text` is what was read."""
        found = [
            LeadReason(
                name, self.coefficients.get(name, 0.0) * value, SIGNS[self.kind][name][1], text
            )
            for name, value in features.items()
            if name != "any"
        ]
        kept = (reason for reason in found if abs(reason.weight) >= _LEAST)
        return tuple(sorted(kept, key=lambda reason: (-abs(reason.weight), reason.feature)))


def probabilities(utilities: Mapping[str, float]) -> dict[str, float]:
    """Probability by candidate; what is missing to 1 is `unknown`.

    Example:
        >>> chances = probabilities({"mazak": 4.0, "okuma": 4.0})
        >>> round(chances["mazak"], 2)
        0.5
    """
    top = max([0.0, *utilities.values()])
    shares = {id: math.exp(utility - top) for id, utility in utilities.items()}
    whole = math.exp(-top) + sum(shares.values())
    return {id: share / whole for id, share in shares.items()}


@cache
def read_weights() -> Mapping[str, Any]:
    """The packaged file: both models, and the card."""
    found = json.loads(files("detector.name").joinpath(FILE).read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def load_weights(kind: str) -> Weights:
    """The packaged model of `builder` or `origin`."""
    return Weights(kind, read_weights()[kind])
