"""Pages: a template and what it shows, in the reader's language.

English is written where it is used, marked by `_`; the others stand in `locale/LANGUAGE/*.po`.
Scripts use the same catalogues: a page brings what its scripts say, translated, as data.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import xlsxwriter
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import ChoiceLoader, Environment, PackageLoader
from jinja2.utils import htmlsafe_json_dumps

from datasets.messages import Message, translate
from datasets.places import country_name
from evidence.browse.shapes import Page
from evidence.clip.report import environment_of, weigh
from evidence.clip.tables import chance, clock, printable, write_csv

LANGUAGES = {"en": "English", "uk": "Українська", "ru": "Русский"}
"""What the pages can be read in, by the name each calls itself."""
COOKIE = "language"
T = TypeVar("T")
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


STATIC = Path(__file__).parent / "static"


@cache
def _environment(code: str) -> Environment:
    packages = [PackageLoader(name, "templates") for name in ("api.web", "evidence")]
    made = environment_of(loader=ChoiceLoader(packages), extensions=["jinja2.ext.i18n"])
    made.install_gettext_translations(catalogue(code), newstyle=True)  # type: ignore[attr-defined]
    made.filters |= {
        "chance": lambda probability: _decimal(chance(probability), code),
        "clock": clock,
        "decimal": lambda figure: _decimal(figure, code),
        "json": partial(htmlsafe_json_dumps, ensure_ascii=False),
        "printable": printable,
        "translated": lambda text: printable(translated(text, code)),
        "weigh": weigh,
    }
    made.globals |= {"static": static, "languages": LANGUAGES}
    return made


def page(request: Request, template: str, *, status: int = 200, **shown: Any) -> HTMLResponse:
    """A page.
    template: its name under `templates/`.
    shown: what the template uses; `scripts`, names under `static/`, are loaded by it, and
        the words they say come with it.
    """
    html = render(request, template, **shown)
    # A path in a case need not be Unicode.
    content = html.encode("utf-8", "backslashreplace")
    return HTMLResponse(content, status, {"Vary": "Cookie, Accept-Language"})


def render(request: Request, template: str, **shown: Any) -> str:
    """A page's HTML; arguments as of `page`."""
    code = language(request)
    scripts: tuple[str, ...] = shown.pop("scripts", ())
    common = {
        "language": code,
        "code": code,
        "country": country,
        "person": getattr(request.state, "person", None),
        "case": request.app.state.site.case,
        "path": request.url.path,
        "scripts": scripts,
        "words": said_by(("common.js", *scripts), code),
    }
    return _environment(code).get_template(template).render(**common, **shown)


@cache
def static(name: str) -> str:
    """The address of a file under `static/`; it changes with the files, so it may be kept for ever.
    Raises FileNotFoundError: there is none.
    """
    if not (STATIC / name).is_file():
        raise FileNotFoundError(name)
    return f"{static_root()}/{name}"


@cache
def static_root() -> str:
    """Where `static/` is served. The digest of all its files stands in the path, so that a script
    that imports `./common.js` gets the very module that the page has loaded."""
    whole = hashlib.sha256()
    for file in sorted(STATIC.rglob("*.*")):
        whole.update(f"{file.relative_to(STATIC)}\n".encode() + file.read_bytes())
    return f"/static/{whole.hexdigest()[:12]}"


def attachment(name: str) -> dict[str, str]:
    """The header of a download under a name. Other letters than ASCII's stand in a second,
    quoted name (RFC 6266), which browsers prefer."""
    plain = name.encode("ascii", "replace").decode("ascii").replace("?", "_")
    quoted = "" if plain == name else f"; filename*=UTF-8''{quote(name)}"
    return {"Content-Disposition": f'attachment; filename="{plain}"{quoted}'}


def name_file(kind: str, about: str, sha256: str) -> str:
    """What a download is called, without suffix: what it is, of what, and 12 digits of the hash.
    >>> name_file("still", "tour, 2023.mp4", "0451d341f0b549")
    'still-tour-2023-0451d341f0b5'
    """
    words = re.sub(r"[^\w.-]+", "-", re.sub(r"\.\w{2,4}$", "", about))[:60].strip("-.")
    # What was uploaded lies under its hash.
    words = "" if words.startswith(sha256[:12]) else words
    return "-".join(filter(None, (kind, words, sha256[:12])))


def download(content: bytes | str, kind: str, name: str) -> Response:
    """A file under a name."""
    return Response(content, media_type=kind, headers=attachment(name))


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TableKind = Literal["csv", "xlsx"]


def table_file(
    name: str,
    kind: TableKind,
    columns: Mapping[str, Callable[[T], object]],
    read: Callable[[str | None], Page[T]],
) -> Response:
    """A table for a spreadsheet, as a download; no cell runs as a formula.
    columns: what each shows of an item. read: the part of the list behind a cursor.
    """
    parts = [read(None)]
    while after := parts[-1].next:
        parts.append(read(after))
    rows = [[show(one) for show in columns.values()] for part in parts for one in part.items]
    if kind == "csv":
        content = b"\xef\xbb\xbf" + write_csv(columns, rows).encode("utf-8", "backslashreplace")
        return download(content, "text/csv; charset=utf-8", f"{name}.csv")
    out = io.BytesIO()
    # Text stays text: no formula, no link.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet(name[:31])
        sheet.freeze_panes(1, 0)
        for number, line in enumerate([list[object](columns), *rows]):
            shown = [printable(cell) if isinstance(cell, str) else cell for cell in line]
            sheet.write_row(number, 0, shown)
        sheet.autofit()
    return download(out.getvalue(), XLSX, f"{name}.xlsx")


def _decimal(figure: str, code: str) -> str:
    """A figure with the sign between whole and part that the language has."""
    return figure if code == "en" else figure.replace(".", ",")


def country(code: str | None, language: str) -> str:
    """The name of a country, or its code where there is none; empty for None.
    >>> country("DE", "uk")
    'Німеччина'
    """
    return "" if code is None else country_name(code, language)


_ALPHABET = "абвгґдеєёжзиіїйклмнопрстуфхцчшщъыьэюя"
"""Of Ukrainian and Russian together; by their code points Є, І and Ї would stand before А."""


def by_name(codes: Iterable[str], code: str) -> list[str]:
    """Countries as the reader looks for them: by their names, in the alphabet's order.
    >>> by_name(["DE", "IT", "CH", "AT"], "uk")
    ['AT', 'IT', 'DE', 'CH']
    """
    order = {ord(letter): chr(0x430 + place) for place, letter in enumerate(_ALPHABET)}
    order[ord("ʼ")] = ""  # as in В'єтнам
    return sorted(codes, key=lambda one: country(one, code).casefold().translate(order))
