"""Where an item stands, whatever was said in whatever order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.review.standing import GivenVerdict, Standing, held_by, in_force, independent, stand
from tests.tables import cases


def log(*said: tuple[str, str] | tuple[str, str, int]) -> list[GivenVerdict]:
    """Verdicts in order: author, word (`builder:ID` names one), what is superseded."""
    made = []
    for number, (author, word, *rest) in enumerate(said, 1):
        word, _, builder = word.partition(":")
        tested = builder == "smtcl"
        made.append(
            GivenVerdict(number, author, word, builder or None, rest[0] if rest else None, tested)
        )
    return made


CASES = {what: row for what, *row in cases("standings", "standings")}


@pytest.mark.parametrize(("needs", "said", "stands"), CASES.values(), ids=CASES.keys())
def test_standing(needs, said, stands):
    """Who said what, and what that replaces; then needs, state, given, outcome and builder."""
    each = [one.split() for one in said.split("; ") if one]
    given = log(*((who, word, *map(int, replaced)) for who, word, *replaced in each))
    need, state, number, *outcome = stands.split()
    assert stand(int(needs), given) == Standing(int(need), state, int(number), *outcome)


def test_who_settled_a_disagreement_did_not_judge_alone():
    alone = independent(log(("a", "unknown"), ("b", "not-cnc"), ("c", "unknown")))
    assert [one.author for one in alone] == ["a", "b"]
    fourth = [("a", "unknown"), ("b", "accept:haas"), ("c", "builder:smtcl"), ("d", "unknown")]
    assert [one.author for one in independent(log(*fourth))] == ["a", "b"]


def test_who_doubts_has_seen_what_the_others_said():
    said = [("a", "unknown"), ("b", "doubt"), ("b", "not-cnc"), ("c", "unknown")]
    assert [one.author for one in independent(log(*said))] == ["a"]
    other = [("a", "unknown"), ("b", "doubt"), ("c", "unknown")]
    assert [one.author for one in independent(log(*other))] == ["a", "c"]


WORDS = st.sampled_from(["accept:haas", "builder:smtcl", "unknown", "doubt", "withdrawn"])


@given(st.lists(st.tuples(st.sampled_from("abc"), WORDS), max_size=12), st.sampled_from([1, 2]))
def test_any_log_stands_somewhere_that_makes_sense(said, needs):
    """Each step as a person could take it: who withdraws takes back their own last word."""
    whole: list[GivenVerdict] = []
    for author, word in said:
        held = [one for one in in_force(whole) if one.author == author]
        word, _, builder = word.partition(":")
        if word == "withdrawn" and not held:
            continue
        mine = held_by(whole, author)
        replaced = held[-1] if word == "withdrawn" else None if word == "doubt" else mine
        number = None if replaced is None else replaced.number
        one = GivenVerdict(
            len(whole) + 1, author, word, builder or None, number, builder == "smtcl"
        )
        whole.append(one)
        standing = stand(needs, whole)
        assert (standing.state == "settled") == (standing.outcome is not None)
        assert (standing.state == "open") == (standing.given == 0)
        assert standing.needs >= needs
        assert standing.given == len({g.author for g in in_force(whole) if g.word != "doubt"})
        if standing.state == "settled":
            assert standing.given >= standing.needs
        assert stand(needs, reversed(whole)) == standing
        probable = GivenVerdict(len(whole) + 1, "d", "probable", "smtcl", tested=True)
        held = stand(max(needs, 2), [*whole, probable])
        told = stand(max(needs, 2), whole)
        assert held == (replace(told, state="partial") if told.state == "open" else told)
