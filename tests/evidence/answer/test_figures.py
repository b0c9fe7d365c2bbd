"""What is written in a figure can be read there."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest

from datasets.charts import SIZE, SMALL, stacks
from datasets.fonts import font
from datasets.registry import load_registry
from evidence.answer.answer import answer
from evidence.answer.question import Question
from evidence.answer.report import CaseAnswer, Facts, render_answer
from tests.evidence.answer.made import ONE

_LABEL = re.compile(
    r'<text x="([\d.]+)" y="[\d.]+" text-anchor="end" font-size="(\d+)"[^>]*>([^<]*)<'
)


def labels(svg: str) -> list[tuple[float, int, str]]:
    """Right end, size of the letters, and text of each line."""
    return [(float(x), int(size), unescape(words)) for x, size, words in _LABEL.findall(svg)]


def test_the_name_of_every_builder_begins_inside_the_figure():
    names = [entry.name for entry in load_registry().builders]
    found = labels(stacks("Machines", {name: {"claimed": 1} for name in names}))
    assert len(found) >= len(names)
    faces = {size: font(size) for size in (SIZE, SMALL)}
    for x, size, words in found:
        assert x - faces[size].getlength(words) >= 0, words
    cut = [words for *_, words in found if words.endswith("…")]
    assert "QINCHUAN (秦川)" in [words for *_, words in found] and len(cut) < 0.02 * len(names)


def test_a_long_label_takes_two_lines():
    name = "Стерлитамакский станкостроительный завод"
    (first, second) = labels(stacks("Plants", {name: {"claimed": 1}, "Plant 12": {}}))[:2]
    assert f"{first[2]} {second[2]}" == name and first[1] == SMALL
    # A figure by itself asks for a face that has Han.
    assert "Noto Sans SC" in stacks("Machines", {"秦川": {"claimed": 1}})


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.0296, 0.5044, "2.9 % {} 51 %"), (0.0, 1.0, "0 % {} 100 %"),
     (0.0002, 0.998, "&lt;0.1 % {} &gt;99 %")],
)  # fmt: skip
def test_intervals_are_rounded_outwards(registry, low, high, words):
    """What holds must hold of what is printed."""
    found = answer(Question(), [replace(ONE, id="m")], registry)
    found = replace(
        found,
        found_low=replace(found.found_low, low=low),
        found_high=replace(found.found_high, high=high),
    )
    page = " ".join(
        render_answer(CaseAnswer(found, Facts("", "", "", "", 0, ""), []), registry).split()
    )
    assert f"Between {words.format('and')} of the machines found" in page
