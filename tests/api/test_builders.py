"""`nameplate builders`, as a person and as a program use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from api.cli.datasets import builders_app
from api.cli.exits import Exit
from datasets.errors import RegistryError
from datasets.registry import load_registry
from tests.api.conftest import table

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


def test_check_names_entry_and_field(own):
    own.write_text(OWN.replace("DE", "XX").replace("high", "sure"), "utf-8")
    code, out, err = run("check", str(own))
    assert (code, out) == (4, "")
    assert "entry umbra: origin: 'XX'" in err and "entry umbra: confidence:" in err


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
