"""What is computed in a process of its own."""

from __future__ import annotations

from evidence.pdf import run_in_process


def test_what_lies_in_the_working_folder_is_no_part_of_it(tmp_path, monkeypatch):
    (tmp_path / "pickle.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONSAFEPATH", "1")  # as the command line sets it
    assert run_in_process(sum, [1, 2]) == 3
