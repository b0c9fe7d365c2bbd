"""Whether a case may be looked at with another model than before."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from datasets.errors import CaseMissing
from detector.look.comparison import check_tested
from evidence.store.case import Case
from evidence.store.models import Recipe


def check_switch(case: Path, model: Path | None, untested: bool = False) -> None:
    """Whether the case at a folder, or one to be made there, may be looked at with a model.

    Args:
        case: its folder.
        model: the model's folder; None for the one shipped.
        untested: somebody takes it as it is.

    Raises:
        ModelError: nobody has shown it to be no worse than the model that ships, or than one the
            case was looked at with.
        CaseError: the case cannot be opened.
    """
    if model is None or untested:
        return
    try:
        with Case.open(case) as opened, opened.session() as session:
            known = set(session.scalars(select(Recipe.model)))
    except CaseMissing:
        known = set()
    check_tested(model, known=known)
