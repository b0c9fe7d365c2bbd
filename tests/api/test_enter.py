"""The five published sightings, entered by hand from the command line, each as what it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evidence.case.case import Case
from evidence.case.check import check
from evidence.case.sighting_tables import AnalysisRow, Verdict
from evidence.case.tables import Location, Work
from tests.api.conftest import Nameplate
from tests.sightings import PUBLISHED, SOURCE, Swept, read_again

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def swept(nameplate: Nameplate, published: Swept, database: str | None) -> Path:
    """A case with the five clips, looked at."""
    more = () if database is None else ("--database", database)
    assert nameplate("case", "open", published.pack, "case", *more).code == 0
    with Case.open("case") as case:
        read_again(case)
    return Path("case")


@pytest.fixture
def put(nameplate: Nameplate, published: Swept) -> Callable[..., Any]:
    def run(name: str, author: str, *more: str) -> Any:
        place, words = published.places[name], PUBLISHED[name].words
        return nameplate(
            "case", "enter", "case", place.path, *place.words, *words, *SOURCE, *more,
            "--author", author, "--json",
        )  # fmt: skip

    return run


@pytest.fixture
def ask(nameplate: Nameplate) -> Ask:
    def run(*words: str) -> dict[str, Any]:
        ended = nameplate("answer", "case", *words, "--json")
        assert ended.code == 0, ended.err
        answer: dict[str, Any] = json.loads(ended.out)["answer"]
        return answer

    return run


def entered(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    names = {one.plant: name for name, one in PUBLISHED.items()}
    return {names[one["plant"]]: one for one in answer["entered"]}


def plants(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["plant"]: row for row in answer["plants"]}


def test_each_of_the_five_comes_out_as_what_it_is(
    swept: Path, put: Callable[..., Any], ask: Ask, nameplate: Nameplate
) -> None:
    before = ask()
    for name in PUBLISHED:
        ended = put(name, "anna")
        assert ended.code == 0, ended.err
        row = json.loads(ended.out)
        assert (row["author"], row["signed"]) == ("anna", "command")
        assert row["before"]["said"]["source"] == SOURCE[1]
        assert json.loads(put(name, "anna").out)["number"] == row["number"]  # sent twice is one

    chinese = ask()
    kinds = {name: one["kind"] for name, one in entered(chinese).items()}
    assert kinds == {
        "haas": "concealed, builder from a second cue",
        "tsugami": "probable, not confirmed",
        "fanuc": "a control, builder unknown",
        "niles": "builder confirmed",
        "fair": "waits for others to judge",  # one person alone does not confirm a Chinese machine
    }
    assert entered(chinese)["fanuc"]["control"] == "ctl-fanuc"
    assert entered(chinese)["fanuc"]["builder"] is None
    assert chinese["said"]["kind"] == "probable"
    assert (chinese["counts"]["confirmed"], chinese["counts"]["probable"]) == (0, 1)
    assert plants(chinese)["Fair of 2024"]["probable"] == 1
    assert plants(chinese)["Titan-Barrikady"]["unknown"] == 1
    # Whatever the program found, each plant has the one machine that stands there.
    assert {row["machines"] for row in chinese["plants"]} == {1}
    # Nobody drew them: what is estimated stays as it was.
    for name in ("found_low", "found_high", "low", "high", "missed", "noticed"):
        assert chinese[name] == before[name], name

    assert json.loads(put("fair", "ben").out)["sighting"].startswith("entered-")
    chinese = ask("--package", "kept")
    assert chinese["said"]["sentence"].startswith("1 machine of Chinese make confirmed")
    fair = entered(chinese)["fair"]
    assert (fair["kind"], fair["hit"], fair["control"]) == (
        "builder confirmed",
        True,
        "ctl-siemens",
    )
    assert fair["authors"] == ["anna", "ben"]
    assert ask("--origin", "DE")["counts"]["confirmed"] == 1  # Niles-Simmons, not the SINUMERIK

    american = ask("--origin", "US")
    assert american["counts"]["confirmed"] == 1
    assert entered(american)["haas"]["hit"] and not entered(american)["niles"]["hit"]
    owned = ask("--owner", "US")
    assert owned["counts"]["confirmed"] == 2 and entered(owned)["niles"]["hit"]
    built = ask("--production", "DE")
    assert entered(built)["niles"]["hit"] and built["counts"]["confirmed"] == 1
    japanese = ask("--origin", "JP")
    assert (japanese["counts"]["confirmed"], japanese["counts"]["probable"]) == (0, 1)
    assert ask("--builder", "haas")["counts"]["confirmed"] == 1

    ended = nameplate("answer", "--from", "kept")
    assert ended.code == 0, ended.err
    assert b"Every number of the package comes out the same" in ended.out
    assert "data:image/jpeg" in Path("kept/data/report.html").read_text("utf-8")
    with Case.open(swept) as case:
        assert [str(one) for one in check(case) if one.wrong] == []
    assert nameplate("case", "pack", "case", "case.zip").code == 0
    assert nameplate("case", "open", "case.zip", "again").code == 0
    with Case.open("again") as case:
        assert [str(one) for one in check(case) if one.wrong] == []
        with case.session() as session:
            assert session.query(Verdict).count() == 6
    ended = nameplate("answer", "again", "--json")
    assert json.loads(ended.out)["answer"]["entered"] == chinese["entered"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--at", "2"), "from 0 to 1 s"),
        (("--at", "soon"), "seconds, as 12.5"),
        (("--box", "0,0,9"), "four numbers"),
        (("--box", "600,0,100,100"), "within the frame"),
        (("--builder", "nobody"), "no builder in the registry"),
        (("--builder", "ctl-fanuc"), "never the builder"),
        (("--control", "haas"), "makes no controls"),
        (("--made", "Germany"), "no country code"),
        (("--probable",), "name the builder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_makes_no_sense_is_refused_and_nothing_is_entered(
    small: Path, clip: Path, nameplate: Nameplate, words: tuple[str, ...], told: str
) -> None:
    ended = nameplate("case", "enter", small, clip, *words, "--author", "anna")
    assert ended.code == 2 and told in ended.err
    with Case.open(small) as case, case.session() as session:
        assert session.query(Verdict).count() == 0


@pytest.fixture
def small(published: Swept, tmp_path: Path) -> Path:
    """The same case, on SQLite, for what does not depend on the database."""
    with published.open(tmp_path / "small") as case:
        return case.folder


@pytest.fixture
def clip(published: Swept) -> Path:
    return published.places["haas"].path


def test_footage_is_named_by_path_or_by_hash(small: Path, clip: Path, nameplate: Nameplate) -> None:
    with Case.open(small) as case, case.session() as session:
        sha256 = session.query(Location).filter_by(path=str(clip)).one().footage
    assert sha256 is not None
    common = ("--builder", "haas", "--author")
    assert nameplate("case", "enter", small, clip, *common, "anna").code == 0
    assert nameplate("case", "enter", small, sha256[:12], "--at", "1/5", *common, "anna").code == 0
    assert nameplate("case", "enter", small, "other.mp4", *common, "anna").code == 2
    assert nameplate("case", "enter", small, "00000000", *common, "anna").code == 2
    # Of one plant and builder, never in one frame together: they may be views of one machine.
    ended = nameplate("answer", small, "--builder", "haas", "--json")
    answer = json.loads(ended.out)["answer"]
    assert (answer["counts"]["least"], answer["counts"]["confirmed"]) == (1, 2)


def test_a_sweep_of_a_case_out_of_a_pack_reads_its_originals_and_looks_at_none_anew(
    published: Swept, clip: Path, nameplate: Nameplate
) -> None:
    ended = nameplate("case", "open", published.pack, "fresh")
    assert ended.code == 0 and "5 originals outside the case" in ended.err
    enter = ("case", "enter", "fresh", clip, "--builder", "haas", "--author", "a", "--json")
    assert "no picture is kept" in nameplate(*enter).err
    listed = published.pack.with_name("list.csv")
    ended = nameplate("sweep", "--list", listed, "--case", "fresh", "--workers", 1, "--quiet")
    assert ended.code == 0, ended.err
    with Case.open("fresh") as case, case.session() as session:
        assert session.query(AnalysisRow).count() == len(published.places)
        work = [row.state for row in session.query(Work).all()]
        assert work == ["done"] * len(published.places)
    ended = nameplate(*enter, "--at", "1/5")
    assert "still" in json.loads(ended.out)["before"]["said"]


def test_a_lost_original_keeps_no_picture_and_the_word_all_the_same(
    small: Path, clip: Path, nameplate: Nameplate
) -> None:
    with Case.open(small) as case, case.session() as session, session.begin():
        session.query(Location).filter_by(path=str(clip)).one().mtime_ns = 1
    ended = nameplate(
        "case",
        "enter",
        small,
        clip,
        "--builder",
        "haas",
        "--author",
        "a",
        "--json",
    )
    assert ended.code == 0 and "no picture is kept" in ended.err
    assert "still" not in json.loads(ended.out)["before"]["said"]
