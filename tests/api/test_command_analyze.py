"""`nameplate analyze`: what goes to whom, and how it ends."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from api.cli.setup import limited
from datasets.errors import DecoderTimeout
from tests.api.conftest import Ended, draw, table
from tests.detector.clips import write_clip
from tests.evidence.conftest import SCHEMA
from tests.logo import draw_machine, write_registry
from tests.ordinary import ordinary

VALIDATOR = Draft202012Validator(SCHEMA)


def lines(ended: Ended) -> list[dict[str, Any]]:
    """Every line of standard output as a checked record."""
    records = [json.loads(line) for line in ended.out.splitlines()]
    for record in records:
        VALIDATOR.validate(record)
    return records


def test_one_line_a_footage_and_nothing_else(nameplate, picture, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"")
    ended = nameplate("analyze", "--json", picture, broken, draw(tmp_path / "b.png", 1))
    first, second, third = lines(ended)
    assert ended.code == 1
    assert first["footage"] == str(picture) and first["frames_decoded"] == 1
    assert second["footage"] == str(broken) and second["error"]["kind"] == "empty"
    assert third["machines"] == []
    assert ended.err == ""
    assert not (tmp_path / "results").exists()


def test_each_name_of_a_file_gives_its_own_line(nameplate, picture):
    Path("link.png").symlink_to(picture)
    names = [f"./{picture.name}", str(picture), picture.name, "link.png"]
    ended = nameplate("analyze", "--json", *names, picture)
    assert ended.code == 0 and [record["footage"] for record in lines(ended)] == names


def test_an_empty_path_is_wrong_use(nameplate, picture):
    ended = nameplate("analyze", "--json", "", picture)
    assert (ended.code, ended.out) == (2, b"") and "an empty path" in ended.err


def test_what_takes_too_long_is_named_and_the_rest_goes_on(nameplate, tmp_path):
    slow = write_clip(tmp_path / "slow.mp4", 100, size=(1920, 1080), codec="mpeg4", gop=100)
    ended = nameplate("analyze", "--json", "--time-limit", 1, slow, "gone.mp4")
    first, second = lines(ended)
    assert first["error"]["kind"] == "timeout" and "--time-limit" in first["error"]["message"]
    assert second["error"]["kind"] == "missing"


def test_a_read_that_blocks_is_ended():
    reading, writing = os.pipe()
    with pytest.raises(DecoderTimeout, match=r"a\.mp4.*0\.1 s"), limited("a.mp4", 0.1):
        os.read(reading, 1)
    os.close(reading), os.close(writing)


def test_a_builder_added_with_its_logo_is_known_by_it(nameplate, tmp_path):
    machine = draw_machine(tmp_path / "machine.png")
    own, bare = write_registry(tmp_path / "own"), write_registry(tmp_path / "bare", logo=False)
    (found,) = lines(nameplate("analyze", "--json", "--registry", own, machine))
    (sighting,) = found["machines"]
    (lead, *_) = sighting["leads"]
    assert lead["builder"]["id"] == "veltranix"
    looks = next(reason for reason in lead["evidence"] if reason["feature"] == "look")
    assert looks["weight"] > 0
    (without,) = lines(nameplate("analyze", "--json", "--registry", bare, machine))
    (fewer, *_) = without["machines"][0]["leads"]
    assert fewer["probability"] < lead["probability"] - 0.2
    assert without["registry_sha256"] != found["registry_sha256"]


def test_a_missing_path_is_wrong_use_and_stops_nothing(nameplate, picture):
    ended = nameplate("analyze", "--json", "nowhere.mp4", picture)
    missing, found = lines(ended)
    assert ended.code == 2
    error = {"kind": "missing", "message": "nowhere.mp4: no such file; check the path"}
    about = {"schema": "nameplate/sightings-1", "footage": "nowhere.mp4"}
    assert missing == about | {"error": error}
    assert "machines" in found


def test_photographs_beside_a_clip_are_looked_at_and_all_is_counted(
    nameplate, tmp_path, monkeypatch
):
    folder = tmp_path / "telegram"
    draw(folder / "photo.png")
    write_clip(folder / "hall.mp4", 4)
    (tmp_path / "other").mkdir()
    (folder / "linked").symlink_to(tmp_path / "other")
    found = lines(nameplate("analyze", "--json", "telegram"))
    assert [one["kind"] for one in found] == ["stills", "video"]
    told: list[str] = []
    shares: dict[str, list[float]] = {}

    @contextmanager
    def watch(label: str, _: bool) -> Iterator[Callable[[float, str], None]]:
        told.append(label)
        yield lambda share, stage: shares.setdefault(told[-1], []).append(share)

    monkeypatch.setattr("api.cli.analyze.progress", watch)
    ended = nameplate("analyze", "telegram")
    assert ended.code == 0
    assert told == ["1 of 2: telegram", "2 of 2: telegram/hall.mp4"]
    assert all(some == sorted(some) and some[-1] > 0.9 for some in shares.values())
    assert b"2 files, 0 machines, 0 named, 1 left out" in ended.out
    assert "linked: a linked folder, left out" in ended.err


def test_an_address_is_not_taken_for_a_path(nameplate):
    ended = nameplate("analyze", "https://example.org/a.mp4")
    assert ended.code == 2
    assert "https://example.org/a.mp4: Nameplate downloads nothing" in ended.err


def test_an_empty_folder_is_wrong_use(nameplate, tmp_path):
    (tmp_path / "empty").mkdir()
    ended = nameplate("analyze", "--json", "empty")
    assert ended.code == 2 and lines(ended)[0]["error"]["kind"] == "usage"


@pytest.mark.parametrize(
    "words", [["analyze"], ["analyze", "--fast", "x.mp4"], ["watch"], ["analyze", "--seed", "x"]]
)
def test_wrong_words_are_wrong_use(nameplate, words):
    ended = nameplate(*words)
    assert ended.code == 2 and ended.out == b"" and "Usage" in ended.err


@pytest.mark.parametrize(("flag", "text", "said"), table("wrong-setups"))
def test_a_wrong_setup_ends_before_any_work(nameplate, picture, tmp_path, flag, text, said):
    (tmp_path / "mine.yaml").write_text(text)
    ended = nameplate("analyze", "--json", flag, "mine.yaml", picture)
    assert ended.code == 4 and ended.out == b""
    assert "mine.yaml" in ended.err and said in ended.err


def test_a_folder_without_a_model_is_a_wrong_setup(nameplate, picture, tmp_path):
    (tmp_path / "model").mkdir()
    ended = nameplate("analyze", "--json", "--model", "model", picture)
    assert ended.code == 4 and ended.out == b"" and "model" in ended.err


def test_a_person_gets_a_table_and_a_folder(nameplate, picture, tmp_path):
    ended = nameplate("analyze", picture)
    (folder,) = (tmp_path / "results").iterdir()
    assert ended.code == 0
    assert str(picture) in ended.out.decode("utf-8")
    assert f"results/{folder.name}/report.html" in ended.out.decode("utf-8")
    assert {"report.html", "sightings.json", "sightings.csv"} <= {
        path.name for path in folder.iterdir()
    }


def test_json_with_a_folder_says_where_it_is(nameplate, picture, tmp_path):
    ended = nameplate("analyze", "--json", "--out", "found", picture)
    (record,) = lines(ended)
    kept = json.loads((tmp_path / record["results"] / "sightings.json").read_bytes())
    assert kept == {name: value for name, value in record.items() if name != "results"}


def test_two_clips_of_one_name_stay_apart(nameplate, tmp_path):
    draw(tmp_path / "a/hall.png", 1)
    draw(tmp_path / "b/hall.png", 2)
    ended = nameplate("analyze", "--quiet", "a/hall.png", "b/hall.png")
    assert (ended.code, ended.out, ended.err) == (0, b"", "")
    assert len(list((tmp_path / "results").iterdir())) == 2


def test_trouble_goes_to_standard_error_and_leaves_no_folder(nameplate, tmp_path):
    (tmp_path / "broken.mp4").write_bytes(b"")
    ended = nameplate("analyze", "--quiet", "broken.mp4")
    assert ended.code == 1 and ended.out == b"" and "broken.mp4: the file is empty" in ended.err
    assert not (tmp_path / "results").exists()


def test_results_that_cannot_be_written_are_told_at_once(nameplate, picture, tmp_path):
    (tmp_path / "taken").write_text("a file")
    ended = nameplate("analyze", "--out", "taken", picture)
    assert ended.code == 3 and "taken" in ended.err and ended.out == b""


def test_somebodys_own_files_in_the_way_stop_nothing(nameplate, tmp_path):
    first, second = draw(tmp_path / "a.png", 1), draw(tmp_path / "b.png", 2)
    nameplate("analyze", "--quiet", first)
    (folder,) = (tmp_path / "results").iterdir()
    (folder / "notes.txt").write_text("seen on 3 May")
    ended = nameplate("analyze", "--quiet", "--seed", 7, first, second)
    assert ended.code == 3 and "notes.txt" in ended.err
    assert (folder / "notes.txt").exists() and len(list(folder.parent.iterdir())) == 2


def test_what_nameplate_drew_is_no_footage(nameplate, tmp_path):
    draw(tmp_path / "results/hall-01234567/stills/m1.jpg")
    for name in ("sightings.json", "report.html"):
        (tmp_path / "results/hall-01234567" / name).write_text("{}")
    draw(tmp_path / "case/stills/ab/abcd.jpg")
    for name in ("case.json", "lock"):
        (tmp_path / "case" / name).write_text("{}")
    draw(tmp_path / "plant/hall.png")
    (record,) = lines(nameplate("analyze", "--json", "."))
    assert record["footage"] == "plant"
    ended = nameplate("analyze", "--json", "case", "results")
    assert ended.code == 2
    assert all("Nameplate wrote" in one["error"]["message"] for one in lines(ended))


def test_a_link_that_leads_in_a_circle_stops_nothing(nameplate, tmp_path):
    draw(tmp_path / "footage/plant/hall.png")
    (tmp_path / "footage/a.mp4").symlink_to("a.mp4")
    circle, found = lines(nameplate("analyze", "--json", "footage"))
    assert circle["error"]["kind"] == "missing" and "footage/a.mp4" in circle["error"]["message"]
    assert found["footage"] == "footage/plant" and "machines" in found


def test_what_a_folder_only_links_to_is_told_of(nameplate, tmp_path):
    draw(tmp_path / "footage/hall.png")
    draw(tmp_path / "elsewhere/hall.png")
    (tmp_path / "footage/2023").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "footage/live.mp4")
    ended = nameplate("analyze", "--json", "footage")
    (record,) = lines(ended)
    assert ended.code == 0 and record["footage"] == "footage"
    assert "footage/2023: a linked folder, left out" in ended.err
    assert "footage/live.mp4: neither a file nor a folder" in ended.err


def test_a_folder_that_cannot_be_read_stops_nothing(nameplate, tmp_path):
    draw(tmp_path / "footage/plant/hall.png")
    draw(tmp_path / "footage/shut/hall.png").parent.chmod(0)
    with ordinary():
        ended = nameplate("analyze", "--json", "footage")
    found, shut = lines(ended)
    assert ended.code == 2 and found["footage"] == "footage/plant" and "machines" in found
    assert shut["error"]["kind"] == "missing" and "footage/shut" in shut["error"]["message"]
