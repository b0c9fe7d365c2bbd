"""What the program says in English sentences, stored or of an error, in the reader's language."""

from __future__ import annotations

import re

from api.web.words import catalogue, errors
from datasets.sentences import retell
from detector.footage.losses import REASONS as LOSSES
from evidence.answer.told import by_locale
from evidence.copies.wording import REASONS as COPIES
from evidence.linking.decisions import REASONS as JOINED
from evidence.linking.pairs import REASONS as TIES

_LARGE = re.compile(r"[0-9]{1,3}(,[0-9]{3})+")

SENTENCES = (*JOINED, *TIES, *COPIES, *LOSSES)


def retold(text: str, code: str) -> str:
    """A text in a language, as far as it is of these sentences or an error's; else as it is."""
    if code == "en":
        return text
    known = (*SENTENCES, *errors(code))
    return retell(text, known, catalogue(code).gettext, lambda one: _figure(one, code))


def _figure(text: str, code: str) -> str:
    """A figure as the language writes it: `1,048,576` with blanks."""
    if _LARGE.fullmatch(text):
        return text.replace(",", "\N{NO-BREAK SPACE}")
    return by_locale(text, code)
