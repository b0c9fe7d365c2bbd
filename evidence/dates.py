"""Days of publication, as sources write them and as they are compared."""

from __future__ import annotations

import re
from datetime import date

from datasets.messages import Message

_TIME = r"(?P<time>[T ](?:(?:[01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)(?![0-9]|:[6-9]).*)?"
_WRITTEN = (
    re.compile(r"(?P<year>[0-9]{4})(?P<month>)(?P<day>)" + _TIME),
    re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})" + _TIME),
    re.compile(
        r"(?P<year>[0-9]{4})(?P<gap>[-/.])(?P<month>[0-9]{1,2})(?:(?P=gap)(?P<day>[0-9]{1,2}))?"
        + _TIME
    ),
    re.compile(r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})" + _TIME),
)

HOW = Message("a year, a month or a day, such as 2024, 2024-05 or 2024-05-31")
NO_DATE = Message("no date: write %(what)s")


def read_date(text: str) -> str | None:
    """`YYYY`, `YYYY-MM` or `YYYY-MM-DD`, with the time behind it if any; None if no date.

    Reads ISO 8601, the forms `31.05.2024`, `2024/05/31` and `2024-5-31` of lists, and `20240531` of
    video sites. Not `05/06/2024`: who wrote it decides what it means.

    >>> read_date("31.5.2024"), read_date("20240531"), read_date("2024-05"), read_date("soon")
    ('2024-05-31', '2024-05-31', '2024-05', None)
    """
    found = next(filter(None, (form.fullmatch(text.strip()) for form in _WRITTEN)), None)
    if found is None:
        return None
    year, month, day, time = (found[name] for name in ("year", "month", "day", "time"))
    if time and not day:
        return None
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    parts = [year, *(part.zfill(2) for part in (month, day) if part)]
    if time and time[2] == ":":
        time = f"{time[0]}0{time[1:]}"
    return "-".join(parts) + (time or "")
