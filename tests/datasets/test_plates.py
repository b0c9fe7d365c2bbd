"""The words of plates and the places they name: packaged ones are sound, wrong ones reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasets.errors import RegistryError
from datasets.letters import fold
from datasets.plates import load_places, load_plate_words, read_places, read_plate_words
from datasets.registry import DATA, load_registry


def write(folder: Path, text: str) -> Path:
    path = folder / "file.yaml"
    path.write_text(text, "utf-8")
    return path


def test_places_are_found_by_either_name() -> None:
    towns = {place.han: place for place in load_places()["CN"]}
    assert towns["滕州"].latin == "TENGZHOU" and not towns["滕州"].region
    assert towns["山东"].region


def test_han_is_kept_as_it_folds() -> None:
    """Readings are folded before they are compared, so an unfolded name would never be found."""
    names = [p.han for places in load_places().values() for p in places if p.han]
    assert [name for name in names if fold(name) != name] == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("CN: {regions: [山东 SHANDONG], cities: [滕州]}", "no place"),
        ("CN: {regions: [山东 Shandong]}", "no place"),
        ("CN: {regions: [SHANDONG SHANDONG]}", "no place"),
        ("CN: {regions: [_ _]}", "no place"),
        ("CN: {regions: []}", "regions"),
        ("XX: {regions: [山东 SHANDONG]}", "not a country code"),
        ("CN: {regions: [安阳 ANYANG]}\nKR: {regions: [_ ANYANG]}", "listed for CN and for KR"),
        ("- 山东 SHANDONG", "expected named lists"),
    ],
    ids=["no-latin", "lower-case", "no-han", "nothing", "no-regions", "code", "two", "list"],
)
def test_a_wrong_place_is_told_with_its_file(tmp_path: Path, text: str, wrong: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(RegistryError, match=wrong) as caught:
        read_places(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("sellers:", "shops:", "shops"),
        ("made_in:\n  verbs:\n    en:", "made_in:\n  verbs:\n    xx:", "no verb in that language"),
        ("traditional: 機", "traditional: 数", "character by character"),
        ("part_makers: [", "part_makers: ['', ", "empty"),
    ],
    ids=["field", "language", "telling", "empty"],
)
def test_wrong_words_are_told_with_their_file(
    tmp_path: Path, old: str, new: str, wrong: str
) -> None:
    packaged = (DATA / "plates.yaml").read_text("utf-8")
    assert packaged.count(old) == 1
    path = write(tmp_path, packaged.replace(old, new))
    with pytest.raises(RegistryError, match=wrong) as caught:
        read_plate_words(path)
    assert str(path) in str(caught.value)


def test_every_country_of_the_registry_is_known_on_a_plate() -> None:
    """A plate that names another country takes a Chinese builder away: it must be understood."""
    countries = {code for entry in load_registry() for code in (entry.origin, *entry.production)}
    assert countries - load_plate_words().made_in.countries.keys() == set()


def test_the_packaged_words_load() -> None:
    assert "机床" in load_plate_words().machine_tools.han
