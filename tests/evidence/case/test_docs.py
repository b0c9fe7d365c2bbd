"""`docs/reference.md` says what is so."""

from __future__ import annotations

from pathlib import Path

from datasets.errors import CaseError

PAGE = (Path(__file__).parents[3] / "docs" / "reference.md").read_text("utf-8")


def test_every_kind_of_case_error_is_documented() -> None:
    kinds = {error.kind for error in CaseError.__subclasses__()}
    assert len(kinds) == 8
    assert {kind for kind in kinds if f"| `{kind}` |" not in PAGE} == set()
