"""Whoever watches is told what becomes of an upload, however long before it came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Queue

import pytest
from sqlalchemy import update

from datasets.registry import load_registry
from detector import Settings
from evidence.case.case import Case
from evidence.case.queue import cancel
from evidence.case.runs import add_recipe
from evidence.case.tables import Upload
from evidence.uploads import status
from evidence.uploads.intake import Uploads
from evidence.uploads.part import Claims, UploadLimits
from evidence.uploads.status import Board, Event
from tests.evidence.conftest import clip as clip
from tests.evidence.work.helping import PATIENCE

pytestmark = pytest.mark.databases


def test_the_end_of_an_analysis_that_waited_before_anybody_watched_is_told(
    case: Case, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "LOOK_SECONDS", 0.01)
    with case.session() as session, session.begin():
        recipe = add_recipe(session, "aa" * 32, Settings.archive(), load_registry())
    uploads = Uploads(case, recipe, UploadLimits(), Settings.archive().decoding)
    made = uploads.begin("anna", "hall.mp4", clip.stat().st_size, Claims())
    with uploads.receiving(made.id, 0) as part:
        part.write(clip.read_bytes())
        kept = uploads.finish(made.id, part)
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
