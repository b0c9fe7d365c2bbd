"""What is made to share names no person and no folder, shows machines alone, and can be checked."""

from __future__ import annotations

import re
import sqlite3
import zipfile
from io import BytesIO

import numpy as np
from PIL import Image
from sqlalchemy import select

from evidence.answer.package import recompute, write_package
from evidence.answer.question import Question
from evidence.case.case import Case
from evidence.case.edition import keep_hidden, share_case
from evidence.case.sighting_tables import StillRow, Verdict
from evidence.case.tables import Account, HiddenParts, Location
from evidence.case.verdicts import head, verify
from evidence.clip.stills import hide_around
from tests.evidence.answer.conftest import Builder, judge_all
from tests.rows import look

PRIVATE = re.compile(rb"\b(anna|ben)\b|/archive")


def noise(seed: int) -> bytes:
    out = BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (96, 128, 3), np.uint8)
    Image.fromarray(pixels).save(out, "JPEG", quality=92)
    return out.getvalue()


def fill(b: Builder, case: Case) -> None:
    for number in range(3):
        b.add("Plant 1", claim="dmtg", outcome="accept", published="2023")
        b.still(case.put_still(noise(number)))
    b.control(3)
    for still in b.session.scalars(select(StillRow)):
        keep_hidden(b.session, still.footage, still.pts, [(0, 0, 4, 4)])
    for place in b.session.scalars(select(Location)):
        said = {"author": "carla", "name": "clip.mp4", "made": "2026-01-01"}
        place.provenance = {"list": "/archive/list.csv", "line": 1, "uploads": [said]}
    judge_all(b.session)


def test_a_package_to_share_names_nobody_and_comes_out_the_same(case, registry, b, tmp_path):
    fill(b, case)
    b.write()
    number, digest = look(case, head)
    _, lacking = write_package(case, Question(), registry, tmp_path / "kept", to_share=True)
    assert lacking == []
    found, differences, *_ = recompute(tmp_path / "kept")
    assert differences == []
    assert found.counts.confirmed == 2
    data = tmp_path / "kept" / "data"
    with zipfile.ZipFile(data / "case.zip") as packed:
        packed.extract("case.db", tmp_path)
    texts = [data / "report.html", data / "answer.json", *(data / "tables").glob("*.csv")]
    for file in (*texts, tmp_path / "case.db"):
        assert not PRIVATE.search(file.read_bytes()), file.name
        assert b"carla" not in file.read_bytes()
    told = (data / "README.txt").read_text("utf-8")
    assert f"{number} verdicts" in told and digest in told
    with sqlite3.connect(tmp_path / "case.db") as rows:
        assert {name for (name,) in rows.execute("SELECT author FROM verdicts")} == {
            "person 1",
            "person 2",
        }


def test_what_is_shared_keeps_the_file_and_loses_the_folder(case, registry, b):
    fill(b, case)
    b.write()
    with share_case(case) as edition, edition.case.session() as session:
        assert verify(session) == []
        assert set(session.scalars(select(Location.path))) == {
            f"folder 1/{number}.mp4" for number in (1, 2, 3)
        }
        assert session.scalars(select(Account)).all() == []
        assert session.scalars(select(HiddenParts)).all() == []
        still = session.scalars(select(StillRow).limit(1)).one()
        assert edition.case.read_still(still.sha256, still.suffix) is not None
        assert case.read_still(still.sha256, still.suffix) is None
        shared = set(session.scalars(select(Verdict.digest)))
    with case.session() as session:
        assert not shared & set(session.scalars(select(Verdict.digest)))


def test_around_the_machine_a_picture_is_a_few_flat_blocks():
    before = np.asarray(Image.open(BytesIO(noise(1)))).astype(int)
    after = np.asarray(Image.open(BytesIO(hide_around(noise(1), (32, 24, 64, 48))))).astype(int)
    inside = (slice(26, 46), slice(34, 62))
    assert abs(after[inside] - before[inside]).mean() < 15
    over = hide_around(noise(1), (32, 24, 64, 48), [(32, 24, 64, 48)])
    assert (
        np.asarray(Image.open(BytesIO(over))).astype(int)[inside].std() < before[inside].std() / 2
    )
    block = after[60:70, 100:110]
    assert block.reshape(-1, 3).std(axis=0).max() < 15 < before[60:70, 100:110].std()
