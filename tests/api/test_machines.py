"""`nameplate machines`, over a case with two sightings that nothing ties."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import select, update

from datasets.registry import load_registry
from detector import types
from detector.leads import Lead, LeadReason
from detector.settings import Settings
from evidence.case.case import Case
from evidence.case.sighting_tables import MachineRow, SightingRow, settings_key
from evidence.case.summary import add_recipe
from evidence.case.tables import Item
from evidence.link.machines import update_machines
from tests.api.conftest import Nameplate
from tests.api.web.drawn import claim_on, keep
from tests.probe import probe as probe_of

MODEL = "aa" * 32


def survey(path: Path, number: int, builder: str | None, model: str = MODEL) -> types.Survey:
    box = (10.0, 10.0, 100.0, 100.0)
    shot = types.Shot(0, Fraction(0), Fraction(70), "hit")
    seen = tuple(types.Observation(Fraction(65 + i), box, 0.9) for i in range(2))
    lead = Lead("hision", "CN", 0.6, (LeadReason("name", 3.1, "its name is read", "HISION"),))
    said = types.Attribution(
        builder, 0.97 if builder else 0.1, "A" if builder else "U",
        leads=() if builder else (lead,),
    )  # fmt: skip
    probe = probe_of((320, 180), 70)
    footage = types.Footage(path, f"{number}" * 64, 5, "video", "mp4")
    sighting = types.Sighting("m1", types.Track(shot, seen), seen[0], said)
    return types.Survey(
        types.Analysis(
            footage, probe, types.Loss(), (shot,), (sighting,), (), model, Settings().digest
        )
    )  # fmt: skip


@pytest.fixture
def linked(tmp_path) -> Path:
    """A case of two clips, one of them with a name that would steer a terminal."""
    folder = tmp_path / "case"
    with Case.new(folder, "Plant 12") as case:
        look(case, tmp_path, MODEL)
    return folder


def look(case: Case, folder: Path, model: str) -> None:
    """Looks at the two clips with a model, and links what was found."""
    registry = load_registry()
    for number, (name, builder) in enumerate((("цех.mp4", "haas"), ("b\x1b[31m.mp4", None))):
        path = folder / name
        if not path.exists():
            path.write_bytes(b"12345")
        with case.session() as session, session.begin():
            recipe = add_recipe(session, model, Settings(), registry)
        keep(case, recipe, survey(path, number, builder, model))
    with case.session() as session, session.begin():
        update_machines(session, model, settings_key(Settings().digest, registry.digest))


def names(folder: Path) -> list[str]:
    """The sightings as they are shown: ten letters of the analysis and the name."""
    with Case.open(folder) as case, case.session() as session:
        keys = session.scalars(select(SightingRow.key).order_by(SightingRow.footage)).all()
    return [f"{key[:10]}:m1" for key in keys]


def machines(nameplate: Nameplate, folder: Path) -> list[dict[str, object]]:
    ended = nameplate("machines", "list", "--case", folder, "--json")
    assert ended.code == 0
    return [json.loads(line) for line in ended.out.splitlines()]


def test_machines_are_listed(nameplate, linked):
    assert [row["builder"] for row in machines(nameplate, linked)] == ["haas", None]
    ended = nameplate("machines", "list", "--case", linked)
    told = " ".join(ended.out.decode().replace("│", " ").split())
    assert ended.code == 0 and "Haas United States" in told and "perhaps HISION" in told
    lead = machines(nameplate, linked)[1]["leads"][0]  # type: ignore[index]
    assert (lead["builder"]["id"], lead["origin"]) == ("hision", "CN")


def test_a_sellers_badge_is_not_listed_as_a_builder(nameplate, linked):
    with Case.open(linked) as case, case.session() as session, session.begin():
        row = session.scalars(select(MachineRow).where(MachineRow.builder == "haas")).one()
        row.builder = "smstroi-penza"
    listed = nameplate("machines", "list", "--case", linked).out.decode()
    assert "(a seller's badge)" in " ".join(listed.replace("│", " ").split())


def test_machines_found_with_two_models_are_counted_once(nameplate, linked, tmp_path):
    before = machines(nameplate, linked)
    with Case.open(linked) as case:
        look(case, tmp_path, "bb" * 32)
    after = machines(nameplate, linked)
    assert [row["builder"] for row in after] == ["haas", None]
    told = "not listed: 2 found with another model or other settings"
    assert told in nameplate("machines", "list", "--case", linked).err
    assert not {row["id"] for row in after} & {row["id"] for row in before}


def test_a_case_that_was_tampered_with_is_found_wrong(nameplate, linked):
    with Case.open(linked) as case, case.session() as session, session.begin():
        session.execute(update(MachineRow).values(builder="smtcl", grade="A", probability=1.0))
    ended = nameplate("case", "check", linked)
    assert ended.code == 1 and b"open the last pack of the case" in ended.out


def test_what_people_settled_is_said_before_what_the_program_read(nameplate, linked):
    with Case.open(linked) as case, case.session() as session, session.begin():
        row = session.scalars(select(SightingRow).where(SightingRow.builder == "haas")).one()
        item = session.get(Item, row.key) or claim_on(row)
        item.state, item.outcome, item.builder = "settled", "builder", "mazak"
        session.add(item)
    (settled,) = [row for row in machines(nameplate, linked) if row["builder"] == "haas"]
    told = settled["settled"]
    assert isinstance(told, dict) and told["builder"]["id"] == "mazak" and not told["same"]
    listed = nameplate("machines", "list", "--case", linked).out
    assert b"Mazak" in listed and b"the program" in listed
    (told,) = [
        row
        for row in json.loads(nameplate("case", "show", linked, "--json").out)["told"]["rows"]
        if row["builder"] == "mazak"
    ]
    assert (told["machines"], told["settled"]) == (1, 1)
    case_shown = nameplate("case", "show", linked).out
    assert b"Mazak" in case_shown and b"Haas" not in case_shown
