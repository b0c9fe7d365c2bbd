"""What must be known beside an answer: one table of caveats. Each row says if it forbids "none"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datasets.messages import Message

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
