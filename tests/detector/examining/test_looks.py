"""What marks look like, weighed beside what is read."""

from __future__ import annotations

import pytest

from tests.detector.reads import PANEL, like, named, read


@pytest.mark.parametrize(
    ("text", "builder"), [("XD32H", "hanwha"), ("GLS-150", "goodway"), ("BMV 60", "bfw")]
)
def test_a_likeness_bears_out_a_code(attributor, text, builder):
    [alone, *_] = attributor.attribute([read(text)]).leads
    [borne_out, *_] = attributor.attribute([read(text)], likenesses=[like(builder, 4.0)]).leads
    assert alone.builder == borne_out.builder == builder
    assert borne_out.probability > alone.probability
    assert {"code", "look"} & {one.feature for one in borne_out.evidence}


def test_a_likeness_alone_names_nobody_and_is_a_lead_if_sure(attributor):
    result = attributor.attribute(
        [read("VELTRANIX")], likenesses=[like("haas", 9.0, sure=True), like("okuma", 9.0)]
    )
    assert named(result) == (None, "U")
    assert [lead.builder for lead in result.leads] == ["haas"]


def test_a_second_look_at_one_mark_is_no_new_evidence(attributor):
    once = attributor.attribute([read("XD32H")], likenesses=[like("hanwha")])
    again = attributor.attribute([read("XD32H")], likenesses=[like("hanwha")] * 3)
    assert again == once


@pytest.mark.parametrize(("text", "builder"), [("MAZAK", "mazak"), ("OKUMA", "okuma")])
def test_a_look_takes_no_lead_from_what_was_read(attributor, text, builder):
    readings = [read(text), read("WF2", PANEL)]
    result = attributor.attribute(readings, likenesses=[like("haas", 7.0, sure=True)])
    assert result.leads[0].builder == builder


def test_for_the_origin_under_test_a_likeness_is_not_enough(attributor):
    """A wrong Chinese machine is dearer: it takes the name itself, read."""
    readings = [read("CAK6150")]
    result = attributor.attribute(readings, likenesses=[like("smtcl", 9.0, sure=True)])
    assert result.leads[0].builder == "smtcl"
    assert named(result) == (None, "U")
