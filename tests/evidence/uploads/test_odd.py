"""A clip that declares that it lasts for years is taken in as what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence.case.case import Case
from evidence.case.tables import FootageRow
from evidence.uploads.intake import Uploads
from tests.detector.clips import claim_length, write_clip
from tests.evidence.uploads.test_intake import recipe as recipe
from tests.evidence.uploads.test_intake import send
from tests.evidence.uploads.test_intake import uploads as uploads


@pytest.mark.parametrize("seconds", [1e9, 1e12])
def test_years_that_a_clip_declares_are_not_believed(
    case: Case, uploads: Uploads, tmp_path: Path, seconds: float
) -> None:
    content = claim_length(write_clip(tmp_path / "a.mkv", 50), seconds).read_bytes()
    made = uploads.begin("anna", "a.mkv", len(content), {})
    assert send(uploads, made.id, content).state == "kept"
    with case.session() as session:
        assert session.query(FootageRow).one().duration is None
