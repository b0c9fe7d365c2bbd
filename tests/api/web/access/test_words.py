"""Every text of the pages is there in every language, with the same things filled in."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from api.web.pages import LANGUAGES, said_by
from detector.name.weigh import SIGNS
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
    # What a lead rests on stands in a table, with the sign of each coefficient.
    reasons = (words for features in SIGNS.values() for _, words in features.values())
    return found | dict.fromkeys(reasons, "weigh.py")


def catalogue(code: str) -> Iterator[tuple[str, Message]]:
    files = sorted((WEB / "locale" / code).glob("*.po"))
    assert files
    for file in files:
        for message in read_po(io.BytesIO(file.read_bytes()), locale=code, abort_invalid=True):
            if message.id:
                yield file.name, message


def filled_in(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)[sd]|\{\w+\}", text))


def ids(message: Message) -> tuple[str, ...]:
    return message.id if isinstance(message.id, tuple) else (message.id,)


def strings(message: Message) -> tuple[str, ...]:
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
