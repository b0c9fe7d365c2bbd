"""Cases by what makes a mark hard: its script, its height, its blur, and whose it is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

from datasets.registry import Registry
from training.measures import Share
from training.naming import OUTCOMES, Case, Outcome
from training.spotting import MARK_SIZES, size_name

# Sharpness of a mark's box (`detector.look.legibility`): of the legible marks of the first
# labelled split a tenth lay below the first edge and half above the second.
SHARPNESS: tuple[float, ...] = (0.0, 0.85, 0.95, 1.01)
CHINESE = "CN"

Shares = Mapping[Outcome, Share]
Slices = dict[str, dict[str, Shares]]


def slices(cases: Sequence[Case], registry: Registry) -> Slices:
    """Outcomes of the cases whose builder is in the registry, cut four ways.

    Returns:
        `script`, `height`, `blur` and `home`, each with its rows in the order they are read.
        A case of a machine whose picture was not at hand has no sharpness and stands in no
        row of `blur`.
    """
    inside = [case for case in cases if case.in_registry and case.truth in registry]

    def home(case: Case) -> str:
        return "China" if registry.get(case.truth).origin == CHINESE else "elsewhere"

    return {
        "script": _by(inside, lambda case: case.script, ("latin", "han", "cyrillic")),
        "height": _by(inside, lambda case: _in(case.height, MARK_SIZES, size_name),
                      [size_name(*edges) for edges in itertools.pairwise(MARK_SIZES)]),
        "blur": _by(inside, lambda case: _in(case.sharpness, SHARPNESS, _blur_name),
                    [_blur_name(*edges) for edges in itertools.pairwise(SHARPNESS)]),
        "home": _by(inside, home, ("China", "elsewhere")),
    }  # fmt: skip


def shares(cases: Sequence[Case]) -> Shares:
    """The share of each outcome."""
    return {o: Share(sum(c.outcome == o for c in cases), len(cases)) for o in OUTCOMES}


def _by(
    cases: Sequence[Case], key: Callable[[Case], str | None], names: Sequence[str]
) -> dict[str, Shares]:
    return {name: shares([case for case in cases if key(case) == name]) for name in names}


def _in(
    value: float | None, edges: Sequence[float], name: Callable[[float, float], str]
) -> str | None:
    if value is None:
        return None
    return next((name(a, b) for a, b in itertools.pairwise(edges) if a <= value < b), None)


def _blur_name(low: float, high: float) -> str:
    if low == 0:
        return f"sharpness < {high}"
    return f"sharpness >= {low}" if high > 1 else f"sharpness {low} to {high}"
