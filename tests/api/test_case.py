"""`nameplate case`: what a person types, sees and gets as an exit code."""

from __future__ import annotations

import hashlib
import json
import re
import time
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from datasets.registry import load_registry
from detector import types
from detector.settings import Settings
from evidence.case.case import Case
from evidence.case.queue import FootageSource, add_work, done, set_aside, take
from evidence.case.rows import record_survey
from evidence.case.summary import add_recipe
from evidence.case.tables import Location, Run
from evidence.link.machines import update_machines
from evidence.review.audit import RATES, AuditPlan, keep_plan
from tests.api.conftest import draw
from tests.probe import probe


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
    registry = load_registry()
    with Case.new(folder, "Plant 12 \x1b[31m") as case, case.session() as session, session.begin():
        keep_plan(session, AuditPlan(rates=dict.fromkeys(RATES, 0.0)))  # else a hash would draw
        recipe = add_recipe(session, "aa" * 32, Settings(), registry)
        add_work(session, recipe, [FootageSource(str(picture))])
        record_survey(session, case, survey, registry)
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
    assert re.search(r"^flagged +claim 1 *$", shown, re.MULTILINE)
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


def test_deep_checking_reads_the_originals(nameplate, made):
    original = made.parent / "footage" / "цех.png"
    original.write_bytes(draw(made.parent / "other.png", seed=7).read_bytes())
    assert nameplate("case", "check", made).code == 0
    ended = nameplate("case", "check", made, "--deep")
    assert ended.code == 1 and "another file than it was" in ended.out.decode()


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


def test_a_database_that_does_not_answer_is_told_without_its_password(nameplate):
    ended = nameplate("case", "new", "plant", "--database", "postgresql://a:secret@127.0.0.1:9/b")
    assert ended.code == 3 and "does not answer" in ended.err and "secret" not in ended.err
