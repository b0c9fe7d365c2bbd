"""`nameplate sweep` as typed: flags that do not go together, empty folders, status, lists."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from api.cli import progress as live
from api.cli.commands import app
from api.cli.exits import exit_for
from api.cli.setup import open_or_make
from datasets.errors import NameplateError
from datasets.registry import load_registry
from detector import Settings
from detector.look.model_files import model_digest
from evidence.case.case import Case
from evidence.case.summary import add_recipe, beat, begin_run
from evidence.case.tables import Location, Recipe, Run, Work
from evidence.case.work_queue import FootageSource, add_work
from evidence.work.progress import OnWorker, SweepTally
from tests.api.conftest import table
from tests.evidence.answer.conftest import Builder

Outcome = tuple[int, str]


def call(*arguments: str | Path) -> Outcome:
    """The exit code, as `nameplate` would give it, and all that was said."""
    done = CliRunner().invoke(app, ["sweep", *map(str, arguments)])
    if isinstance(done.exception, NameplateError):
        return exit_for(done.exception), str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


@pytest.mark.parametrize(("arguments", "says"), table("wrong-sweep-use"))
def test_wrong_use_is_named(tmp_path, arguments, says):
    code, said = call(*(part.format(here=tmp_path) for part in arguments))
    assert code == 2
    assert says in said
    assert not (tmp_path / "case").exists()


def test_every_place_without_footage_is_named_and_no_case_is_made(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "list.csv").write_text("path,plant\n", "utf-8")
    places = tmp_path / "one", tmp_path / "two", "--list", tmp_path / "list.csv"
    code, said = call(*places, "--case", tmp_path / "case")
    assert code == 2
    for name in ("one", "two", "list.csv"):
        assert f"{tmp_path / name}: " in said
    assert f"{tmp_path / 'one'}: holds neither clips nor pictures; name another" in said
    (tmp_path / "list.csv").write_text("address\nhttp://example.org\n", "utf-8")
    assert call("--list", tmp_path / "list.csv", "--case", tmp_path / "case")[0] == 2
    assert not (tmp_path / "case").exists()


def test_an_empty_folder_leaves_a_case_that_was_there_as_it_is(tmp_path):
    (tmp_path / "footage").mkdir()
    Case.new(tmp_path / "case", "Plant 12").close()
    code, said = call(tmp_path / "footage", "--case", tmp_path / "case")
    assert (code, "neither clips nor pictures" in said) == (2, True)
    with Case.open(tmp_path / "case") as case, case.session() as session:
        assert case.name == "Plant 12"
        assert not session.scalars(select(Work)).all()


def test_no_case_is_made_where_something_else_stands(tmp_path):
    (tmp_path / "footage").mkdir()
    (tmp_path / "footage" / "notes.txt").write_text("mine")
    for place in ("footage", "footage/notes.txt"):
        code, said = call(tmp_path / "footage", "--case", tmp_path / place)
        assert (code, "holds no case" in said) == (2, True)


def test_the_status_of_a_case_that_was_never_swept(tmp_path):
    Case.new(tmp_path / "case", "Plant 12").close()
    told = f"{tmp_path / 'case'}: no sweep has been run\n"
    assert call("--status", "--case", tmp_path / "case") == (0, told)


@pytest.fixture
def begun(tmp_path) -> Path:
    """A case whose sweep has begun, and has been said to be on a clip."""
    with Case.new(tmp_path / "case", "Plant 12") as case:
        with case.session() as session, session.begin():
            recipe = add_recipe(session, "0" * 64, Settings(), load_registry())
            run = begin_run(session, "sweep", recipe)
            tally = SweepTally(waiting=8, done=2, seconds=7200.0, rate=40.0, left=9000.0)
            tally.machines = {"haas": 2, "": 5}
            tally.workers = [OnWorker("0", "/archive/clip.mp4", 4.0)]
            beat(session, run, tally.to_json())
        return case.folder


def test_the_status_of_a_sweep_at_work_is_read_from_the_store(begun, capfd):
    with Case.open(begun) as case, case.lock():
        code, said = call("--status", "--case", begun)
        assert code == 0
        assert "is at work" in said
        assert "2 of 10+ pieces of footage, 2.00 hours, 40.0 times playing speed" in said
        assert "2 h 30 min left" in said
        assert "7 machines, United States 2, unknown 5; builders: Haas" in said
        assert "/archive/clip.mp4" in said
        call("--status", "--json", "--case", begun)
    facts = json.loads(capfd.readouterr().out)
    assert (facts["state"], facts["done"]) == ("at work", 2)
    assert facts["machines"] == {"haas": 2, "unknown": 5}


def test_the_status_lists_what_was_set_aside(begun, capfd):
    """After the night nobody has what the terminal said."""
    with Case.open(begun) as case, case.session() as session, session.begin():
        run = session.scalars(select(Run)).one()
        for number in range(23):
            path = f"/archive/{number:02d} [b].mp4"
            reason = f"{path}: holds no picture" if number else "killed its worker"
            session.add(Location(path=path, held=False))
            session.add(
                Work(path=path, model=run.model, settings=run.settings, state="aside", tries=1,
                     kind="empty" if number else "killed", reason=reason, changed=run.started)
            )  # fmt: skip
    code, said = call("--status", "--case", begun)
    assert code == 0
    assert "set aside (killed): /archive/00 [b].mp4: killed its worker\n" in said
    assert "set aside (empty): /archive/19 [b].mp4: holds no picture\n" in said
    assert "/archive/20" not in said and "and 3 more set aside; --json lists all of them" in said
    call("--status", "--json", "--case", begun)
    files = json.loads(capfd.readouterr().out)["files"]
    assert len(files) == 23
    path = "/archive/22 [b].mp4"
    assert files[22] == {"path": path, "kind": "empty", "reason": f"{path}: holds no picture"}


def test_the_status_tells_of_files_that_became_others(begun):
    assert "replaced" not in call("--status", "--case", begun)[1]
    with Case.open(begun) as case, case.session() as session, session.begin():
        run = session.scalars(select(Run)).one()
        beat(session, run, SweepTally(replaced=2).to_json())
    assert "replaced: at 2 paths other files were found" in call("--status", "--case", begun)[1]


def test_what_is_added_with_other_settings_is_not_said_to_be_worked_on(begun):
    (begun.parent / "clip.mp4").write_bytes(b"footage")
    with Case.open(begun) as case, case.lock():
        code, said = call(begun.parent / "clip.mp4", "--case", begun)
    assert code == 5
    assert "run the same command again" in said and "0 of 1 pieces of footage" in said


@pytest.mark.parametrize("flags", [(), ("--retry",)], ids=str)
def test_an_empty_list_is_no_sweep_that_is_done(begun, flags):
    """Of a case swept with other settings, going on without them found nothing to do."""
    with Case.open(begun) as case, case.session() as session, session.begin():
        run = session.scalars(select(Run)).one()
        recipe = session.get_one(Recipe, (run.model, run.settings))
        add_work(
            session, recipe, [FootageSource("/archive/a.mp4"), FootageSource("/archive/b.mp4")]
        )
    code, said = call("--case", begun, *flags)
    assert code == 2
    assert "nothing is on its list with these settings" in said
    assert "(2 waiting, 0 done, 0 set aside)" in said and "--budget" in said
    with Case.open(begun) as case, case.session() as session:
        assert len(session.scalars(select(Run)).all()) == 1


def test_two_calls_begun_at_once_work_on_the_one_case_that_the_first_has_made(tmp_path):
    folder = tmp_path / "case"
    with open_or_make(folder, True, lambda: Case.new(folder, "Plant 12").close()) as case:
        assert case.name == "Plant 12"


def test_a_case_in_which_nothing_is_listed_is_done(tmp_path):
    Case.new(tmp_path / "case", "Plant 12").close()
    code, said = call("--case", tmp_path / "case")
    assert (code, "0 of 0 pieces of footage" in said) == (0, True)


def test_a_sweep_says_at_its_end_what_another_model_alone_looked_at(tmp_path):
    """As after an update that came with another model: the machines found before count no more."""
    case = Case.new(tmp_path / "case", "Plant 12")
    with case, case.session() as session, session.begin():
        before = add_recipe(session, "bb" * 32, Settings(), load_registry())
        Builder(session, before).add("Plant 3", claim="mazak")
    footage = tmp_path / "footage"
    footage.mkdir()
    (footage / "clip.mp4").write_bytes(b"footage")
    _, said = call(footage, "--case", tmp_path / "case")
    assert "1 file was looked at with another model or other settings alone" in said


@pytest.mark.parametrize(
    ("name", "target", "code"),
    [
        pytest.param("looped.mp4", "looped.mp4", 1, id="what cannot be read is no success"),
        pytest.param("linked", "/", 0, id="what is passed over is one"),
    ],
)
def test_a_sweep_that_could_not_take_all_ends_with_1(begun, name, target, code):
    footage = begun.parent / "footage"
    footage.mkdir()
    (footage / "clip.mp4").write_bytes(b"footage")
    (footage / name).symlink_to(target)
    with Case.open(begun) as case, case.lock():
        with case.session() as session, session.begin():
            settings = Settings.archive({})
            recipe = add_recipe(session, model_digest(None), settings, load_registry())
            begin_run(session, "sweep", recipe)
        ended, said = call(footage, "--case", begun)
    assert f"{footage / name}: " in said and "added to the list" in said
    assert "0 of 1 pieces of footage" in said
    assert ended == code


def test_a_sweep_that_let_go_of_the_case_looks_dead(begun):
    code, said = call("--status", "--case", begun)
    assert code == 0
    assert "looks dead" in said and "the disk was full" in said
    assert "playing speed" not in said and " left" not in said
    assert "/archive/clip.mp4" not in said


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
