"""A message is English text, and knows what it was made of."""

from __future__ import annotations

import copy
import json
import pickle
from gettext import NullTranslations

import pytest

from datasets.messages import Message, decode, encode, joined, translate, write_figure


class Backwards(NullTranslations):
    """A language in which every word stands the wrong way round, except what is filled in."""

    def gettext(self, message: str) -> str:
        return " ".join(reversed(message.split(" ")))

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


WHY = Message(
    "because %(why)s", why=[Message("%(num)s waits", "%(num)s wait", num=2), Message("100 %%")]
)


def test_it_is_plain_text():
    assert WHY == "because 2 wait; 100 %"
    assert json.dumps([WHY]) == '["because 2 wait; 100 %"]'


@pytest.mark.parametrize("way", [copy.deepcopy, lambda said: pickle.loads(pickle.dumps(said))])
def test_it_stays_what_it_is(way):
    again = way(WHY)  # type: ignore[operator]
    assert again == WHY and again.values == WHY.values and again.template == WHY.template


def test_it_is_said_in_another_language():
    assert translate(WHY, "uk", Backwards()) == "wait 2; % 100 because"
    assert translate("plain", "uk", Backwards()) == "plain"
    assert translate(WHY, "en", Backwards()) == WHY


def test_countries_and_shares_are_spelt_as_the_language_does():
    assert write_figure("<0.1 %", "uk") == "<0,1 %" and write_figure(">99 %", "uk") == ">99 %"
    said = Message("%(share)s in %(country)s", share="4.5 %", country="DE")
    assert said == "4.5 % in Germany"
    assert translate(said, "uk", NullTranslations()) == "4,5 % in Німеччина"


def test_it_is_kept_as_plain_data():
    again = decode(json.loads(json.dumps(encode(WHY))))
    assert again == WHY and translate(again, "uk", Backwards()) == "wait 2; % 100 because"
    assert encode("plain") == decode("plain") == "plain"


@pytest.mark.parametrize("data", [3, {}, {"template": 1, "values": {}}, {"template": "a"}, [1]])
def test_what_is_no_message_is_refused(data):
    with pytest.raises(ValueError, match="no message"):
        decode(data)


@pytest.mark.parametrize("template", ["%(a)999999999s", "%s %d", "%(b)s", "100 %", "%(a"])
def test_a_template_from_anybody_fills_in_nothing_else(template):
    assert decode({"template": template, "values": {"a": "1"}}) == template


def test_its_parameters_can_be_renamed():
    found = Message("%(path)s: %(what)s", path="/a/b", what=Message("no %(path)s", path="/a/b"))
    assert found.replaced("/a/", "") == "b: no b"
    assert joined([found, "c"], "; ") == "/a/b: no /a/b; c"
