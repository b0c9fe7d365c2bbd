"""What a check of a case finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a case, or (`wrong` false) only worth knowing.

    about: a file, a path or a row. what: is the matter with it. todo: what to do.
    """

    about: str
    what: str
    todo: str
    wrong: bool = True

    def __str__(self) -> str:
        return f"{self.about}: {self.what}; {self.todo}"
