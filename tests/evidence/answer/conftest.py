"""A case of machines whose truth is known, written straight into its tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from datasets.registry import Registry, load_registry
from detector.name.homes import home_of
from detector.settings import Settings
from evidence.answer.answer import Answer
from evidence.answer.case import read_case
from evidence.answer.question import Question
from evidence.answer.report import CaseAnswer
from evidence.case import tables
from evidence.case.base import Base
from evidence.case.rows import each_stored
from evidence.case.sighting_tables import (
    AnalysisRow,
    Copy,
    Flag,
    MachineRow,
    Membership,
    PrintRow,
    ShotRow,
    SightingRow,
    StillRow,
    analysis_id,
    machine_id,
)
from evidence.case.summary import add_recipe
from evidence.case.verdicts import append
from evidence.link.alignment import CopySpan
from evidence.review.audit import RATES, frame_item
from evidence.review.items import rebuild

Read = Callable[..., CaseAnswer]
Ask = Callable[..., Answer]
CHINESE = Question()
MADE = datetime(2026, 1, 1, tzinfo=UTC)
ONE = Fraction(1)
STANDS = {"pts": ONE, "box": [0, 0, 9, 9]}


def key(*words: object, length: int = 64) -> str:
    return hashlib.sha256(repr(words).encode()).hexdigest()[:length]


def _is_chinese(builder: str) -> bool:
    return home_of(load_registry().get(builder)) == "CN"


def _drawn_as(claim: str | None) -> str:
    return "unknown" if claim is None else "claim" if _is_chinese(claim) else "named"


class Builder:
    """Adds machines and frames to a case, each in a clip of its own, from `number` + 1 on.

    They are written when `session` is next asked for, at the latest as its transaction ends: rows
    of one table together take a third of what they take one by one.
    """

    def __init__(self, session: Session, recipe: tables.Recipe, number: int = 0) -> None:
        self._session = session
        # Of all that add to it: what one adds may point to what another did.
        self._rows: list[Base] = session.info.setdefault("rows", [])
        self._stored: set[str] = session.info.setdefault("stored", set())
        self.recipe, self.number = recipe, number
        event.listen(session, "before_commit", lambda _: self.session)

    @property
    def session(self) -> Session:
        """What was added is written there; rows come after those they point to."""
        for table in Base.metadata.sorted_tables:
            if rows := [row for row in self._rows if row.__table__ is table]:
                self._session.add_all(rows)
                self._session.flush()
        self._rows.clear()
        return self._session

    def write(self) -> None:
        self._session.commit()

    def add(
        self,
        plant: str | None,
        claim: str | None = None,
        outcome: str | None = None,
        builder: str | None = None,
        chance: float | None = None,
        published: str | None = None,
        origin: str | None = None,
        basis: str | None = None,
        lead: str | None = None,
        same: str | None = None,
        views: int = 1,
    ) -> str:
        """One sighting; `outcome`: what people settled it as; `chance`: it was drawn with that;
        `same`: another sighting of the machine; `views`: seconds, and prints, it is in view;
        `lead`: a plate may say that country. Gives the machine's id."""
        common = self._clip(plant, published, views)
        sighting = f"{common['analysis']}:m1"
        sure = {"probability": 0.9, "grade": "A"} if claim else {"probability": 0.1, "grade": "U"}
        said = {"builder": claim, **sure}
        once = {"first": ONE, "last": Fraction(views), "shot": 0, "confidence": 0.9, "track": []}
        self._rows.append(
            SightingRow(
                **common, **STANDS, **said, **once, name="m1", key=sighting,
                concealed=outcome == "concealed", evidence=[], origin=origin, origin_basis=basis,
                lead_origin=lead,
            )
        )  # fmt: skip
        machine = same or machine_id(sighting)
        if same is None:
            once = {"sightings": 1, "footages": 1, "conflict": False}
            names = {"model": self.recipe.model, "settings": self.recipe.settings}
            self._rows.append(MachineRow(id=machine, **names, **said, **once))
        self._rows.append(Membership(sighting=sighting, machine=machine))
        flagged = (basis == "plate" and origin == "CN") or bool(claim and _is_chinese(claim))
        if flagged:
            self._rows.append(
                Flag(**common, sighting="m1", kind="claim", pts=ONE, priority=1, reason="")
            )
        if outcome is not None:
            needs = 2 if flagged else 1
            builder = builder or (claim if outcome == "accept" else None)
            self._rows.append(
                tables.Item(
                    **common, **STANDS, item=sighting, sighting=sighting, kind="claim", reason="",
                    priority=1, needs=needs, state="settled", given=needs, outcome=outcome,
                    builder=builder,
                )
            )  # fmt: skip
        if chance is not None:
            self._draw(common, sighting, f"sighting-{_drawn_as(claim)}", chance, sighting)
        return machine

    def _draw(
        self, common: dict[str, str], item: str, stratum: str, chance: float, sighting: str | None
    ) -> None:
        self._rows.append(
            tables.Draw(
                item=item, analysis=common["analysis"], footage=common["footage"], pts=ONE,
                sighting=sighting, stratum=stratum, probability=chance, seed=0, made=MADE,
            )
        )  # fmt: skip

    def _last(self) -> tuple[SightingRow, dict[str, str]]:
        """The sighting that was added last, and what rows that belong to it name."""
        mine = SightingRow.footage == key("f", self.number)
        row = self.session.scalars(select(SightingRow).where(mine)).one()
        names = ("analysis", "footage", "model", "settings")
        return row, {name: getattr(row, name) for name in names} | {"sighting": row.name}

    def lead(self, builder: str, probability: float) -> None:
        """That the sighting added last may be this builder's."""
        said = {"builder": builder, "origin": load_registry().get(builder).origin, "doubt": None}
        _, names = self._last()
        self._rows.append(
            tables.LeadRow(**names, **said, number=1, probability=probability, evidence=[])
        )

    def still(self, sha256: str) -> None:
        """The best picture, a JPEG of that hash, of the sighting that was added last."""
        row, names = self._last()
        kept = {"role": "best", "sha256": sha256, "suffix": "jpg"}
        self._rows.append(StillRow(**names, **kept, pts=row.pts, box=[0.0, 0.0, 9.0, 9.0]))

    def frame(
        self,
        plant: str | None,
        outcome: str | None = None,
        builder: str | None = None,
        chance: float = 0.5,
        views: int = 1,
        drawn: bool = True,
    ) -> str:
        """A clip in which nothing was found, of so many seconds and prints; its first frame was
        drawn, or shows a lone mark, and was settled as `outcome`, unless nobody judged it. Gives
        the frame's item."""
        common = self._clip(plant, None, views)
        item = frame_item(common["analysis"], ONE)
        self._rows.append(
            tables.Item(
                **common, item=item, sighting=None, pts=ONE, box=None, kind="audit", reason="",
                priority=0, needs=1, state="settled" if outcome else "open",
                given=int(outcome is not None), outcome=outcome, builder=builder,
            )
        )  # fmt: skip
        if drawn:
            self._draw(common, item, "frame", chance, None)
        else:
            self._rows.append(
                Flag(**common, kind="lone-mark", pts=ONE, priority=350, reason="DMTG")
            )
        return item

    def control(self, *clips: int, builder: str = "dmtg") -> None:
        """The clips that were added as these numbers, from 1, are controls of a builder."""
        self._rows.extend(
            tables.ControlRow(footage=key("f", clip), builder=builder, author="anna", made=MADE)
            for clip in clips
        )

    def copy(
        self,
        a: int,
        b: int,
        share: float = 1.0,
        share_b: float | None = None,
        later: int = 0,
        seconds: int = 1000,
    ) -> None:
        """The clips that were added as number `a` and `b`, from 1, show one recording, from 1 on
        for so many seconds, `b` so much later; `share`: how much of each does, or of `a` alone."""
        first, second = key("f", a), key("f", b)
        shares = share, share if share_b is None else share_b
        span = CopySpan(ONE, Fraction(1 + seconds), Fraction(later), (1.0, 0.0, 1.0, 0.0), 3, 1)
        if first > second:
            first, second, span, shares = second, first, span.turned(), shares[::-1]
        self._rows.append(
            Copy(
                a=first, b=second, model=self.recipe.model, settings=self.recipe.settings,
                kind="same", mirrored=False, seconds=float(seconds), share_a=shares[0],
                share_b=shares[1], score=1.0, spans=[span.to_json()], reason="",
            )
        )  # fmt: skip

    def _clip(self, plant: str | None, published: str | None, views: int) -> dict[str, str]:
        """Footage that was looked at, with a print a second from 1 on; what its rows name."""
        self.number += 1
        footage = key("f", self.number)
        analysis = analysis_id(footage, self.recipe.model, self.recipe.settings)
        names = {"model": self.recipe.model, "settings": self.recipe.settings}
        common = {"analysis": analysis, "footage": footage, **names}
        counted = dict.fromkeys(("frames_expected", "frames_decoded", "frames_total"), 1)
        if footage not in self._stored:
            kind = {"kind": "video", "container": "mp4", "seconds": 3.0}
            said = {"plant_claimed": plant, "published": published}
            self._rows += [
                tables.FootageRow(sha256=footage, size=1, **kind),
                tables.Location(path=f"/archive/{self.number}.mp4", footage=footage, **said),
            ]
        self._stored.add(footage)
        self._rows += [
            AnalysisRow(
                id=analysis, footage=footage, **names, registry_hash=self.recipe.registry_hash,
                nameplate="0", losses=[], digest=key("d", analysis), **counted,
            ),
            ShotRow(**common, number=0, pts=Fraction(0), end=Fraction(views + 1), reason="hit"),
        ]  # fmt: skip
        self._rows.extend(
            PrintRow(**common, number=n, pts=Fraction(n), shot=0, hashes=b"", detail=0.5)
            for n in range(1, views + 1)
        )
        return common


