"""One entry of the registry, checked field by field, and how sure it is by which sources."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Base64Bytes,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from datasets.letters import LetterScript, letters, script_of, scripts, words
from datasets.places import COUNTRIES

EntryType = Literal["builder", "rebadger", "control"]
MarkScript = Literal["latin", "han", "cyrillic"]
Confidence = Literal["high", "medium", "low"]
Kind = Literal[
    "lathe", "mill-turn", "swiss", "machining-centre", "five-axis", "boring-mill", "grinder",
    "gear", "edm", "laser", "waterjet", "press-brake", "control", "other",
]  # fmt: skip
OUTSIDE = "x-"
"""What the label of a firm begins with that was in no registry when it was given."""
_WORD = re.compile(r"[^\W\d_]+")


def _code(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError('write the code in quotes ("NO"): bare, YAML reads it as yes or no')
    return value


def _country(value: str) -> str:
    if value not in COUNTRIES:
        raise ValueError(f"{value!r} is not a country code (ISO 3166-1 alpha-2, such as DE)")
    return value


def _said(value: str) -> str:
    if not letters(value):
        raise ValueError("empty: at least one letter or digit is needed")
    hidden = next((c for c in value if unicodedata.category(c) == "Cf"), None)
    if hidden is not None:
        # As it comes along from a web page: it parts the word, which then matches no more.
        raise ValueError(f"an invisible character (U+{ord(hidden):04X}) is in it; type it anew")
    return value.strip()


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Country = Annotated[str, BeforeValidator(_code), AfterValidator(_country)]
Text = Annotated[str, AfterValidator(_said)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_listed)]
Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Owner(_Part):
    name: Text
    country: Country


class Wordmark(_Part):
    """A text painted on machines, and the script it is painted in."""

    text: Text
    script: MarkScript

    @model_validator(mode="after")
    def _letters_are_of_the_script(self) -> Self:
        found = scripts(self.text)
        if found and self.script not in found:
            raise ValueError(f"{self.text!r} has no {self.script} letter, only {_list(found)}")
        for word in _WORD.findall(self.text):
            # A Latin A inside a Cyrillic word looks right and never matches as meant.
            mixed = {script_of(letter) for letter in word} - {"other"}
            if len(mixed) > 1 and "han" not in mixed:
                raise ValueError(f"the word {word!r} mixes {_list(mixed)} letters")
            if self.script == "latin" and mixed - {"latin"}:
                raise ValueError(f"{self.text!r} is called latin but has {_list(mixed)} letters")
        return self


class WeakCues(_Part):
    """What never suffices alone; see datasets/data/weak_cues.yaml."""

    series: tuple[Text, ...] = ()
    needs_second_cue: tuple[Text, ...] = ()
    too_short: tuple[str, ...] = ()


class Maker(_Part):
    """Who builds machines that a rebadger sells under its own mark, as far as it is known.

    - country: where they are built.
    - builder: the registry's id of the firm, if it has one; name: the firm otherwise, or what is
    built there.
    - confidence: how sure it is that machines under the badge come from there. It never says that
    every machine of the badge does.
    """

    country: Country
    builder: Id | None = None
    name: Text | None = None
    confidence: Confidence


class Entry(_Part):
    """A builder, rebadger or control.

    - id: lower-case letters, digits and hyphens, never `x-...`.
    - origin: the badge's home country; production: where such machines are made.
    - owner: the firm it belongs to, if that is another.
    - makers: of a rebadger, who builds the machines, as far as known.
    - wordmarks: texts on the machines; series: model names and codes that point to this entry.
    - weak: cues that need another beside them; confusions: what it is mistaken for.
    - logo: the bytes of a picture of its logo; in a registry file its path, in JSON Base64.
    - confidence: how sure the way from wordmark to origin is; source: where that is known from. A
    user's own entry may leave the source out.
    """

    id: Id
    name: Text
    type: EntryType
    origin: Country
    owner: Owner | None = None
    production: tuple[Country, ...] = ()
    makers: tuple[Maker, ...] = ()
    kinds: tuple[Kind, ...] = ()
    wordmarks: tuple[Wordmark, ...] = Field(min_length=1)
    series: tuple[Text, ...] = ()
    weak: WeakCues = WeakCues()
    logo: Base64Bytes | None = None
    livery: str | None = None
    confusions: tuple[str, ...] = ()
    confidence: Confidence
    source: Texts = ()
    note: str | None = None

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        if self.id.startswith(OUTSIDE):
            raise ValueError(
                f"id: {OUTSIDE} marks firms that are in no registry; call it "
                f"{self.id.removeprefix(OUTSIDE)}: what is labelled {self.id} counts as that then"
            )
        for text, count in Counter(mark.text for mark in self.wordmarks).items():
            if count > 1:
                raise ValueError(f"wordmarks: {text!r} is listed twice")
        if self.makers and self.type != "rebadger":
            raise ValueError(f"makers: only a rebadger has makers, and this is a {self.type}")
        if self.logo is not None and self.type == "control":
            raise ValueError("logo: of a control none is looked for; it says nothing of a builder")
        known = {mark.text for mark in self.wordmarks} | {*self.series, *self.weak.series}
        for text in self.weak.needs_second_cue:
            if text not in known:
                raise ValueError(
                    f"weak.needs_second_cue: {text!r} is neither a wordmark nor a series of it"
                )
        return self

    def as_json(self) -> dict[str, Any]:
        """Every field, as JSON has it. An entry without a logo has no such field, so the digest of
        a registry without any is what it was before there were logos."""
        return self.model_dump(mode="json", exclude={"logo"} if self.logo is None else None)

    @property
    def search_text(self) -> str:
        """All that `Registry.search` looks through, folded, one space between words."""
        texts = [self.id, self.name, *(mark.text for mark in self.wordmarks)]
        texts += [*self.series, *self.weak.series, *self.weak.too_short]
        return " | ".join(" ".join(words(text)) for text in texts)


def _list(found: set[LetterScript]) -> str:
    return " and ".join(sorted(found))


TRADE = "general knowledge of the trade"
"""A source that is no document: nobody can be shown it."""
NO_DOCUMENT = "the registry has no document on this builder"
_SAYS: dict[Confidence, str] = {
    "high": "the registry is sure of this builder",
    "medium": "the registry is fairly sure of this builder",
    "low": "the registry is not sure of this builder",
}


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a name rests on.

    confidence: the entry's own. says: that in words; who is sure without a document is not called
    sure. sources: as the entry names them; documents: those of them that can be shown.
    """

    confidence: Confidence
    says: str
    sources: tuple[str, ...]
    documents: tuple[str, ...]


