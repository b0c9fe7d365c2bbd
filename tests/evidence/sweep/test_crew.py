"""Workers that several sweeps share: each gets the answers to its own tasks."""

from __future__ import annotations

from pathlib import Path

import pytest
from distributed import Client

from datasets.registry import load_registry
from detector import Settings
from evidence.sweep import crew
from evidence.sweep.cluster import Workplace
from evidence.sweep.crew import Crew, Identify
from evidence.sweep.task import Identified, pack_kit


def test_answers_go_to_who_asked_wherever_in_memory_they_stand(
    place: Workplace, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As objects of two processes may, all the more where addresses are not randomised.
    monkeypatch.setattr(crew, "id", lambda one: 1, raising=False)
    kit = pack_kit(Settings.archive(), load_registry(), None)
    paths = [str(clips / "clip-0.mp4"), str(clips / "clip-1.mp4")]
    with Client(place.client.scheduler.address, set_as_default=False) as other:
        crews = [Crew(client, kit, 60.0) for client in (place.client, other)]
        for one, path in zip(crews, paths, strict=True):
            one.give(next(one.idle()), Identify((path,), (path,)))
        for one, path in zip(crews, paths, strict=True):
            (answer,) = one.collect(60.0)[0][1]
            assert isinstance(answer, Identified)
            assert str(answer.footage.path) == path
