"""`nameplate datasets` and `builders`: what a person types, sees and gets as an exit code."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from api.cli.datasets import builders_app
from api.cli.exits import Exit
from datasets.errors import RegistryError
from datasets.registry import load_registry
from evidence.case.case import Case
from tests.api.conftest import table
from tests.datasets.sets import dumped, files, two_splits
from tests.judged import fill, other_model

ROOT = Path(__file__).parents[2]


@pytest.fixture
def data(tmp_path) -> Path:
    return two_splits(tmp_path / "data")


def test_checking_a_sound_set(nameplate, data):
    ended = nameplate("datasets", "check", data)
    assert (ended.code, ended.err) == (0, "")
    shown = ended.out.decode()
    row = next(one for one in shown.splitlines() if "train" in one)
    cells = [cell.strip() for cell in row.strip("│ ").split("│")]
    assert cells[:5] == ["train", "3", "1", "4", "6"]
    assert shown.endswith("nothing is wrong\n")


def test_checking_a_faulty_set_tells_every_fault(nameplate, data):
    (data / "val/labels/c.txt").unlink()
    file = data / "val/annotations.jsonl"
    file.write_text(file.read_text("utf-8").replace("hall 9", "hall 7"), "utf-8")
    ended = nameplate("datasets", "check", data)
    assert ended.code == 1
    *_, first, second, last = ended.out.decode().splitlines()
    assert first.startswith("wrong  ") and "c.txt: it cannot be read" in first
    assert "source 'hall 7' is in train and in val" in second and last == "2 wrong"


def test_checking_for_a_program(nameplate, data):
    sound = json.loads(nameplate("datasets", "check", data, "--json").out)
    assert sound["faults"] == [] and sound["splits"]["val"]["machine"] == 2
    (data / "val/images/c.png").unlink()
    ended = nameplate("datasets", "check", data, "--json")
    [fault] = json.loads(ended.out)["faults"][:1]
    assert ended.code == 1 and "there is no " in fault


def test_checking_with_a_registry_of_ones_own(nameplate, data):
    file = data / "train/annotations.jsonl"
    file.write_text(file.read_text("utf-8").replace('"mazak"', '"acme"'), "utf-8")
    assert nameplate("datasets", "check", data).code == 1
    own = data.parent / "own.yaml"
    own.write_text(
        "- {id: acme, name: Acme, type: builder, origin: DE, confidence: high,\n"
        "   wordmarks: [{text: ACME, script: latin}]}\n"
    )
    assert nameplate("datasets", "check", data, "--registry", own).code == 0


@pytest.mark.parametrize("format", ["yolo", "coco", "cvat"])
def test_exporting_and_importing(nameplate, data, format):
    before = files(data)
    ended = nameplate("datasets", "export", data, "--to", format, "--out", "there")
    assert ended.code == 0, ended.err
    assert ended.out.decode().splitlines() == ["train: 3 pictures", "val: 1 pictures", "there"]
    assert files(data) == before
    if format == "cvat":
        ended = nameplate("datasets", "import", "there", "--from", format, "--out", "back")
        assert (ended.code, ended.err) == (0, "")
        assert nameplate("datasets", "check", "back").code == 0
        assert dumped(data.parent / "back") == dumped(data)


def test_a_second_export_leaves_the_first_alone(nameplate, data):
    words = ("datasets", "export", data, "--to", "coco", "--out", "there")
    assert nameplate(*words).code == 0
    before = files(data.parent / "there")
    ended = nameplate(*words)
    assert ended.code == 2 and "already" in ended.err and ended.out == b""
    assert files(data.parent / "there") == before


def test_a_set_with_a_source_on_both_sides_is_not_exported(nameplate, data):
    file = data / "val/annotations.jsonl"
    file.write_text(file.read_text("utf-8").replace("hall 9", "hall 7"), "utf-8")
    ended = nameplate("datasets", "export", data, "--to", "coco", "--out", "there")
    assert ended.code == 4 and "source 'hall 7' is in train and in val" in ended.err
    assert not (data.parent / "there").exists()


def test_importing_with_every_flag(nameplate, data, tmp_path):
    (tmp_path / "x.xml").write_text(
        '<annotations><image name="c.png" width="64" height="48">'
        '<box label="machine" xtl="1" ytl="2" xbr="31" ybr="22"/></image></annotations>'
    )
    words: tuple[object, ...] = ("import", "x.xml", "--from", "cvat", "--out", "back")
    ended = nameplate("datasets", *words)
    assert ended.code == 4 and "no picture 'c.png' in " in ended.err and "--images" in ended.err
    words += ("--images", data / "val/images", "--split", "test", "--source", "fair", "--link")
    ended = nameplate("datasets", *words)
    assert (ended.code, ended.err) == (0, "")
    [photograph] = dumped(tmp_path / "back")["test"]
    assert photograph["source"] == "fair" and len(photograph["machines"]) == 1
    assert (tmp_path / "back/test/images/c.png").samefile(data / "val/images/c.png")


def test_looking(nameplate, data, tmp_path):
    ended = nameplate("datasets", "look", data)
    assert (ended.code, ended.out.decode(), ended.err) == (0, "look/index.html\n", "")
    first = files(tmp_path / "look")
    assert len([name for name in first if name.endswith(".jpg")]) == 2
    assert nameplate("datasets", "look", data).code == 0
    assert files(tmp_path / "look") == first
    ended = nameplate("datasets", "look", data, "--split", "val", "--out", "val", "--per-page", "1")
    assert ended.code == 0 and (tmp_path / "val/sheets/val-001.jpg").is_file()


COMMANDS = {
    "check": ("check", "{}"),
    "look": ("look", "{}", "--out", "new"),
    "export": ("export", "{}", "--to", "coco", "--out", "new"),
    "import": ("import", "{}", "--from", "cvat", "--out", "new"),
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_an_empty_folder_and_none_at_all(nameplate, tmp_path, words):
    (tmp_path / "empty").mkdir()
    for place, told in (("empty", "in it"), ("nowhere", "no such f")):
        ended = nameplate("datasets", *(word.format(place) for word in words))
        assert (ended.code, ended.out) == (2, b"")
        assert place in ended.err and told in ended.err and "Traceback" not in ended.err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("words", [row for (row,) in table("wrong-datasets-use")])
def test_wrong_use(nameplate, data, words):
    before = files(data.parent)
    ended = nameplate("datasets", *words)
    assert (ended.code, ended.out) == (2, b"") and "Traceback" not in ended.err
    assert files(data.parent) == before


def limited(*words: object, cwd: Path, size: int) -> subprocess.CompletedProcess[str]:
    """A child whose files may not grow past a limit: the write itself fails, as on a full disk."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return subprocess.run(
        [sys.executable, "-B", "-m", "api.cli", "datasets", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=limit,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("words", ["look", "export"])
def test_a_full_disk_leaves_nothing_behind(data, tmp_path, words):
    more = {"look": (), "export": ("--to", "coco")}[words]
    ended = limited(words, data, "--out", "new", *more, cwd=tmp_path, size=1000)
    assert ended.returncode == 3 and ended.stdout == ""
    assert "new: it could not be written (File too large)" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_target_that_cannot_be_written(nameplate, data, tmp_path):
    (tmp_path / "file").write_text("mine")
    for words in (("look", data), ("export", data, "--to", "cvat")):
        ended = nameplate("datasets", *words, "--out", "file/new")
        assert ended.code == 3 and "could not be written" in ended.err
        ended = nameplate("datasets", *words, "--out", "file")
        assert ended.code == 2 and "there is something already" in ended.err
    assert (tmp_path / "file").read_text() == "mine"


def test_a_split_is_not_imported_twice(nameplate, data, tmp_path):
    nameplate("datasets", "export", data, "--to", "cvat", "--out", "there")
    words = ("datasets", "import", "there/val/annotations.xml", "--from", "cvat", "--out", "back")
    assert nameplate(*words).code == 0
    before = files(tmp_path / "back")
    ended = nameplate(*words)
    assert ended.code == 2 and "back/val: holds" in ended.err
    assert files(tmp_path / "back") == before


def test_control_characters_never_reach_the_terminal(nameplate, data):
    file = data / "val/annotations.jsonl"
    text = file.read_text("utf-8").replace('"id": "mazak"', '"id": "\\u001b[31m"')
    file.write_text(text, "utf-8")
    ended = nameplate("datasets", "check", data)
    assert ended.code == 1 and b"\x1b" not in ended.out


@pytest.fixture
def case(tmp_path) -> Path:
    with Case.new(tmp_path / "case", "Plant 12") as made:
        fill(made, load_registry(), tmp_path / "clips")
    return tmp_path / "case"


def test_the_judged_frames_of_a_case_are_exported(nameplate, case):
    ended = nameplate("datasets", "export", case, "--to", "cvat", "--out", "judged")
    assert ended.code == 0, ended.err
    said = ended.out.decode().splitlines()
    assert said[-1] == "judged/data"
    assert {line.split(":")[0] for line in said[:-1]} == {"train", "val"}
    assert nameplate("datasets", "check", "judged/data").code == 0
    back = nameplate("datasets", "import", "judged/cvat", "--from", "cvat", "--out", "back")
    assert back.code == 0
    assert nameplate("datasets", "check", "back").code == 0


def test_nothing_is_held_back_where_none_is_asked(nameplate, case):
    ended = nameplate("datasets", "export", case, "--out", "judged", "--val", "0")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.decode().splitlines() == ["train: 4 pictures", "judged/data"]


def test_where_all_footage_is_gone_nothing_is_written(nameplate, case):
    shutil.rmtree(case.parent / "clips")
    ended = nameplate("datasets", "export", case, "--out", "judged")
    assert ended.code == 1 and "none of the judged frames could be cut" in ended.err
    assert "gate.mp4" in ended.err


def test_some_footage_that_is_gone_ends_with_1(nameplate, case):
    (case.parent / "clips" / "gate.mp4").unlink()
    ended = nameplate("datasets", "export", case, "--out", "judged")
    assert ended.code == 1 and "left out 1 frames" in ended.err and "gate.mp4" in ended.err
    assert nameplate("datasets", "check", "judged/data").code == 0


def test_no_case_is_swept_with_a_model_that_nobody_compared(nameplate, case, picture):
    model = other_model(case.parent / "model")
    ended = nameplate("sweep", picture, "--case", case, "--model", model)
    assert ended.code == 4 and "nobody has compared" in ended.err
    ended = nameplate("sweep", picture, "--case", "new", "--model", model)
    assert ended.code == 4 and not Path("new").exists()
    (model / "model.bin").write_bytes(b"")
    ended = nameplate("sweep", picture, "--case", case, "--model", model)
    assert ended.code == 4 and "damaged" in ended.err


app = typer.Typer()
app.add_typer(builders_app, name="builders")


@app.callback()
def root() -> None:
    """Stands for `nameplate`, so that the sub-commands are mounted as there."""


OWN = """
- id: umbra
  name: Umbra
  type: builder
  origin: DE
  wordmarks: [{text: UMBRA, script: latin}]
  confidence: high
"""


def run(*args: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["builders", *args])
    if isinstance(result.exception, RegistryError):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def own(tmp_path) -> Path:
    file = tmp_path / "own.yaml"
    file.write_text(OWN, "utf-8")
    return file


def test_without_a_word_all_are_listed():
    code, out, _ = run()
    assert code == 0 and f"{len(load_registry())} of {len(load_registry())} entries" in out
    assert all(entry.id in out for entry in load_registry())


@pytest.mark.parametrize("args", [("dmtg",), ("大连机床",), ("list", "dmtg")])
def test_a_word_searches(args):
    code, out, _ = run(*args)
    assert code == 0 and "dmtg" in out and "mazak" not in out


def test_a_word_that_is_nowhere():
    code, out, err = run("nowhere")
    assert code == 1 and out == "" and "nowhere" in err


@pytest.mark.parametrize("args", [("okk", "--json"), ("--json", "okk")])
def test_json_is_one_object_a_line(args):
    code, out, _ = run(*args)
    [entry] = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and (entry["id"], entry["origin"]) == ("okk", "JP")


def test_a_registry_of_ones_own(own):
    code, out, _ = run("--registry", str(own), "umbra")
    assert code == 0 and "UMBRA" in out
    assert run("umbra")[0] == 1


def test_a_faulty_registry_of_ones_own_is_an_error(own):
    own.write_text(OWN.replace("DE", "XX"), "utf-8")
    with pytest.raises(RegistryError, match="entry umbra: origin"):
        run("--registry", str(own))


def test_check_counts_what_is_right(own):
    code, out, _ = run("check", str(own))
    assert code == 0 and "all right; entries: 1, of these in place of a packaged one: 0" in out


def test_check_tells_every_fault_of_every_entry_a_line_each(own):
    second = OWN.replace("umbra", "nova").replace("DE", "XX").replace("{text: UMBRA", "{text: 500")
    own.write_text(OWN.replace("high", "sure") + second, "utf-8")
    code, _, told = run("check", str(own))
    lines = told.splitlines()
    assert code == Exit.SETUP and len(lines) == 3
    assert "entry umbra: confidence: " in lines[0]
    assert "entry nova: origin: 'XX'" in lines[1]
    assert "wordmarks[0].text: a text is wanted, got 500; write it in quotes" in lines[2]


@pytest.mark.parametrize(("old", "new", "says"), table("registry-faults"))
def test_check_says_what_is_wanted_in_one_line(own, old, new, says):
    own.write_text(OWN.replace(old, new), "utf-8")
    code, _, told = run("check", str(own))
    assert code == Exit.SETUP and says in told and len(told.splitlines()) == 1


def test_check_names_a_maker_that_no_entry_is(own):
    own.write_text(
        OWN.replace("builder\n", "rebadger\n", 1)
        + "  makers: [{builder: nobody, country: CN, confidence: low}]\n"
    )
    code, out, err = run("check", str(own))
    assert (code, out) == (4, "")
    assert f"{own}: entry umbra: makers[0].builder: no entry 'nobody'" in err


def test_countries_are_told_by_name_to_people_and_by_code_to_programs():
    _, out, _ = run("dmtg")
    assert "China" in out and "China, Russia" in out and " CN " not in out
    _, out, _ = run("dmtg", "--json")
    assert json.loads(out.splitlines()[0])["origin"] == "CN"
