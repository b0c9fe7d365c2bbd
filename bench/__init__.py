"""Benchmarks: each a ratio against a named alternative, measured in the same run."""

from pathlib import Path

DATA = Path(__file__).parents[2] / "shared" / "data"
"""Labelled photographs and clips; what needs them is left out where they are not."""
