"""What is asked: the share of some kind of machine among those seen in some footage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from datasets.entry import Entry
from datasets.errors import UsageError
from datasets.messages import Message
from datasets.places import COUNTRIES
from datasets.registry import Registry
from detector.name.homes import home_of
from evidence.spelling import HOW, PlantNames, read_date

By = Literal["origin", "builder", "owner", "production"]
Estimand = Literal["visible", "plants"]

ADJECTIVES = {
    "CH": Message("Swiss"),
    "CN": Message("Chinese"),
    "CZ": Message("Czech"),
    "DE": Message("German"),
    "ES": Message("Spanish"),
    "IN": Message("Indian"),
    "IT": Message("Italian"),
    "JP": Message("Japanese"),
    "KR": Message("Korean"),
    "RU": Message("Russian"),
    "TW": Message("Taiwanese"),
    "US": Message("American"),
}
"""Of the countries in which builders of the registry are at home."""

KINDS: dict[By, tuple[Message, Message]] = {
    "builder": (Message("of %(builder)s make"), Message("built by %(builder)s")),
    "origin": (
        Message("of a make from %(country)s"),
        Message("whose builder is at home in %(country)s"),
    ),
    "owner": (
        Message("of a make owned in %(what)s"),
        Message("whose builder belongs to an owner in %(country)s"),
    ),
    "production": (
        Message("of a make produced in %(what)s"),
        Message("whose builder makes such machines in %(country)s"),
    ),
}
"""Machines of a kind, as the sentence and as the report names them."""

SHARES: dict[Estimand, Message] = {
    "plants": Message(
        "the share of machines %(kind)s among the CNC machine tools of plants like those in the "
        "footage %(which)s"
    ),
    "visible": Message(
        "the share of machines %(kind)s among the CNC machine tools visible in the footage "
        "%(which)s"
    ),
}


def check_listed(builder: str, registry: Registry) -> None:
    """That the registry has a builder of that id; else a `UsageError`."""
    if builder not in registry:
        raise UsageError.saying(
            "%(name)s: no builder of the registry; `nameplate builders` lists", name=builder
        )


@dataclass(frozen=True, slots=True)
class Question:
    """The estimand: the share of machines whose `by` is `value` among the CNC machines seen.

    - by: `origin` (the builder's home, or what a plate says), `builder` (a registry id), `owner`
      (the country of who owns the builder), or `production` (the one country where the registry
      says such machines are made; for a seller's badge its makers', if sure).
    - plants: as the sources name them, or the registry (`of_known`); none: all.
    - since, until: of publication, `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, both included. Footage with
      only a year is in a period that holds the whole year.
    - estimand: the machines `visible` in this footage, or those of `plants` like the ones filmed.
    """

    by: By = "origin"
    value: str = "CN"
    plants: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    estimand: Estimand = "visible"

    def check(self, registry: Registry) -> None:
        """That it can be asked. `UsageError`: no such country, builder or day; or the period ends
        before it begins."""
        if self.by == "builder":
            check_listed(self.value, registry)
        elif self.value not in COUNTRIES:
            raise UsageError.saying(
                "%(name)s: no country code (ISO 3166-1 alpha-2, such as CN)", name=self.value
            )
        for day in (self.since, self.until):
            if day is not None and (len(day) > len("2024-05-31") or read_date(day) != day):
                raise UsageError.saying("%(day)s: no such day; write %(what)s", day=day, what=HOW)
        if self.since and self.until and self.until < self.since[: len(self.until)]:
            raise UsageError.saying(
                "the period ends (%(until)s) before it begins (%(since)s)",
                until=self.until,
                since=self.since,
            )

    def of_known(self, registry: Registry) -> Question:
        """The same with each plant once, by the registry's name if it has one."""
        writings = PlantNames(registry.plants)
        plants: dict[str, str] = {}
        for one in self.plants:
            plants.setdefault(writings.key(one), writings.known(one) or one)
        return replace(self, plants=tuple(plants.values()))

    def kind(self, registry: Registry) -> Message:
        """The machines asked about, as the sentence names them: "of Chinese make"."""
        if self.by == "origin" and self.value in ADJECTIVES:
            return Message("of %(what)s make", what=ADJECTIVES[self.value])
        return self._fill(KINDS[self.by][0], registry)

    def in_words(self, registry: Registry) -> str:
        """The estimand as a report names it."""
        kind = self._fill(KINDS[self.by][1], registry)
        which = self.which(Message("of all plants in the case"))
        return SHARES[self.estimand].fill(kind=kind, which=which)

    def _fill(self, words: Message, registry: Registry) -> Message:
        if self.by == "builder":
            return words.fill(builder=registry.get(self.value).name)
        country = Message("%(country)s", country=self.value)
        return words.fill(country=self.value, what=country)

    def which(self, everywhere: Message | None = None) -> Message | None:
        """Which footage is asked about, as the sentence names it; None where all of it is.

        everywhere: what stands for the plants where none is asked about.
        """
        names, since, until = ", ".join(self.plants), self.since, self.until
        where = Message("of %(plants)s", plants=names) if names else everywhere
        when = None
        if since and until:
            when = Message("published from %(since)s to %(until)s", since=since, until=until)
        elif since:
            when = Message("published in %(since)s or later", since=since)
        elif until:
            when = Message("published in %(until)s or earlier", until=until)
        if where and when:
            return Message("%(where)s %(when)s", where=where, when=when)
        return where or when

    def covers(self, day: str | None) -> bool | None:
        """Whether what was published then is of the period; None where the date does not tell.

        day: as `read_date` gives it; None: not known.

        >>> asked = Question(since="2023-05")
        >>> [asked.covers(day) for day in ("2024", "2022", "2023", None)]
        [True, False, None, None]
        """
        since, until = self.since or "", self.until or "~"
        # What is not written of a day is before any digit at its earliest, after any at its latest.
        first = day or ""
        last = f"{first:~<10}"
        if last[: len(since)] < since or first[: len(until)] > until:
            return False
        return True if first[: len(since)] >= since and last[: len(until)] <= until else None

    def fits(
        self, builder: str | None, plate: str | None, registry: Registry, made: str | None = None
    ) -> bool | None:
        """Whether a machine is of the kind asked for; None where that is not known.

        An id that is not in the registry is a builder nobody listed. The origin that a `plate`
        tells goes before a seller's badge. Where people say so, `made` is where this very machine
        was built.
        """
        if made is not None and self.by == "production":
            return made == self.value
        if builder is None:
            return plate == self.value if plate is not None and self.by == "origin" else None
        if self.by == "builder" and builder == self.value:
            return True
        if builder not in registry:
            return False if self.by == "builder" else None
        entry = registry.get(builder)
        if self.by == "builder":
            return self._may_be_under(entry, registry)
        if self.by == "origin":
            told = plate is not None and entry.type == "rebadger"
            home = plate if told else home_of(entry)
        elif entry.type == "rebadger":
            # Whose its makers are nobody knows, and hearsay of where they are tells no place.
            home = home_of(entry) if self.by == "production" else None
        elif self.by == "owner":
            home = entry.owner.country if entry.owner is not None else entry.origin
        else:
            home = entry.production[0] if len(entry.production) == 1 else None
        return None if home is None else home == self.value

    def _may_be_under(self, badge: Entry, registry: Registry) -> bool | None:
        """Whether a machine with another's badge is the builder's. None under a seller's badge,
        unless its makers are surely of a country where it is not."""
        wanted = registry.get(self.value)
        if badge.type != "rebadger" or wanted.type == "rebadger":
            return False
        home = home_of(badge)
        return None if home in (None, wanted.origin, *wanted.production) else False
