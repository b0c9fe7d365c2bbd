"""All that one evaluation measured, as plain data: what evaluation.json holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from datasets.photographs.splits import source_key
from datasets.registry import Registry
from training.evaluate.detection import Spotted
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
from training.evaluate.naming import NamingClaim, NamingCounts, outcomes, slices
from training.results import program

VERSION = 2
NAME = "evaluation.json"
SINGLE = ("cases", "false_names", "by_picture", "claims", "footage")
"""What names single pictures, and so stays out of a card that travels with a model."""


def report_of(
    about: Mapping[str, Any],
    spotted: Spotted,
    named: NamingCounts,
    registry: Registry,
    footage: Mapping[str, Any] | None = None,
    conditions: Mapping[str, Spotted] | None = None,
) -> dict[str, Any]:
    """What was measured, and on what, as JSON holds it.

    about: split, pictures, sources and `data_sha256` (over the split's annotations and pictures:
    only runs with the same one can be compared); the SHA-256 of model, settings and registry; the
    least confidences. footage, conditions: where asked for.
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
