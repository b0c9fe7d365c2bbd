"""The packaged words of plates, and the places they name, are sound."""

from __future__ import annotations

from collections import defaultdict

import pytest

from datasets.letters import fold, letters, script_of, words
from datasets.places import COUNTRIES
from datasets.plates import load_places, load_plate_words
from datasets.registry import load_registry
from tests.tables import cases


def test_places_are_found_by_either_name():
    towns = {place.han: place for place in load_places()["CN"]}
    assert towns["滕州"].latin == "TENGZHOU" and not towns["滕州"].region
    assert towns["山东"].region


def test_each_place_has_names_as_readings_are_folded():
    """Readings are folded before they are compared, so an unfolded name would never be found."""
    countries: dict[str, set[str]] = defaultdict(set)
    for code, places in load_places().items():
        assert code in COUNTRIES and places
        for place in places:
            assert place.han or place.latin
            for letter in place.han or "":
                assert script_of(letter) == "han"
            latin = (place.latin or "A").replace(" ", "")
            assert latin.isascii() and latin.isalpha() and latin.isupper()
            for name in filter(None, (place.han, place.latin)):
                assert fold(name) == name
                countries[name].add(code)
    assert {name: codes for name, codes in countries.items() if len(codes) > 1} == {}


def test_every_country_of_the_registry_is_known_on_a_plate():
    """A plate that names another country takes a Chinese builder away: it must be understood."""
    countries = {code for entry in load_registry() for code in (entry.origin, *entry.production)}
    assert countries - load_plate_words().made_in.countries.keys() == set()


def test_each_language_that_names_a_country_has_a_verb():
    made_in = load_plate_words().made_in
    spoken = {*made_in.verbs, *made_in.verbs_before, *made_in.verbs_after}
    for names in (*made_in.countries.values(), made_in.soviet):
        assert names.keys() <= spoken


def test_forms_that_tell_scripts_apart_are_pairs():
    telling = load_plate_words().telling
    assert letters(telling.simplified) == letters(telling.traditional)
    assert "机床" in load_plate_words().machine_tools.han


@pytest.mark.parametrize(("text", "folded"), cases("letters", "fold"))
def test_look_alikes_fold_together(text, folded):
    assert fold(text) == folded


def test_words_and_letters():
    assert words("S&T Dynamics, 云南CY") == ["S", "&", "T", "DYNAMICS", "云南", "CY"]
    assert letters("O-M LTD.") == "OMLTD"
