"""Benchmarks: each a ratio against a named alternative, measured in the same run."""

import argparse
from pathlib import Path

DATA = Path(__file__).parents[2] / "shared" / "data"
"""Labelled photographs and clips; what needs them is left out where they are not."""


def arguments(name: str, says: str | None) -> argparse.ArgumentParser:
    """Of `python -m NAME`, whose help says what its module says, line by line."""
    return argparse.ArgumentParser(
        prog=f"python -m {name}",
        description=says,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
