"""What stands elsewhere than on the machine's badge neither names nor is shown as evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detector.naming.attribute import Attributor
from detector.types import Box
from tests.detector.stickers import claims, read, views


@pytest.mark.parametrize("sticker", ["NOZZLE", "КУЛАЧКИ", "+7 495 123-45-67"])
def test_a_sticker_does_not_make_up_for_a_mark_read_too_unsurely(
    attributor: Attributor, sticker: str
) -> None:
    """DMTG read once is just too little."""
    badge = read("DMTG")
    box = [read("DMTG", 900.0, 900.0), read(sticker, 900.0, 930.0)]
    assert claims(attributor.attribute([badge])) == (None, None)
    assert claims(attributor.attribute([badge, read("DMTG", 900.0, 900.0)])) == ("dmtg", "CN")
    assert claims(attributor.attribute([badge, *box])) == (None, None)


def test_the_badge_is_shown_and_not_the_box_beside_it(attributor: Attributor) -> None:
    badge, code = read("SMTCL"), read("VMC850B", y=30.0)
    box = [read("SMTCL", 900.0, 900.0), read("NOZZLE", 900.0, 930.0)]
    for readings in ([badge, code, *box], [*box, badge, code]):
        said = attributor.attribute(readings)
        assert claims(said) == ("smtcl", "CN")
        (mark,) = [line for line in said.evidence if line.kind == "wordmark"]
        assert mark.box == badge.box
        assert said.probability == attributor.attribute([badge, code]).probability


def test_what_is_passed_over_for_a_builder_still_keeps_others_from_being_named(
    attributor: Attributor,
) -> None:
    smtcl = [read("SMTCL", 900.0, 900.0), read("NOZZLE", 900.0, 930.0), read("SMTCL", 0.0, 500.0)]
    assert claims(attributor.attribute([*smtcl, read("HAAS", 300.0, 100.0)])) == (None, None)


@pytest.mark.parametrize("mark", ["SMTCL", "沈阳机床"])
@pytest.mark.parametrize(
    "box", [(150.0, 200.0, 280.0, 220.0), (80.0, 405.0, 180.0, 425.0)], ids=["beside", "below"]
)
def test_lines_beside_a_mark_that_runs_down_the_machine_are_asked_too(
    attributor: Attributor, mark: str, box: Box
) -> None:
    down = replace(read(mark), box=(100.0, 100.0, 140.0, 400.0))
    jaws, kind = (replace(read(text), box=box) for text in ("КУЛАЧКИ", "CNC LATHE"))
    assert claims(attributor.attribute([down])) == ("smtcl", "CN")
    assert claims(attributor.attribute([down, kind])) == ("smtcl", "CN")
    assert claims(attributor.attribute([down, jaws])) == (None, None)


@pytest.mark.parametrize(
    ("text", "builder"),
    [
        # Of two builders neither is named, however long the one's name is.
        ("BYSTRONIC|DNE LASER", None), ("WALDRICH COBURG|BYJC", None), ("BRIDGEPORT||QIER", None),
        ("CHARMILLES||宏山", None), ("F. ZIMMERMANN|DMTG GROUP", None),
        # Nor where a code tells of the other, that nobody but he uses.
        ("САСТА|CAK6150", None), ("MAZAK||HTC3250", None),
        # What many use tells of nobody, and so does a short mark that was read but once.
        ("САСТА|CK6140", "sasta"), ("MAZAK||VMC850", "mazak"), ("BRIDGEPORT", "bridgeport"),
        ("BYSTRONIC|BYSTAR", "bystronic"), ("HAAS|VF-2", "haas"), ("САСТА", "sasta"),
    ],
)  # fmt: skip
def test_beside_a_badge_of_an_origin_under_test_no_other_is_named(
    attributor: Attributor, text: str, builder: str | None
) -> None:
    assert attributor.attribute(views(text, 2)).builder == builder


def test_a_short_mark_read_once_leaves_another_his_name(attributor: Attributor) -> None:
    once = views("BRIDGEPORT||QIER", 1)
    assert attributor.attribute([*views("BRIDGEPORT", 2), once[1]]).builder == "bridgeport"
