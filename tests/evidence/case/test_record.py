"""A survey in the store: all of it or nothing, once, and exactly as it was found."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import func, select

from api.cli.exits import Exit, exit_for
from datasets.errors import CaseConflict, CaseUnwritable
from datasets.registry import Registry
from detector.settings import Settings
from detector.types import Attribution, Manifest, Origin, Survey
from evidence.case.case import Case
from evidence.case.rows import record_footage, record_survey, stored_rows
from evidence.case.sighting_tables import (
    AnalysisRow,
    Flag,
    LookRow,
    PrintRow,
    ReadingRow,
    SightingRow,
    StillRow,
    analysis_id,
    settings_key,
    sighting_key,
)
from evidence.case.summary import summarise
from evidence.case.tables import FootageRow
from tests.evidence.case.conftest import encoded, to_survey
from tests.evidence.conftest import sighting
from tests.rows import act, fetch, rows

pytestmark = pytest.mark.databases

CRASHING = "tests.evidence.case.crashing"


def record(case: Case, survey: Survey, registry: Registry) -> str:
    return act(case, record_survey, case, survey, registry)


def test_all_that_was_found_is_there(case, survey, registry):
    key = record(case, survey, registry)
    with case.session() as session:
        footage = session.scalars(select(FootageRow)).one()
        assert (footage.codec, footage.width, footage.rate) == ("mpeg4", 480, "4")
        assert (footage.duration, footage.seconds) == (Fraction(3), 3.0)
        analysis = session.scalars(select(AnalysisRow)).one()
        assert (analysis.id, analysis.frames_decoded) == (key, 11)
        assert analysis.losses == ["1 frame at 0:02.0: a damaged packet"]
        named = session.get_one(SightingRow, (key, "m1"))
        assert (named.builder, named.grade, named.probability) == ("mazak", "A", 0.9999)
        assert (named.first, named.last, named.pts) == (Fraction(0), Fraction(5, 2), Fraction(1))
        assert named.track == [
            ["0", 40.0, 50.5, 300.25, 260.0, 0.75],
            ["5/2", 40.0, 50.5, 300.25, 260.0, 0.75],
        ]
        assert named.evidence[0]["text"] == "MAZAK" and named.evidence[0]["exact"] == "1"
        texts = session.execute(select(ReadingRow.sighting, ReadingRow.text, ReadingRow.overlay))
        assert (None, "ЗВЕЗДА", True) in list(texts)
        print_ = session.get_one(PrintRow, (key, 5))
        assert (print_.hashes, print_.shot, print_.pts) == (b"\5" * 14, None, Fraction(5, 2))
        assert session.get_one(LookRow, (key, "m2")).points == b"\x01\x02"
        still = session.get_one(StillRow, (key, "m1", "mark"))
        assert case.still(still.sha256, still.suffix).read_bytes() == encoded(9, "PNG")


def test_joined_recordings_are_as_long_as_they_were_found_to_be(case, survey, registry):
    """An upload is noted by what its container says, the length of one part, or of none."""
    footage, probe = survey.analysis.footage, survey.analysis.probe
    told = [replace(probe, duration=duration) for duration in (None, Fraction(1))]
    for step in (told[0], told[1], None, *told):
        with case.session() as session, session.begin():
            if step is None:
                record_survey(session, case, survey, registry)
            else:
                record_footage(session, footage, step)
    [kept] = fetch(case, select(FootageRow))
    assert (kept.duration, kept.seconds) == (Fraction(3), 3.0)


def test_every_derived_row_names_what_it_was_derived_from(case, survey, registry):
    key = record(case, survey, registry)
    analysis = survey.analysis
    settings = settings_key(analysis.settings_hash, registry.digest)
    names = (key, analysis.footage.sha256, analysis.model_hash, settings)
    assert key == analysis_id(*names[1:])
    with case.session() as session:
        for of in (SightingRow, ReadingRow, StillRow, PrintRow, LookRow, Flag):
            said = select(of.analysis, of.footage, of.model, of.settings).distinct()
            assert [tuple(row) for row in session.execute(said)] == [names]
        keys = set(session.scalars(select(SightingRow.key)))
    assert keys == {sighting_key(key, name) for name in ("m1", "m2", "m3")}


def test_a_second_time_changes_nothing_wherever_it_lies(case, survey, registry):
    key = record(case, survey, registry)
    before = rows(case)
    assert record(case, survey, registry) == key
    assert rows(case) == before
    moved = replace(survey.analysis.footage, path=Path("/elsewhere/copy.mp4"))
    again = replace(survey, analysis=replace(survey.analysis, footage=moved))
    assert record(case, again, registry) == key
    assert rows(case) == before


def test_another_answer_to_the_same_question_is_refused(case, survey, registry):
    record(case, survey, registry)
    before = rows(case)
    other = replace(survey, analysis=replace(survey.analysis, overlays=()))
    with pytest.raises(CaseConflict, match="another answer") as told:
        record(case, other, registry)
    assert exit_for(told.value) == Exit.SETUP
    assert rows(case) == before


def test_another_registry_is_another_question(case, survey, registry):
    fewer = Registry([entry for entry in registry if entry.id != "haas"])
    assert record(case, survey, registry) != record(case, survey, fewer)
    with case.session() as session:
        assert session.scalar(select(func.count()).select_from(AnalysisRow)) == 2
        assert session.scalar(select(func.count()).select_from(FootageRow)) == 1


def test_whatever_is_written_on_a_machine_can_be_kept(case, hostile, registry):
    text, analysis = hostile
    key = record(case, to_survey(replace(analysis, settings={})), registry)
    with case.session() as session:
        assert set(session.scalars(select(ReadingRow.text))) == {text}
        found = session.get_one(SightingRow, (key, "m1"))
        assert found.evidence[0]["text"] == text
        assert stored_rows(session, key).digest() == session.get_one(AnalysisRow, key).digest


PLATED = Attribution(None, 0.9, "U", origin=Origin("CN", "plate", "B"))


def test_the_origin_is_kept_and_covered_by_the_digest(case, survey, registry):
    found = (sighting("m1", PLATED), sighting("m2", replace(PLATED, origin=None)))
    key = record(case, Survey(replace(survey.analysis, sightings=found)), registry)
    with case.session() as session, session.begin():
        one, other = (session.get_one(SightingRow, (key, name)) for name in ("m1", "m2"))
        assert (one.origin, one.origin_basis, one.origin_grade) == ("CN", "plate", "B")
        assert (other.origin, other.origin_basis, other.origin_grade) == (None, None, None)
        digest = session.get_one(AnalysisRow, key).digest
        assert stored_rows(session, key).digest() == digest
        one.origin = "TW"
        session.flush()
        assert stored_rows(session, key).digest() != digest


def test_the_claim_under_test_is_that_of_the_settings(case, survey, registry):
    tested = Settings.parse({"attributing": {"tested_origins": ["JP"]}})
    analysis = replace(
        survey.analysis, settings=tested.model_dump(mode="json"), settings_hash=tested.digest
    )
    record(case, replace(survey, analysis=analysis), registry)
    with case.session() as session:
        flag = session.scalars(select(Flag).where(Flag.kind == "claim")).one()
        highest = session.scalar(select(func.max(Flag.priority)))
    assert flag.priority == highest
    assert "Mazak, grade A" in flag.reason and "machines from Japan" in flag.reason


@pytest.mark.nightly
def test_killed_at_any_step_it_is_stored_wholly_or_not_at_all(tmp_path, database, survey):
    """`crashing.py` kills a process at its first, second, third ... step of storing a survey."""
    Case.new(tmp_path / "case", "Plant", database).close()
    (tmp_path / "survey").write_bytes(pickle.dumps(survey))
    words = [sys.executable, "-m", CRASHING, tmp_path / "case", tmp_path / "survey"]
    root = Path(__file__).parents[3]
    done = subprocess.run(words, capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert len(outcomes) > 12 and set(outcomes[:-1]) <= {"nothing", "all"}
    assert (outcomes[0], outcomes[-1]) == ("nothing", "ended")


def fill(disk: Path) -> Path:
    """A file that takes all the room there is."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as out, pytest.raises(OSError, match="No space"):
        while True:
            out.write(b"\0" * 4096)
    return filler


