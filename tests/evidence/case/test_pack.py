"""A case packed, moved and opened elsewhere is the same case; a pack of a stranger does no harm."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from datasets.errors import CaseDamaged, CaseExists, CaseMissing, CaseNewer, CaseUnwritable
from detector.footage.files import open_footage
from evidence.case.case import Case
from evidence.case.pack import pack
from evidence.case.rows import record_survey
from evidence.case.sighting_tables import AnalysisRow, Decision, SightingRow, Verdict
from evidence.case.tables import UNREAD, FootageRow, Location
from evidence.case.unpack import unpack
from evidence.case.verdicts import append, verify
from tests.evidence.case.conftest import encoded
from tests.postgres import PostgresServer
from tests.rows import act, rows

pytestmark = pytest.mark.databases


@pytest.fixture
def target(database, request) -> str | None:
    """A second, empty database of the other kind than the case's."""
    if database is None:
        server: PostgresServer = request.getfixturevalue("postgres")
        return server.database()
    return None


@pytest.fixture
def judged(swept) -> Case:
    with swept.session() as session, session.begin():
        sighting = session.scalars(select(SightingRow).where(SightingRow.name == "m1")).one()
        about = {"footage": sighting.footage, "pts": sighting.pts, "sighting": sighting.key}
        append(session, **about, verdict="confirmed", author="Анна")
    return swept


def as_moved(case: Case) -> dict[str, list[tuple[object, ...]]]:
    """The rows of a case, changed to what a pack of it brings: no place outside was read yet."""
    with case.session() as session, session.begin():
        session.execute(update(Location).values(mtime_ns=UNREAD))
    return rows(case)


