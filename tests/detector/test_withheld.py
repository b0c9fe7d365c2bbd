"""What is not said of a machine, since an origin under test would be claimed on unsure grounds."""

from __future__ import annotations

import pytest

from detector.types import Attribution, Evidence, Origin, Withheld
from detector.withheld import withhold

MARK = Evidence("wordmark", "smtcl", "SMTCL", 11.0)
HOME = Origin("CN", "builder", "A")
SAID = Attribution("smtcl", 0.98, "A", series="TC500", evidence=(MARK,), origin=HOME)
PLATE = Attribution(None, 0.9, "U", origin=Origin("CN", "plate", "B"))


def test_a_builder_from_an_origin_under_test_is_not_said_but_kept_with_the_doubt() -> None:
    said = withhold(SAID, "machine", ["CN"], {"CN"})
    assert (said.builder, said.grade, said.series, said.origin) == (None, "U", None, None)
    assert said.probability == pytest.approx(0.02)
    assert said.evidence == (MARK,)
    assert said.withheld == Withheld("smtcl", HOME, "machine")


def test_what_claims_no_origin_under_test_is_said() -> None:
    assert withhold(SAID, "mark", ["JP"], {"CN"}) == SAID
    unknown = Attribution(None, 0.9, "U")
    assert withhold(unknown, "mark", ["CN"], ()) == unknown


def test_a_plate_goes_and_the_builder_whose_home_is_not_under_test_stays() -> None:
    assert withhold(PLATE, "mark", ["CN"], ()).withheld == Withheld(None, PLATE.origin, "mark")
    made_there = Attribution("mazak", 0.98, "A", origin=PLATE.origin)
    said = withhold(made_there, "mark", ["CN"], {"JP"})
    assert (said.builder, said.origin) == ("mazak", None)
    assert said.withheld == Withheld(None, PLATE.origin, "mark")
