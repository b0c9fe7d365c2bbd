"""A pack carries nothing that anybody enters by, on either kind of database."""

from __future__ import annotations

import hashlib
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from evidence.accounts import add_account, digest, enter, make_token, start_login
from evidence.case.case import Case
from evidence.case.check import check
from evidence.case.pack import pack
from evidence.case.sighting_tables import Verdict
from evidence.case.tables import Account, Login, Token, Upload
from evidence.case.unpack import unpack
from evidence.case.verdicts import append

pytestmark = pytest.mark.databases

PASSWORD = "seven lathes in a hall"


def upload(name: str, state: str) -> Upload:
    now = datetime.now(UTC)
    return Upload(
        id=hashlib.md5(name.encode()).hexdigest(),
        author="Анна",
        name=f"{name}.mp4",
        size=9,
        state=state,
        made=now,
        changed=now,
    )


def test_a_pack_lets_nobody_in(case: Case, tmp_path: Path) -> None:
    add_account(case, "Анна", "admin", PASSWORD)
    secrets = []
    for number in range(40):
        value = start_login(case, "Анна")
        token, _ = make_token(case, "Анна", f"number {number}", None)
        secrets += [value, token, digest(value), digest(token), f"number {number}"]
    with case.session() as session, session.begin():
        append(session, footage="ab" * 32, pts=0, verdict="missed", author="Анна")
        session.add_all([upload("halfway", "receiving"), upload("whole", "kept")])
    with case.session() as session:
        secrets.append(session.scalars(select(Account.secret)).one())
    secrets += ["halfway.mp4", "argon2"]

    pack(case, tmp_path / "case.zip")
    with zipfile.ZipFile(tmp_path / "case.zip") as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    assert [secret for secret in secrets if secret.encode() in content] == []
    assert "Анна".encode() in content and b"whole.mp4" in content

    with unpack(tmp_path / "case.zip", tmp_path / "elsewhere") as moved:
        with moved.session() as session:
            assert session.scalars(select(Account.name)).all() == ["Анна"]
            assert session.scalars(select(Upload.name)).all() == ["whole.mp4"]
            assert session.scalar(select(func.count()).select_from(Verdict)) == 1
            for table in (Login, Token):
                assert session.scalar(select(func.count()).select_from(table)) == 0
        assert enter(moved, "Анна", PASSWORD) is None and enter(moved, "Анна", "") is None
        assert [str(finding) for finding in check(moved) if finding.wrong] == []
    assert enter(case, "Анна", PASSWORD) is not None  # the case itself is as it was
