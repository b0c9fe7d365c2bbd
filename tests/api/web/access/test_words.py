"""Every text of pages, of messages that a case keeps and of errors is there in every language."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Message as Entry
from babel.messages.extract import extract
from babel.messages.pofile import read_po

import api.web
from api.web.pages import LANGUAGES, said_by, translated
from datasets.errors import FootageError
from datasets.files import UNREADABLE
from datasets.messages import Message, joined
from detector.footage import reasons
from detector.footage.files import open_footage
from detector.footage.losses import Tally
from detector.footage.sniff import DEMUXERS, PICTURES, STARTS
from detector.name.weigh import SIGNS
from evidence.case.unpack import BROUGHT, SWEEP_IT
from evidence.case.work_queue import why_aside
from evidence.link.alignment import CopySpan
from evidence.link.match import reason_of
from evidence.link.sighting_pairs import COPY, ON_BOTH, PLACE, SPAN
from evidence.link.sightings import NOTED
from evidence.work.ledger import WAITING
from tests.api.web.access.routes import all_routes, filled

WEB = Path(__file__).parents[4] / "api" / "web"
OTHERS = [code for code in LANGUAGES if code != "en"]
_KINDS = (
    ("templates", "*.html", "jinja2.ext:babel_extract", {"newstyle_gettext": "true"}),
    ("../../evidence/templates", "*.j2", "jinja2.ext:babel_extract", {"newstyle_gettext": "true"}),
    ("static", "*.js", "javascript", {"parse_template_string": True}),
    (".", "*.py", "python", {}),
    ("../../evidence", "*.py", "python", {}),
    ("../../detector", "*.py", "python", {}),
    ("../../datasets", "*.py", "python", {}),
)
# A `Message` has one template, or one and a plural: what says either is looked for by itself.
_KEYWORDS: tuple[dict[str, tuple[int, ...] | None], ...] = (
    {"_": None, "gettext": None, "ngettext": (1, 2), "Message": (1,), "saying": (1,)},
    {"Message": (1, 2)},
    {"Refusal": (2,)},
)


@cache
def said() -> dict[str, str]:
    """Each text marked by `_` in a template or a script, or a `Message`; by a file with it."""
    found = {}
    for folder, pattern, method, options in _KINDS:
        for file in sorted((WEB / folder).rglob(pattern)):
            for keywords in _KEYWORDS:
                source = io.BytesIO(file.read_bytes())
                for _, text, _, _ in extract(method, source, keywords=keywords, options=options):
                    assert text, f"{file.name}: a text that is put together cannot be translated"
                    texts = (text,) if isinstance(text, str) else text
                    found |= {one: file.name for one in texts if one}
    # What a lead rests on, and what files begin with, stand in tables.
    reasons = (words for features in SIGNS.values() for _, words in features.values())
    headers = (one for kinds in STARTS.values() for one in kinds if isinstance(one, Message))
    return found | dict.fromkeys(reasons, "weigh.py") | dict.fromkeys(headers, "headers.tsv")


def catalogue(code: str) -> Iterator[tuple[str, Entry]]:
    files = sorted((WEB / "locale" / code).glob("*.po"))
    assert files
    for file in files:
        for message in read_po(io.BytesIO(file.read_bytes()), locale=code, abort_invalid=True):
            if message.id:
                yield file.name, message


def filled_in(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)[sd]|\{\w+\}", text))


def ids(message: Entry) -> tuple[str, ...]:
    return message.id if isinstance(message.id, tuple) else (message.id,)


def strings(message: Entry) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, tuple) else (message.string,)


@pytest.mark.parametrize("code", OTHERS)
def test_everything_that_is_said_is_translated(code):
    known = {one for _, message in catalogue(code) if all(strings(message)) for one in ids(message)}
    assert said() and {text: file for text, file in said().items() if text not in known} == {}


@pytest.mark.parametrize("code", OTHERS)
def test_nothing_is_translated_that_nobody_says(code):
    unsaid = [
        (file, message.id)
        for file, message in catalogue(code)
        if not set(ids(message)) & set(said())
    ]
    assert unsaid == []


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_fills_in_the_same(code):
    wrong = [
        (file, string)
        for file, message in catalogue(code)
        for string in strings(message)
        if filled_in(string) != filled_in(ids(message)[-1])
    ]
    assert wrong == []


def test_a_percent_sign_in_a_template_is_doubled():
    """A template fills in whatever follows one; where nothing can, the page fails."""
    lone = re.compile(r"%(?!%|\(\w+\)[sd])")
    texts = {text: file for text, file in said().items() if file.endswith(".html")}
    wrong = {text: file for text, file in texts.items() if lone.search(text.replace("%%", ""))}
    assert texts and wrong == {}


@pytest.mark.parametrize("code", OTHERS)
def test_one_text_has_one_translation(code):
    known: dict[str, tuple[str, ...]] = {}
    two = [
        (file, message.id)
        for file, message in catalogue(code)
        if known.setdefault(ids(message)[0], strings(message)) != strings(message)
    ]
    assert two == []


@pytest.mark.parametrize("code", OTHERS)
def test_no_translation_is_left_in_doubt(code):
    assert [(file, message.id) for file, message in catalogue(code) if message.fuzzy] == []


@pytest.mark.parametrize("code", OTHERS)
def test_each_page_brings_what_its_scripts_say(team, asking, fill, code):
    """A template's own variables take the place of what every page is given."""
    fill(team.site)
    cookie = team.cookie("admin")["Cookie"] + f"; language={code}"
    known = said_by(("common.js",), code)
    lacking = []
    for route in all_routes():
        if route.is_page:
            body = asking("GET", filled(team.site, route.path), {"Cookie": cookie}).body.decode()
            # Whoever has logged in is led on from the login.
            for words in re.findall(r'id="words">(.*?)</script>', body):
                lacking += [str(route)] if known.items() - json.loads(words).items() else []
    assert lacking == []


@pytest.mark.parametrize("code", OTHERS)
def test_only_people_confirm(code):
    """The word stands for what people settled, never for what the program holds."""
    wrong = [
        (file, said)
        for file, message in catalogue(code)
        for said in strings(message)
        if re.search("підтверд|подтверд", said.casefold())
        and not any("confirm" in one.casefold() for one in ids(message))
    ]
    assert not wrong


@pytest.mark.parametrize("code", OTHERS)
def test_to_skip_is_called_otherwise_than_to_miss(code):
    known = {message.id: str(message.string) for _, message in catalogue(code)}
    assert known["Skip"][:5] != known["Machine missed"][:5]


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
    page = (Path(__file__).parents[4] / "docs/serving.md").read_text("utf-8")
    table = page.partition("## What is set aside\n\n")[2].partition("\n\n")[0]
    kinds = re.findall(r"`([a-z-]+)`", " ".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE)))
    told = (Path(api.web.__file__).parent / "templates/aside.html").read_text("utf-8")
    assert len(kinds) > 10 and sorted(re.findall(r'"([a-z-]+)": _', told)) == sorted(kinds)
