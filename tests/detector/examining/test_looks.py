"""What marks look like, weighed beside what is read."""

from __future__ import annotations

import pytest

from detector.name.decide import Attributor
from detector.types import Reading
from tests.detector.reads import DOOR, PANEL, like, named, read


@pytest.mark.parametrize(
    ("text", "builder"), [("XD32H", "hanwha"), ("GLS-150", "goodway"), ("BMV 60", "bfw")]
)
def test_a_likeness_bears_out_a_code_that_does_not_name_alone(
    attributor: Attributor, text: str, builder: str
) -> None:
    assert named(attributor.attribute([read(text)])) == (None, "U")
    borne_out = attributor.attribute([read(text)], likenesses=[like(builder, 4.0)])
    assert named(borne_out) == (builder, "B")
    assert [(line.kind, line.id, line.weight) for line in borne_out.evidence if line.id] == [
        (borne_out.evidence[0].kind, builder, borne_out.evidence[0].weight),
        ("logo", builder, 4.0),
    ]
    of_another = attributor.attribute([read(text)], likenesses=[like("okuma")])
    assert named(of_another) == (None, "U")


def test_a_likeness_alone_names_nobody_and_is_shown_where_it_is_sure(
    attributor: Attributor,
) -> None:
    result = attributor.attribute(
        [read("VELTRANIX")], likenesses=[like("haas", 9.0, sure=True), like("okuma", 9.0)]
    )
    assert named(result) == (None, "U")
    assert [(line.kind, line.id, line.weight) for line in result.evidence] == [
        ("logo", "haas", 0.0)
    ]


@pytest.mark.parametrize(
    "text", ["STAR", "INDEX", "DMG", "SUMITOMO-SHIBAURA", "MITSUBISHI", "GOODMAN", "TAKUMA"]
)
def test_looks_are_no_second_cue_beside_the_letters_of_the_same_mark(
    attributor: Attributor, text: str
) -> None:
    ids = [line.id for line in attributor.attribute([read(text)]).evidence if line.id]
    assert ids and named(attributor.attribute([read(text)])) == (None, "U")
    looks = [like(id, 9.0) for id in ids]
    assert named(attributor.attribute([read(text)], likenesses=looks)) == (None, "U")


def test_a_second_look_at_one_mark_is_no_new_evidence(attributor: Attributor) -> None:
    once = attributor.attribute([read("XD32H")], likenesses=[like("hanwha")])
    again = attributor.attribute([read("XD32H")], likenesses=[like("hanwha")] * 3)
    assert again == once


def test_a_code_misread_by_a_letter_counts_beside_a_sure_look(attributor: Attributor) -> None:
    sure = [like("haas", 6.0, sure=True)]
    misread = read("WF2", PANEL, score=0.8)
    result = attributor.attribute([misread], likenesses=sure)
    assert named(result) == ("haas", "B")
    assert [(line.kind, line.text) for line in result.evidence] == [
        ("logo", "HAAS"),
        ("series", "WF2"),
    ]
    assert named(attributor.attribute([misread])) == (None, "U")
    assert named(attributor.attribute([misread], likenesses=[like("haas", 6.0)])) == (None, "U")
    hardly_read = attributor.attribute([read("WF2", PANEL, score=0.5)], likenesses=sure)
    assert hardly_read.evidence[1].weight < result.evidence[1].weight


@pytest.mark.parametrize(
    ("text", "look"),
    [
        ("WF22", "haas"),  # a figure more: another code
        ("WE3", "haas"),  # two letters
        ("5TIO", "haas"),
        ("ST60", "haas"),  # figures are not taken for others, and it is a code of Johnford's
        ("T12", "haas"),
        ("VMC750", "haas"),  # anybody's
        ("VMC1000", "haas"),
        ("V32I", "makino"),  # Leadwell's
        ("CAK615O", "smtcl"),  # of the origin under test
    ],
)
def test_what_is_no_code_misread_by_one_letter_names_nobody_beside_a_look(
    attributor: Attributor, text: str, look: str
) -> None:
    result = attributor.attribute([read(text, PANEL)], likenesses=[like(look, 7.0, sure=True)])
    assert named(result) == (None, "U")


