"""The registry: every builder, rebadger and control with a known mark.

    >>> registry = load_registry()
    >>> registry.get("mazak").origin
    'JP'

The packaged data stands in datasets/data/. A user's own files add entries, or replace those of the
same id. The weak cues of an entry stay known.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic import VERSION as pydantic_version
from pydantic import ValidationError

from datasets.cache import cache_key, load_or_make, sources_of
from datasets.entry import OUTSIDE, Entry, WeakCues
from datasets.errors import RegistryError
from datasets.letters import letters, words
from datasets.yamlfile import complain, read_lists, read_yaml

DATA = Path(__file__).parent / "data"


def id_of_label(label: str, ids: Container[object]) -> str:
    """The id that a label stands for: `x-acme` is acme as soon as that is among the ids.

    >>> id_of_label("x-acme", {"acme"}), id_of_label("x-acme", {"mazak"})
    ('acme', 'x-acme')
    """
    id = label.removeprefix(OUTSIDE)
    return id if id in ids else label


class Registry:
    """Entries by id, in the order of their files.

    plants: how each known plant is written, the name to print first.
    digest: SHA-256 over every field of every entry; file and order make no difference.
    """

    def __init__(self, entries: Iterable[Entry], plants: Iterable[Sequence[str]] = ()) -> None:
        self.plants = tuple(map(tuple, plants))
        self._entries = {entry.id: entry for entry in entries}
        values = [self._entries[id].as_json() for id in sorted(self._entries)]
        text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self.digest = hashlib.sha256(text.encode()).hexdigest()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, id: object) -> bool:
        return id in self._entries

    def get(self, id: str) -> Entry:
        """The entry of that id. Raises RegistryError: there is none; the message gives the nearest
        ids."""
        try:
            return self._entries[id]
        except KeyError:
            near = get_close_matches(id, self._entries, 3)
            hint = f"; near it: {', '.join(near)}" if near else ""
            raise RegistryError(f"no entry {id!r} in the registry{hint}") from None

    @property
    def builders(self) -> tuple[Entry, ...]:
        """Entries whose mark a machine bears as its own: builders and rebadgers."""
        return tuple(entry for entry in self if entry.type != "control")

    @cached_property
    def sellers(self) -> frozenset[str]:
        """Ids of rebadgers, who put their badge on what others build."""
        return frozenset(entry.id for entry in self if entry.type == "rebadger")

    def name(self, id: str) -> str:
        """The name of the entry of that id; the id itself where there is none."""
        return self._entries[id].name if id in self else id

    @property
    def controls(self) -> tuple[Entry, ...]:
        """Makers of controls; a control is never the builder."""
        return tuple(entry for entry in self if entry.type == "control")

    def search(self, word: str) -> tuple[Entry, ...]:
        """Entries with the word in their id, name, marks or series, however it is spelt. Case,
        accents, spaces and look-alike letters of other scripts make no difference."""
        wanted, joined = " ".join(words(word)), letters(word)

        def found(text: str) -> bool:
            return bool(joined) and (wanted in text or joined in text.replace(" ", ""))

        return tuple(entry for entry in self if found(entry.search_text))

    def extended(self, *paths: Path) -> Registry:
        """This registry with the entries of the files added.

        The same id replaces an entry. Weak cues stay where the new entry names none.

        Raises RegistryError: a file is wrong, or names a maker that no entry is; the message names
        file, entry and field.
        """
        entries = dict(self._entries)
        files = [(path, read_entries(path)) for path in paths]
        for _, own in files:
            entries |= {entry.id: _with_weak_cues(entry, entries.get(entry.id)) for entry in own}
        for path, own in files:
            _check_makers(path, own, entries)
        return Registry(entries.values(), self.plants)


def read_entries(path: Path, weak: Mapping[str, object] | None = None) -> tuple[Entry, ...]:
    """The checked entries of one file; `weak` holds weak cues by id, kept beside it. Raises
    RegistryError: with every fault of every entry, a line each."""
    raw = read_yaml(path)
    if not isinstance(raw, list) or not raw:
        raise RegistryError(f"{path}: expected a list of entries, each beginning '- id: ...'")
    entries: dict[str, Entry] = {}
    faults: list[str] = []
    for number, item in enumerate(raw, 1):
        try:
            entry = _entry(path, number, item, weak or {})
            if entry.id in entries:
                raise RegistryError(f"{path}: entry {entry.id}: id: listed twice in this file")
            entries[entry.id] = entry
        except RegistryError as error:
            faults.append(str(error))
    if faults:
        raise RegistryError("\n".join(faults))
    return tuple(entries.values())


def _entry(path: Path, number: int, item: object, weak: Mapping[str, object]) -> Entry:
    if not isinstance(item, dict):
        raise RegistryError(f"{path}: entry {number}: expected fields, got {item!r}")
    id = str(item["id"]) if isinstance(item.get("id"), str) else ""
    name = f"entry {id or number}"
    more = {"weak": weak[id]} if id in weak else {}
    if item.get("logo") is not None:
        more["logo"] = _logo(path, name, item["logo"])
    try:
        return Entry.model_validate(item | more)
    except ValidationError as error:
        raise complain(path, name, error) from error


def _logo(path: Path, name: str, said: object) -> str:
    """The picture that an entry names by its path from the file, in Base64."""
    # Rarely is there one, and what reads pictures takes long to load.
    from datasets.logos import read_logo

    if not isinstance(said, str) or not said.strip():
        raise RegistryError(f"{path}: {name}: logo: expected the path of a picture, got {said!r}")
    try:
        picture = path.parent / said
        if not Path(os.path.realpath(picture)).is_relative_to(os.path.realpath(path.parent)):
            raise ValueError(
                f"{picture}: leads out of the folder of the registry file; put the picture into it"
            )
        return base64.b64encode(read_logo(picture)).decode("ascii")
    except ValueError as error:
        raise RegistryError(f"{path}: {name}: logo: {error}") from error


def _with_weak_cues(entry: Entry, before: Entry | None) -> Entry:
    """An entry with the weak cues of the one that it replaces, unless it has its own.

    They stand in a file of their own. Whoever copies an entry to add a series would lose them, and
    NEWAY would name a Chinese builder alone.
    """
    if before is None:
        return entry
    said = {name: getattr(entry.weak, name) for name in entry.weak.model_fields_set}
    series = tuple(text for text in before.weak.series if text not in entry.series)
    values = {"series": series, "too_short": before.weak.too_short} | said
    marks = (mark.text for mark in entry.wordmarks)
    texts = dict.fromkeys([*marks, *entry.series, *values["series"]])
    # However it is spelt now: Neway is as weak as NEWAY.
    second = tuple(
        text
        for known in map(letters, before.weak.needs_second_cue)
        for text in texts
        if letters(text) == known
    )
    weak = WeakCues.model_validate({"needs_second_cue": second} | values)
    return entry.model_copy(update={"weak": weak})


def _check_makers(path: Path, entries: Iterable[Entry], known: Container[str]) -> None:
    for entry in entries:
        for number, maker in enumerate(entry.makers):
            if maker.builder is not None and maker.builder not in known:
                raise RegistryError(
                    f"{path}: entry {entry.id}: makers[{number}].builder: no entry "
                    f"{maker.builder!r}; add one, or give the firm's name as `name`"
                )


def read_folder(folder: Path) -> Registry:
    """The registry kept in a folder as builders.yaml, weak_cues.yaml and plants.yaml. Raises
    RegistryError: a file is wrong, or there are weak cues or makers of an unknown id."""
    weak = read_lists(folder / "weak_cues.yaml")
    entries = read_entries(folder / "builders.yaml", weak)
    for id in weak.keys() - {entry.id for entry in entries}:
        raise RegistryError(f"{folder / 'weak_cues.yaml'}: {id}: weak cues for an unknown id")
    _check_makers(folder / "builders.yaml", entries, {entry.id for entry in entries})
    plants: Any = read_yaml(folder / "plants.yaml")
    return Registry(entries, ((p["name"], p["name_ru"], *p.get("also", ())) for p in plants))


@cache
def _packaged() -> Registry:
    key = cache_key(pydantic_version, sources_of(DATA.parent, "*.py", "data/*.yaml"))
    return load_or_make("registry", key, lambda: read_folder(DATA))


def load_registry(*extra: Path) -> Registry:
    """The packaged registry, with the entries of the user's own files added or replaced.

    Raises RegistryError: a file is wrong; the message names file, entry and field.

    >>> [entry.id for entry in load_registry().search("станкомаш")]
    ['smk-tver', 'smstroi-penza']
    """
    return _packaged().extended(*extra) if extra else _packaged()
