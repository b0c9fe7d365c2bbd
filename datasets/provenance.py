"""How sure the registry is of a builder, and which sources say so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from datasets.entry import Confidence, Entry

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

    Example:
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
    """How sure the registry is, and its sources, where that does not say already that there is no
    document.

    >>> in_words("the registry is not sure of this builder", [TRADE])[1]
    'source: no document, only general knowledge of the trade'
    """
    if says == NO_DOCUMENT:
        return (says,)
    return says, f"source: {sources_text(sources)}"


def sources_text(sources: Sequence[str]) -> str:
    """An entry's sources in words.

    >>> sources_text([TRADE]), sources_text([])
    ('no document, only general knowledge of the trade', 'no document')
    """
    documents = documents_of(sources)
    if not documents:
        return f"no document, only {TRADE}" if sources else "no document"
    further = (f"{TRADE}, which is no document",) if TRADE in sources else ()
    return "; ".join((*documents, *further))