def provenance_of(entry: Entry) -> Provenance:
    """What the name of a builder or seller rests on.

    >>> from datasets.registry import load_registry
    >>> provenance_of(load_registry().get("topnc")).says
    'the registry is not sure of this builder'
    """
    documents = documents_of(entry.source)
    unproved = entry.confidence == "high" and not documents
    says = NO_DOCUMENT if unproved else _SAYS[entry.confidence]
    return Provenance(entry.confidence, says, entry.source, documents)


def documents_of(sources: Iterable[str]) -> tuple[str, ...]:
    """Those that somebody can be shown."""
    return tuple(source for source in sources if source != TRADE)


def in_words(says: str, sources: Sequence[str]) -> tuple[str, ...]:
    """How sure the registry is, and its sources. Without a document of a builder it is sure of,
    that is said of the country: it is no doubt about the machine.

    >>> in_words(NO_DOCUMENT, [TRADE])
    ("the builder's country: general knowledge of the trade, which is no document",)
    """
    if says == NO_DOCUMENT:
        return (f"the builder's country: {sources_text(sources)}",)
    return says, f"source: {sources_text(sources)}"


def sources_text(sources: Sequence[str]) -> str:
    """An entry's sources in words.

    >>> sources_text([TRADE]), sources_text([])
    ('general knowledge of the trade, which is no document', 'no document')
    """
    further = (f"{TRADE}, which is no document",) if TRADE in sources else ()
    return "; ".join((*documents_of(sources), *further)) or "no document"