def judge_all(session: Session) -> None:
    """Gives the verdicts that settle items as they stand, and makes digests what they are to be,
    so that the case bears out what was built and a package can be made of it."""
    settled = session.scalars(
        select(tables.Item).where(tables.Item.state == "settled").order_by(tables.Item.item)
    ).all()
    outcomes = {one.item: (one.outcome, one.builder) for one in settled}
    flagged = set(session.scalars(select(Flag.analysis)))
    drawn = set(session.scalars(select(tables.Draw.item)))
    # Nothing is drawn but what was built as drawn.
    session.add_all(
        tables.Chance(stratum=name, probability=0.0, seed=0, made=MADE) for name in RATES
    )
    for one in settled:
        if one.sighting is not None and one.analysis not in flagged and one.item not in drawn:
            naming = {"analysis": one.analysis, "footage": one.footage}
            naming |= {"model": one.model, "settings": one.settings, "sighting": "m1"}
            session.add(Flag(**naming, kind="unread", pts=one.pts, priority=1, reason=""))
        for author in ("anna", "ben")[: 2 if one.analysis in flagged else 1]:
            append(session, footage=one.footage, pts=one.pts, verdict=one.outcome or "",
                   author=author, sighting=one.sighting, builder=one.builder)  # fmt: skip
    analyses = {row.id: row for row in session.scalars(select(AnalysisRow))}
    for name, rows in each_stored(session, list(analyses)):
        analyses[name].digest = rows.digest()
    session.flush()
    rebuild(session)
    for one in session.scalars(select(tables.Item).execution_options(populate_existing=True)):
        assert (one.outcome, one.builder) == outcomes.get(one.item, (None, None)), one.item


@pytest.fixture
def build(case, registry) -> Callable[[Callable[[Builder], None]], tables.Recipe]:
    """`build(fill)` fills the case in one transaction; gives its recipe."""

    def run(fill: Callable[[Builder], None]) -> tables.Recipe:
        with case.session() as session, session.begin():
            recipe = add_recipe(session, "aa" * 32, Settings(), registry)
            fill(Builder(session, recipe))
        return recipe

    return run


@pytest.fixture
def b(case, registry) -> Iterator[Builder]:
    """Fills the case; what it adds is there once the case is asked, or `b.write()` was called."""
    with case.session() as session:
        builder = Builder(session, add_recipe(session, "aa" * 32, Settings(), registry))
        builder.write()
        yield builder


@pytest.fixture
def read(request, case, registry) -> Read:
    """`read(question, registry)`: the answer of the case, with what it was computed from."""

    def run(question: Question = CHINESE, known: Registry = registry) -> CaseAnswer:
        if "b" in request.fixturenames:
            request.getfixturevalue("b").write()
        return read_case(case, question, known)

    return run


@pytest.fixture
def ask(read) -> Ask:
    """`ask(question, registry)`: the answer alone."""
    return lambda *asked: read(*asked).answer
