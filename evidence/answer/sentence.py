"""The answer in a sentence, which gives counts with their denominators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from datasets.messages import Message
from evidence.answer.caveats import Caveat
from evidence.answer.intervals import above
from evidence.answer.share import Noticed

CONFIRMED_MEANS = Message(
    "Confirmed means: people who looked at the pictures said so. A machine shown on a poster, "
    "screen or slide counts unless they judged it only pictured. The plant is the one that the "
    "footage's sources name; nobody here confirmed that it stands there."
)

NONE_MEANS = Message(
    "None means: reviewers confirmed none. It says nothing of machines that were not filmed, "
    "missed by the program, or not identified."
)


class AnswerKind(StrEnum):
    """confirmed: machines of the kind stand there. probable: claims wait for people. none: none was
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
    leads: machines that nobody has judged, with a lead that is no claim. unidentified: the rest;
    unknown: of these those of unknown builder. found: by the program; judged: of these by people.
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


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """The sentence and its kind, what it means, and what would have been noticed. Caveats that
    forbid "none" say why no stronger sentence is given."""

    kind: AnswerKind
    sentence: str
    means: str = ""
    noticed: str = ""


SENTENCES = {
    "confirmed": Message("%(machines)s %(kind)s confirmed %(where)s%(within)s, %(among)s."),
    "probable": Message("No machine %(kind)s is confirmed yet%(within)s, %(among)s."),
    "none": Message("No machine %(kind)s was confirmed%(within)s, %(among)s."),
    "empty": Message("No answer%(within)s: no CNC machine was found."),
    "not reviewed": Message(
        "No answer yet%(within)s: the %(num)s machine found has not been reviewed.",
        "No answer yet%(within)s: none of the %(num)s machines found has been reviewed.",
        num=0,
    ),
    "open": Message("No answer yet%(within)s: no machine %(kind)s is confirmed, %(among)s."),
}


def say(
    kind: Message,
    counts: AnswerCounts,
    caveats: Sequence[Caveat],
    seen: Noticed,
    controls: tuple[int, int, int] = (0, 0, 0),
    which: Message | None = None,
) -> AnswerSentence:
    """The strongest sentence that counts and caveats allow.

    kind: the machines asked about (`Question.kind`). controls: that came out, all, and from how
    many shoots. which: footage is asked about, where not all is (`Question.which`).
    """
    noticed = "" if not seen.printed or not counts.machines else say_noticed(seen, *controls)
    within = Message(", in footage %(which)s", which=which) if which else ""
    words: dict[str, Any] = {"kind": kind, "among": _among(counts), "within": within}
    if counts.confirmed:
        words |= {"machines": _machines(counts), "where": _where(counts)}
        sentence = SENTENCES["confirmed"].fill(**words)
        return AnswerSentence(AnswerKind.CONFIRMED, sentence, CONFIRMED_MEANS, noticed)
    if counts.probable:
        return AnswerSentence(AnswerKind.PROBABLE, SENTENCES["probable"].fill(**words))
    if not any(one.forbids_none for one in caveats):
        sentence = SENTENCES["none"].fill(**words)
        return AnswerSentence(AnswerKind.NONE, sentence, NONE_MEANS, noticed)
    reviewed = counts.judged or counts.by_people
    why = "empty" if not counts.machines else "open" if reviewed else "not reviewed"
    return AnswerSentence(AnswerKind.OPEN, SENTENCES[why].fill(num=counts.machines, **words))


def say_noticed(seen: Noticed, hits: int, of: int, shoots: int) -> Message:
    """What share would have been noticed, with its conditions."""
    return Message(
        "Had more than %(share)s of the machines found been of this kind, at least one would have "
        "been recognised with a probability of %(level)s. This holds if they are recognised as "
        "often as the controls (%(hits)s of %(of)s; shoots: %(num)s), no more often than "
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
                "%(num)s claim for this kind waits for a reviewer",
                "%(num)s claims for this kind wait for a reviewer",
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
    if counts.plants and counts.recordings:
        return Message("%(plants)s and %(recordings)s", plants=plants, recordings=recordings)
    return recordings if counts.recordings else plants
