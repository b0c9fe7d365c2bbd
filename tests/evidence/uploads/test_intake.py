"""Uploads: cut short, sent twice, cancelled, watched."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from queue import Queue

import pytest
from sqlalchemy import update

from datasets.errors import UploadConflict, UploadsTooMany
from datasets.registry import load_registry
from detector import Settings
from evidence.case.case import Case
from evidence.case.check import check
from evidence.case.places import correct
from evidence.case.summary import add_recipe
from evidence.case.tables import FootageRow, Location, Recipe, Upload, Work
from evidence.case.work_queue import FootageSource, add_work, cancel, cancelled, reopen, take
from evidence.uploads import status, storage
from evidence.uploads.intake import Uploads
from evidence.uploads.status import Board, Event, show_upload
from evidence.uploads.storage import EMPTY_SECONDS, IDLE_SECONDS, STALE_DAYS, UploadLimits
from tests.detector.clips import claim_length, write_clip
from tests.evidence.conftest import clip as clip
from tests.evidence.work.helping import PATIENCE, until
from tests.postgres import somebody_waits
from tests.rows import act

pytestmark = pytest.mark.databases

DAY = 86400.0


@pytest.fixture
def recipe(case) -> Recipe:
    return act(case, add_recipe, "aa" * 32, Settings.archive(), load_registry())


@pytest.fixture
def uploads(case, recipe) -> Uploads:
    return again(case, recipe)


def again(case: Case, recipe: Recipe) -> Uploads:
    """What a server started anew has."""
    return Uploads(case, recipe, UploadLimits(), Settings.archive().decoding)


def send(uploads: Uploads, number: str, content: bytes, offset: int = 0) -> Upload:
    with uploads.receiving(number, offset) as part:
        part.write(content)
        return uploads.finish(number, part)


def send_killed(monkeypatch: pytest.MonkeyPatch, uploads: Uploads, id: str, content: bytes) -> None:
    """All of it comes, and the server is killed before it is stored."""

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(storage, "settle", die)
        with pytest.raises(Killed):
            send(uploads, id, content)


def wrong(case: Case) -> list[str]:
    return [str(finding) for finding in check(case, deep=True) if finding.wrong]


class Killed(BaseException):
    """As if the process had ended there."""


def test_killed_between_the_bytes_and_their_rows_it_is_made_good(
    case, recipe, uploads, clip, monkeypatch
):
    content = clip.read_bytes()
    made = uploads.begin("anna", "hall.mp4", len(content), {"publisher": "Plant TV"})
    send_killed(monkeypatch, uploads, made.id, content)
    later = again(case, recipe)
    assert later.offset(later.find(made.id)) == len(content)
    later.tidy()
    (shown,) = show_upload(later, [later.find(made.id)])
    assert (shown.state, shown.footage) == ("kept", hashlib.sha256(content).hexdigest())
    with case.session() as session:
        (place,) = session.query(Location).all()
        assert (place.publisher, session.query(Work).count()) == ("Plant TV", 1)
    assert not wrong(case)


def test_the_same_bytes_from_two_senders_at_once_are_kept_once(case, uploads, clip):
    content = clip.read_bytes()
    numbers = [uploads.begin("anna", f"{n}.mp4", len(content), {}).id for n in range(4)]
    threads = [threading.Thread(target=send, args=(uploads, n, content)) for n in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shown = show_upload(uploads, [uploads.find(number) for number in numbers])
    assert [one.state for one in shown] == ["kept"] * 4
    assert sum(not one.duplicate for one in shown) == 1
    with case.session() as session:
        (place,) = session.query(Location).all()
        assert session.query(FootageRow).count() == session.query(Work).count() == 1
    assert place.provenance is not None
    assert len(place.provenance["uploads"]) == 4
    assert case.find(place.path).read_bytes() == content
    assert not wrong(case)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_who_corrects_a_place_and_who_brings_its_bytes_again_get_past_each_other(
    case, database, uploads, clip
):
    content = clip.read_bytes()
    first, second = (uploads.begin("anna", n, len(content), {}) for n in ("a.mp4", "b.mp4"))
    path = send(uploads, first.id, content).path
    assert path is not None
    with ThreadPoolExecutor(1) as pool:
        with case.session() as session, session.begin():
            session.get_one(Location, path, with_for_update=True)
            sent = pool.submit(send, uploads, second.id, content)
            until(partial(somebody_waits, database), "the second upload waits")
            assert len(correct(session, path, {"plant_claimed": "Plant 12"}, "anna")) == 1
        assert sent.result().path == path
    assert not wrong(case)


def test_what_nobody_goes_on_with_is_removed_in_the_end(case, uploads, clip):
    content = clip.read_bytes()
    old = uploads.begin("anna", "old.mp4", len(content), {})
    new = uploads.begin("anna", "new.mp4", len(content), {})
    for made in (old, new):
        send(uploads, made.id, content[:100])
    parts = case.folder / "uploads"
    touched = (parts / f"{new.id}.part").stat().st_mtime
    os.utime(parts / f"{old.id}.part", (touched - STALE_DAYS * DAY, touched - STALE_DAYS * DAY))
    (parts / "stray.part").write_bytes(b"x")
    os.utime(parts / "stray.part", (touched - DAY, touched - DAY))
    uploads.tidy(now=touched + 60)
    assert [path.name for path in parts.iterdir()] == [f"{new.id}.part"]
    ended = uploads.find(old.id)
    assert ended.state == "cancelled"
    assert ended.reason == f"nobody went on with it for {STALE_DAYS} days"
    with pytest.raises(UploadConflict, match="this upload is over"):
        send(uploads, old.id, content[100:], 100)


def test_only_what_one_goes_on_with_keeps_one_from_beginning_another(case, recipe, clip):
    content = clip.read_bytes()
    uploads = Uploads(case, recipe, UploadLimits(at_once=2), Settings.archive().decoding)
    silent = uploads.begin("anna", "silent.mp4", len(content), {})
    broken = uploads.begin("anna", "broken.mp4", len(content), {})
    send(uploads, broken.id, content[:100])
    with pytest.raises(UploadsTooMany, match="2 uploads of yours are under way"):
        uploads.begin("anna", "new.mp4", len(content), {})
    uploads.begin("ben", "new.mp4", len(content), {})
    now = time.time()
    before = now - IDLE_SECONDS - 60
    os.utime(case.folder / "uploads" / f"{broken.id}.part", (before, before))
    with case.session() as session, session.begin():
        empty = datetime.fromtimestamp(now - EMPTY_SECONDS - 60, UTC)
        session.get_one(Upload, silent.id).changed = empty
    for _ in range(2):
        uploads.begin("anna", "new.mp4", len(content), {})
    with pytest.raises(UploadsTooMany):
        uploads.begin("anna", "new.mp4", len(content), {})
    assert send(uploads, broken.id, content[100:], 100).state == "kept"


def test_cancelled_while_bytes_come_nothing_more_is_written(case, uploads, clip):
    content = clip.read_bytes()
    made = uploads.begin("anna", "hall.mp4", len(content), {})
    with uploads.receiving(made.id, 0) as part:
        part.write(content[:100])
        uploads.cancel(made.id, "anna")
        with pytest.raises(UploadConflict, match="cancelled"):
            part.write(content[100:])
    assert not list((case.folder / "uploads").iterdir())


def test_cancelled_work_is_not_taken_until_it_is_reopened(case, recipe):
    with case.session() as session, session.begin():
        add_work(session, recipe, [FootageSource("/a/1.mp4"), FootageSource("/a/2.mp4")])
        assert cancel(session, recipe, "/a/1.mp4", "cancelled by anna")
        assert not cancel(session, recipe, "/a/1.mp4", "cancelled by anna")
        assert not cancel(session, recipe, "/a/3.mp4", "cancelled by anna")
        assert [work.path for work in take(session, recipe, 9)] == ["/a/2.mp4"]
        assert cancelled(session, recipe, ["/a/1.mp4", "/a/2.mp4"]) == ["/a/1.mp4"]
        reopen(session, recipe, None, ["/a/1.mp4"])
        assert cancelled(session, recipe, ["/a/1.mp4"]) == []
        assert [work.path for work in take(session, recipe, 9)] == ["/a/1.mp4", "/a/2.mp4"]


def test_the_end_of_an_analysis_that_waited_before_anybody_watched_is_told(
    case, recipe, uploads, clip, monkeypatch
):
    monkeypatch.setattr(status, "LOOK_SECONDS", 0.01)
    made = uploads.begin("anna", "hall.mp4", clip.stat().st_size, {})
    kept = send(uploads, made.id, clip.read_bytes())
    with case.session() as session, session.begin():
        session.execute(update(Upload).values(changed=datetime.now(UTC) - timedelta(hours=1)))
    told: Queue[Event] = Queue()
    with Board(uploads, None).watch(told.put):
        assert told.get(timeout=PATIENCE)[0] == "desk"
        with case.session() as session, session.begin():
            assert kept.path is not None
            assert cancel(session, recipe, kept.path, "cancelled")
        kind, data = told.get(timeout=PATIENCE)
    assert (kind, data["id"], data["analysis"]["state"]) == ("upload", made.id, "aside")


@pytest.mark.parametrize("seconds", [1e9, 1e12])
def test_years_that_a_clip_declares_are_not_believed(case, uploads, tmp_path, seconds):
    content = claim_length(write_clip(tmp_path / "a.mkv", 50), seconds).read_bytes()
    made = uploads.begin("anna", "a.mkv", len(content), {})
    assert send(uploads, made.id, content).state == "kept"
    with case.session() as session:
        assert session.query(FootageRow).one().duration is None
