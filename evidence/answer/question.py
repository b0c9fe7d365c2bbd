"""What is asked: the share of which machines, among those seen in which footage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from datasets.countries import COUNTRIES
from datasets.errors import RegistryError, UsageError
from datasets.registry import Registry
from detector.origin import makers_country

By = Literal["origin", "builder", "owner", "production"]


@dataclass(frozen=True, slots=True)
class Question:
    """The estimand: the share of machines whose `by` is `value` among the CNC machines seen.

    by: `origin` (the builder's home, or what a plate says), `builder` (a registry id), `owner`
    (the country of who owns the builder) or `production` (where the registry says such machines
    are made, where it names one country). plants: as the sources name them; none: all. since,
    until: of publication, `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, both included.
    """

    by: By = "origin"
    value: str = "CN"
    plants: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None

    def check(self, registry: Registry) -> None:
        """That it can be asked.

        Raises:
            UsageError: no such country or builder; or the period ends before it begins.
        """
        if self.by == "builder" and self.value not in registry:
            raise UsageError(
                f"{self.value}: no builder of the registry; `nameplate builders` lists"
            )
        if self.by != "builder" and self.value not in COUNTRIES:
            raise UsageError(f"{self.value}: no country code (ISO 3166-1 alpha-2, such as CN)")
        if self.since and self.until and self.until < self.since[: len(self.until)]:
            raise UsageError(f"the period ends ({self.until}) before it begins ({self.since})")

    def in_words(self, registry: Registry) -> str:
        """The estimand as a report names it."""
        what = {
            "origin": f"whose builder is at home in {self.value}",
            "owner": f"whose builder belongs to an owner in {self.value}",
            "production": f"whose builder makes such machines in {self.value}",
            "builder": f"built by {self.value}",
        }[self.by]
        if self.by == "builder":
            what = f"built by {registry.get(self.value).name}"
        where = f"of {', '.join(self.plants)}" if self.plants else "of all plants in the case"
        when = ""
        if self.since or self.until:
            when = f", published {self.since or 'at any time'} to {self.until or 'today'}"
        return (
            f"the share of machines {what} among the CNC machine tools visible in the "
            f"footage {where}{when}"
        )

    def fits(
        self,
        builder: str | None,
        plate: str | None,
        registry: Registry,
        made: str | None = None,
    ) -> bool | None:
        """Whether a machine is of the kind asked for; None where that is not known.

        Args:
            builder: a registry id; another id is a builder nobody listed.
            plate: the origin that a plate tells, where the builder is unknown.
            made: where this very machine was built, where people say so.
        """
        if made is not None and self.by == "production":
            return made == self.value
        if builder is None:
            return plate == self.value if plate is not None and self.by == "origin" else None
        if self.by == "builder":
            return builder == self.value
        try:
            entry = registry.get(builder)
        except RegistryError:
            return None
        if self.by == "origin":
            home = makers_country(entry) if entry.type == "rebadger" else entry.origin
        elif self.by == "owner":
            home = entry.owner.country if entry.owner is not None else entry.origin
        else:
            home = entry.production[0] if len(entry.production) == 1 else None
        return None if home is None else home == self.value
