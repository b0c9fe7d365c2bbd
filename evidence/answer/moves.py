"""How the answer moves with what is assumed: one assumption changed at a time.

The share is told from the low end of its interval to the high one, over all machines in view;
rows of one group differ in one thing alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from datasets.messages import Message
from evidence.answer.bounds import Bounds
from evidence.answer.comparison import Estimator
from evidence.answer.estimators.clustered import ALIKE
from evidence.answer.estimators.detectable import Noticed
from evidence.answer.estimators.intervals import LEVEL, Estimate, ruled_out
from evidence.answer.estimators.missed import Missed, as_missed, widen
from evidence.answer.estimators.share_bounds import by_plant, counted, drawn, ends
from evidence.answer.machines import SeenMachine

ALIKES = (0.0, 0.05, 0.1, 0.2, 0.4)
"""Correlations within plants that are gone through."""

TIMES = (1, 3, 10)
"""How many times as often as the known ones the unknown are of the kind."""

BRIEFER = 3
"""So many times as briefly in view as the machines found, missed ones may be."""


@dataclass(frozen=True, slots=True)
class Move:
    """What comes out under one assumption.

    group: what the rows have in common. low, high: of the interval, None where it cannot be
    told; note: why not, or how large what the row assumes is.
    """

    group: str
    label: str
    low: float | None
    high: float | None
    note: str = ""


def moves(
    machines: Sequence[SeenMachine],
    missed: Missed,
    as_judged: Bounds,
    seen: Noticed,
    each: Sequence[Estimator],
    level: float = LEVEL,
    alike: float = ALIKE,
) -> tuple[Move, ...]:
    """The rows, group by group.

    Args:
        machines: as of `ends.ends`.
        as_judged: the share with claims and verdicts as they are.
        seen: what would have been noticed.
        each: the estimators.
    """
    found = ends(machines, level, alike)
    return (
        *(
            _range(
                Message("correlation within plants"),
                f"{other:g}",
                widen(*ends(machines, level, other), missed),
            )
            for other in ALIKES
        ),
        *_unknown(found, missed),
        _range(
            Message("what is counted"),
            Message("claims judged, the rest by the sample"),
            widen(*found, missed),
        ),
        _range(
            Message("what is counted"),
            Message("the random sample alone"),
            widen(*ends(machines, level, alike, drawn), missed),
        ),
        Move(
            Message("what is counted"),
            Message("all claims and verdicts as they are"),
            *as_judged.interval,
        ),
        *_missed(found, missed),
        *_split(machines, missed, level, alike),
        *(
            Move(
                Message("estimator, of the machines found"),
                one.short,
                None,
                None,
                Message("lacks %(what)s", what=one.lacking),
            )
            if one.least is None or one.most is None
            else _range(
                Message("estimator, of the machines found"),
                one.short,
                (one.least, one.most),
            )
            for one in each
        ),
        *_noticed(seen),
    )


def _range(group: str, label: str, both: tuple[Estimate, Estimate], note: str = "") -> Move:
    return Move(group, label, both[0].low, both[1].high, note)


def _unknown(found: tuple[Estimate, Estimate], missed: Missed) -> Iterable[Move]:
    """Between none of the unknown and all of them: as the known ones, or some times as often.

    With u the share of unknown machines and l that of machines known to be of the kind, of the
    known ones l / (1 - u) are; each end of the interval is moved by as much as that says.
    """
    group = Message("the unknown machines")
    low, high = found
    yield _range(
        group, Message("none of the kind"), widen(low, low, replace(missed, most=missed.least))
    )
    for times in TIMES:
        label = Message("as often as the known")
        if times > 1:
            label = Message(
                "%(num)s time as often as the known",
                "%(num)s times as often as the known",
                num=times,
            )
        if low.value is None or high.value is None:
            yield Move(group, label, None, None, Message("some strata were not judged at all"))
            continue
        unknown = high.value - low.value

        def among(share: float, times: int = times, unknown: float = unknown) -> float:
            return min(1.0, times * share / (1 - unknown)) if unknown < 1 else 1.0

        part = [among(share) for share in (low.value, low.low, low.high)]
        moved = [
            a + one * (b - a)
            for one, a, b in zip(
                part,
                (low.value, low.low, low.high),
                (high.value, high.low, high.high),
                strict=True,
            )
        ]
        between = replace(low, value=moved[0], low=moved[1], high=moved[2])
        yield _range(group, label, widen(between, between, _alike(missed, part)))
    yield _range(
        group, Message("all of the kind"), widen(high, high, replace(missed, least=missed.most))
    )


def _alike(missed: Missed, part: Sequence[float]) -> Missed:
    """Missed machines that are of the kind as often as other unknown ones."""
    value, low, high = part
    same = replace(missed.least, value=value, low=low, high=high)
    return replace(missed, least=same, most=same)


def _missed(found: tuple[Estimate, Estimate], missed: Missed) -> Iterable[Move]:
    """No machine missed; as many as estimated, for certain; as many as the upper limit."""
    group = Message("machines missed altogether")
    yield _range(group, Message("none"), found)
    value = missed.share.value
    rows: tuple[tuple[str, float | None], ...] = (
        (Message("as many as estimated"), value),
        (Message("as many as the upper limit"), None if value is None else missed.share.high),
        (
            Message("that, seen %(times)s times as briefly", times=BRIEFER),
            None if value is None else _briefer(missed.share.high),
        ),
    )
    for label, share in rows:
        if share is None:
            yield Move(group, label, None, None, Message("no frame was judged"))
            continue
        fixed = replace(missed.share, value=share, low=share, high=share)
        yield _range(
            group, label, as_missed(*found, replace(missed, share=fixed)), f"{100 * share:.1f} %"
        )


def _briefer(share: float) -> float:
    """The share of machines, where those missed are in view so much more briefly."""
    return BRIEFER * share / (1 + (BRIEFER - 1) * share)


def _split(
    machines: Sequence[SeenMachine], missed: Missed, level: float, alike: float
) -> Iterable[Move]:
    """As if linking had missed every second link: up to as many pairs of like machines of a
    plant are one as links were made there. For the low end they are of the kind, for the high
    end they are not.
    """
    group = Message("linking")
    yield _range(group, Message("as linked"), widen(*ends(machines, level, alike), missed))
    label = Message("every second link missed")
    links = sum(one.sightings - 1 for one in machines if not one.none)
    if not links:
        yield Move(group, label, None, None, Message("nothing was linked"))
        return
    fewer, more = _joined(machines, True), _joined(machines, False)
    low = widen(*ends(fewer, level, alike), missed)[0]
    high = widen(*ends(more, level, alike), missed)[1]
    twice = len(machines) - min(len(fewer), len(more))
    yield Move(group, label, low.low, high.high, Message("up to %(twice)s twice", twice=twice))


def _joined(machines: Sequence[SeenMachine], of_kind: bool) -> list[SeenMachine]:
    """The machines, pairs that may be one counted once, among those of the kind or the others."""
    kept: list[SeenMachine] = []
    for group in by_plant(machines).values():
        links = sum(one.sightings - 1 for one in group if not one.none)
        pools: dict[tuple[object, ...], list[SeenMachine]] = defaultdict(list)
        for one in group:
            alike = one.claim, one.claimed, one.settled, one.hit, one.builder, one.concealed
            pools[*alike, one.none].append(one)
        for pool in pools.values():
            first = pool[0]
            is_kind = first.hit if first.settled else first.claimed
            joined = (is_kind is True) == of_kind and not first.none
            gone = min(links, len(pool) // 2) if joined else 0
            links -= gone
            # Those that count as judged stay: nothing that people said is lost.
            kept += sorted(pool, key=lambda one: (not counted(one), one.id))[: len(pool) - gone]
    return kept


def _noticed(seen: Noticed) -> Iterable[Move]:
    """The smallest share that would have been noticed, under other sensitivities."""
    group = Message("what share may go unnoticed, by sensitivity")
    half = 1 - (1 - seen.level) / 2
    rows = (
        (Message("as the controls came out"), seen.sensitivity),
        (Message("its lowest limit, which is relied on"), seen.least_sensitivity),
        (Message("half as often"), None if seen.sensitivity is None else seen.sensitivity / 2),
    )
    for label, sensitivity in rows:
        if seen.sensitivity is None or sensitivity is None:
            yield Move(group, label, None, None, Message("no controls of the kind"))
            continue
        share = ruled_out(seen.size, half, sensitivity)
        yield Move(group, label, 0.0, share)
