"""The other commands, the documentation of them all, and what a person sees."""

from __future__ import annotations

import io
import json
import re
import sys
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console

from api.cli.analyze import Compared, compare, is_shown
from api.cli.commands import app, made_parts, walk
from api.cli.exits import MEANINGS, Exit, exit_for
from api.cli.terminal import cells, show
from datasets import errors
from datasets.errors import NameplateError
from datasets.maker.clip import ClipMachine, ClipTruth
from datasets.photographs.annotations import read_photographs
from evidence.case.case import Case
from tests.api.conftest import table
from tests.datasets.sets import line, write_data
from tests.judged import other_model
from tests.ordinary import ordinary
from training.weights import traces_of

ROOT = Path(__file__).parents[2]


def test_what_is_made_of_the_documents_is_as_the_program_is():
    for page, made in made_parts(ROOT / "docs"):
        assert page.read_text("utf-8") == made, "run: make docs"


def test_no_command_is_told_of_in_half_a_sentence():
    """In a terminal of 80 columns; of a first sentence that is longer the end is cut off."""
    for name, text in walk(typer.main.get_command(app), "nameplate", width=80):
        listed = text.partition("\nCommands:\n")[2] or text.partition("\nEvery day:\n")[2]
        assert not re.search(r"\w\.\.\.(\n|$)", listed), name


def test_every_exit_code_is_in_the_help(nameplate):
    ended = nameplate("--help")
    said = " ".join(ended.out.decode().split())
    assert ended.code == 0
    for code in Exit:
        assert f"{code.value} {MEANINGS[code]}" in said


