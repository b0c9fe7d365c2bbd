"""A pack made to do harm lets nobody in, shows nothing of the machine it is opened on, and has
nothing there read or removed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from datasets.errors import CaseDamaged, FootageMissing
from detector import Settings
from detector.footage.files import open_footage
from evidence.accounts import add_account, digest, enter
from evidence.browse.frames import find_original
from evidence.case.case import Case
from evidence.case.places import unchanged
from evidence.case.summary import add_recipe
from evidence.case.tables import Location, Login, Recipe, Token, Upload, Work
from evidence.case.unpack import unpack
from evidence.case.work_queue import FootageSource, add_work, done, reopen, take
from evidence.uploads.intake import Uploads
from evidence.uploads.storage import UploadLimits
from tests.evidence.case.conftest import encoded
from tests.evidence.case.test_pack import packed as packed
from tests.evidence.case.test_pack import refused, repack
from tests.rows import act

pytestmark = pytest.mark.databases

PASSWORD = "seven lathes in a hall"
NOW = datetime.now(UTC)
OTHER = "ef" * 32


def altered(pack_file: Path, *statements: str, **values: object) -> Path:
    """The pack of somebody who wrote what they liked into its database."""

    def change(files: dict[str, bytes]) -> None:
        file = pack_file.parent / "altered.db"
        file.write_bytes(files["case.db"])
        connection = sqlite3.connect(file)
        for statement in statements:
            connection.execute(statement, values if ":" in statement else {})
        connection.commit()
        connection.close()
        files["case.db"] = file.read_bytes()
        file.unlink()

    return repack(pack_file, change)


@pytest.fixture
def opened(packed, database) -> Callable[..., Case]:
    """Opens the pack, altered by some statements, in either kind of database."""

    def open_(*statements: str, **values: object) -> Case:
        altered(packed, *statements, **values)
        return unpack(packed, packed.parent / "opened", database)

    return open_


def test_who_made_a_pack_does_not_enter_by_it(opened, tmp_path):
    with Case.new(tmp_path / "theirs", "Theirs") as case:
        add_account(case, "mallory", "admin", PASSWORD)
        with case.engine.connect() as connection:
            secret = connection.scalar(text("SELECT secret FROM accounts"))
    theirs = opened(
        "INSERT INTO accounts VALUES ('mallory', 'admin', :secret, :made, NULL)",
        "INSERT INTO logins VALUES (:digest, 'mallory', :made, :later)",
        "INSERT INTO tokens VALUES (:digest, 'mallory', 'mine', :made, NULL, NULL)",
        # Whatever takes the password away puts it back.
        "CREATE TABLE kept AS SELECT secret FROM accounts",
        "CREATE TRIGGER mine AFTER UPDATE ON accounts WHEN NEW.secret = '' BEGIN "
        "UPDATE accounts SET secret = (SELECT secret FROM kept); END",
        "CREATE TRIGGER again AFTER DELETE ON tokens BEGIN INSERT INTO tokens VALUES "
        "(OLD.digest, OLD.account, OLD.label, OLD.made, OLD.expires, OLD.ended); END",
        secret=secret,
        digest=digest("known"),
        made=str(NOW.replace(tzinfo=None)),
        later=str((NOW + timedelta(days=30)).replace(tzinfo=None)),
    )
    with theirs as case:
        assert enter(case, "mallory", PASSWORD) is None
        with case.session() as session:
            assert not session.scalars(select(Login)).all()
            assert not session.scalars(select(Token)).all()


def test_a_pack_brings_no_triggers_of_its_own(packed, tmp_path):
    asked = text("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name")
    with Case.new(tmp_path / "fresh", "Fresh") as case, case.engine.connect() as connection:
        guards = connection.execute(asked).all()
    altered(
        packed,
        "DROP TRIGGER verdicts_no_update",
        "CREATE TRIGGER mine AFTER INSERT ON verdicts BEGIN DELETE FROM items; END",
    )
    with unpack(packed, tmp_path / "opened") as case, case.engine.connect() as connection:
        assert connection.execute(asked).all() == guards


ENDLESS = "CREATE VIEW accounts AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) "
WRONG = {
    "a table without an end": [
        "DROP TABLE accounts",
        f"{ENDLESS} SELECT x AS name, x AS role, x AS secret, x AS made, x AS ended FROM n",
    ],
    "no time": ["UPDATE sightings SET pts = 'soon'"],
    "no list": ["UPDATE sightings SET track = '[['"],
    "no table": ["DROP TABLE machines"],
    "a column without measure": [
        "DROP TABLE decisions",
        "CREATE TABLE decisions (number INTEGER PRIMARY KEY, a, b, what, author, made, "
        'note TEXT AS (hex(zeroblob(1000 * number))), "where")',
    ],
    "nowhere": [f"INSERT INTO locations (path, footage, held) VALUES ('/a', '{OTHER}', 0)"],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_database_that_is_no_cases_is_refused(packed, name):
    altered(packed, *WRONG[name])
    refused(packed, CaseDamaged, "its database is no case's")


HELD = [
    "/etc/passwd",
    "../secret.mp4",
    "footage/../../secret.mp4",
    f"footage/ef/{OTHER}/../../../../secret.mp4",
    f"footage/ef/{OTHER}.mp4",  # of another footage
    "footage/00/{sha256}.mp4",
    "{sha256}.mp4",
]


UPLOAD = (
    "INSERT INTO uploads (id, author, name, size, state, path, made, changed) "
    "VALUES (:id, 'mallory', 'a.mp4', 9, :state, :path, '2020-01-01', '2020-01-01')"
)
PLACE = "INSERT INTO locations (path, footage, held) VALUES (:path, :sha256, 1)"
STILL = "UPDATE stills SET {} WHERE role = 'mark'"
ELSEWHERE = [
    *((PLACE, path, "as footage that the case holds") for path in HELD),
    (STILL.format("sha256 = '../../../../../../../etc/hostname'"), "", "it names a still"),
    (STILL.format("suffix = 'jpg/../../../../secret'"), "", "it names a still"),
    (UPLOAD, "", "it names an upload '../../victim'"),
]


@pytest.mark.parametrize(("statement", "path", "words"), ELSEWHERE)
def test_nothing_of_a_case_lies_elsewhere(packed, survey, statement, path, words):
    sha256 = survey.analysis.footage.sha256
    known = {"sha256": sha256, "id": "../../victim", "state": "cancelled"}
    altered(packed, statement, path=path.format(sha256=sha256), **known)
    refused(packed, CaseDamaged, words)


def test_no_file_outside_is_removed_as_a_stale_upload(opened, registry, tmp_path):
    victim = tmp_path / "victim.part"
    victim.touch()
    os.utime(victim, (1, 1))
    (tmp_path / "opened").mkdir()
    with opened(UPLOAD, id="../../victim", state="receiving", path=None) as case:
        settings = Settings()
        recipe = act(case, add_recipe, "aa" * 32, settings, registry)
        (case.folder / "uploads").mkdir()
        Uploads(case, recipe, UploadLimits(), settings.decoding).tidy()
    assert victim.exists()


LAID = "INSERT INTO locations (path, footage, held, size) VALUES (:path, :sha256, 0, :size)"


@pytest.mark.parametrize("kind", ["video", "still", "stills"])
def test_nothing_that_lies_outside_is_shown_before_it_was_read(
    opened, survey, registry, tmp_path, kind
):
    """Neither a secret of the size that the pack says nor, yet, the original itself."""
    footage = survey.analysis.footage
    secret = tmp_path / "secret"
    if kind == "stills":
        secret.mkdir()
        (secret / "1.png").write_bytes(encoded(1, "PNG"))
        size = (secret / "1.png").stat().st_size
    else:
        size = footage.size
        secret.write_bytes(b"s" * size)
    known = {"sha256": footage.sha256, "size": size, "kind": kind}
    say = "UPDATE footage SET size = :size, kind = :kind WHERE sha256 = :sha256"
    with opened(say, LAID, path=str(secret), **known) as case, case.session() as session:
        with pytest.raises(FootageMissing):
            find_original(session, case, footage.sha256)
        assert not list(unchanged(session, case, footage.sha256))


def test_originals_are_shown_again_once_a_sweep_has_read_them(opened, survey, registry):
    footage = survey.analysis.footage
    status = footage.path.stat()
    known = {"path": str(footage.path), "sha256": footage.sha256, "size": status.st_size}
    with opened(LAID, **known) as case:
        with case.session() as session, session.begin():
            recipe = add_recipe(session, "aa" * 32, Settings(), registry)
            source = FootageSource(str(footage.path), status.st_size, status.st_mtime_ns)
            add_work(session, recipe, [source])
            assert session.get_one(Location, source.path).footage is None
            assert done(session, take(session, recipe, 1)[0], open_footage(footage.path).sha256)
        with case.session() as session:
            found = find_original(session, case, footage.sha256)
            assert found is not None and found.path == footage.path


def test_nothing_outside_is_looked_at_because_a_pack_says_so(
    opened, survey, registry, clip, tmp_path
):
    path = str(clip)
    waits = (
        "INSERT INTO work SELECT :path, model, settings, 'waiting', 9, 0, NULL, NULL, '2020-01-01' "
        "FROM recipes"
    )
    add = "INSERT OR IGNORE INTO recipes VALUES (:model, :settings, :model, '{}')"
    with Case.new(tmp_path / "theirs", "Theirs") as case:
        theirs = act(case, add_recipe, "aa" * 32, Settings(), registry)
        recipe = theirs.model, theirs.settings
    with (
        opened(
            add,
            "INSERT INTO locations (path, held) VALUES (:path, 0)",
            waits,
            UPLOAD,
            path=path,
            id="0" * 32,
            state="kept",
            model=recipe[0],
            settings=recipe[1],
        ) as case,
        case.session() as session,
        session.begin(),
    ):
        known = add_recipe(session, "aa" * 32, Settings(), registry)
        assert (known.model, known.settings) == recipe
        assert take(session, known, 9) == []
        work = session.scalars(select(Work)).one()
        assert work.state == "aside" and work.reason and "sweep the folder" in work.reason
        # Nor has somebody who uploads, by going on with what they are said to have brought.
        assert session.scalars(select(Upload)).all() == []
        status = clip.stat()
        add_work(session, known, [FootageSource(path, status.st_size, status.st_mtime_ns)])
        assert [one.path for one in take(session, known, 9)] == [path]


def test_a_folder_of_pictures_is_the_one_it_is_called_after(packed):
    name = f"footage/ef/{OTHER}/1.png"
    repack(packed, lambda files: files.update({name: encoded(1, "PNG")}))
    refused(packed, CaseDamaged, "is not what it was")


@pytest.mark.parametrize("aside", [True, False])
def test_what_was_set_aside_outside_is_looked_at_again_once_its_folder_was_swept(
    opened, tmp_path, aside
):
    """`sweep --retry` would else read whatever file of this machine a pack names."""
    secret = str(tmp_path / "secret.mp4")
    kind = "'aside', 0, 0, 'timeout', 'no end'" if aside else "'waiting', 0, 0, NULL, NULL"
    with (
        opened(
            "INSERT INTO locations (path, held, mtime_ns) VALUES (:path, 0, 7)",
            "INSERT INTO recipes VALUES (:aa, :aa, :aa, '{}')",
            "INSERT INTO work (path, model, settings, state, priority, tries, kind, reason, "
            f"changed) VALUES (:path, :aa, :aa, {kind}, :now)",
            aa="aa" * 32,
            path=secret,
            now=str(NOW.replace(tzinfo=None)),
        ) as case,
        case.session() as session,
        session.begin(),
    ):
        recipe = session.scalars(select(Recipe)).one()
        assert reopen(session, recipe) == 0
        assert take(session, recipe, 10) == []
        add_work(session, recipe, [FootageSource(secret, 1, 7)])
        assert [work.path for work in take(session, recipe, 10)] == [secret]
