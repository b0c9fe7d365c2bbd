"""What an answer says is English text, and knows what it was made of."""

from __future__ import annotations

import copy
import json
import pickle
from gettext import NullTranslations

import pytest

from evidence.answer.told import Told, by_locale, say_in


class Backwards(NullTranslations):
    """A language in which every word stands the wrong way round, but for what is filled in."""

    def gettext(self, message: str) -> str:
        return " ".join(reversed(message.split(" ")))

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


TOLD = Told("because %(why)s", why=[Told("%(num)s waits", "%(num)s wait", num=2), Told("100 %%")])


def test_it_is_plain_text() -> None:
    assert TOLD == "because 2 wait; 100 %"
    assert json.dumps([TOLD]) == '["because 2 wait; 100 %"]'


@pytest.mark.parametrize("way", [copy.deepcopy, lambda told: pickle.loads(pickle.dumps(told))])
def test_it_stays_what_it_is(way: object) -> None:
    again = way(TOLD)  # type: ignore[operator]
    assert again == TOLD and again.values == TOLD.values and again.one == TOLD.one


def test_it_is_said_in_another_language() -> None:
    assert say_in(TOLD, "uk", Backwards()) == "wait 2; % 100 because"
    assert say_in("plain", "uk", Backwards()) == "plain"
    assert say_in(TOLD, "en", Backwards()) == TOLD


def test_countries_and_shares_are_spelt_as_the_language_does() -> None:
    assert by_locale("<0.1 %", "uk") == "<0,1 %" and by_locale(">99 %", "uk") == ">99 %"
    told = Told("%(share)s in %(country)s", share="4.5 %", country="DE")
    assert told == "4.5 % in Germany"
    assert say_in(told, "uk", NullTranslations()) == "4,5 % in Німеччина"
