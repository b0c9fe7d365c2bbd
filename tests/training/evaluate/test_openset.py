"""A builder out of the registry: its machines should be left unknown."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from datasets.registry import Registry, load_registry
from detector.types import Attribution
from training.evaluate.measures import Share
from training.evaluate.openset import SeenMachine, hold_out


def seen(truth: str, number: int, said: str | None, probability: float) -> SeenMachine:
    grade = "A" if said else "U"
    return SeenMachine(f"images/{number}.jpg", truth, Attribution(said, probability, grade))


MAZAK = [seen("mazak", n, "mazak", 0.99) for n in range(4)]
OKUMA = [seen("okuma", n, "okuma", 0.98) for n in range(3)]
RARE = [seen("hurco", n, "hurco", 0.99) for n in range(2)]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry()


def unknown(builder: str, less: Registry) -> Sequence[SeenMachine]:
    assert builder not in less and len(list(less)) > 400
    return [seen(builder, n, None, 1.0) for n in range(3)]


def test_each_common_builder_goes_out_in_turn(registry: Registry) -> None:
    found = hold_out([*MAZAK, *OKUMA, *RARE], registry, 10, unknown)
    assert [one.builder for one in found.held_out] == ["mazak", "okuma"]
    assert [one.named for one in found.held_out] == [Share(0, 3), Share(0, 3)]
    assert [one.others_right for one in found.held_out] == [Share(5, 5), Share(6, 6)]
    assert found.auroc == 1.0
    assert found.named == Share(0, 6)


def test_a_machine_given_anothers_name_is_told(registry: Registry) -> None:
    def again(builder: str, less: Registry) -> Sequence[SeenMachine]:
        # Another builder's machine in the same picture is looked at too, and is not counted.
        taken = seen("mazak", 7, "okuma", 0.995)
        return [*unknown(builder, less), taken, seen("okuma", 7, "haas", 0.99)]

    found = hold_out([*MAZAK, *OKUMA], registry, 1, again)
    (mazak,) = found.held_out
    assert mazak.wrong == (("images/7.jpg", "okuma"),)
    assert mazak.named == Share(1, 4)
    assert mazak.auroc is not None and mazak.auroc < 1


def test_builders_outside_the_registry_are_not_held_out(registry: Registry) -> None:
    strangers = [seen("x-nobody", n, None, 1.0) for n in range(5)]
    assert hold_out(strangers, registry, 3, unknown).held_out == ()
