"""Where an item stands, whatever was said in whatever order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.review.standing import GivenVerdict, Standing, held_by, in_force, independent, stand


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


CASES = {
    "nothing said": (1, [], Standing(1)),
    "one is enough": (1, [("a", "unknown")], Standing(1, "settled", 1, "unknown")),
    "a claim needs two": (2, [("a", "accept:haas")], Standing(2, "partial", 1)),
    "two agree": (
        2,
        [("a", "accept:haas"), ("b", "builder:haas")],
        Standing(2, "settled", 2, "builder", "haas"),
    ),
    "two accept": (
        2,
        [("a", "accept:haas"), ("b", "accept:haas")],
        Standing(2, "settled", 2, "accept", "haas"),
    ),
    "two disagree": (2, [("a", "accept:haas"), ("b", "unknown")], Standing(2, "disputed", 2)),
    "a third settles": (
        2,
        [("a", "accept:haas"), ("b", "unknown"), ("c", "unknown")],
        Standing(2, "settled", 3, "unknown"),
    ),
    "a third may differ from both": (
        2,
        [("a", "accept:haas"), ("b", "unknown"), ("c", "not-cnc")],
        Standing(2, "settled", 3, "not-cnc"),
    ),
    "a third alone confirms no builder from a tested origin": (
        1,
        [("a", "unknown"), ("b", "doubt"), ("b", "builder:haas"), ("c", "builder:smtcl")],
        Standing(2, "disputed", 3),
    ),
    "a fourth who says the same does": (
        2,
        [("a", "unknown"), ("b", "accept:haas"), ("c", "builder:smtcl"), ("d", "builder:smtcl")],
        Standing(2, "settled", 4, "builder", "smtcl"),
    ),
    "a fourth may settle it otherwise": (
        2,
        [("a", "unknown"), ("b", "accept:haas"), ("c", "builder:smtcl"), ("d", "unknown")],
        Standing(2, "settled", 4, "unknown"),
    ),
    "a third confirms what another said": (
        2,
        [("a", "builder:smtcl"), ("b", "unknown"), ("c", "builder:smtcl")],
        Standing(2, "settled", 3, "builder", "smtcl"),
    ),
    "nor does a third alone accept a plate that claims it": (
        2,
        [("a", "unknown"), ("b", "builder:haas"), ("c", "accept")],
        Standing(2, "disputed", 3),
    ),
    "another builder is another answer": (
        2,
        [("a", "builder:haas"), ("b", "builder:mazak")],
        Standing(2, "disputed", 2),
    ),
    "a tested origin raises what is needed": (
        1,
        [("a", "builder:smtcl")],
        Standing(2, "partial", 1),
    ),
    "withdrawn": (1, [("a", "unknown"), ("a", "withdrawn", 1)], Standing(1, "open", 0)),
    "withdrawn and given again": (
        1,
        [("a", "unknown"), ("a", "withdrawn", 1), ("a", "concealed")],
        Standing(1, "settled", 1, "concealed"),
    ),
    "superseded": (
        1,
        [("a", "builder:smtcl"), ("a", "unknown", 1)],
        Standing(1, "settled", 1, "unknown"),
    ),
    "who settles keeps that place": (
        2,
        [("a", "unknown"), ("b", "not-cnc"), ("c", "concealed"), ("a", "not-a-machine", 1)],
        Standing(2, "settled", 3, "concealed"),
    ),
    "doubted": (1, [("a", "unknown"), ("b", "doubt")], Standing(2, "partial", 1)),
    "doubted and borne out": (
        1,
        [("a", "unknown"), ("b", "doubt"), ("b", "unknown")],
        Standing(2, "settled", 2, "unknown"),
    ),
    "doubted with reason": (
        1,
        [("a", "unknown"), ("b", "doubt"), ("b", "not-cnc")],
        Standing(2, "disputed", 2),
    ),
    "doubted again after a third": (
        2,
        [("a", "unknown"), ("b", "not-cnc"), ("c", "unknown"), ("d", "doubt"), ("d", "unknown")],
        Standing(4, "settled", 4, "unknown"),
    ),
    "a doubt taken back": (
        1,
        [("a", "unknown"), ("b", "doubt"), ("b", "withdrawn", 2)],
        Standing(1, "settled", 1, "unknown"),
    ),
    "a doubt of what is open says nothing": (1, [("b", "doubt")], Standing(1, "open", 0)),
    "words of others are passed over": (1, [("a", "rejected")], Standing(1, "open", 0)),
}


@pytest.mark.parametrize(("needs", "said", "stands"), CASES.values(), ids=CASES.keys())
def test_standing(needs, said, stands):
    assert stand(needs, log(*said)) == stands


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