def test_a_packed_case_is_the_same_elsewhere(judged, target, tmp_path):
    packed = pack(judged, tmp_path / "case.zip")
    assert packed.left_out == []
    assert packed.size == (tmp_path / "case.zip").stat().st_size
    with zipfile.ZipFile(tmp_path / "case.zip") as archive:  # without the address of a database
        assert json.loads(archive.read("case.json"))["database"] == "case.db"
    with unpack(tmp_path / "case.zip", tmp_path / "elsewhere", target) as case:
        assert case.on_server != judged.on_server
        assert (case.id, case.name) == (judged.id, judged.name)
        assert rows(case) == as_moved(judged)
        with case.session() as session, session.begin():
            assert verify(session) == []
            append(session, footage="ab" * 32, pts=0, verdict="missed", author="Ben")
            session.add(
                Decision(a="a", b="b", what="cut", author="B", made=func.now(), note=None, where={})
            )
        with case.session() as session:
            assert session.scalar(select(func.max(Verdict.number))) == 2
        stills, same = (
            {path.relative_to(one.folder) for path in one.folder.glob("stills/*/*")}
            for one in (case, judged)
        )
        assert stills == same
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_folder_of_pictures_comes_along_under_any_names(case, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, name in enumerate(("a.png", "цех 1.png", "..%2f.png", os.fsdecode(b"\xff.png"))):
        (folder / name).write_bytes(encoded(number, "PNG"))
    sha256 = open_footage(folder).sha256
    with case.session() as session, session.begin():
        session.add(FootageRow(sha256=sha256, size=1, kind="stills", container="folder"))
        session.flush()
        session.add(Location(path=str(folder), footage=sha256, held=False))
    assert pack(case, tmp_path / "case.zip", footage=True).left_out == []
    shutil.rmtree(folder)
    with unpack(tmp_path / "case.zip", tmp_path / "elsewhere") as moved:
        assert open_footage(moved.held(sha256)).sha256 == sha256
    lost = pack(case, tmp_path / "lost.zip", footage=True).left_out
    assert lost == [f"{folder}: gone, or no longer what it was"]


def test_what_is_gone_or_altered_is_left_out_and_said(swept, survey, tmp_path):
    first, second, *_ = sorted(swept.folder.glob("stills/*/*"))
    first.write_bytes(b"altered")
    second.unlink()
    left_out = pack(swept, tmp_path / "case.zip").left_out
    assert [line.partition(":")[0] for line in left_out] == [str(first), str(second)]
    with unpack(tmp_path / "case.zip", tmp_path / "elsewhere") as case:
        assert rows(case) == as_moved(swept)


def test_packing_while_a_sweep_writes_gives_one_moment(
    case, recipe, registry, other_survey, tmp_path
):
    """Whatever moment a pack shows, each analysis in it is whole, with its pictures."""
    act(case, record_survey, case, other_survey("first"), registry)
    with case.session() as open_session, open_session.begin():
        record_survey(open_session, case, other_survey("second"), registry)
        open_session.flush()
        pack(case, tmp_path / "one.zip")
    pack(case, tmp_path / "two.zip")
    for name, number in (("one", 1), ("two", 2)):
        with unpack(tmp_path / f"{name}.zip", tmp_path / name) as moved, moved.session() as session:
            assert session.scalar(select(func.count()).select_from(AnalysisRow)) == number
            assert session.scalar(select(func.count()).select_from(SightingRow)) == 3 * number


def test_a_pack_never_writes_over_anything(swept, tmp_path):
    pack(swept, tmp_path / "case.zip")
    before = (tmp_path / "case.zip").read_bytes()
    with pytest.raises(CaseExists):
        pack(swept, tmp_path / "case.zip")
    with pytest.raises(CaseExists):
        unpack(tmp_path / "case.zip", swept.folder)
    assert (tmp_path / "case.zip").read_bytes() == before


@pytest.fixture
def packed(tmp_path, survey, registry) -> Path:
    """The pack of a case in SQLite."""
    with Case.new(tmp_path / "packed", "Plant") as case:
        act(case, record_survey, case, survey, registry)
        pack(case, tmp_path / "case.zip")
    shutil.rmtree(tmp_path / "packed")
    return tmp_path / "case.zip"


def repack(packed: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """The pack of somebody who changed what is in it."""
    with zipfile.ZipFile(packed) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return packed


def refused(packed: Path, error: type[Exception], words: str) -> None:
    folder = packed.parent
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(error, match=words):
        unpack(packed, folder / "into" / "case")
    assert list((folder / "into").iterdir()) == []
    assert sorted(p.name for p in folder.iterdir()) == sorted([*before, "into"])


IN_A_FOLDER = ("/../x", "/%2e%2e", "/..%2f..%2foutside", "/a%00b")
STRAYS = [
    *("../outside", "/outside", "stills/../../outside", "stills/ab/" + "0" * 64 + ".sh"),
    *("footage/ab/" + "0" * 64 + name for name in IN_A_FOLDER),
    *("lock", "case.db-wal", "stills\\..\\outside"),
]


@pytest.mark.parametrize("name", STRAYS)
def test_a_pack_writes_only_files_of_a_case(packed, name):
    repack(packed, lambda files: files.update({name: b"x"}))
    refused(packed, CaseDamaged, "no name of a file in a pack")


def alter_a_still(files: dict[str, bytes]) -> None:
    name = next(name for name in files if name.startswith("stills/"))
    files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])


def facts(**other: object) -> Callable[[dict[str, bytes]], None]:
    """Changes what `case.json` says."""

    def change(files: dict[str, bytes]) -> None:
        files["case.json"] = json.dumps(json.loads(files["case.json"]) | other).encode()

    return change


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (alter_a_still, CaseDamaged, "is not what it was"),
        (lambda files: files.pop("case.db"), CaseDamaged, "is missing"),
        (facts(database="../../case.db"), CaseDamaged, "a database outside"),
        (facts(format=9), CaseNewer, "newer Nameplate"),
        *(
            (lambda files, said=said: files.update({"case.json": said}), CaseDamaged, "is none")
            for said in (b"{", b"[]", b"[" * 100_000)
        ),
    ],
    ids=["still", "missing", "outside", "newer", "cut", "a list", "deep"],
)
def test_a_pack_that_was_changed_is_refused(packed, change, error, words):
    refused(repack(packed, change), error, words)


