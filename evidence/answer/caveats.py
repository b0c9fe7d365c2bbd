"""What must be known beside an answer: one table, whose rows say what they forbid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

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


class _CaveatRow(NamedTuple):
    """A row: its code, its text for one and for several, and whether it forbids "none"."""

    code: str
    one: str
    many: str | None
    forbids_none: bool = False


TABLE = (
    _CaveatRow("no_machines", "no CNC machine was found in the footage", None, True),
    _CaveatRow(
        "not_reviewed",
        "the %(num)s machine that the program found has not been reviewed",
        "none of the %(num)s machines that the program found has been reviewed",
        True,
    ),
    _CaveatRow(
        "few_identified",
        "the builder of only %(num)s machine is identified, and %(least)s are needed to say “none”",
        "the builders of only %(num)s machines are identified, and %(least)s are needed to say "
        "“none”",
        True,
    ),
    _CaveatRow(
        "leads",
        "%(num)s lead for this kind waits for a reviewer",
        "%(num)s leads for this kind wait for a reviewer",
        True,
    ),
    _CaveatRow(
        "weak_leads",
        "%(num)s machine has a weaker lead for this kind that nobody has judged",
        "%(num)s machines have weaker leads for this kind that nobody has judged",
        True,
    ),
    _CaveatRow(
        "pending",
        "a verdict on %(num)s machine waits for a second reviewer",
        "verdicts on %(num)s machines wait for a second reviewer",
        True,
    ),
    _CaveatRow(
        "disputed",
        "reviewers disagree on whether %(num)s machine is of this kind",
        "reviewers disagree on whether %(num)s machines are of this kind",
        True,
    ),
    _CaveatRow(
        "undecided_claims",
        "reviewers could not decide %(num)s lead for this kind",
        "reviewers could not decide %(num)s leads for this kind",
        True,
    ),
    _CaveatRow(
        "untold",
        "the builder of %(num)s machine is known, but not whether it is of this kind",
        "the builders of %(num)s machines are known, but not whether they are of this kind",
        True,
    ),
    _CaveatRow(
        "kind_in_frames",
        "reviewers saw a machine of this kind in %(num)s frame in which the program found none; "
        "enter it by hand, and it counts",
        "reviewers saw machines of this kind in %(num)s frames in which the program found none; "
        "enter them by hand, and they count",
        True,
    ),
    _CaveatRow(
        "machines_waiting",
        "%(num)s machine drawn for the audit is not judged yet (%(judged)s of %(drawn)s are)",
        "%(num)s machines drawn for the audit are not judged yet (%(judged)s of %(drawn)s are)",
        True,
    ),
    _CaveatRow(
        "no_frames",
        "no frame without a find was judged: machines that the program missed are in no number",
        None,
        True,
    ),
    _CaveatRow(
        "frames_waiting",
        "%(num)s frame drawn for the audit is not judged yet (%(judged)s of %(drawn)s are)",
        "%(num)s frames drawn for the audit are not judged yet (%(judged)s of %(drawn)s are)",
        True,
    ),
    _CaveatRow("many_missed", "the program may have missed up to %(share)s of the machines in view",
        None, True),
    _CaveatRow(
        "no_controls",
        "how often such a machine is recognised was not measured (%(why)s)",
        None,
        True,
    ),
    _CaveatRow(
        "unnoticed",
        "a share of %(share)s of such machines could have gone unnoticed",
        None,
        True,
    ),
    _CaveatRow(
        "not_looked_at",
        "%(num)s file of the case's list was not looked at yet",
        "%(num)s files of the case's list were not looked at yet",
        True,
    ),
    _CaveatRow(
        "set_aside",
        "%(num)s file of the case's list could not be read and was set aside",
        "%(num)s files of the case's list could not be read and were set aside",
    ),
    _CaveatRow(
        "other_settings",
        "%(num)s piece of footage was looked at only with another model or other settings: sweep "
        "it again",
        "%(num)s pieces of footage were looked at only with another model or other settings: sweep "
        "them again",
        True,
    ),
    _CaveatRow(
        "settled_elsewhere",
        "people settled %(num)s sighting of another model or other settings as of this kind, and "
        "have not judged what stands in its place",
        "people settled %(num)s sightings of another model or other settings as of this kind, and "
        "have not judged what stands in their place",
        True,
    ),
    _CaveatRow(
        "undated_of_kind",
        "%(num)s machine of this kind, or a lead for it, stands in footage whose date may lie "
        "outside the period",
        "%(num)s machines of this kind, or leads for it, stand in footage whose date may lie "
        "outside the period",
        True,
    ),
    _CaveatRow(
        "undated",
        "the date of %(num)s file does not tell whether it is of the period: it counts nowhere",
        "the dates of %(num)s files do not tell whether they are of the period: they count nowhere",
    ),
    _CaveatRow(
        "unlinked",
        "%(num)s sighting was not linked to others yet and counts as a machine of its own: finish "
        "the sweep",
        "%(num)s sightings were not linked to others yet and count as machines of their own: "
        "finish the sweep",
        True,
    ),
    _CaveatRow(
        "counted_twice",
        "%(num)s machine is counted as confirmed, and %(least)s must be different ones: the others "
        "may be views of these",
        "%(num)s machines are counted as confirmed, and %(least)s must be different ones: the "
        "others may be views of these",
    ),
    _CaveatRow(
        "linking",
        "one machine filmed from two sides may count twice: the interval allows for each of this "
        "kind to count up to %(kind)s times, and each other up to %(others)s times",
        None,
    ),
    _CaveatRow(
        "reviewers_assumed",
        "reviewers' errors were not measured: the interval assumes that they accept 1 in 100 false "
        "claims and mistake 1 in 16 machines of this kind",
        None,
    ),
    _CaveatRow(
        "reviewers_accept",
        "reviewers took %(accepted)s of %(shown)s known machines of other kinds for one of this "
        "kind: the interval allows for such errors",
        None,
    ),
    _CaveatRow(
        "reviewers_lose",
        "reviewers took %(lost)s of %(shown)s known machines of this kind for another's: the "
        "interval allows for such errors",
        None,
    ),
    _CaveatRow(
        "entered",
        "%(num)s machine was entered by hand: it is counted, and in no estimated share",
        "%(num)s machines were entered by hand: they are counted, and in no estimated share",
    ),
    _CaveatRow(
        "conflicts",
        "verdicts on different sightings of %(num)s machine disagree",
        "verdicts on different sightings of %(num)s machines disagree",
    ),
    _CaveatRow(
        "elsewhere",
        "what people settled of %(num)s machine in other footage speaks against what is counted",
        "what people settled of %(num)s machines in other footage speaks against what is counted",
    ),
    _CaveatRow(
        "easy_controls",
        "the controls are easier to read than the footage: %(share)s of them came out, and the "
        "builder of %(known)s of the machines is identified",
        None,
    ),
    _CaveatRow(
        "no_plant",
        "no plant is known for certain of %(num)s machine",
        "no plant is known for certain of %(num)s machines",
    ),
    _CaveatRow(
        "plant_names",
        "%(num)s plant name may be another name of a plant: it is counted with that one",
        "%(num)s plant names may be other names of a plant: they are counted with that one",
    ),
    _CaveatRow("few_plants", "%(num)s plant is few to judge others by",
        "%(num)s plants are few to judge others by"),
    _CaveatRow(
        "plants_disagree",
        "sources disagree on the plant of %(num)s piece of footage (%(plants)s): it counts as one "
        "of no known plant",
        "sources disagree on the plants of %(num)s pieces of footage (%(plants)s): they count as "
        "ones of no known plant",
    ),
    _CaveatRow(
        "plants_outvoted",
        "%(num)s piece of footage is not counted, since most of its sources name another plant "
        "(%(plants)s)",
        "%(num)s pieces of footage are not counted, since most of their sources name another plant "
        "(%(plants)s)",
    ),
    _CaveatRow(
        "republished",
        "%(num)s piece of footage of the period is a copy or an excerpt of an older one: it counts "
        "nowhere",
        "%(num)s pieces of footage of the period are copies or excerpts of older ones: they count "
        "nowhere",
    ),
    _CaveatRow(
        "older_parts",
        "%(num)s sighting is in a part that was published before the period: it counts nowhere",
        "%(num)s sightings are in parts that were published before the period: they count nowhere",
    ),
    _CaveatRow(
        "damaged",
        "%(num)s piece of footage is damaged, and most of its frames are lost",
        "%(num)s pieces of footage are damaged, and most of their frames are lost",
    ),
    _CaveatRow(
        "programs",
        "%(num)s version of the program looked at the footage",
        "%(num)s versions of the program looked at the footage: nameplate sweep --anew looks at "
        "all of it with one",
    ),
    _CaveatRow(
        "no_login",
        "verdicts of %(num)s reviewer were given without a login: who that is is not known",
        "verdicts of %(num)s reviewers were given without a login: that they are different people "
        "is not known",
    ),
)  # fmt: skip


def list_caveats(found: Mapping[str, Mapping[str, Any]]) -> tuple[Caveat, ...]:
    """The rows that hold, in the order of the table.

    Args:
        found: by code what a row says, its number as `num`; a row holds if that
            (or `holds`) is not 0.
    """
    return tuple(
        Caveat(row.code, int(values["num"]), _text(row, values), row.forbids_none)
        for row in TABLE
        if (values := found.get(row.code)) is not None and values.get("holds", values["num"])
    )


def _text(row: _CaveatRow, values: Mapping[str, Any]) -> Message:
    if row.many is not None:
        return Message(row.one, row.many, **{k: v for k, v in values.items() if k != "holds"})
    return Message(
        row.one, **{name: one for name, one in values.items() if name not in ("num", "holds")}
    )
