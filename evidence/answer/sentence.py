"""The answer in a sentence, and what must be known beside it: one table of caveats.

Each row says if it forbids "none". The sentence gives counts with their denominators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from datasets.messages import Message
from evidence.answer.intervals import above
from evidence.answer.share import Noticed

LEAST_IDENTIFIED = 30
"""Machines to identify before an answer says "none". Fewer rule out next to nothing
(0 of 30 leaves up to 10 %; Hanley & Lippman-Hand, JAMA 249 (1983) 1743-1745)."""

MOST_MISSED = 0.25
"""Share of the machines in view that may have been missed, at most, for "none" to be said."""


@dataclass(frozen=True, slots=True)
class Caveat:
    """One thing to know. code: of its row. forbids_none: while it holds "none" is not said."""

    code: str
    count: int
    text: str
    forbids_none: bool


CAVEATS = {
    "no_machines": Message("no CNC machine was found in the footage"),
    "not_reviewed": Message("machines found, none of them reviewed: %(num)s"),
    "few_identified": Message(
        "machines whose builder is identified: %(num)s; to say “none” takes %(least)s"
    ),
    "leads": Message("claims for this kind that wait for a reviewer: %(num)s"),
    "weak_leads": Message("machines with a lead for this kind that nobody has judged: %(num)s"),
    "pending": Message("machines and frames whose verdict waits for a second reviewer: %(num)s"),
    "disputed": Message("machines on which reviewers disagree if they are of this kind: %(num)s"),
    "undecided_claims": Message("claims for this kind that reviewers could not decide: %(num)s"),
    "untold": Message("machines whose builder is known, but not if they are of this kind: %(num)s"),
    "kind_in_frames": Message(
        "frames in which reviewers saw this kind and the program found nothing: %(num)s; enter "
        "the machine by hand, and it counts"
    ),
    "machines_waiting": Message(
        "machines drawn for the audit that are not judged yet: %(num)s of %(drawn)s"
    ),
    "no_frames": Message(
        "no frame without a find was judged: machines that the program missed are in no number"
    ),
    "frames_waiting": Message(
        "frames drawn for the audit that are not judged yet: %(num)s of %(drawn)s"
    ),
    "many_missed": Message("the program may have missed up to %(share)s of the machines in view"),
    "no_controls": Message("how often such a machine is recognised was not measured (%(why)s)"),
    "unnoticed": Message("a share of %(share)s of such machines could have gone unnoticed"),
    "not_looked_at": Message("files of the case's list that were not looked at yet: %(num)s"),
    "set_aside": Message("files of the case's list that could not be read: %(num)s"),
    "other_settings": Message(
        "files looked at only with another model or other settings: %(num)s; sweep them again"
    ),
    "settled_elsewhere": Message(
        "verdicts for this kind on what another model or other settings found, in footage where "
        "none is confirmed now: %(num)s"
    ),
    "undated": Message(
        "files whose date does not tell if they are of the period: %(num)s; they count nowhere"
    ),
    "unlinked": Message(
        "sightings not linked to others yet, each counted as a machine: %(num)s; finish the sweep"
    ),
    "counted_twice": Message(
        "machines counted as confirmed: %(num)s; %(least)s of them must be different ones, the "
        "others may be views of these"
    ),
    "linking": Message(
        "one machine filmed from two sides may be counted twice: counts may be too high by "
        "%(kind)s for this kind and by %(others)s for the others, and the interval allows for that"
    ),
    "reviewers_assumed": Message(
        "reviewers' errors were not measured: the interval assumes that they accept 1 in 100 "
        "false claims and mistake 1 in 16 machines of this kind"
    ),
    "reviewers_accept": Message(
        "reviewers took %(accepted)s of %(shown)s known machines of other kinds for one of this "
        "kind: the interval allows for such errors"
    ),
    "reviewers_lose": Message(
        "reviewers took %(lost)s of %(shown)s known machines of this kind for another's: the "
        "interval allows for such errors"
    ),
    "entered": Message("machines entered by hand, which are in no estimated share: %(num)s"),
    "conflicts": Message("machines whose sightings have different verdicts: %(num)s"),
    "no_plant": Message("machines of which no plant is known for certain: %(num)s"),
    "plant_names": Message(
        "plant names that may be other names of a plant: %(num)s; they count as that one"
    ),
    "few_plants": Message("plants, few to judge others by: %(num)s"),
    "plants_disagree": Message(
        "files whose sources name several plants (%(plants)s): %(num)s; they count as of another "
        "plant, or of none that is known"
    ),
    "republished": Message(
        "files of the period that are copies or excerpts of older ones: %(num)s; they count nowhere"
    ),
    "older_parts": Message(
        "files of the period with parts that were published before it: %(num)s; those parts count "
        "nowhere"
    ),
    "damaged": Message("damaged files, most of whose frames are lost: %(num)s"),
    "programs": Message(
        "versions of the program that looked at the footage: %(num)s; nameplate sweep --anew "
        "looks at all of it with one"
    ),
    "no_login": Message("reviewers who judged without a login: %(num)s; who they are is not known"),
}
"""By code what each says, in the order in which they are given."""

ALLOW_NONE = frozenset(
    (
        "set_aside", "counted_twice", "linking", "reviewers_assumed", "reviewers_accept",
        "reviewers_lose", "entered", "conflicts", "no_plant", "plant_names", "few_plants",
        "plants_disagree", "republished", "older_parts", "damaged", "programs", "no_login",
    )
)  # fmt: skip
"""Rows that hold back no "none"."""


def list_caveats(found: Mapping[str, Any]) -> tuple[Caveat, ...]:
    """The rows that hold, in the order of the table.

    found: by code the number, or all that the row says with its number as `num`; a row holds if
    that (or `holds`) is not 0.
    """
    caveats = []
    for code, says in CAVEATS.items():
        values = found.get(code, 0)
        values = dict(values) if isinstance(values, Mapping) else {"num": int(values)}
        if values.pop("holds", values["num"]):
            text = says.fill(**{k: v for k, v in values.items() if f"%({k})s" in says.template})
            caveats.append(Caveat(code, int(values["num"]), text, code not in ALLOW_NONE))
    return tuple(caveats)


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
    """The sentence and its kind, what it means, and what would have been noticed.

    Caveats that forbid "none" say why no stronger sentence is given.
    """

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
