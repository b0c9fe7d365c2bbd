"""Cases as data: tables of `tests/data`."""

from __future__ import annotations

from pathlib import Path

DATA = Path(__file__).parent / "data"


def cases(file: str, table: str) -> list[tuple[str, ...]]:
    """The rows below `[table]` of FILE.tsv, in columns; `\\n` stands for a line break."""
    _, _, below = (DATA / f"{file}.tsv").read_text("utf-8").partition(f"[{table}]\n")
    rows = below.partition("\n[")[0].splitlines()
    return [tuple(row.replace("\\n", "\n").split("\t")) for row in rows if row]
