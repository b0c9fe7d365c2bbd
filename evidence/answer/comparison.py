"""The share by each estimator, beside the stratified one to rely on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from datasets.messages import Message
from evidence.answer.audited import audited
from evidence.answer.corrected import lang_reiczigel
from evidence.answer.estimators.clustered import ALIKE, effective
from evidence.answer.estimators.intervals import LEVEL, Estimate, exact
from evidence.answer.estimators.share_bounds import by_plant, counted, ends, pools
from evidence.answer.machines import CLAIMED, NAMED, UNREAD, SeenMachine

FEW = 30
"""Audited machines or controls below which Lang & Reiczigel saw their interval undercover, and
claims below which the normal approximations are not to be trusted: where shares are small."""

FEW_BEYOND = 10
"""Machines of the kind found by the draw alone, below which the normal approximation of
prediction-powered inference is too sure of itself."""

LEFT = {CLAIMED: Message("claimed"), NAMED: Message("named"), UNREAD: Message("unread")}
"""What a machine was left as, in words."""

SMALL = Message(
    "few of the kind were found beyond the claims; at small shares it holds less often than said"
)


@dataclass(frozen=True, slots=True)
class Estimator:
    """One way to the share among the machines found.

    short: its name in a figure. assumes: what must hold for it. least, most: with no unknown
    machine counted as of the kind, and with all; equal where the estimator takes no side.
    lacking: what it needs and has not.
    """

    name: str
    short: str
    assumes: str
    least: Estimate | None
    most: Estimate | None
    lacking: str | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Of both ends, each once."""
        every = [one.warnings for one in (self.least, self.most) if one is not None]
        return tuple(dict.fromkeys(word for words in every for word in words))


def estimators(
    machines: Sequence[SeenMachine],
    hits: int = 0,
    controls: int = 0,
    level: float = LEVEL,
    alike: float = ALIKE,
) -> tuple[Estimator, ...]:
    """All of them, the one to rely on first.

    Args:
        machines: as of `ends.ends`; only the first knows what to make of those that are none.
        hits, controls: positive controls that came out as what they are, of all of them.
    """
    low, high = ends(machines, level, alike)
    machines = [one for one in machines if not one.none]
    return (
        Estimator(
            Message("stratified by claim (the one relied on)"),
            Message("stratified by claim"),
            Message(
                "claims that nobody judged yet are like those judged, and of the others those "
                "drawn are like the rest of their stratum; the unknown may be anything"
            ),
            low if machines else None,
            high if machines else None,
            None if machines else Message("machines"),
        ),
        _powered(machines, level),
        _corrected(machines, hits, controls, level, alike),
        _naive(machines, level),
    )


def _naive(machines: Sequence[SeenMachine], level: float) -> Estimator:
    claims = sum(one.claimed is True for one in machines)
    found = exact(claims, len(machines), level)
    return Estimator(
        Message("naive: claims taken for truth"),
        Message("naive: claims taken for truth"),
        Message(
            "the program never errs, and every machine is a plant of its own; neither holds, so "
            "this row shows only what not to print"
        ),
        found if machines else None,
        found if machines else None,
        None if machines else Message("machines"),
    )


def _powered(machines: Sequence[SeenMachine], level: float) -> Estimator:
    """Prediction-powered inference over plants, with the chance of having been drawn and judged."""
    name = Message("prediction-powered (Angelopoulos and others 2023)")
    short = Message("prediction-powered")
    assumes = Message(
        "the chances of having been drawn are as recorded, and what was drawn and judged is like "
        "what was drawn and waits; the audit is large enough for a normal approximation"
    )
    if not any(counted(one) for one in machines):
        lacking = Message("machines drawn at random and judged")
        return Estimator(name, short, assumes, None, None, lacking)
    strata = {one.stratum for one in machines}
    blind = strata - {one.stratum for one in machines if counted(one)}
    if blind:
        lacking = Message(
            "a judged machine of those that the program left %(what)s",
            what=[LEFT[stratum] for stratum in sorted(blind)],
        )
        return Estimator(name, short, assumes, None, None, lacking)
    chance = _chances(machines)
    claimed = np.array([one.claimed is True for one in machines], float)
    plants = np.array([one.plant for one in machines])

    def judged(dark: float) -> np.ndarray:
        says = [dark if one.hit is None else float(one.hit) for one in machines]
        return np.where([counted(one) for one in machines], says, np.nan)

    beyond = sum(counted(one) and one.hit is True and one.claimed is not True for one in machines)
    least, most = (audited(claimed, judged(dark), chance, plants, level) for dark in (0.0, 1.0))
    if beyond < FEW_BEYOND:
        # What each stands for is many, so how many there are rests on those alone.
        least = replace(least, warnings=(*least.warnings, SMALL))
    return Estimator(name, short, assumes, least, most)


