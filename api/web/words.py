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
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from fastapi import Request

from datasets.messages import Message, translate

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


def translated(text: str, code: str) -> str:
    """A message in a language. Of any other text only the figures change."""
    return translate(text, code, catalogue(code))


def with_translations(data: Any, code: str) -> Any:
    """Plain data, with `NAME_text`, in the reader's language, beside each message `NAME`."""
    if isinstance(data, list):
        return [with_translations(one, code) for one in data]
    if not isinstance(data, dict) or code == "en":
        return data
    made = {name: with_translations(value, code) for name, value in data.items()}
    messages = {name: value for name, value in data.items() if isinstance(value, Message)}
    return made | {f"{name}_text": translated(text, code) for name, text in messages.items()}


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
