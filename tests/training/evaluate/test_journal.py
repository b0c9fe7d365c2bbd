"""A run that is broken off goes on; another run never takes up its answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasets.errors import ResultError
from training.evaluate.report import Journal

RUN = {"data": "a", "model": "b"}


def never() -> object:
    raise AssertionError("it was worked out before")


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    file = tmp_path / "out" / "journal.jsonl"
    first = Journal(file, RUN)
    assert first.ask("one", lambda: [1, "机床"]) == [1, "机床"]
    second = Journal(file, RUN)
    assert second.ask("one", never) == [1, "机床"]
    assert second.ask("two", lambda: 2) == 2
    assert len(Journal(file, RUN)) == 2


def test_nothing_is_worked_out_twice_in_one_run(tmp_path: Path) -> None:
    """As the open set asks for what naming has asked for."""
    file = tmp_path / "journal.jsonl"
    journal = Journal(file, RUN)
    journal.ask("one", lambda: 1)
    assert journal.ask("one", never) == 1
    assert len(file.read_text("utf-8").splitlines()) == 2


@pytest.mark.parametrize("change", [{"data": "x"}, {"model": "x"}], ids=["data", "model"])
def test_another_run_begins_anew(tmp_path: Path, change: dict[str, str]) -> None:
    file = tmp_path / "journal.jsonl"
    Journal(file, RUN).ask("one", lambda: 1)
    assert Journal(file, RUN | change).ask("one", lambda: 2) == 2


def test_a_line_cut_off_by_a_crash_is_worked_out_again(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    journal = Journal(file, RUN)
    journal.ask("one", lambda: 1)
    journal.ask("two", lambda: 2)
    file.write_bytes(file.read_bytes()[:-4])
    again = Journal(file, RUN)
    assert again.ask("one", never) == 1
    assert again.ask("two", lambda: 3) == 3
    assert Journal(file, RUN).ask("two", never) == 3


def test_a_full_disk_loses_none_of_what_was_answered(tmp_path: Path) -> None:
    """As where a run that ended for want of room is begun again before there is any."""
    file = tmp_path / "journal.jsonl"
    Journal(file, RUN).ask("one", lambda: 1)
    full = tmp_path / "journal.jsonl.part"
    full.symlink_to("/dev/full")
    with pytest.raises(ResultError, match=r"journal\.jsonl: it could not be written"):
        Journal(file, RUN)
    full.unlink()
    assert Journal(file, RUN).ask("one", never) == 1


def test_without_a_file_everything_is_worked_out() -> None:
    journal = Journal(None, RUN)
    assert [journal.ask("one", lambda: 1), journal.ask("one", lambda: 2)] == [1, 2]


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(ResultError, match=r"journal\.jsonl: it could not be written"):
        Journal(tmp_path / "out" / "journal.jsonl", RUN)
