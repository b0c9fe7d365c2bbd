"""What the reader takes for what, counted on texts whose truth is known."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from datasets.letters import script_of
from datasets.registry import load_registry
from detector.name.align import Template, edits
from training.small.confusions import Confusions, made_marks


def count(*pairs: tuple[str, str]) -> dict[str, object]:
    found = Confusions()
    for text, reading in pairs:
        found.add(text, reading)
    return found.as_dict()


def test_a_letter_misread_is_counted_under_the_letter_that_stood_there() -> None:
    found = count(("FANUC", "FANUG"), ("FANUC", "FANUC"))
    assert (found["texts"], found["exact"]) == (2, 1)
    assert found["edits"] == {"C": {"G": 1}}
    assert found["letters"] == {"A": 2, "C": 2, "F": 2, "N": 4 // 2, "U": 2}


def test_an_emblem_read_as_a_letter_is_no_letter_inside_the_mark() -> None:
    found = count(("OKUMA", "LOKUMA"), ("ROMI", "QROMI"))
    assert found["edge"] == {"L": 1, "Q": 1}
    assert found["edits"] == {}


def test_a_dropped_letter_and_a_run_are_edits_of_several_letters() -> None:
    assert count(("MAKINO", "MAKNO"))["edits"] == {"I": {"": 1}}
    assert count(("HURCO", "HUIZCO"))["edits"] == {"R": {"IZ": 1}}


def test_a_reading_of_something_else_counts_for_nothing() -> None:
    found = count(("MAZAK", "DANGER"))
    assert (found["texts"], found["edits"]) == (0, {})


def test_the_edits_of_an_alignment_cost_what_the_alignment_costs() -> None:
    aligned = edits(Template.of("MORISEIKI"), "M0RSEIK1")
    assert aligned is not None
    assert [(e.mark, e.read, e.at) for e in aligned.edits] == [
        ("O", "0", 1),
        ("I", "", 3),
        ("I", "1", 8),
    ]
    assert edits(Template.of("MAZAK"), "") is None


def test_made_marks_are_the_same_from_one_seed_and_hold_their_text() -> None:
    registry = load_registry()
    first, again = (list(made_marks(6, 3, registry)) for _ in range(2))
    other = list(made_marks(6, 4, registry))
    assert [text for text, _, _ in first] == [text for text, _, _ in again]
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(first, again, strict=True))
    assert [text for text, _, _ in first] != [text for text, _, _ in other]
    for _, picture, (x1, y1, x2, y2) in first:
        assert 0 <= x1 < x2 <= picture.shape[1] and 0 <= y1 < y2 <= picture.shape[0]


def test_marks_in_han_are_counted_by_themselves() -> None:
    registry = load_registry()
    drawn = [text for text, _, _ in made_marks(40, 0, registry, han=True)]
    assert all(any(script_of(c) == "han" for c in text) for text in drawn)
    others = [text for text, _, _ in made_marks(40, 0, registry)]
    assert not any(script_of(c) == "han" for text in others for c in text)
    assert count(("秦川机床", "秦I机床"))["edits"] == {"川": {"I": 1}}


def test_the_command_writes_counts_that_the_prices_can_be_made_of(tmp_path: Path) -> None:
    out = tmp_path / "counts.json"
    command = [sys.executable, "-m", "training.small.confusions", str(out), "--made", "12"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = json.loads(out.read_text("utf-8"))
    assert f"of {found['texts']} texts read exactly" in said
    assert 0 < found["exact"] <= found["texts"] <= 12
