"""The share by every estimator: each beside the truth, or saying what it lacks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evidence.answer.bounds import bounds
from evidence.answer.comparison import Estimator, estimators
from evidence.answer.corrected import rogan_gladen
from evidence.answer.estimators.detectable import noticed
from evidence.answer.estimators.missed import NO_FRAMES, Frame, Frames, estimate_missed
from evidence.answer.machines import SeenMachine
from evidence.answer.moves import Move, moves

ONE = SeenMachine(
    id="",
    plant="",
    stated=True,
    recordings=frozenset({"a"}),
    years=(),
    claim=None,
    claimed=None,
    concealed=False,
    settled=False,
    hit=None,
    builder=None,
    waiting=False,
    drawn=False,
    chance=None,
    conflict=False,
)


def world(
    share: float = 0.3, plants: int = 60, each: int = 10, drawn: float = 0.3, dark: float = 0.0
) -> list[SeenMachine]:
    """Sensitivity 0.9, specificity 0.95; claims judged, of the rest a random part."""
    rng = np.random.default_rng(2)
    found = []
    for plant in range(plants):
        for number in range(each):
            kind = bool(rng.random() < share)
            unread = rng.random() < dark
            claimed = (rng.random() < (0.9 if kind else 0.05)) and not unread
            picked = bool(rng.random() < drawn)
            settled = bool(claimed or picked)
            found.append(
                replace(
                    ONE,
                    id=f"{plant}-{number}",
                    plant=f"plant {plant}",
                    claim="dmtg" if claimed else None,
                    claimed=True if claimed else None,
                    flagged=claimed,
                    settled=settled,
                    hit=None if unread or not settled else kind,
                    drawn=picked,
                    chance=drawn if picked else None,
                )
            )
    return found


def by_name(found: tuple[Estimator, ...]) -> dict[str, Estimator]:
    return {one.name.split()[0].rstrip(":"): one for one in found}


def test_all_but_the_naive_hold_the_share() -> None:
    found = by_name(estimators(world(), 90, 100))
    for name in ("stratified", "prediction-powered", "Rogan"):
        least, most = found[name].least, found[name].most
        assert least is not None and most is not None, found[name].lacking
        assert least.low <= 0.3 <= most.high
        assert least.high - least.low < 0.2
    assert set(found) == {"stratified", "prediction-powered", "Rogan", "naive"}


def test_rogan_gladen_is_of_the_controls_and_the_audit() -> None:
    machines = world()
    found = by_name(estimators(machines, 90, 100))["Rogan"].least
    assert found is not None and found.value is not None
    apparent = sum(one.claimed is True for one in machines) / len(machines)
    assert found.value == pytest.approx(rogan_gladen(apparent, 0.9, 0.95), abs=0.03)
    alone = by_name(estimators(machines))["Rogan"].least  # sensitivity from the audit alone
    assert alone is not None and alone.value == pytest.approx(found.value, abs=0.05)


def test_where_inputs_lack_it_is_said() -> None:
    nothing = by_name(estimators([]))
    assert all(one.least is None and one.lacking for one in nothing.values())
    unjudged = by_name(estimators([replace(ONE, id=str(n), plant=str(n)) for n in range(9)]))
    assert unjudged["prediction-powered"].lacking == "machines drawn at random and judged"
    assert unjudged["Rogan"].lacking == "positive controls, which tell the sensitivity"
    claims = [one for one in world() if one.claimed]
    only_claims = by_name(estimators([*claims, replace(ONE, id="x", plant="x")], 9, 10))
    assert "a judged machine of those that the program left unread" in str(
        only_claims["prediction-powered"].lacking
    )
    assert by_name(estimators(claims[:1], 9, 10))["Rogan"].least is None


def test_plants_that_all_come_out_alike_are_no_certainty() -> None:
    machines = [
        replace(ONE, id=f"{plant}-{n}", plant=str(plant), claimed=n < 4, flagged=n < 4,
                settled=True, hit=n < 4, drawn=True, chance=1.0)
        for plant in range(12)
        for n in range(10)
    ]  # fmt: skip
    found = by_name(estimators(machines))["prediction-powered"]
    assert found.least is not None and found.least.value == pytest.approx(0.4)
    assert (found.least.low, found.least.high) == (0, 1)
    assert any("come out alike" in word for word in found.warnings)


def test_small_shares_are_warned_of() -> None:
    found = by_name(estimators(world(share=0.01), 5, 6))
    assert any("fewer than 30" in word for word in found["Rogan"].warnings)
    assert any("small shares" in word for word in found["prediction-powered"].warnings)
    assert not by_name(estimators(world(drawn=0.9), 90, 100))["prediction-powered"].warnings


def rows(machines: list[SeenMachine], frames: Frames = NO_FRAMES) -> dict[tuple[str, str], Move]:
    plants = sorted({one.plant for one in machines})
    size = [sum(one.plant == plant for one in machines) for plant in plants]
    found = moves(
        machines,
        estimate_missed(frames),
        bounds([0] * len(size), size, size),
        noticed(size, 9, 10),
        estimators(machines, 9, 10),
    )
    return {(one.group, one.label): one for one in found}


FRAMES = Frames(tuple(Frame(f"plant {n}", 1.0, 0.1, n < 4) for n in range(60)), 60, 600.0, 600.0)


def test_the_more_of_the_unknown_are_of_the_kind_the_higher_the_share() -> None:
    found = rows(world(dark=0.3), FRAMES)
    order = (
        "none of the kind",
        "as often as the known",
        "3 times as often as the known",
        "10 times as often as the known",
        "all of the kind",
    )
    lows = [found["the unknown machines", label].low for label in order]
    highs = [found["the unknown machines", label].high for label in order]
    assert lows == sorted(lows) and highs == sorted(highs)  # type: ignore[type-var]
    answer = found["what is counted", "claims judged, the rest by the sample"]
    assert lows[0] == pytest.approx(answer.low) and highs[-1] == pytest.approx(answer.high)


def test_more_missed_machines_and_worse_controls_say_less() -> None:
    found = rows(world(), FRAMES)
    group = "machines missed altogether"
    labels = [label for name, label in found if name == group]
    highs = [found[group, label].high for label in labels]
    assert len(highs) == 4 and highs == sorted(highs)  # type: ignore[type-var]
    group = "what share may go unnoticed, by sensitivity"
    came, limit, half = (row.high for (name, _), row in found.items() if name == group)
    assert came is not None and limit is not None and half is not None
    assert limit > came and half > came


def test_machines_that_linking_split_may_be_fewer() -> None:
    machines = [replace(one, sightings=2) for one in world()]
    linked, split = (row for (name, _), row in rows(machines).items() if name == "linking")
    assert linked.low is not None and split.low is not None
    assert linked.high is not None and split.high is not None
    assert split.low < linked.low and split.high > linked.high
    assert "twice" in split.note
    assert rows(world())["linking", "every second link missed"].note == "nothing was linked"


def test_what_cannot_be_told_has_a_reason() -> None:
    found = rows([replace(ONE, id=str(n), plant=f"plant {n}") for n in range(12)])
    for row in found.values():
        assert (row.low is None) == (row.high is None)
        assert row.low is not None or row.note
    assert found["machines missed altogether", "as many as estimated"].note == "no frame was judged"