def test_a_bomb_is_not_set_off(packed):
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("footage/00/" + "0" * 64, b"\0" * (16 << 20))
    refused(packed, CaseDamaged, "grows out of proportion")


def test_a_pack_larger_than_the_disk_is_not_begun(packed, small_disk):
    repack(packed, lambda files: files.update({"footage/00/" + "0" * 64: b"\0" * (2 << 20)}))
    with pytest.raises(CaseUnwritable, match="make room"):
        unpack(packed, small_disk / "case")
    assert list(small_disk.iterdir()) == []


def test_a_disk_too_small_for_a_pack_is_left_as_it_was(swept, small_disk):
    with (small_disk / "filler").open("wb") as out:
        out.write(b"\0" * (900 << 10))
    with pytest.raises(CaseUnwritable, match="full"):
        pack(swept, small_disk / "case.zip")
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_other_files_are_no_packs(tmp_path):
    (tmp_path / "empty.zip").touch()
    refused(tmp_path / "empty.zip", CaseDamaged, "cannot be opened")
    with pytest.raises(CaseMissing):
        unpack(tmp_path / "nowhere.zip", tmp_path / "case")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_pack_cut_short_is_refused(packed, share):
    whole = packed.read_bytes()
    packed.write_bytes(whole[: int(len(whole) * share)])
    refused(packed, CaseDamaged, "cannot be opened")


def test_a_pack_that_points_out_of_itself_is_refused(packed):
    whole = bytearray(packed.read_bytes())
    place = whole.rindex(b"PK\x05\x06") + 16  # where its list begins, from which all places count
    begins = int.from_bytes(whole[place : place + 4], "little")
    whole[place : place + 4] = (begins + len(whole)).to_bytes(4, "little")
    packed.write_bytes(whole)
    refused(packed, CaseDamaged, "points out of itself")


def test_any_flipped_byte_is_noticed_or_harmless(packed, registry):
    """A byte may lie where it means nothing (a date); elsewhere the pack must be refused."""
    whole = packed.read_bytes()
    with unpack(packed, packed.parent / "whole") as case:
        expected = rows(case)
    for place in range(0, len(whole), len(whole) // 40):
        packed.write_bytes(whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :])
        folder = packed.parent / f"at {place}"
        try:
            with unpack(packed, folder) as case:
                assert rows(case) == expected
        except (CaseDamaged, CaseNewer):
            assert not folder.exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from evidence.case.unpack import unpack
names = 0
def stop(event, args):
    global names
    if event == "open" and "stills" in str(args[0]):
        names += 1
        if names == 2:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(stop)
unpack(sys.argv[1], sys.argv[2])
"""


def test_unpacking_that_was_killed_leaves_no_case(packed):
    folder = packed.parent / "case"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, packed, folder], cwd=Path(__file__).parents[3]
    )
    assert done.returncode == -signal.SIGKILL
    assert not folder.exists()
    unpack(packed, folder).close()


def rewrite_heads(packed: Path, local: int, central: int, value: bytes) -> None:
    """Puts two bytes into each head of a file, there and in the list at the end."""
    content = packed.read_bytes()
    for mark, at in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        some = re.escape(mark) + b".{%d}" % (at - len(mark))
        content = re.sub(b"(?s)(%s).." % some, lambda found: found[1] + value, content)
    packed.write_bytes(content)


@pytest.mark.parametrize(
    ("local", "central", "value"),
    [(6, 8, b"\1\0"), (8, 10, b"\x0c\0"), (8, 10, b"\x0e\0")],
    ids=["behind a password", "by bzip2", "by LZMA"],
)
def test_a_pack_is_packed_in_one_way_alone(packed, local, central, value):
    rewrite_heads(packed, local, central, value)
    refused(packed, CaseDamaged, "packed as no pack's")


def test_a_name_that_is_no_text_is_refused(packed):
    packed.write_bytes(packed.read_bytes().replace(b"case.db", b"\xff\xfeed.db"))
    rewrite_heads(packed, 6, 8, b"\0\x08")
    refused(packed, CaseDamaged, "cannot be opened")