@pytest.mark.parametrize(
    "code",
    [
        read("WF2", DOOR, score=0.9),  # what was read of the mark itself
        read("WF2", DOOR, 1, score=0.9),  # the same in another frame
        read("WF2", PANEL, 1, score=0.9),
        read("WF2", PANEL, score=0.9, mirrored=True),
        read("WF2", PANEL, score=0.9, overlay=True),
    ],
)
def test_look_and_misread_code_are_two_places_of_one_frame(
    attributor: Attributor, code: Reading
) -> None:
    result = attributor.attribute([code], likenesses=[like("haas", 6.0, sure=True)])
    assert named(result) == (None, "U")


@pytest.mark.parametrize(("text", "builder"), [("MAZAK", "mazak"), ("OKUMA", "okuma")])
def test_a_look_and_a_misread_code_take_no_name_from_what_was_read(
    attributor: Attributor, text: str, builder: str
) -> None:
    readings = [read(text), read("WF2", PANEL)]
    result = attributor.attribute(readings, likenesses=[like("haas", 7.0, sure=True)])
    assert result.builder == builder


def test_a_code_two_badges_bear_speaks_for_the_one_that_something_surely_looks_like(
    attributor: Attributor,
) -> None:
    code, mori, dmg = read("CLX450"), like("dmg-mori", 6.0, sure=True), like("dmg", 6.0, sure=True)
    assert named(attributor.attribute([code], likenesses=[mori])) == ("dmg-mori", "B")
    unsure = attributor.attribute([code], likenesses=[like("dmg-mori", 6.0)])
    assert named(unsure) == (None, "U")
    assert named(attributor.attribute([code], likenesses=[dmg])) == ("dmg", "B")
    assert attributor.attribute([code], likenesses=[mori, dmg]).builder != "dmg-mori"


@pytest.mark.parametrize(
    ("text", "look", "builder"),
    [
        ("DMG MORI", "dmg", "dmg-mori"),
        ("DNG M0RT", "dmg", "dmg-mori"),  # badly read, and yet a name
        ("DMG", "dmg-mori", "dmg"),
    ],
)
def test_of_two_badges_what_is_read_goes_before_what_is_looked_like(
    attributor: Attributor, text: str, look: str, builder: str
) -> None:
    readings = [read(text), read("CLX450", PANEL)]
    result = attributor.attribute(readings, likenesses=[like(look, 6.3, sure=True)])
    assert result.builder == builder


@pytest.mark.parametrize(
    ("code", "look"),
    [("TAURUS 30", "waldrich-siegen"), ("SR-20", "samputensili"), ("D800Z", "makino-seiki")],
)
def test_marks_that_merely_begin_alike_share_no_codes(
    attributor: Attributor, code: str, look: str
) -> None:
    result = attributor.attribute([read(code)], likenesses=[like(look, 7.0, sure=True)])
    assert result.builder != look


def test_a_likeness_takes_no_name_away_from_a_builder_that_was_read(
    attributor: Attributor,
) -> None:
    plain = attributor.attribute([read("MAZAK")])
    other = attributor.attribute([read("MAZAK")], likenesses=[like("haas", 9.0, sure=True)])
    assert named(other) == named(plain) and other.probability == plain.probability


def test_for_the_origin_under_test_a_likeness_is_not_enough(attributor: Attributor) -> None:
    """A wrong Chinese machine is dearer: it takes the name itself, read."""
    readings = [read("CAK6150"), read("CAK3665", PANEL)]
    result = attributor.attribute(readings, likenesses=[like("smtcl", 9.0, sure=True)])
    assert named(result) == (None, "U")
