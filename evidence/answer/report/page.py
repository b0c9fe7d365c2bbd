"""The answer as one HTML file that opens anywhere, runs nothing and fetches nothing."""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from gettext import NullTranslations
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from datasets.charts import (
    STATUSES,
    Range,
    Words,
    columns,
    ranges,
    stacks,
)
from datasets.messages import Message, translate, write_figure
from datasets.places import country_name
from datasets.registry import Registry
from evidence.answer.answer import Answer
from evidence.answer.estimators.intervals import above, at_least, at_most, percent
from evidence.answer.report.exhibits import Exhibit
from evidence.clip.tables import printable

UNKNOWN = Message("unknown")
ENGLISH = NullTranslations()
MOST_PLANTS = 60
"""Drawn; the table has them all."""

OF_KIND = STATUSES | {
    "confirmed": Message("confirmed, this kind"),
    "claimed": Message("named otherwise"),
}
"""The statuses of a plant's machines in words: those confirmed are of the kind alone. Of the others
that are named people may have settled whose they are; and a seller's badge does not tell whether it
is of the kind."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the answer was computed from. programs: that looked at the footage
    (`detector.program`). left_out: what sweeps met and did not look at (`case show` names it)."""

    case: str
    model: str
    settings: str
    registry: str
    verdicts: int
    head: str
    programs: tuple[str, ...] = ()
    left_out: int = 0


def render_answer(
    found: Answer,
    registry: Registry,
    facts: Facts,
    exhibits: Sequence[Exhibit],
    code: str = "en",
    catalogue: NullTranslations = ENGLISH,
) -> str:
    """The page; text from outside is escaped, and its policy forbids scripts and requests.

    Args:
        code, catalogue: the language, and its messages.
    """
    style = _read("answer.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )

    def say(text: str) -> str:
        return printable(translate(text, code, catalogue))

    def maker(id: str) -> str:
        return registry.get(id).name if id in registry else printable(id)

    def written(limit: Callable[[Any], str]) -> Callable[[Any], str]:
        return lambda share: write_figure(say(Message(limit(share).replace("%", "%%"))), code)

    environment = _environment()
    environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    return environment.get_template("answer.html.j2").render(
        answer=found,
        maker=maker,
        facts=facts,
        exhibits=exhibits,
        figures=draw(found, registry, say),
        style=Markup(style),
        policy=policy,
        language=code,
        say=say,
        plain=printable,
        share=written(percent),
        above=written(above),
        at_least=written(at_least),
        at_most=written(at_most),
        of_plants=OF_KIND,
        country=country_name,
        plant_name=lambda row: say(row.plant),
    )


def _range(label: str, low: float, high: float) -> Range:
    ends = {"low": at_least(low), "high": at_most(high)}
    return Range(label, low, high, Message("%(low)s to %(high)s", **ends))


def draw(found: Answer, registry: Registry, words: Words = str) -> dict[str, Markup]:
    """Each figure by its name, as SVG.

    Args:
        words: says a text in the reader's language.
    """

    def said(text: str) -> str:
        return printable(words(text))

    builders: dict[str, dict[str, int]] = defaultdict(dict)
    for (builder, status), count in sorted(found.seen.items()):
        name = registry.get(builder).name if builder in registry else builder or UNKNOWN
        builders[name][status] = builders[name].get(status, 0) + count
    by_size = dict(
        sorted(builders.items(), key=lambda row: (row[0] == UNKNOWN, -sum(row[1].values()), row))
    )
    plants = {
        row.plant: {
            "confirmed": row.confirmed,
            "probable": row.probable,
            "unknown": row.unknown,
            "claimed": row.named_otherwise,
        }
        for row in sorted(found.plants, key=lambda row: -row.machines)[:MOST_PLANTS]
        if row.machines
    }
    shares = [
        _range(Message("of all in view, missed ones too"), found.low.low, found.high.high),
        _range(Message("of those found"), found.found_low.low, found.found_high.high),
    ]
    if found.missed.share.value is None:
        del shares[0]
    drawn = {
        "builders": stacks(Message("Machines by builder"), by_size, said),
        "plants": stacks(Message("Machines by plant"), plants, said, OF_KIND),
        "shares": ranges(Message("The share, whatever the unidentified are"), shares, said),
    }
    if found.years:
        drawn["years"] = columns(Message("Machines by year of publication"), found.years, said)
    return {name: Markup(svg) for name, svg in drawn.items()}


def _environment() -> Environment:
    made = Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.filters["printable"] = printable
    return made


def _read(name: str) -> str:
    return files("evidence").joinpath("templates", name).read_text("utf-8")


MEANS = {
    "confirmed": "people settled whose it is, whether or not that is of the kind asked for; "
    "`counts.confirmed` are those of the kind",
    "probable": "claimed to be of the kind asked for, and not settled by people",
    "claimed": "named by the program alone, as of another kind or so that the kind is not told",
    "concealed": "people say that its mark is hidden; whose it is nobody knows",
    "unknown": "nobody knows whose it is; it may be of the kind asked for",
}
"""What a `status` in JSON says, for whoever reads that and no page: the words are of what people
and the program have done, and not of the kind asked for."""


def to_json(found: Answer) -> dict[str, Any]:
    """The answer as plain data."""
    from dataclasses import asdict

    plain = asdict(found)
    plain["seen"] = [
        {"builder": builder or None, "status": status, "machines": count}
        for (builder, status), count in sorted(found.seen.items())
    ]
    plain["entered"] = [asdict(one) | {"kind": one.kind} for one in found.entered]
    return plain
