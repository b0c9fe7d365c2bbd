"""Days of publication, as sources write them and as they are compared."""

from __future__ import annotations

import re
from datetime import date

from datasets.sentences import Sentence

_WRITTEN = re.compile(
    r"(?P<year>[0-9]{4})(?P<gap>[-/.]?)(?:(?P<month>[0-9]{2})(?:(?P=gap)(?P<day>[0-9]{2}))?)?"
    r"(?P<time>[T ][0-9]{2}:[0-9]{2}.*)?"
)
_BACKWARDS = re.compile(r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})(?P<time>)")

HOW = Sentence("a year, a month or a day, such as 2024, 2024-05 or 2024-05-31")
NO_DATE = Sentence("no date: write %(what)s")


def read_date(text: str) -> str | None:
    """`YYYY`, `YYYY-MM` or `YYYY-MM-DD`, with the time that stood behind it; None for anything
    that is no date.

    Besides ISO 8601, what lists hold is understood: `31.05.2024`, `2024/05/31`, and `20240531`
    as video sites give it. `05/06/2024` is not: who wrote it decides what it means.

    >>> read_date("31.5.2024"), read_date("20240531"), read_date("2024-05"), read_date("soon")
    ('2024-05-31', '2024-05-31', '2024-05', None)
    """
    found = _WRITTEN.fullmatch(text.strip()) or _BACKWARDS.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day = found["year"], found["month"], found["day"]
    if not day and (found["time"] or (month and not found["gap"])):
        return None
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    parts = [year, *(part.zfill(2) for part in (month, day) if part)]
    return "-".join(parts) + (found["time"] or "")
