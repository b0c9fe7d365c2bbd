"""What the program has stored as English sentences, in the reader's language."""

from __future__ import annotations

from api.web.words import catalogue
from datasets.sentences import retell
from detector.tally import REASONS as LOSSES
from evidence.answer.told import by_locale
from evidence.copies.wording import REASONS as COPIES
from evidence.linking.decisions import REASONS as JOINED
from evidence.linking.pairs import REASONS as TIES

SENTENCES = (*JOINED, *TIES, *COPIES, *LOSSES)


def retold(text: str, code: str) -> str:
    """A stored text in a language, as far as it is of these sentences; else as it is."""
    if code == "en":
        return text
    return retell(text, SENTENCES, catalogue(code).gettext, lambda one: by_locale(one, code))
