"""The words of the pages in the reader's language, from message catalogues.

English is written where it is used, marked by `_`; the others stand in `locale/LANGUAGE/*.po`.
Scripts use the same catalogues: a page brings what its scripts say, translated, as data.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from fastapi import Request

from datasets.sentences import Sentence

LANGUAGES = {"en": "English", "uk": "Українська", "ru": "Русский"}
"""What the pages can be read in, by the name each calls itself."""

COOKIE = "language"

_IMPORT = re.compile(r'^import\b[^;]*?"\./([\w.-]+\.js)";', re.MULTILINE)


def language(request: Request) -> str:
    """The reader's choice, else what the browser asks for first that we have, else English."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    for asked in request.headers.get("accept-language", "").split(","):
        if (code := asked.split(";")[0].strip()[:2].lower()) in LANGUAGES:
            return code
    return "en"


@cache
def catalogue(code: str) -> NullTranslations:
    """All messages of a language."""
    if code == "en":
        return NullTranslations()
    whole = Catalog(locale=code)
    for file in sorted(files("api.web").joinpath("locale", code).iterdir(), key=lambda f: f.name):
        for message in read_po(io.BytesIO(file.read_bytes()), locale=code):
            if message.id:
                whole.add(message.id, message.string, context=message.context)
    compiled = io.BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return GNUTranslations(compiled)


ERRORS = "errors.po"
"""The catalogue of what errors say, and of what is filled in there."""


@cache
def errors(code: str) -> dict[Sentence, str]:
    """What errors say, English to a language, by the order in which it is to be looked for."""
    if code == "en":
        return {}
    file = files("api.web").joinpath("locale", code, ERRORS)
    said = read_po(io.BytesIO(file.read_bytes()), locale=code)
    return {Sentence(one.id): str(one.string) for one in said if one.id}


@cache
def error_forms(code: str) -> list[tuple[str, str]]:
    """For scripts: regular expressions of what errors say, each with the words for it."""
    return [
        (one.form().replace("(?P<", "(?<").replace("\\ ", " "), words)
        for one, words in errors(code).items()
    ]


def said_by(scripts: Iterable[str], code: str) -> dict[str, str]:
    """What the scripts named, and those they import, say, English to `code`."""
    known = catalogue(code)
    found: dict[str, str] = {}
    waiting, seen = list(scripts), set[str]()
    while waiting:
        if (name := waiting.pop()) not in seen:
            seen.add(name)
            found |= {text: known.gettext(text) for text in _in_script(name)}
            waiting += _imported(name)
    return found


@cache
def _imported(name: str) -> tuple[str, ...]:
    content = files("api.web").joinpath("static", name).read_text("utf-8")
    return tuple(_IMPORT.findall(content))


@cache
def _in_script(name: str) -> tuple[str, ...]:
    content = files("api.web").joinpath("static", name).read_bytes()
    options = {"parse_template_string": True}
    found = extract("javascript", io.BytesIO(content), keywords={"_": None}, options=options)
    return tuple(text for _, text, _, _ in found if isinstance(text, str))