def test_a_full_disk_is_told_and_half_of_nothing_is_left(small_disk, survey, registry):
    with Case.new(small_disk / "case", "Plant") as case:
        filler = fill(small_disk)
        before = rows(case)
        with pytest.raises(CaseUnwritable, match="the disk is full") as told:
            record(case, survey, registry)
        assert exit_for(told.value) == Exit.RESULT
        for still in survey.stills:
            sha256 = hashlib.sha256(still.picture).hexdigest()
            assert not list(case.folder.glob(f"stills/*/*{sha256}*"))
        assert rows(case) == before
        filler.unlink()
        record(case, survey, registry)
        assert len(rows(case)["sightings"]) == 3


def test_a_new_case_on_a_disk_with_hardly_any_room(small_disk):
    """There SQLite says that the disk is broken, and means the memory it shares."""
    filler = fill(small_disk)
    os.truncate(filler, filler.stat().st_size - 20_000)
    with pytest.raises(CaseUnwritable, match="the disk is full"):
        Case.new(small_disk / "case", "Plant")
    assert not (small_disk / "case").exists()


def test_what_footage_says_of_itself_is_kept_as_last_read(case, survey, registry):
    def told() -> object:
        with case.session() as session:
            return session.scalars(select(FootageRow.manifest)).one()

    record(case, survey, registry)
    assert told() is None
    said = Manifest("stated", generator="Hall camera", actions=("c2pa.created",), content="same")
    analysis = replace(survey.analysis, manifest=said, settings_hash="ee" * 32)
    record(case, replace(survey, analysis=analysis), registry)
    kept = told()
    assert isinstance(kept, dict)
    assert (kept["state"], kept["actions"], kept["problems"]) == ("stated", ["c2pa.created"], [])
    assert summarise(case, registry)["manifests"] == {"stated": 1}
