"""The answer in a sentence, one of a small set, each with what must hold before it is said."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from datasets.messages import Message
from evidence.answer.estimators.detectable import Noticed
from evidence.answer.percentages import above
from evidence.answer.question import By

TELLING = 0.5
"""A share that would have been noticed must be below it for "none seen" to say anything."""


CONFIRMED_MEANS = Message(
    "Confirmed means: people who looked at the pictures said so. A machine shown on a poster, "
    "screen or slide counts unless they judged it only pictured, and the plant is the one that the "
    "footage's sources name; nobody here confirmed that it stands there."
)
"""What stands under each sentence that says "Confirmed"."""


def none_means(seen: Noticed) -> Message:
    """What stands under each sentence that says "None": what would have been noticed holds with a
    probability, and on a condition."""
    return Message(
        "None means: none was recognised. Were the share larger than that, at least one would have "
        "been with a probability of %(level)s, if such machines are recognised no less often than "
        "the controls; a smaller share may stand there unnoticed.",
        level=f"{100 * seen.level:.0f} %",
    )


class Kind(StrEnum):
    """confirmed: machines of the origin stand there. probable: people have still to confirm.
    none: none was seen, and that says something. open: the footage cannot tell."""

    CONFIRMED = "confirmed"
    PROBABLE = "probable"
    NONE = "none"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Counts:
    """Machines, copies and repeated views counted once, as far as they were linked.

    machines: CNC machines seen; `different` of them must be different ones. confirmed: settled by
    people as of the origin, in so many `plants` that sources name, and in so many `recordings` of
    no plant that any names; `least` of them must be different ones (both by `least.least`).
    probable: claimed by the program, not yet settled. unknown: no builder, concealed ones included.
    waiting: claims for the origin that wait for reviewers. untold: named, but of which it is not
    known whether they are of the origin. disputed: settled as of it and as not of it. unlinked:
    sightings not linked to others yet, of which several may be one machine. otherwise: sightings
    settled as of the origin that another model or other settings found; they count as no machine
    here (`otherwise.py`). pending: judged, be they missed ones in frames, and others have still to
    agree. in_frames: frames, of the sample or with a lone mark, in which the program, with whatever
    model, found no machine and people settled one of the kind. unseen: files of the case's list
    that were not looked at yet; aside: those that could not be. elsewise: pieces of footage that
    another model or other settings alone looked at. undated: files looked at of which
    the date does not tell whether they are of the period asked for; undated_of_kind: machines in
    them that are confirmed or claimed as of the kind, and count nowhere else. judged: machines
    found of which people settled something. neither: claimed by the program as of the kind, where
    people have settled neither that nor another builder.
    """

    machines: int
    different: int
    confirmed: int
    least: int
    plants: int
    probable: int
    unknown: int
    waiting: int
    recordings: int = 0
    untold: int = 0
    disputed: int = 0
    unlinked: int = 0
    otherwise: int = 0
    pending: int = 0
    in_frames: int = 0
    unseen: int = 0
    aside: int = 0
    judged: int = 0
    undated: int = 0
    undated_of_kind: int = 0
    neither: int = 0
    elsewise: int = 0

    @property
    def named_otherwise(self) -> int:
        """Machines that are named, and neither confirmed nor claimed as of the kind."""
        return self.machines - self.confirmed - self.probable - self.unknown


@dataclass(frozen=True, slots=True)
class Said:
    """kind, the sentence, why no stronger one could be said, and what it means (`means`, empty but
    where it says "Confirmed" or "None")."""

    kind: Kind
    sentence: str
    because: tuple[str, ...] = ()
    means: str = ""


NO_CONTROLS = Message("no positive controls")


def say(
    what: str,
    counts: Counts,
    seen: Noticed,
    by: By = "origin",
    which: Message | None = None,
    lacking: Message = NO_CONTROLS,
) -> Said:
    """The strongest sentence whose preconditions hold.

    A zero is never said without what would have been noticed, nor while claims or verdicts wait,
    nor by the program's word alone.

    Args:
        what: machines of which make, as "Chinese" (`Question.in_a_word`).
        seen: what would have been noticed.
        by: what the question goes by.
        which: footage is asked about, where not all is (`Question.which`).
        lacking: why no control was tried, where none was (`Controls.lacking`).

    Example:
        >>> none = Noticed(0.04, 90.0, 0.9, 0.8, 0.95)
        >>> say("Chinese", Counts(100, 100, 0, 0, 0, 0, 0, 0, judged=30), none).sentence
        'None of Chinese make among 100 machines; a share above 4.0 % would have been noticed.'
    """
    kind = _kind(what, by)
    within = Message(", in footage %(which)s", which=which) if which else ""
    if counts.confirmed:
        machines = Message("%(num)s machine", "%(num)s machines", num=counts.least)
        words = {"machines": machines, "kind": kind, "where": _where(counts), "within": within}
        if by in ("owner", "production"):  # "produced in China in 1 plant" says it of a plant there
            told = Message(
                "Confirmed: at least %(machines)s %(kind)s, %(where)s%(within)s.", **words
            )
        else:
            told = Message(
                "Confirmed: at least %(machines)s %(kind)s %(where)s%(within)s.", **words
            )
        return Said(Kind.CONFIRMED, told, means=CONFIRMED_MEANS)
    why = _why_not_none(counts, seen, lacking)
    if counts.probable:
        return Said(
            Kind.PROBABLE,
            Message(
                "Nothing is confirmed; %(num)s machine may be %(kind)s%(within)s.",
                "Nothing is confirmed; %(num)s machines may be %(kind)s%(within)s.",
                num=counts.probable,
                kind=kind,
                within=within,
            ),
            why,
        )
    if why:
        told = Message("The footage cannot tell, because %(why)s.", why=list(why))
        if which:
            told = Message(
                "The footage %(which)s cannot tell, because %(why)s.", which=which, why=list(why)
            )
        return Said(Kind.OPEN, told, why)
    return Said(
        Kind.NONE,
        Message(
            "None %(kind)s %(among)s%(within)s; a share above %(share)s would have been noticed.",
            kind=kind,
            among=_among(counts),
            within=within,
            share=above(seen.share),
        ),
        means=none_means(seen),
    )


def _among(counts: Counts) -> Message:
    """Those among which there is none, and of how many nobody knows the builder."""
    unknown = counts.unknown
    if counts.different == counts.machines:
        machines = Message("among %(num)s machine", "among %(num)s machines", num=counts.machines)
        if not unknown:
            return machines
        return Message(
            "%(among)s, %(unknown)s of them of unknown builder", among=machines, unknown=unknown
        )
    least = Message(
        "among at least %(num)s machine", "among at least %(num)s machines", num=counts.different
    )
    among = {"among": least, "counted": counts.machines}
    if not unknown:
        return Message("%(among)s that must be different ones (%(counted)s counted)", **among)
    return Message(
        "%(among)s that must be different ones (%(counted)s counted, %(unknown)s of them of "
        "unknown builder)",
        unknown=unknown,
        **among,
    )


def _where(counts: Counts) -> Message:
    """Recordings are no plants: several may be of one."""
    plants = Message("in %(num)s plant", "in %(num)s plants", num=counts.plants)
    recordings = Message(
        "in %(num)s recording of which no plant is known for certain",
        "in %(num)s recordings of which no plant is known for certain",
        num=counts.recordings,
    )
    if not counts.recordings:
        return plants
    if not counts.plants:
        return recordings
    return Message("%(plants)s and %(recordings)s", plants=plants, recordings=recordings)


def _kind(what: str, by: By) -> Message:
    """The kind as the sentence has it."""
    if by == "owner":
        return Message("of a make owned in %(what)s", what=what)
    if by == "production":
        return Message("of a make produced in %(what)s", what=what)
    if by == "builder":
        return Message("of %(builder)s make", builder=what)
    if isinstance(what, Message) and "country" in what.values:  # one without an adjective
        code = what.values["country"]
        return Message("of %(country)s make", country=code)
    return Message("of %(what)s make", what=what)


def _why_not_none(counts: Counts, seen: Noticed, lacking: Message) -> tuple[str, ...]:
    why: list[str] = []
    if not counts.machines:
        why.append(Message("no CNC machine was seen in it"))
    elif not counts.judged and counts.pending:
        why.append(Message("people have settled no machine found in it"))
    elif not counts.judged:
        why.append(Message("people have judged no machine found in it"))
    if counts.unseen:
        why.append(
            Message(
                "%(num)s file of the list was not looked at yet",
                "%(num)s files of the list were not looked at yet",
                num=counts.unseen,
            )
        )
    if counts.elsewise:
        why.append(
            Message(
                "%(num)s piece of footage was looked at with another model or other settings alone",
                "%(num)s pieces of footage were looked at with another model or other settings "
                "alone",
                num=counts.elsewise,
            )
        )
    if counts.undated_of_kind:
        why.append(
            Message(
                "%(num)s machine confirmed or claimed as of the kind stands in footage whose date "
                "does not tell whether it is of the period",
                "%(num)s machines confirmed or claimed as of the kind stand in footage whose date "
                "does not tell whether it is of the period",
                num=counts.undated_of_kind,
            )
        )
    if counts.waiting:
        why.append(
            Message(
                "people have not settled %(num)s claim",
                "people have not settled %(num)s claims",
                num=counts.waiting,
            )
        )
    if counts.pending:
        why.append(
            Message(
                "a verdict on %(num)s machine waits for others to agree",
                "verdicts on %(num)s machines wait for others to agree",
                num=counts.pending,
            )
        )
    if counts.in_frames:
        why.append(
            Message(
                "people saw such a machine in %(num)s frame in which the program found none (enter "
                "it by hand, and it counts)",
                "people saw such machines in %(num)s frames in which the program found none (enter "
                "them by hand, and they count)",
                num=counts.in_frames,
            )
        )
    if counts.neither:
        why.append(
            Message(
                "of %(num)s machine that the program claims as of the kind people could not tell "
                "whose it is",
                "of %(num)s machines that the program claims as of the kind people could not tell "
                "whose they are",
                num=counts.neither,
            )
        )
    if counts.disputed:
        why.append(
            Message(
                "of %(num)s machine verdicts disagree on whether it is of the kind",
                "of %(num)s machines verdicts disagree on whether they are of the kind",
                num=counts.disputed,
            )
        )
    if counts.unlinked:
        why.append(
            Message(
                "%(num)s sighting was not linked to others yet",
                "%(num)s sightings were not linked to others yet",
                num=counts.unlinked,
            )
        )
    if counts.otherwise:
        why.append(
            Message(
                "people settled %(num)s sighting as of the kind that another model or other "
                "settings found",
                "people settled %(num)s sightings as of the kind that another model or other "
                "settings found",
                num=counts.otherwise,
            )
        )
    if counts.untold:
        why.append(
            Message(
                "of %(num)s machine whose builder is named it is not known whether it is of the "
                "kind",
                "of %(num)s machines whose builder is named it is not known whether they are of "
                "the kind",
                num=counts.untold,
            )
        )
    if seen.sensitivity is None:
        why.append(
            Message(
                "how often such a machine is recognised was not measured (%(why)s)", why=lacking
            )
        )
    elif counts.machines and seen.share >= TELLING:
        if seen.known <= seen.least_sensitivity:
            why.append(
                Message(
                    "the builder of %(num)s machine of %(machines)s is not known",
                    "the builders of %(num)s machines of %(machines)s are not known",
                    num=counts.unknown,
                    machines=counts.machines,
                )
            )
        if counts.different < counts.machines:
            why.append(
                Message(
                    "of %(machines)s machines counted only %(num)s is sure to be a different one",
                    "of %(machines)s machines counted only %(num)s are sure to be different ones",
                    machines=counts.machines,
                    num=counts.different,
                )
            )
        why.append(_only(seen.share))
    return tuple(why)


def _only(share: float) -> Message:
    """From what share on such machines would have been noticed, where that is not enough."""
    if share >= 1:
        return Message("no share is sure to have been noticed")
    return Message("only a share above %(share)s would have been noticed", share=above(share))
