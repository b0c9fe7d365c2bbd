"""What people decided holds, under another model, for the sightings that lie where those lay, and
for no others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detector.types import Sighting, Survey
from evidence.browse.machines import decisions
from evidence.link.machines import cut, join, machine_of
from evidence.link.sightings import load_decided, load_scope
from tests.evidence.link.conftest import MODEL, View, survey
from tests.rows import act, look

OTHER = "cc" * 32
NOTHING = View({})


def best_at(one: Survey, look: int) -> Survey:
    """The survey with each machine best seen at that look, from 0, of its shot."""

    def seen(sighting: Sighting) -> Sighting:
        return replace(sighting, best=sighting.track.observations[look])

    sightings = tuple(map(seen, one.analysis.sightings))
    return replace(one, analysis=replace(one.analysis, sightings=sightings))


@pytest.mark.parametrize(
    ("before", "after", "look"), [(0, 1, 3), (1, 0, 0)], ids=["the next shot", "the one before"]
)
def test_a_join_is_not_carried_over_a_cut_to_another_machine(
    linker, halls, key, before, after, look
):
    """The other model does not find the machine, but one in its place half a second away."""
    machine = halls.wide.only(0)

    def clip(shot: int, model: str = OTHER) -> Survey:
        shots = [NOTHING, NOTHING]
        shots[shot] = machine
        return survey("one", shots, model=model)

    there = survey("two", [halls.other.only(1)])
    first = best_at(clip(before, MODEL), look)
    linker.add(first, there)
    linker.link()
    act(linker.case, join, key(first, "m1"), key(there, "m1"), "Anna")
    again = survey("two", [halls.other.only(1)], model=OTHER)
    wrong = clip(after)
    linker.add(wrong, again)
    linker.link(OTHER)
    assert not linker.together(key(wrong, "m1"), key(again, "m1"))
    assert linker.together(key(first, "m1"), key(there, "m1"))


def test_a_cut_stays_with_its_shot_though_the_next_one_has_a_better_box(linker, halls, key):
    machine, nearer = halls.wide.only(0), halls.near.only(0)
    clips = [best_at(survey("one", [machine]), 3), survey("two", [nearer])]
    linker.add(*clips)
    linker.link()
    act(linker.case, cut, *(key(one, "m1") for one in clips), "Anna")
    anew = [
        survey("one", [machine.moved(6), machine], model=OTHER),
        survey("two", [nearer], model=OTHER),
    ]
    linker.add(*anew)
    linker.link(OTHER)
    decided = look(linker.case, load_decided, look(linker.case, load_scope, OTHER, linker.settings))
    here, there = (key(one, "m1") for one in anew)
    assert decided.cut == {(min(here, there), max(here, there))}
    assert not linker.together(here, there)


def test_what_is_in_view_at_that_time_goes_before_what_comes_to_its_place(linker, halls, key):
    """In one shot; the camera moves on, and the next machine stands where the first one was."""
    machine = halls.wide.only(0)
    clips = [best_at(survey("one", [machine]), 1), survey("two", [halls.other.only(1)])]
    linker.add(*clips)
    linker.link()
    act(linker.case, join, *(key(one, "m1") for one in clips), "Anna")
    shown = {0: machine.moved(6).machines[0], 1: machine.machines[0]}
    both = survey("one", [View(shown)], model=OTHER)
    sightings = []
    for one, looks in zip(both.analysis.sightings, (slice(2), slice(2, 4)), strict=True):
        seen = one.track.observations[looks]
        track = replace(one.track, observations=seen)
        sightings.append(replace(one, track=track, best=seen[0]))
    # Without a look nothing ties them but a hand.
    both = Survey(replace(both.analysis, sightings=tuple(sightings)))
    again = survey("two", [halls.other.only(1)], model=OTHER)
    linker.add(both, again)
    linker.link(OTHER)
    assert linker.together(key(both, "m1"), key(again, "m1"))
    assert not linker.together(key(both, "m2"), key(again, "m1"))


def test_a_machine_tells_of_the_decisions_that_hold_it_together_under_another_model(
    linker, halls, key
):
    def clips(model: str) -> list[Survey]:
        return [
            survey("one", [halls.wide.only(0)], model=model),
            survey("two", [halls.other.only(1, 2)], model=model),
        ]

    first, anew = clips(MODEL), clips(OTHER)
    for model, some in ((MODEL, first), (OTHER, anew)):
        linker.add(*some)
        linker.link(model)
    act(linker.case, join, key(first[0], "m1"), key(first[1], "m1"), "Anna", "the same dent")
    linker.link(OTHER)
    assert linker.together(key(anew[0], "m1"), key(anew[1], "m1"))
    for some in (first, anew):
        for name, told in (("m1", ["the same dent"]), ("m2", [])):
            machine = look(linker.case, machine_of, key(some[1], name))
            log = look(linker.case, decisions, machine, None, 50).items
            assert [one.note for one in log] == told
