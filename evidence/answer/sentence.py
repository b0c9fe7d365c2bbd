"""The answer in a sentence: counts with their denominators, and no more than they bear."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from datasets.messages import Message
from evidence.answer.caveats import Caveat
from evidence.answer.estimators.intervals import above
from evidence.answer.estimators.missed import Noticed
from evidence.answer.question import By

CONFIRMED_MEANS = Message(
    "Confirmed means: people who looked at the pictures said so. A machine shown on a poster, "
    "screen or slide counts unless they judged it only pictured. The plant is the one that the "
    "footage's sources name; nobody here confirmed that it stands there."
)
"""What stands under each sentence that says "confirmed"."""

NONE_MEANS = Message(
    "None means: reviewers confirmed none. It says nothing of machines that were not filmed, "
    "missed by the program, or not identified."
)
"""What stands under each sentence that says "no machine"."""


class AnswerKind(StrEnum):
    """confirmed: machines of the kind stand there. probable: leads wait for people. none: none was
    seen, and that says something. open: no answer yet."""

    CONFIRMED = "confirmed"
    PROBABLE = "probable"
    NONE = "none"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class AnswerCounts:
    """Machines, copies and repeated views counted once, as far as they were linked.

    machines: found, `different` of them must be different ones: identified + unidentified +
    probable. identified: the builder is known and tells the kind, by_people: reviewers say so.
    confirmed: settled as of the kind, `least` of them different, in so many `plants` and
    `recordings` of no known plant. probable: claims of the kind that people have still to judge;
    leads: machines with a weaker lead that nobody has judged. unidentified: the rest; unknown: of
    these those of unknown builder. found: by the program; judged: of these by people.
    drawn, answered: machines of the audit sample, and those of them that somebody judged.
    """

    machines: int
    different: int
    confirmed: int
    least: int
    plants: int
    recordings: int
    probable: int
    identified: int
    by_people: int
    unidentified: int
    unknown: int
    judged: int
    found: int = 0
    drawn: int = 0
    answered: int = 0
    leads: int = 0

    @property
    def named_otherwise(self) -> int:
        """Machines that are named, and neither confirmed nor leads."""
        return self.machines - self.confirmed - self.probable - self.unknown


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """kind, the sentence, why no stronger one can be said, what it means, and, for a zero or few
    finds, what would have been noticed."""

    kind: AnswerKind
    sentence: str
    because: tuple[str, ...] = ()
    means: str = ""
    noticed: str = ""


def say(
    what: str,
    counts: AnswerCounts,
    caveats: tuple[Caveat, ...],
    seen: Noticed,
    controls: tuple[int, int, int] = (0, 0, 0),
    by: By = "origin",
    which: Message | None = None,
) -> AnswerSentence:
    """The strongest sentence that counts and caveats allow.

    Args:
        what: the machines asked about, as "Chinese" (`Question.in_a_word`).
        controls: that came out, all, and from how many shoots.
        by: what the question goes by.
        which: footage is asked about, where not all is (`Question.which`).
    """
    kind = name_kind(what, by)
    why = tuple(one.text for one in caveats if one.forbids_none)
    noticed = "" if not seen.printed or not counts.machines else say_noticed(seen, *controls)
    words = {
        "kind": kind,
        "among": _among(counts),
        "within": Message(", in footage %(which)s", which=which) if which else "",
    }
    if counts.confirmed:
        sentence = Message(
            "%(machines)s %(kind)s confirmed %(where)s%(within)s, %(among)s.",
            machines=_machines(counts),
            where=_where(counts),
            **words,
        )
        return AnswerSentence(AnswerKind.CONFIRMED, sentence, (), CONFIRMED_MEANS, noticed)
    if counts.probable:
        sentence = Message("No machine %(kind)s is confirmed yet%(within)s, %(among)s.", **words)
        return AnswerSentence(AnswerKind.PROBABLE, sentence, why)
    if not why:
        sentence = Message("No machine %(kind)s was confirmed%(within)s, %(among)s.", **words)
        return AnswerSentence(AnswerKind.NONE, sentence, (), NONE_MEANS, noticed)
    if not counts.machines:
        return AnswerSentence(
            AnswerKind.OPEN, Message("No answer%(within)s: no CNC machine was found.", **words), why
        )
    if not counts.judged and not counts.by_people:
        sentence = Message(
            "No answer yet%(within)s: the %(num)s machine found has not been reviewed.",
            "No answer yet%(within)s: none of the %(num)s machines found has been reviewed.",
            num=counts.machines,
            **words,
        )
        return AnswerSentence(AnswerKind.OPEN, sentence, why)
    sentence = Message(
        "No answer yet%(within)s: no machine %(kind)s is confirmed, %(among)s.", **words
    )
    return AnswerSentence(AnswerKind.OPEN, sentence, why)


def say_noticed(seen: Noticed, hits: int, of: int, shoots: int) -> Message:
    """What share would have been noticed, with its conditions."""
    return Message(
        "Had more than %(share)s of the machines found been of this kind, at least one would have "
        "been recognised with a probability of %(level)s. This holds if they are recognised as "
        "often as the controls (%(hits)s of %(of)s, from %(num)s shoot), no more often than "
        "machines here are identified (%(known)s), and if machines of one plant are alike at a "
        "correlation of %(alike)s.",
        "Had more than %(share)s of the machines found been of this kind, at least one would have "
        "been recognised with a probability of %(level)s. This holds if they are recognised as "
        "often as the controls (%(hits)s of %(of)s, from %(num)s shoots), no more often than "
        "machines here are identified (%(known)s), and if machines of one plant are alike at a "
        "correlation of %(alike)s.",
        share=above(seen.share),
        level=f"{100 * seen.level:.0f} %",
        hits=hits,
        of=of,
        num=shoots,
        known=f"{100 * seen.known:.0f} %",
        alike=f"{seen.alike:g}",
    )


def name_kind(what: str, by: By) -> Message:
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


def _machines(counts: AnswerCounts) -> Message:
    """How many are confirmed; from those that must be different to all that are counted."""
    if counts.least < counts.confirmed:
        return Message("%(least)s to %(most)s machines", least=counts.least, most=counts.confirmed)
    return Message("%(num)s machine", "%(num)s machines", num=counts.confirmed)


def _among(counts: AnswerCounts) -> list[Message]:
    """The denominators: how many are identified, how many are not, how many wait."""
    parts = [
        Message(
            "among %(num)s whose builder was identified (%(people)s by reviewers)",
            num=counts.identified,
            people=counts.by_people,
        )
    ]
    if counts.unidentified:
        parts.append(Message("%(num)s more could not be identified", num=counts.unidentified))
    if counts.probable:
        parts.append(
            Message(
                "%(num)s lead for this kind waits for a reviewer",
                "%(num)s leads for this kind wait for a reviewer",
                num=counts.probable,
            )
        )
    return parts


def _where(counts: AnswerCounts) -> Message:
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
