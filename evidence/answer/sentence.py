"""The answer in a sentence, one of a small set, each with what must hold before it is said."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from evidence.answer.noticed import Noticed

TELLING = 0.5
"""A share that would have been noticed must be below it for "none seen" to say anything."""


class Kind(StrEnum):
    """confirmed: machines of the origin stand there. probable: people have still to confirm.
    none: none was seen, and that says something. open: the footage cannot tell."""

    CONFIRMED = "confirmed"
    PROBABLE = "probable"
    NONE = "none"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Counts:
    """Machines, copies and repeated views counted once.

    machines: CNC machines seen. confirmed: settled by people as of the origin, in so many
    `plants`. probable: claimed by the program, not yet settled. unknown: no builder, concealed
    ones included. waiting: claims for the origin that wait for reviewers.
    """

    machines: int
    confirmed: int
    plants: int
    probable: int
    unknown: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Said:
    """kind, the sentence, and why no stronger one could be said."""

    kind: Kind
    sentence: str
    because: tuple[str, ...] = ()


def say(what: str, counts: Counts, seen: Noticed) -> Said:
    """The strongest sentence whose preconditions hold.

    A zero is never said without what would have been noticed, nor while claims wait.

    Args:
        what: machines of which make, as "Chinese".
        seen: what would have been noticed.

    Example:
        >>> none = Noticed(0.04, 90.0, 0.9, 0.8, 0.95)
        >>> say("Chinese", Counts(100, 0, 0, 0, 20, 0), none).sentence
        'None of Chinese make among 100 machines; a share above 4.0 % would have been noticed.'
    """
    if counts.confirmed:
        machines = "machine" if counts.confirmed == 1 else "machines"
        plants = "plant" if counts.plants == 1 else "plants"
        return Said(
            Kind.CONFIRMED,
            f"Confirmed: at least {counts.confirmed} {machines} of {what} make in "
            f"{counts.plants} {plants}.",
        )
    why = _why_not_none(counts, seen)
    if counts.probable:
        machines = "machine" if counts.probable == 1 else "machines"
        return Said(
            Kind.PROBABLE,
            f"Nothing is confirmed; {counts.probable} {machines} may be of {what} make.",
            why,
        )
    if why:
        return Said(Kind.OPEN, f"The footage cannot tell, because {'; '.join(why)}.", why)
    return Said(
        Kind.NONE,
        f"None of {what} make among {counts.machines} machines; "
        f"a share above {seen.share:.1%} would have been noticed.".replace("%", " %"),
    )


def _why_not_none(counts: Counts, seen: Noticed) -> tuple[str, ...]:
    why = []
    if not counts.machines:
        why.append("no CNC machine was seen in it")
    if counts.waiting:
        claims = "claim waits" if counts.waiting == 1 else "claims wait"
        why.append(f"{counts.waiting} {claims} for reviewers")
    if seen.sensitivity is None:
        why.append("how often such a machine is recognised was not measured (no positive controls)")
    elif counts.machines and seen.share >= TELLING:
        why.append(
            f"only a share above {seen.share:.0%} would have been noticed".replace("%", " %")
        )
    return tuple(why)