def test_where_it_does_not_run_it_says_so(nameplate, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    ended = nameplate("analyze", "clip.mp4")
    assert ended.code == Exit.SETUP and "runs on Linux" in ended.err


KINDS = [one for one in vars(errors).values() if isinstance(one, type)]


@pytest.mark.parametrize("kind", [one for one in KINDS if issubclass(one, NameplateError)])
def test_every_error_has_an_exit_code(kind):
    assert exit_for(kind("x")) in set(Exit) - {Exit.DONE, Exit.INTERRUPTED, Exit.PIPE}


LONG = "x" * 300  # more than a name may have: the system refuses to look


@pytest.mark.parametrize(
    "words",
    [
        ("analyze", "{long}"),
        ("sweep", "{hall}", "--case", "{long}"),
        ("case", "pack", "{case}", "{long}"),
        ("answer", "{case}", "--package", "{long}"),
        ("answer", "--from", "{long}"),
        ("datasets", "export", "{long}", "--out", "set"),
    ],
    ids=" ".join,
)
def test_a_path_that_cannot_be_asked_about_is_named(nameplate, tmp_path, words):
    Case.new(tmp_path / "case", "Plant 12").close()
    (tmp_path / "hall.mp4").write_bytes(b"footage")
    named = {"case": tmp_path / "case", "hall": tmp_path / "hall.mp4", "long": LONG}
    ended = nameplate(*(word.format(**named) for word in words))
    assert ended.code in (Exit.FOOTAGE, Exit.USAGE, Exit.RESULT)
    assert LONG in ended.err or "--to is missing" in ended.err


def test_the_version_is_the_installed_one(nameplate):
    assert nameplate("--version").out.decode() == f"nameplate {version('nameplate')}\n"


def test_an_old_model_that_learnt_from_the_pictures_is_refused_before_the_work_begins(
    nameplate, tmp_path
):
    data = write_data(tmp_path / "data", {"val": [line()]})
    old = other_model(tmp_path / "old")
    card = json.loads((old / "model.json").read_text("utf-8"))
    words = ("export", "none.pt", "--validation", data, "--against", old)
    assert "none.pt: no such file" in nameplate(*words).err
    card["training"]["learnt"] = sorted(traces_of(read_photographs(data / "val")))
    (old / "model.json").write_text(json.dumps(card), "utf-8")
    ended = nameplate(*words)
    assert ended.code == 4 and "source 'hall 7' is learnt from as well" in ended.err


def test_training_without_torch_says_what_to_install(nameplate, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    ended = nameplate("train", "data", "--start", "yolo.pt")
    assert ended.code == 2 and "pip install 'nameplate[train]'" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(("words", "code", "said"), table("refusals"))
def test_what_cannot_be_is_refused_before_anything_is_done(nameplate, tmp_path, words, code, said):
    Case.new(tmp_path / "case", "Plant 12").close()
    (tmp_path / "data").mkdir()
    ended = nameplate(*words)
    assert (ended.code, ended.out) == (code, b"") and "Traceback" not in ended.err
    assert said in " ".join(ended.err.split())
    assert {path.name for path in tmp_path.iterdir()} == {"case", "data"}


def machine(
    name: str | None, box: tuple[float, ...] = (0, 0, 100, 100), **more: Any
) -> dict[str, Any]:
    builder = None
    if name is not None:
        builder = {"id": name, "name": name.upper(), "type": "builder", "probability": 0.9999}
    record = {
        "id": "m1",
        "first": 0.0,
        "last": 75.5,
        "best": {"pts": 1.0, "box": list(box)},
        "grade": "U" if name is None else "A",
        "builder": builder,
        "origin": None,
        "control": None,
        "concealed": False,
        "evidence": [],
        "readings": [],
    }
    return record | more


def drawn(
    builder: str | None, box: tuple[float, float, float, float], concealed: bool = False
) -> ClipMachine:
    return ClipMachine(
        number=0, shot=0, start=0.0, end=4.0, builder=builder, wordmark=builder, script="latin",
        series=None, control=None, concealed=concealed, variant="marked", legible=True,
        boxes=((0.0, (900, 900, 950, 950)), (1.0, box)),
    )  # fmt: skip


def truth(*machines: ClipMachine) -> ClipTruth:
    return ClipTruth((1280, 720), Fraction(25), 100, ((0.0, 4.0),), machines, ())


@pytest.mark.parametrize(
    ("builder", "concealed", "found", "outcome"),
    [
        ("haas", False, machine("haas"), "hit"),
        ("haas", False, machine("mazak"), "wrong"),
        ("haas", False, machine(None), "unknown"),
        ("haas", False, machine("haas", (500, 500, 600, 600)), "missed"),
        (None, False, machine(None), "hit"),
        (None, False, machine("haas"), "wrong"),
        ("haas", True, machine(None), "hit"),
        ("haas", True, machine("haas"), "wrong"),
    ],
)
def test_found_is_compared_with_drawn(builder, concealed, found, outcome):
    (row,) = compare(truth(drawn(builder, (0, 0, 100, 90), concealed)), [found])
    assert row.outcome == outcome


def test_a_sighting_answers_for_one_machine_only():
    both = truth(drawn("haas", (0, 0, 100, 100)), drawn("okuma", (0, 0, 100, 80)))
    rows = compare(both, [machine("haas")])
    assert [row.outcome for row in rows] == ["hit", "missed"]
    assert isinstance(rows[0], Compared)


def test_a_machine_seen_twice_is_no_wrong_name():
    shown = truth(drawn("haas", (0, 0, 100, 100)))
    assert is_shown(machine("haas", (0, 0, 30, 30)), shown)
    assert is_shown(machine(None), shown)
    assert not is_shown(machine("mazak", (0, 0, 30, 30)), shown)
    assert not is_shown(machine("haas", (500, 500, 600, 600)), shown)


def test_a_row_says_who_when_and_how_sure():
    reading = {"text": "HA\x1b[31mAS", "score": 0.9}
    row = [cell.plain for cell in cells(machine("haas", readings=[reading], concealed=True))]
    assert row[:3] == ["m1", "0:00.0 - 1:15.5", "HAAS (a mark may be concealed)"]
    assert row[3:6] == ["", "A", ">0.99"]
    assert row[7] == "HA\ufffd[31mAS"


def test_a_photograph_has_no_time_on_screen():
    row = [cell.plain for cell in cells(machine("haas", file="hall/1.jpg"), timed=False)]
    assert row[:5] == ["m1", "1.jpg", "HAAS", "", "A"]


def test_a_row_says_what_the_plate_of_an_unknown_builder_says():
    origin = {"code": "CN", "basis": "plate", "grade": "B"}
    row = [cell.plain for cell in cells(machine(None, origin=origin))]
    assert row[2:5] == ["builder unknown, origin China from the plate", "China", "U"]


def shown(where: str | None = None, **more: Any) -> str:
    """What a person sees of a clip in which nothing was found but what is said."""
    console = Console(record=True, width=100, file=io.StringIO())
    record = {"footage": "hour.mp4", "kind": "video", "machines": [], "lone_marks": []}
    frames = {"frames_decoded": 1500, "frames_total": 90000, "frames_lost": 0}
    show(record | frames | {"manual_machines": 0} | more, console, where)
    return console.export_text()


def test_markup_in_a_name_is_text():
    told = shown("[red]x", footage="[bold]hall[/].mp4", machines=[machine("haas")], frames_lost=1)
    assert "[bold]hall[/].mp4" in told and "[red]x" in told and "1500 of 90000 frames" in told


def test_where_nothing_was_found_it_says_of_how_much():
    told = shown(manual_machines=2)
    assert "no machine found (1500 of 90000 frames looked at)" in told
    assert "not counted: machines without a CNC, at most 2 in one frame" in told


def test_of_a_photograph_its_own_name_is_told():
    mark = {"id": "k1", "text": "HAAS", "pts": 0.0, "plate": "CN", "reads_as": None, "file": None}
    told = shown(
        kind="still", footage="hall.webp", machines=[machine("haas", file=None)], lone_marks=[mark]
    )
    assert "1500 of 90000 pictures looked at" in told and "k1: HAAS in hall.webp: a plate" in told
    row = next(line for line in told.splitlines() if "m1" in line)
    assert "hall.webp" in row


def test_a_mark_without_a_machine_is_told_below():
    found = {
        "id": "k1", "text": "[bold]HURCO", "pts": 2.6, "plate": None,
        "reads_as": {"id": "hurco", "name": "Hurco", "type": "builder", "origin": "US"},
    }  # fmt: skip
    told = shown(lone_marks=[found, found | {"reads_as": None, "plate": "CN"}])
    assert "k1: [bold]HURCO at 0:02.6: reads as Hurco; no CNC machine is seen around it" in told
    assert "[bold]HURCO at 0:02.6: a plate that says made in China" in told


@pytest.mark.parametrize(
    "words",
    [
        ("datasets", "check", "shut/data"),
        ("datasets", "export", "shut/data", "--to", "coco", "--out", "exported"),
        ("evaluate", "shut/data", "--out", "measured"),
    ],
    ids=" ".join,
)
def test_a_path_in_a_folder_that_is_shut_is_named(nameplate, tmp_path, words):
    (tmp_path / "shut").mkdir(mode=0)
    with ordinary():
        ended = nameplate(*words)
    assert ended.code == 4
    assert "shut/data" in ended.err and "permissions" in ended.err
    assert "Traceback" not in ended.err
