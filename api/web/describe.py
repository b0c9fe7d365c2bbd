"""The tables of routes in `docs/api.md`: `python -m api.web.describe docs/api.md`."""

from __future__ import annotations

import sys
from pathlib import Path

from api.web.app import ROUTES
from api.web.methods import every_route
from api.web.problems import ANSWERS
from api.web.schema import grouped
from datasets.marked import filled

BEGIN, END = "<!-- routes: made by `make docs` -->\n", "<!-- end -->\n"


def to_markdown() -> str:
    """The calls of the API, the pages, and how errors are told, each as a table."""
    lines = ["| call | least role | what it does |", "|---|---|---|"]
    for calls in grouped(ROUTES).values():
        lines += [
            f"| `{one['method']} {one['path']}` | {one['role']} | {one['summary']} |"
            for one in calls
        ]
    lines += ["", "| page | least role |", "|---|---|"]
    pages = {
        route.path_format: (route.openapi_extra or {})["x-role"]
        for route in every_route(ROUTES)
        if not route.path.startswith("/api/")
    }
    lines += [f"| `{path}` | {role} |" for path, role in sorted(pages.items())]
    lines += ["", "| status | what it says |", "|---|---|"]
    lines += [f"| {status} | {facts['description']} |" for status, facts in ANSWERS.items()]
    return "\n".join(lines) + "\n"


def insert_into(page: Path) -> str:
    """The page with the tables between its marks made anew.

    Raises:
        UsageError: a mark is missing.
    """
    return filled(page, BEGIN, END, to_markdown())


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(insert_into(file), "utf-8")
