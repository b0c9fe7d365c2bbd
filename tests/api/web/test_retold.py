"""Sentences that a case keeps in English, in the reader's language."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest

import api.web
from api.web.retold import retold
from detector.tally import (
    CLIP_BEHIND,
    FITTED,
    FURTHER_PAGE,
    FURTHER_STREAM,
    OUT_OF_ORDER,
    Tally,
)
from evidence.copies.spans import Span
from evidence.copies.wording import reason_of
from evidence.linking.decisions import NOTED
from evidence.linking.pairs import COPY, ON_BOTH, PLACE, SPAN

SPANS = [Span(Fraction(n), Fraction(n + 5), Fraction(1, 2), (1, 0, 1, 0), 3, 0.9) for n in range(7)]
NAMES = ("1" * 64, "2" * 64)


def lost(why: str | None = None) -> str:
    tally = Tally(None)
    if why is None:
        tally.end(3)
    else:
        tally.reason(why)
    return tally.loss().reasons[0]


@pytest.mark.parametrize("code", ["uk", "ru"])
@pytest.mark.parametrize(
    "text",
    [
        reason_of(NAMES, SPANS, ("mirrored", "cropped"), (0.5, 1.0), 0.91),
        reason_of(NAMES, SPANS[:1], ("letterboxed", "recaptioned"), (0.5, 1.0), 0.91),
        f"{PLACE.fill(around=12, on=8)}; {ON_BOTH.fill(texts='25, 40')}",
        SPAN.fill(gap="0.5"),
        COPY.fill(looks=3, first="1.5", footage="12345678"),
        lost(),
        lost(FURTHER_PAGE),
        lost(CLIP_BEHIND),
        lost(FURTHER_STREAM),
        lost(FITTED),
        lost(OUT_OF_ORDER),
    ],
    ids=[
        "copies",
        "a copy",
        "place",
        "span",
        "recording",
        "loss",
        "a page",
        "a clip behind",
        "a stream",
        "fitted",
        "order",
    ],
)
def test_no_word_of_english_is_left(code: str, text: str) -> None:
    told = retold(text, code)
    assert retold(text, "en") == text and not re.search("[A-Za-z]", told), told
    # Every figure is there, and as it is written there.
    figures = sorted(re.findall(r"[0-9][0-9:]*", text))
    assert sorted(re.findall(r"[0-9][0-9:]*", told)) == figures
    assert not re.search(r"[0-9]\.[0-9]", told)


def test_what_people_wrote_or_the_decoder_said_is_left_as_it_is() -> None:
    note = "mirrored, of another size; 100 % sure"
    text = NOTED.fill(author="Анна К.", day="2024-01-01", note=note)
    assert retold(text, "uk").endswith(f"Анна К., 2024-01-01: {note}")
    assert retold("Invalid data (3 times)", "ru") == "Invalid data (раз: 3)"
    assert retold("of an earlier version", "uk") == "of an earlier version"


def test_each_kind_that_the_archivist_is_told_of_has_its_words() -> None:
    page = (Path(__file__).parents[3] / "docs/archivist.md").read_text("utf-8")
    table = page.partition('What "set aside" means')[2].partition("\n\n[")[0]
    kinds = re.findall(r"`([a-z-]+)`", " ".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE)))
    told = (Path(api.web.__file__).parent / "templates/aside.html").read_text("utf-8")
    assert len(kinds) > 10 and sorted(re.findall(r'"([a-z-]+)": _', told)) == sorted(kinds)
