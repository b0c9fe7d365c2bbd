"""A case that another version of the program looks at anew."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from detector.program import program
from evidence.case.case import Case
from evidence.case.sighting_tables import AnalysisRow
from evidence.case.summary import last_recipe, programs
from evidence.case.tables import Recipe
from evidence.work.sweep import Order, going_on
from tests.evidence.work.conftest import CLIPS
from tests.evidence.work.helping import go


def test_all_is_looked_at_anew_with_another_program_and_the_case_goes_on_with_that(
    small: Case, order: Order, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = tmp_path / "clip.mp4"
    shutil.copyfile(clips / f"clip-{CLIPS - 2}.mp4", clip)
    assert go(small, order, clip).tally.done == 1
    with small.session() as session:
        (before,) = session.scalars(select(AnalysisRow)).all()
    assert before.nameplate == program()

    monkeypatch.setattr("evidence.work.sweep.program", lambda: "99.0.0")
    monkeypatch.setattr("evidence.case.rows.program", lambda: "99.0.0")
    assert go(small, going_on(small, order), clip).tally.waiting == 0  # unasked nothing is
    ending = go(small, replace(order, anew=True))  # whatever the case knows
    assert (ending.outcome, ending.tally.done) == ("done", 1)
    with small.session() as session:
        rows = {row.nameplate: row.settings for row in session.scalars(select(AnalysisRow))}
        assert rows[program()] == before.settings  # what was found is kept
        assert programs(session, last(session)) == {"99.0.0": {before.footage}}
    # From then on it is that one's, whether asked anew or not.
    for again in (going_on(small, order), replace(order, anew=True)):
        assert go(small, again, clip).tally.done == 1
        with small.session() as session:
            assert last(session).settings == rows["99.0.0"]

    monkeypatch.undo()  # and no older one begins anew
    with pytest.raises(UsageError, match=r"looked at last by Nameplate 99\.0\.0, a later"):
        go(small, replace(order, anew=True))
    with small.session() as session:
        assert last(session).settings == rows["99.0.0"]


def last(session: Session) -> Recipe:
    recipe = last_recipe(session)
    assert recipe is not None
    return recipe
