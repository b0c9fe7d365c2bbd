"""Pages of which a part is made: what stands between two marks, and nothing else."""

from __future__ import annotations

from pathlib import Path

from datasets.errors import UsageError


def filled(page: Path, begin: str, end: str, text: str) -> str:
    """A page with a text between its marks, in place of what stood there; nothing is written.

    Args:
        page: UTF-8.
        begin, end: whole lines with their ends; of each the first counts, `end` after `begin`.

    Raises:
        UsageError: a mark is not there; the message says which.
    """
    before, found, rest = page.read_text("utf-8").partition(begin)
    if not found:
        raise UsageError(f"{page}: no line {begin.strip()!r}; name the page that has one")
    _, found, after = rest.partition(end)
    if not found:
        raise UsageError(
            f"{page}: no line {end.strip()!r} after {begin.strip()!r}; put it where what is made "
            "ends"
        )
    return f"{before}{begin}\n{text}\n{end}{after}"
