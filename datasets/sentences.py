"""Sentences that are stored or raised in English and told in the reader's language.

A row and an error keep plain text. Each sentence stands once, where it is made: with its words it
is written, by its words it is known again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import cache

FREE = frozenset({"author", "kinds", "name", "note", "path", "texts", "what", "why"})
"""What is filled in under these names may be anything, `what` a sentence too; all else is a figure
or a hash, in which there is no blank."""

# Between these stand parts that are sentences of their own.
_MARKS = ("; ", ": ", ", ")
_PLACE = re.compile(r"%\\\((\w+)\\\)s|%%")


class Sentence(str):
    """English, with a place `%(name)s` for each thing that is filled in."""

    __slots__ = ()

    def fill(self, **values: object) -> str:
        """The text that is stored.

        Example:
            >>> Sentence("%(number)s of %(all)s lie there").fill(number=3, all=4)
            '3 of 4 lie there'
        """
        return self % values

    def read(self, text: str) -> dict[str, str] | None:
        """What was filled in, where the text is this sentence; else None.

        Example:
            >>> Sentence("%(number)s of %(all)s lie there").read("3 of 4 lie there")
            {'number': '3', 'all': '4'}
        """
        found = re.fullmatch(self.form(), text, re.DOTALL)
        return None if found is None else found.groupdict()

    @cache  # noqa: B019 - there are so many sentences as the program has
    def form(self) -> str:
        """A regular expression of what the sentence makes, with a group for each place."""
        return _PLACE.sub(_place, re.escape(self))


def _place(found: re.Match[str]) -> str:
    name = found[1]
    if name is None:
        return "%"
    form = ".+" if name in FREE else r"[^\s;]+"
    return f"(?P<{name}>{form})"


def retell(
    text: str,
    sentences: Collection[Sentence],
    say: Callable[[str], str],
    figure: Callable[[str], str] = str,
) -> str:
    """A stored text, or each part of it between semicolons, colons or commas, in other words; what
    is none of the sentences stays as it is.

    Args:
        say: a sentence in the reader's language. figure: a figure as it is written there.

    Example:
        >>> there = Sentence("%(number)s lie there")
        >>> retell("3 lie there; no more", [there], lambda _: "da liegen %(number)s")
        'da liegen 3; no more'
    """
    for sentence in sentences:
        if (values := sentence.read(text)) is not None:
            told = {k: v if k in FREE else figure(v) for k, v in values.items()}
            if "what" in told:
                told["what"] = retell(told["what"], sentences, say, figure)
            return say(sentence) % told
    for mark in _MARKS:
        if mark in text:
            parts = text.partition(mark)
            return mark.join(retell(part, sentences, say, figure) for part in parts[::2])
    return text
