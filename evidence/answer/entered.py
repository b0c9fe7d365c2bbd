"""The machines that people entered by hand, each as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from datasets.messages import Message
from evidence.answer.judged import SeenMachine
from evidence.answer.older import is_older, shown_before
from evidence.answer.sources import Asked, plant_of
from evidence.linking.load import chunks
from evidence.review.enter import as_box
from evidence.review.items import ENTERED
from evidence.review.log import given, verdicts_on
from evidence.review.standing import COUNTED, NAMING, NO_MACHINE, PROBABLE, confirms, in_force
from evidence.store import Item, Verdict


@dataclass(frozen=True, slots=True)
class Entry:
    """A machine as it was entered.

    id: what it is called. state: `confirmed` (people settled the builder), `probable` (somebody
    names one, and others have still to say), `waits` (whoever has to agree is not to know yet what
    was said), `concealed` or `unknown`. builder: settled, or the one that is probable. control:
    who made its control, which says nothing of the builder. made: where this very machine was
    built, as people say. hit: whether it is of the kind asked for; None where that is not known.
    authors: of those who say so; none while it waits. counted: it adds to what was seen, or
    stands in for a machine that the program found there; else it may be one that is counted
    already. machine: the one that the program found at its place, which it is taken to be;
    unlinked: that one was not linked to others yet, and has no page. differs: people settled
    something else of it in the review, and their word stands.
    """

    id: str
    plant: str
    footage: str
    pts: str
    box: tuple[float, ...]
    state: str
    builder: str | None
    concealed: bool
    control: str | None
    made: str | None
    hit: bool | None
    authors: tuple[str, ...]
    counted: bool = False
    machine: str | None = None
    unlinked: bool = False
    differs: bool = False

    @property
    def kind(self) -> str:
        """What it is, in words."""
        if self.state == "probable":
            return Message("probable, not confirmed")
        if self.state == "waits":
            return Message("waits for others to judge")
        if self.state == "confirmed":
            if self.concealed:
                return Message("concealed, builder from a second cue")
            return Message("builder confirmed")
        if self.state == "concealed":
            return Message("concealed, builder unknown")
        return Message("a control, builder unknown") if self.control else Message("builder unknown")


def read_entered(asked: Asked) -> list[tuple[Entry, SeenMachine]]:
    """Every machine that people entered on the footage asked about, in the order they did, as it
    stands and as one by itself would be counted; but those taken back, and those that people
    settled to be no CNC machine.
    """
    footage, recipe = asked.footage(), asked.recipe
    query = select(Item).where(Item.kind == ENTERED, Item.model == recipe.model)
    items = [
        item
        for item in asked.session.scalars(query.where(Item.settings == recipe.settings))
        if item.footage in footage
    ]
    older = shown_before(asked, footage) if items else {}
    items = [item for item in items if not is_older(older, item.footage, item.pts)]
    items.sort(key=lambda item: int((item.sighting or "").rpartition("-")[2]))
    logs: dict[str, list[Verdict]] = {}
    for part in chunks(items):
        logs |= verdicts_on(asked.session, part)
    found = []
    for item in items:
        read = _read(item, logs[item.item], asked, alone=item.item in asked.alone)
        if read is not None:
            found.append(read)
    return found


def _read(
    item: Item, log: Sequence[Verdict], asked: Asked, *, alone: bool
) -> tuple[Entry, SeenMachine] | None:
    """One of them; None where it is taken back, or people settled that no CNC machine is there.

    Args:
        alone: who settled it is one too few (`Asked.alone`).
    """
    rows = {row.number: row for row in log}
    held = [one for one in in_force(map(given, log)) if one.word in (*COUNTED, PROBABLE)]
    settled = item.state == "settled" and not alone
    if not held or (settled and item.outcome in NO_MACHINE):
        return None
    naming = [one.builder for one in held if one.word in (*NAMING, PROBABLE) and one.builder]
    builder = item.builder if settled else next(iter(naming), None)
    agreed = [
        rows[one.number] for one in held if one.builder == builder and one.word not in NO_MACHINE
    ]
    made = _made([_said(row, "made") for row in agreed], item.needs if settled else 1)
    # Where a machine was built does not tell whose it is.
    hit = asked.fits(builder, made=made)
    # Where two disagree either may be right: a claim for the kind waits in any case.
    claims = {hit, *(asked.fits(one, made=made) for one in naming)}
    claimed = True if True in claims else False if False in claims else None
    if settled:
        named = confirms(item.outcome, builder)
        state = "confirmed" if named else "concealed" if item.outcome == "concealed" else "unknown"
    else:
        hidden = builder is None and any(row.verdict == "concealed" for row in agreed)
        state = "probable" if builder or hit else "concealed" if hidden else "unknown"
    controls = {said for row in agreed if (said := _said(row, "control")) is not None}
    source = asked.sources[item.footage].at(item.pts)
    plant, stated = plant_of([source])
    entry = Entry(
        id=str(item.sighting),
        plant=plant,
        footage=item.footage,
        pts=str(item.pts),
        box=as_box(item.box or ()),
        state=state,
        builder=builder,
        concealed=any(row.verdict == "concealed" or _said(row, "concealed") for row in agreed),
        control=controls.pop() if len(controls) == 1 else None,
        made=made,
        hit=hit if settled else None,
        authors=tuple(sorted({row.author for row in agreed})),
    )
    if not settled and (alone or item.needs > 1):
        entry = replace(
            entry, state="waits", builder=None, concealed=False, control=None, made=None, authors=()
        )
    machine = SeenMachine(
        id=entry.id,
        plant=plant,
        stated=stated,
        recordings=frozenset({source.recording}),
        years=(source.first[:4],) if source.first else (),
        claim=None if settled else builder,
        claimed=None if settled else claimed,
        concealed=entry.concealed,
        settled=settled,
        hit=entry.hit,
        builder=builder if settled else None,
        waiting=claimed is True and not settled,
        drawn=False,
        chance=None,
        conflict=False,
        views=((item.footage, ((item.pts, as_box(item.box or ())),)),),
        entered=True,
    )
    return entry, machine


def _said(row: Verdict, name: str) -> str | None:
    found: str | None = (row.before.get("said") or {}).get(name)
    return found


def _made(said: Sequence[str | None], needs: int) -> str | None:
    """The country that as many say as have to agree on the machine; None where they differ."""
    told = [one for one in said if one is not None]
    return told[0] if len(set(told)) == 1 and len(told) >= needs else None
