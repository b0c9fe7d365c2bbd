"""`nameplate case` and `nameplate machines`: what a person types, sees and gets as an exit code."""

from __future__ import annotations

import hashlib
import json
import re
import time
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import select

from api.cli.sweep import _tell
from datasets.registry import load_registry
from detector import types
from detector.leads import Lead, LeadReason
from detector.settings import Settings
from evidence.case.case import Case
from evidence.case.rows import record_survey
from evidence.case.sighting_tables import MachineRow, SightingRow, settings_key
from evidence.case.summary import add_recipe
from evidence.case.tables import Item, Location, Run
from evidence.case.work_queue import FootageSource, add_work, done, set_aside, take
from evidence.link.machines import update_machines
from evidence.review.audit import RATES, AuditPlan, keep_plan
from evidence.work.progress import SweepTally
from evidence.work.sources import Feed
from evidence.work.sweep import Ending
from tests.api.conftest import Nameplate, draw
from tests.api.web.drawn import claim_on
from tests.probe import probe
from tests.probe import probe as probe_of
from tests.rows import act, keep


@pytest.fixture
def made(tmp_path) -> Path:
    """A case of two pieces of footage, one looked at, one set aside."""
    folder = tmp_path / "plant 12"
    picture = draw(tmp_path / "footage" / "цех.png")
    content = picture.read_bytes()
    box, zero = (1.0, 2.0, 300.0, 170.0), Fraction(0)
    shot, seen = types.Shot(0, zero, zero, "hit"), types.Observation(zero, box, 0.9)
    claim = types.Attribution("smtcl", 0.99, "A")
    found = types.Sighting("m1", types.Track(shot, (seen,)), seen, claim)
    sha256 = hashlib.sha256(content).hexdigest()
    footage = types.Footage(picture, sha256, len(content), "still", "png")
    frame, values = probe((320, 180), None, "png", 1, None, 1), Settings().model_dump(mode="json")
    analysis = types.Analysis(
        footage, frame, types.Loss(1, 1, 1), (shot,), (found,), (),
        "aa" * 32, Settings().digest, values,
    )  # fmt: skip
    survey = types.Survey(analysis, stills=(types.Still("m1", "best", zero, box, content),))
    with Case.new(folder, "Plant 12 \x1b[31m") as case:
        act(case, keep_plan, AuditPlan(rates=dict.fromkeys(RATES, 0.0)))  # else a hash would draw
        recipe = act(case, add_recipe, "aa" * 32, Settings(), load_registry())
        with case.session() as session, session.begin():
            add_work(session, recipe, [FootageSource(str(picture))])
            record_survey(session, case, survey, load_registry())
            assert done(session, take(session, recipe, 1)[0], sha256)
            add_work(session, recipe, [FootageSource("/disk/sound.mp3")])
            assert set_aside(session, take(session, recipe, 1)[0], "no-pictures", "sound only")
            update_machines(session, recipe.model, recipe.settings)
    return folder


def test_a_new_case_is_made_and_not_made_twice(nameplate, tmp_path):
    ended = nameplate("case", "new", "plant", "--name", "Цех 12")
    assert ended.code == 0 and "Цех 12" in ended.out.decode()
    with Case.open(tmp_path / "plant") as case:
        assert case.name == "Цех 12"
    ended = nameplate("case", "new", "plant")
    assert ended.code == 2 and "there is something already" in ended.err


def test_showing_a_case(nameplate, made):
    ended = nameplate("case", "show", made)
    assert ended.code == 0, ended.err
    shown = ended.out.decode()
    assert "\x1b" not in shown
    for words in ("Plant 12", "1 piece,", "0 waiting, 1 done, 1 set aside"):
        assert words in shown
    assert "no-pictures 1" in shown
    # What was flagged once, also if it is settled by now.
    assert re.search(r"^flags +claim 1 \(settled or not; a sighting", shown, re.MULTILINE)
    head = next(line for line in shown.splitlines() if "sightings" in line and "builder" in line)
    assert re.search(r"\bA\b.*\bB\b.*\bU\b", head) and not re.search(r"\bC\b", head)
    row = next(line for line in shown.splitlines() if "SMTCL" in line)
    assert [cell.strip() for cell in row.strip("│ ").split("│")][1:4] == ["China", "1", "1"]


def test_times_are_those_of_the_pages_wherever_it_is_called(nameplate, made, monkeypatch):
    at = datetime(2026, 12, 1, 14, 11, tzinfo=UTC)
    with Case.open(made) as case, case.session() as session, session.begin():
        session.add(
            Run(
                id="1" * 32, kind="sweep", started=at, beat=at, host="vm", pid=1,
                nameplate="0", model="aa" * 32, settings="bb" * 32, counts={},
            )
        )  # fmt: skip
    with monkeypatch.context() as there:
        there.setenv("TZ", "Asia/Vladivostok")
        time.tzset()
        ended = nameplate("case", "show", made)
    time.tzset()
    assert "sweep of 2026-12-01 14:11 UTC on vm: not ended, last seen 2026-12-01 14:11 UTC" in (
        " ".join(ended.out.decode().split())
    )


