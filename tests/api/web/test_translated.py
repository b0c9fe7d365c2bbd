"""Messages that a case keeps, and errors, in the reader's language."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest

import api.web
from api.web.pages import translated
from datasets.errors import FootageError
from datasets.files import UNREADABLE
from datasets.messages import Message, joined
from detector.footage import reasons
from detector.footage.files import open_footage
from detector.footage.losses import Tally
from detector.footage.sniff import DEMUXERS, PICTURES
from evidence.case.queue import why_aside
from evidence.case.unpack import BROUGHT, SWEEP_IT
from evidence.link.alignment import CopySpan
from evidence.link.match import reason_of
from evidence.link.pairs import COPY, ON_BOTH, PLACE, SPAN
from evidence.link.sightings import NOTED
from evidence.work.ledger import WAITING

SPANS = [
    CopySpan(Fraction(n), Fraction(n + 5), Fraction(1, 2), (1, 0, 1, 0), 3, 0.9) for n in range(7)
]
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
        joined([PLACE.fill(around=12, on=8), ON_BOTH.fill(texts="25, 40")], "; "),
        SPAN.fill(gap="0.5"),
        COPY.fill(looks=3, first="1.5", footage="12345678"),
        lost(),
        lost(reasons.FURTHER_PAGE),
        lost(reasons.CLIP_BEHIND),
        lost(reasons.FURTHER_STREAM),
        lost(reasons.FITTED),
        lost(reasons.OUT_OF_ORDER),
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
def test_no_word_of_english_is_left(code, text):
    told = translated(text, code)
    assert translated(text, "en") == text and not re.search("[A-Za-z]", told), told
    # Every figure is there, and as it is written there.
    figures = sorted(re.findall(r"[0-9][0-9:]*", text))
    assert sorted(re.findall(r"[0-9][0-9:]*", told)) == figures
    assert not re.search(r"[0-9]\.[0-9]", told)


def test_what_people_wrote_or_the_decoder_said_is_left_as_it_is():
    note = "mirrored, of another size; 100 % sure"
    text = NOTED.fill(author="Анна К.", day="2024-01-01", note=note)
    assert translated(text, "uk").endswith(f"Анна К., 2024-01-01: {note}")
    assert (
        translated(reasons.LOST.fill(what="Invalid data", times=3), "ru") == "Invalid data (раз: 3)"
    )
    assert translated("of an earlier version", "uk") == "of an earlier version"


def refusal(content: bytes, folder: Path) -> str:
    """Why a file called `цех: 1, 2.mp4` with that content is not looked at."""
    path = folder / "цех: 1, 2.mp4"
    path.write_bytes(content)
    with pytest.raises(FootageError) as refused:
        open_footage(path)
    assert isinstance(refused.value.message, Message)
    return refused.value.message.replaced(str(folder), "")


@pytest.mark.parametrize("code", ["uk", "ru"])
@pytest.mark.parametrize(
    "content",
    [b"", b"a text, not footage", b"<html>", b"MZ", b"\x00\xff" * 999, b"\x00\x00\x00\x01\x67"],
)
def test_why_footage_cannot_be_looked_at(tmp_path, code, content):
    text = refusal(content, tmp_path)
    told = translated(text, code)
    assert translated(text, "en") == text and told.startswith("/цех: 1, 2.mp4: ")
    kinds = re.escape(", ".join((*DEMUXERS, *PICTURES)))  # which are names in any language
    assert not re.search("[a-z]{2}", re.sub(kinds, "", told).removeprefix("/цех: 1, 2.mp4"))


def test_what_an_error_is_put_together_of_is_told_in_parts():
    unread = UNREADABLE.fill(why="Permission denied")
    missing = Message("%(path)s: %(what)s; check the path", path="/a; b.mp4", what=unread)
    told = "/a; b.mp4: не удаётся прочитать (Permission denied); проверьте путь"
    assert translated(missing, "ru") == told
    assert translated(WAITING.fill(what=missing), "ru") == f"{told}; ожидание"
    assert translated(why_aside("a.mp4", None), "uk") == "a.mp4: причину не збережено"
    brought = why_aside("/a.mp4", joined([BROUGHT, SWEEP_IT], "; "))
    told = "/a.mp4: файл прийшов із пакетом і лежить поза справою; перегляньте (sweep) теку, у якій"
    assert translated(brought, "uk") == f"{told} він лежить"


def test_each_kind_that_the_archivist_is_told_of_has_its_words():
    page = (Path(__file__).parents[3] / "docs/serving.md").read_text("utf-8")
    table = page.partition("## What is set aside\n\n")[2].partition("\n\n")[0]
    kinds = re.findall(r"`([a-z-]+)`", " ".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE)))
    told = (Path(api.web.__file__).parent / "templates/aside.html").read_text("utf-8")
    assert len(kinds) > 10 and sorted(re.findall(r'"([a-z-]+)": _', told)) == sorted(kinds)
