"""Where an item stands, from the verdicts given on it: a pure function of the log.

    open -> partial -> settled
                    -> disputed -> settled, by a third person
    settled -> (doubted) -> partial

A claim for an origin under test is settled by two who say it, never by one against others.

The same log gives the same standing, whatever the order of verdicts, changes of mind and
withdrawals. So the rows in `items` can be made again from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PROBABLE = "probable"
_ABOUT_MACHINES = ("unknown", "concealed", "not-cnc", "not-a-machine", "pictured")
ABOUT_SIGHTINGS: tuple[str, ...] = ("accept", "builder", *_ABOUT_MACHINES)
ABOUT_FRAMES: tuple[str, ...] = ("missed", "nothing")
ABOUT_ENTERED: tuple[str, ...] = ("builder", PROBABLE, *_ABOUT_MACHINES)
JUDGEMENTS = frozenset((*ABOUT_SIGHTINGS, *ABOUT_FRAMES, *ABOUT_ENTERED))
"""What a verdict may say.

- accept: the builder, or the origin, that the program names is right; builder: another one is;
- unknown: a machine tool whose builder nobody can tell;
- concealed: one whose mark is hidden; with a builder if another cue shows it;
- probable: a machine entered by hand may be of this builder, and others have to say;
- not-cnc: a machine, but no CNC machine tool; not-a-machine: nothing of the kind;
- pictured: one that stands elsewhere, shown on a poster, a screen, a slide or in a film;
- missed: a machine that was not found in the frame; nothing: a frame rightly without a machine;
- doubt: a settled item should be looked at again; withdrawn: an earlier verdict no longer holds.
"""

COUNTED = JUDGEMENTS - {PROBABLE}  # what settles an item
NAMING = ("accept", "builder", "concealed")  # they settle who the builder is, where they name one
NO_MACHINE = frozenset({"not-cnc", "not-a-machine", "pictured"})  # no CNC machine tool is there
TAKEN_BACK = "withdrawn"  # a machine entered by hand, once nobody says any more that it is there


@dataclass(frozen=True)
class GivenVerdict:
    """A verdict as far as an item's standing depends on it.

    tested: it names a builder from an origin under test, as was noted when it was given.
    """

    number: int
    author: str
    word: str
    builder: str | None = None
    supersedes: int | None = None
    tested: bool = False

    @property
    def says(self) -> tuple[str, str | None]:
        """What two people must have in common to agree."""
        if self.word in NAMING and self.builder is not None:
            return "builder", self.builder
        return self.word, self.builder


@dataclass(frozen=True)
class Standing:
    """needs: reviewers who must agree; given: verdicts that count; outcome: once settled."""

    needs: int
    state: str = "open"
    given: int = 0
    outcome: str | None = None
    builder: str | None = None


def in_force(log: Iterable[GivenVerdict]) -> list[GivenVerdict]:
    """The verdicts that hold, each in the place of the first one that it replaces. Of one author
    the last judgement counts, in the place of their first."""
    starts: dict[int, int] = {}
    held: dict[int, GivenVerdict] = {}
    for one in sorted(log, key=lambda given: given.number):
        starts[one.number] = starts.get(one.supersedes or 0, one.number)
        held.pop(one.supersedes or 0, None)
        if one.word in JUDGEMENTS or one.word == "doubt":
            held[one.number] = one
    mine: dict[str, int] = {}
    for number, one in list(held.items()):
        if one.word in JUDGEMENTS:
            if (earlier := mine.get(one.author)) is not None:
                starts[number] = min(starts[number], starts[earlier])
                del held[earlier]
            mine[one.author] = number
    return sorted(held.values(), key=lambda one: starts[one.number])


def stand(needs: int, log: Iterable[GivenVerdict]) -> Standing:
    """Where an item stands that needs so many reviewers from the start.

    It is settled as long as all agree and enough have judged. Once two disagree, the next person
    to judge has seen both and settles it. A claim for an origin under test is settled that way
    only if somebody said the same before. A verdict that names a builder from there raises the
    number needed to two. A doubt about a settled item asks for one more. Probable does not count.
    """
    candidate: GivenVerdict | None = None
    state, given = "open", 0
    claim = needs > 1
    before: list[GivenVerdict] = []
    for one in in_force(log):
        if one.word == "doubt":
            if state == "settled":
                needs, state = given + 1, "partial"
            continue
        if one.tested:
            needs = max(needs, 2)
        if one.word == PROBABLE:
            state = "partial" if state == "open" else state
            continue
        given += 1
        before.append(one)
        if state == "disputed":
            candidate = one
            state = "settled" if _decides(one, before[:-1], claim) else "disputed"
        elif candidate is not None and one.says != candidate.says:
            state = "disputed"
        else:
            # Who names the builder bears out the claim's builder, and no more of the claim.
            if candidate is None or candidate.word == "accept":
                candidate = one
            state = "settled" if given >= needs else "partial"
    if state != "settled" or candidate is None:
        return Standing(needs, state, given)
    return Standing(needs, state, given, candidate.word, candidate.builder)


def _decides(one: GivenVerdict, before: Iterable[GivenVerdict], claim: bool) -> bool:
    """Whether somebody who knows that others disagree settles it; `claim`: `accept` is one too."""
    alone = one.tested or (claim and one.word == "accept")
    return not alone or any(other.says == one.says for other in before)


def stand_entered(needs: int, log: Sequence[GivenVerdict]) -> Standing:
    """As `stand`, of a machine entered by hand; one that all have taken back waits for nobody."""
    if log and not in_force(log):
        return Standing(needs, "settled", 0, TAKEN_BACK)
    return stand(needs, log)


def confirms(outcome: str | None, builder: str | None) -> bool:
    """Whether what an item was settled as says who built the machine, or where it comes from."""
    return outcome in ("accept", "builder") or (outcome == "concealed" and builder is not None)


def settles(
    outcome: str | None, builder: str | None, plate: str | None
) -> tuple[str | None, str | None] | None:
    """The builder, and the origin on the plate, that an outcome settles; None: neither. Who accepts
    a claim accepts what its plate says; who names a builder says no more."""
    if not confirms(outcome, builder):
        return None
    return builder, plate if builder is None or outcome == "accept" else None


def independent(log: Iterable[GivenVerdict]) -> list[GivenVerdict]:
    """The judgements in force by people who saw no other's: nobody had disputed, or doubted."""
    log = sorted(log, key=lambda one: -one.number)
    doubted = {one.author: one.number for one in log if one.word == "doubt"}  # the first of each
    alone: list[GivenVerdict] = []
    before: list[GivenVerdict] = []
    disputed = False
    for one in in_force(log):
        if one.word not in COUNTED:
            continue
        before.append(one)
        if disputed:
            disputed = not _decides(one, before[:-1], claim=False)
            continue
        if one.number < doubted.get(one.author, one.number + 1):
            alone.append(one)
        disputed = one.says != before[0].says
    return alone


def held_by(log: Sequence[GivenVerdict], author: str) -> GivenVerdict | None:
    """The judgement of one person that holds, if there is one."""
    mine = (one for one in in_force(log) if one.author == author and one.word in JUDGEMENTS)
    return next(mine, None)
