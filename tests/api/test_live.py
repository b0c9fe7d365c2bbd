"""What a sweep says of itself where nobody draws a panel."""

from __future__ import annotations

import pytest

from api.cli import progress as live
from datasets.registry import load_registry
from evidence.work.progress import OnWorker, SweepTally


def said(capsys: pytest.CaptureFixture[str], *workers: OnWorker) -> str:
    lines = live.LineProgress(load_registry(), quiet=False)
    lines._due = 0.0
    lines.show(SweepTally(waiting=2, workers=list(workers)))
    return capsys.readouterr().err


def test_a_line_says_how_far_a_clip_of_hours_is(capsys):
    short = OnWorker("0", "/a/short.mp4", 130.0, 0.9, "sweeping")
    long = OnWorker("1", "/a/long.mp4", 4000.0, 0.58, "looking closer")
    assert "; long.mp4: 58% looking closer, for 67 min\n" in said(capsys, short, long)


def test_a_line_says_nothing_of_clips_that_have_just_begun(capsys):
    just, idle = OnWorker("0", "/a/b.mp4", 20.0, 0.9, "sweeping"), OnWorker("1", None, 900.0)
    unsaid = OnWorker("2", "/a/c.mp4", 900.0)
    assert said(capsys, just, idle, unsaid).endswith("no machine yet\n")


def test_footage_of_seconds_is_told_in_seconds():
    assert live.describe(SweepTally(done=1, seconds=54)) == "1 of 1+ pieces of footage, 54 s"
    assert "2.00 hours" in live.describe(SweepTally(done=1, seconds=7200))


def test_where_nothing_was_found_nothing_is_said_to_be_linked_yet():
    registry = load_registry()
    assert live.found(SweepTally(done=2, finding=False), registry) == "no machine"
    assert live.found(SweepTally(done=2, waiting=1, finding=False), registry) == "no machine yet"
    unlinked = live.found(SweepTally(done=2, sightings=1), registry)
    assert unlinked == "1 sighting, not linked to machines yet"


def test_machines_are_not_said_to_be_all_while_sightings_are_not_linked():
    found = SweepTally(sightings=5, machines={"haas": 2}, relink=True)
    (told,) = live.notes(found)
    assert told.startswith("not linked yet: what was found in the last clips")
    assert (
        live.notes(SweepTally(sightings=5, relink=True)) == []
    )  # the line of what was found says so


def test_a_sellers_badge_is_called_that_among_the_origins():
    found = live.found(SweepTally(machines={"haas": 2, "smstroi-penza": 1}), load_registry())
    assert found.startswith("3 machines, United States 2, a seller's badge 1, unknown 0")
    assert found.endswith("; as the program reads them, which confirms nothing")


def test_damaged_footage_is_told_of_at_the_end():
    assert live.notes(SweepTally()) == []
    (told,) = live.notes(SweepTally(lost=2))
    assert told.startswith("damaged: of 2 pieces of footage most frames are lost")
