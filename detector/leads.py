"""Leads: who may have built a machine, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Doubt = Literal["machine", "mark", "registry"]


@dataclass(frozen=True, slots=True)
class LeadReason:
    """One reason of a lead: a feature and the log-odds it adds.

    says: what the feature means; text: what was read there.
    """

    feature: str
    weight: float
    says: str
    text: str


@dataclass(frozen=True, slots=True)
class Lead:
    """Who may have built a machine, or where it may come from; shown, never claimed by itself.

    - builder: a registry id, None if only a plate speaks.
    - origin: ISO 3166-1 alpha-2, None if it is not known.
    - probability: 0..1; evidence: the heaviest first.
    - doubt: why it is not claimed though it is probable.
    """

    builder: str | None
    origin: str | None
    probability: float
    evidence: tuple[LeadReason, ...] = ()
    doubt: Doubt | None = None
