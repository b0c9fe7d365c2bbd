"""Two programs are told apart that look otherwise."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from detector.program import digest_of, program


def test_it_says_the_version_and_what_looks() -> None:
    name, digits = program().split("+")
    assert name == version("nameplate")
    assert len(digits) == 12 and int(digits, 16)
    assert len(program()) <= 32  # the columns that keep it


def test_another_rule_or_network_is_another_program(tmp_path: Path) -> None:
    folder = tmp_path / "detector"
    (folder / "model").mkdir(parents=True)
    (folder / "rules.py").write_text("LEAST = 2\n")
    (folder / "model" / "model.bin").write_bytes(b"weights")
    known = {digest_of([folder])}
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "rules.cpython-311.pyc").write_bytes(b"compiled")
    assert digest_of([folder]) in known
    (folder / "rules.py").write_text("LEAST = 3\n")
    known.add(digest_of([folder]))
    (folder / "model" / "model.bin").write_bytes(b"others")
    known.add(digest_of([folder]))
    (folder / "model" / "model.bin").rename(folder / "model" / "network.bin")
    known.add(digest_of([folder]))
    assert len(known) == 4
