"""A builder out of the registry: its machines should be left unknown."""

from __future__ import annotations

from fractions import Fraction

import pytest

from datasets.registry import Registry, load_registry
from detector.settings import Attributing
from detector.types import Reading
from training.measures import Share
from training.openset import Seen, hold_out


def seen(truth: str, text: str, number: int) -> Seen:
    box = (0.0, 0.0, 100.0, 20.0)
    return Seen(f"images/{number}.jpg", truth, (Reading(text, 0.98, box, Fraction(0), "latin"),))


MAZAK = [seen("mazak", "MAZAK", n) for n in range(4)]
OKUMA = [seen("okuma", "OKUMA", n) for n in range(3)]
RARE = [seen("hurco", "HURCO", n) for n in range(2)]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry()


def test_each_common_builder_goes_out_in_turn(registry: Registry) -> None:
    found = hold_out([*MAZAK, *OKUMA, *RARE], registry, Attributing(), builders=10)
    assert [one.builder for one in found.held_out] == ["mazak", "okuma"]
    assert [one.named for one in found.held_out] == [Share(0, 4), Share(0, 3)]
    assert [one.others_right for one in found.held_out] == [Share(5, 5), Share(6, 6)]
    assert found.auroc == 1.0
    assert found.named == Share(0, 7)


def test_a_machine_given_anothers_name_is_told(registry: Registry) -> None:
    # A door with the mark of one builder on a machine that is truly another's.
    taken = [*MAZAK[:3], Seen("images/x.jpg", "mazak", OKUMA[0].readings)]
    found = hold_out([*taken, *OKUMA], registry, Attributing(), builders=1)
    (mazak,) = found.held_out
    assert mazak.wrong == (("images/x.jpg", "okuma"),)
    assert mazak.named == Share(1, 4)
    assert mazak.auroc is not None and mazak.auroc < 1


def test_builders_outside_the_registry_are_not_held_out(registry: Registry) -> None:
    strangers = [seen("x-nobody", "NOBODY", n) for n in range(5)]
    assert hold_out(strangers, registry, Attributing(), builders=3).held_out == ()
