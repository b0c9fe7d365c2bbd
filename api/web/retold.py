"""What the program says in English sentences, stored or of an error, in the reader's language."""

from __future__ import annotations

from api.web.words import catalogue, errors
from datasets.messages import write_figure
from datasets.sentences import retell
from detector.footage.losses import REASONS as LOSSES
from evidence.copies.wording import REASONS as COPIES
from evidence.linking.decisions import REASONS as JOINED
from evidence.linking.pairs import REASONS as TIES

SENTENCES = (*JOINED, *TIES, *COPIES, *LOSSES)


def retold(text: str, code: str) -> str:
    """A text in a language, as far as it is of these sentences or an error's; else as it is."""
    if code == "en":
        return text
    known = (*SENTENCES, *errors(code))
    return retell(text, known, catalogue(code).gettext, lambda one: write_figure(one, code))