def _chances(machines: Sequence[SeenMachine]) -> np.ndarray:
    """Of each machine the chance of having been judged: all claims are to be, the others by the
    draw; times the share of those that have been by now."""
    due: dict[str, int] = defaultdict(int)
    done: dict[str, int] = defaultdict(int)
    alike = pools(machines)
    for one, pool in zip(machines, alike, strict=True):
        if one.flagged or one.chance is not None:
            due[pool] += 1
            done[pool] += counted(one)
    return np.array(
        [
            (1.0 if one.flagged else one.chance or 1.0)
            * (done[pool] / due[pool] if done[pool] else 1.0)
            for one, pool in zip(machines, alike, strict=True)
        ]
    )


def _corrected(
    machines: Sequence[SeenMachine], hits: int, controls: int, level: float, alike: float
) -> Estimator:
    """Rogan & Gladen with the interval of Lang & Reiczigel, plants by an effective number.

    Sensitivity is that of the controls. Without any it is that of the audit, if a machine
    beyond the claims came out as of the kind there: that none did says little of how many are.
    """
    name = Message("Rogan & Gladen (1978, interval of Lang & Reiczigel 2014)")
    short = Message("Rogan & Gladen")
    assumes = Message(
        "machines of the kind are recognised as often as in the audit sample, those that nobody "
        "can read included, and others are taken for such as often as in the audit"
    )
    if controls:
        assumes = Message(
            "machines of the kind are recognised as often as the positive controls are, those "
            "that nobody can read included, and others are taken for such as often as in the audit"
        )
    weights = _weights(machines)
    if not controls:
        kind = [one for one in machines if counted(one) and one.hit is True]
        if all(one.claimed is True for one in kind):
            lacking = Message("positive controls, which tell the sensitivity")
            return Estimator(name, short, assumes, None, None, lacking)
        seen, size = _of(kind, weights, True)
    else:
        seen, size = float(hits), float(controls)
    others = [one for one in machines if counted(one) and one.hit is False]
    if not others:
        lacking = Message("audited machines known to be of another kind")
        return Estimator(name, short, assumes, None, None, lacking)
    rejected, negatives = _of(others, weights, False)
    groups = list(by_plant(machines).values())
    claims = np.array([sum(one.claimed is True for one in group) for group in groups], float)
    sizes = np.array([len(group) for group in groups], float)
    tested = effective(claims, sizes, alike)
    share = float(claims.sum()) / len(machines)
    found = lang_reiczigel(share * tested, tested, seen, size, rejected, negatives, level)
    few = [
        word
        for word, count in (
            (Message("claims"), claims.sum()),
            (Message("controls") if controls else Message("audited machines of the kind"), size),
            (Message("audited machines of another kind"), negatives),
        )
        if count < FEW
    ]
    if few:
        warning = Message(
            "it may be too sure of itself with fewer than %(few)s of these: %(what)s",
            few=FEW,
            what=few,
        )
        found = replace(found, warnings=(*found.warnings, warning))
    return Estimator(name, short, assumes, found, found)


def _weights(machines: Sequence[SeenMachine]) -> dict[str, float]:
    """By its id for how many machines a judged one stands."""
    alike = pools(machines)
    total, judged = Counter(alike), Counter[str]()
    for one, pool in zip(machines, alike, strict=True):
        judged[pool] += counted(one)
    return {
        one.id: total[pool] / judged[pool]
        for one, pool in zip(machines, alike, strict=True)
        if counted(one)
    }


def _of(
    machines: Sequence[SeenMachine], weights: dict[str, float], claimed: bool
) -> tuple[float, float]:
    """Those claimed, or those not, and all, as so many independent ones (Kish 1965, 11.7)."""
    each = np.array([weights[one.id] for one in machines])
    right = np.array([(one.claimed is True) == claimed for one in machines])
    size = float(each.sum() ** 2 / (each**2).sum())
    return float(each[right].sum() / each.sum()) * size, size
