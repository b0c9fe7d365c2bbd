"""Whether a packed case bears out an answer: its rows agree, and its pictures are in it."""

from __future__ import annotations

from itertools import chain

from sqlalchemy.orm import Session

from evidence.store import Case
from evidence.store.check_items import check_items
from evidence.store.check_machines import check_machines
from evidence.store.check_rows import check_analyses, check_names
from evidence.store.verdicts import kept_stills, verify


def contradictions(session: Session) -> list[str]:
    """Where rows that an answer is computed from contradict each other or the log of verdicts, a
    line each; none where all agree.

    The answer is computed from where items stand, and so says nothing of the log by itself. Whether
    the audit sample is as its plan draws it, `case check` tells.
    """
    found = chain(
        check_analyses(session),
        check_names(session),
        check_machines(session),
        check_items(session),
    )
    return [*verify(session), *(f"{one.about}: {one.what}" for one in found if one.wrong)]


def lacking(case: Case, session: Session) -> list[str]:
    """The pictures that rows of a case out of a pack name and that are not in it, a line each;
    those that are in it have their hash, or the pack would not have been opened."""
    paths = [case.still(sha256, suffix) for sha256, suffix in kept_stills(session)]
    return [
        f"{path.relative_to(case.folder).as_posix()}: not in it; it was gone, or no longer what it "
        "was, when the case was packed"
        for path in paths
        if not path.is_file()
    ]