def test_showing_a_case_to_a_program(nameplate, made):
    shown = json.loads(nameplate("case", "show", made, "--json").out)
    assert shown["name"] == "Plant 12 \x1b[31m"
    assert shown["machines"][0]["origin"] == "CN"
    assert shown["work"][0]["aside"] == {"no-pictures": 1}
    assert shown["verdicts"] == {"number": 0, "digest": "0" * 64}


def test_checking_a_case(nameplate, made):
    ended = nameplate("case", "check", made)
    assert ended.code == 0 and b"nothing is wrong" in ended.out
    [still] = made.glob("stills/*/*")
    still.unlink()
    ended = nameplate("case", "check", made)
    assert ended.code == 1
    first, last = ended.out.decode().splitlines()
    assert first.startswith(f"wrong  {still}: missing") and last.endswith("1 wrong")
    [finding] = map(json.loads, nameplate("case", "check", made, "--json").out.splitlines())
    assert finding["about"] == str(still) and finding["wrong"] is True


def test_packing_and_opening(nameplate, made, tmp_path):
    ended = nameplate("case", "pack", made, "case.zip", "--footage")
    assert ended.code == 0, ended.err
    ended = nameplate("case", "open", "case.zip", "moved")
    assert ended.code == 0, ended.err
    with Case.open(tmp_path / "moved") as case, case.session() as session:
        held = [place for place in session.query(Location) if place.held]
        assert [case.find(place.path).read_bytes() for place in held] == [
            (tmp_path / "footage" / "цех.png").read_bytes()
        ]
    assert nameplate("case", "check", "moved", "--deep").code == 0
    ended = nameplate("case", "open", "case.zip", "moved")
    assert ended.code == 2
    (tmp_path / "case.zip").write_bytes(b"PK nonsense")
    ended = nameplate("case", "open", "case.zip", "again")
    assert ended.code == 4 and "pack" in ended.err
    assert not (tmp_path / "again").exists()


def test_what_reviewers_are_shown_is_made_anew(nameplate, made):
    ended = nameplate("case", "items", made, "--audit", "frame=1", "--seed", "7")
    assert ended.code == 0, ended.err
    assert b"items" in ended.out
    assert nameplate("case", "check", made).code == 0


def test_a_pack_that_lacks_a_file_says_so(nameplate, made):
    [still] = made.glob("stills/*/*")
    still.unlink()
    ended = nameplate("case", "pack", made, "case.zip")
    assert ended.code == 1 and f"left out: {still}" in ended.err


def test_a_folder_is_said_to_lie_elsewhere(nameplate, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    with Case.new(tmp_path / "plant", "Plant") as case, case.session() as session, session.begin():
        recipe = add_recipe(session, "aa" * 32, Settings(), load_registry())
        names = [f"{number:02}.mp4" for number in range(23)]
        add_work(session, recipe, [FootageSource(str(old / name), 5, 7) for name in names])
        add_work(session, recipe, [FootageSource(str(new / "00.mp4"), 5, 8)])
    ended = nameplate("case", "moved", "plant", "old", "new", "--author", "Anna")
    assert ended.code == 1
    assert f"1 file of {old} on the list at {new} alone" in ended.out.decode()
    assert f"{old / '01.mp4'}: no sweep has read it at its new place" in ended.err
    assert "and 2 more" in ended.err
    ended = nameplate("case", "moved", "plant", tmp_path / "elsewhere", new)
    assert ended.code == 2 and "nothing on a list of the case lies there" in ended.err
    ended = nameplate("case", "moved", "plant", "new", "new")
    assert ended.code == 2 and "named twice" in ended.err


def test_a_sweep_says_how_what_waits_in_a_pack_is_settled(capsys, tmp_path):
    for kinds, told in (({"packed": 2}, True), ({"empty": 2}, False)):
        ending = Ending("done", SweepTally(aside=kinds))
        _tell(Feed([]), ending, load_registry(), tmp_path, 0, 0)
        out = capsys.readouterr().out
        for command in (f"case moved {tmp_path} OLD NEW", f"case lost {tmp_path} PATH"):
            assert (f"`nameplate {command}`" in out) is told


def test_footage_is_said_to_be_lost(nameplate, tmp_path):
    old = tmp_path / "old"
    old.mkdir()
    with Case.new(tmp_path / "plant", "Plant") as case, case.session() as session, session.begin():
        recipe = add_recipe(session, "aa" * 32, Settings(), load_registry())
        add_work(session, recipe, [FootageSource(str(old / f"{n}.mp4"), 5, 7) for n in range(3)])
        for work in take(session, recipe, 9):
            set_aside(session, work, "packed", "it came with a pack and lies outside the case")
    (old / "1.mp4").write_bytes(b"there")
    ended = nameplate("case", "lost", "plant", "old", "--author", "Anna")
    assert ended.code == 1
    assert f"2 files of {old} lost for good" in ended.out.decode()
    assert f"{old / '1.mp4'}: lies there still; sweep it there" in ended.err
    (old / "1.mp4").unlink()
    assert nameplate("case", "lost", "plant", "old").code == 0
    ended = nameplate("case", "lost", "plant", "old")
    assert ended.code == 2 and "nothing there has waited since the case was packed" in ended.err


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
