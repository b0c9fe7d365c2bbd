"""What is written in a figure can be read there."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

from datasets.fonts import font
from datasets.registry import Registry, load_registry
from evidence.answer.answer import answer
from evidence.answer.estimators.intervals import Estimate
from evidence.answer.occupancy import no_absence
from evidence.answer.plants import PlantRow
from evidence.answer.question import Question
from evidence.answer.report.charts import SIZE, SMALL, Range, ranges, stacks
from evidence.answer.report.page import Facts, absence, chance, draw, render_answer
from tests.evidence.answer.test_estimators import ONE

_LABEL = re.compile(
    r'<text x="([\d.]+)" y="[\d.]+" text-anchor="end" font-size="(\d+)"[^>]*>([^<]*)<'
)


def labels(svg: str) -> list[tuple[float, int, str]]:
    """Right end, size of the letters, and text of each line."""
    return [(float(x), int(size), unescape(words)) for x, size, words in _LABEL.findall(svg)]


def test_the_name_of_every_builder_begins_inside_the_figure() -> None:
    names = [entry.name for entry in load_registry().builders]
    found = labels(stacks("Machines", {name: {"claimed": 1} for name in names}))
    assert len(found) >= len(names)
    faces = {size: font(size) for size in (SIZE, SMALL)}
    for x, size, words in found:
        assert x - faces[size].getlength(words) >= 0, words
    cut = [words for *_, words in found if words.endswith("…")]
    assert "QINCHUAN (秦川)" in [words for *_, words in found] and len(cut) < 0.02 * len(names)


def test_a_long_label_takes_two_lines() -> None:
    name = "Стерлитамакский станкостроительный завод"
    (first, second) = labels(stacks("Plants", {name: {"claimed": 1}, "Plant 12": {}}))[:2]
    assert f"{first[2]} {second[2]}" == name and first[1] == SMALL


def test_a_figure_by_itself_asks_for_a_face_that_has_han() -> None:
    assert "Noto Sans SC" in ranges("Shares", [Range("秦川", 0.0, 1.0)])


def test_a_range_is_written_as_the_text_beside_it_is() -> None:
    assert "0 % to 100 %" in ranges("Shares", [Range("of all", 0.0, 1.0)])
    assert "2.5 % to 60 %" in ranges("Shares", [Range("of all", 0.025, 0.6)])


def test_a_range_that_is_not_known_to_end_there_ends_at_neither_nothing_nor_all() -> None:
    assert "&lt;0.1 % to &gt;99 %" in ranges("Shares", [Range("of all", 0.0002, 0.998)])


def test_what_people_settled_as_another_builders_is_no_claim_in_the_figure_of_plants(
    registry: Registry,
) -> None:
    """Nor is a seller's badge called another's machine."""
    machines = [
        replace(ONE, id=str(n), plant="Plant 1", claim="mazak", claimed=False, settled=n < 2,
                hit=False if n < 2 else None, builder="mazak" if n < 2 else None)
        for n in range(3)
    ]  # fmt: skip
    machines.append(replace(ONE, id="badge", plant="Plant 1", claim="knuth"))
    drawn = draw(answer(Question(), machines, registry, "Chinese"), registry)
    assert "2 confirmed, 1 claimed" in drawn["builders"]
    assert "4 named otherwise" in drawn["plants"] and "claimed" not in drawn["plants"]


def test_no_chance_of_a_model_is_a_certainty() -> None:
    def row(absent: Estimate | None, confirmed: int = 0) -> PlantRow:
        return PlantRow("Plant 1", True, 3, 17, confirmed, 0, 9, absent)

    def of(low: float) -> Estimate:
        return Estimate(1.0, low, 1.0, "")

    assert chance(1.0) == ">99 %"
    assert [absence(row(of(low))) for low in (0.9999, 0.76, 0.0)] == [">99 %", "76 %", "not known"]
    assert [absence(row(of(low))) for low in (0.757, 0.9899)] == ["75 %", "98 %"]  # not more surely
    assert absence(row(None)) == "not known"
    assert absence(row(no_absence(), confirmed=1)) == "0 %"


def test_intervals_are_rounded_outwards(registry: Registry) -> None:
    """On the page and in its figures: what holds must hold of what is printed."""
    found = answer(Question(), [replace(ONE, id="m")], registry, "Chinese")
    found = replace(
        found,
        bounds=replace(
            found.bounds,
            least=replace(found.bounds.least, low=0.0296),
            most=replace(found.bounds.most, high=0.5044),
        ),
        found_low=replace(found.found_low, low=0.2996),
        found_high=replace(found.found_high, high=0.4931),
    )
    assert found.bounds.interval == (0.0296, 0.5044)
    page = " ".join(render_answer(found, registry, Facts("", "", "", "", 0, ""), []).split())
    assert "at 2.9 % or more" in page and "at 51 % or less" in page
    assert "from 29 % to 50 %" in page
    assert "2.9 % to 51 %</text>" in page and "29 % to 50 %</text>" in page
