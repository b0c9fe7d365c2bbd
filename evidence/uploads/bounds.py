"""What an upload may be, and what is said of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path

from evidence.store.people import Upload

STALE_DAYS = 7
"""Part files that nobody went on with for so long are removed."""

IDLE_SECONDS = 3600.0
"""An upload of which nothing came for so long keeps nobody from beginning another."""


def free_bytes(folder: Path) -> int:
    """What the disk that `folder` is on has room for."""
    return shutil.disk_usage(folder).free


@dataclass(frozen=True)
class Bounds:
    """The most that is taken in.

    file_bytes: of one file. seconds: of footage. spare_bytes: that stay free on the disk.
    at_once: uploads begun and not yet whole, of which something came in the last
    `IDLE_SECONDS`. free: what tells the room on a folder's disk.
    """

    file_bytes: int = 16 << 30
    seconds: float = 12 * 3600.0
    spare_bytes: int = 2 << 30
    at_once: int = 16
    free: Callable[[Path], int] = field(default=free_bytes)


@dataclass(frozen=True)
class Claims:
    """Where footage is said to have come from; None: not known."""

    origin_url: str | None = None
    publisher: str | None = None
    published: str | None = None
    plant_claimed: str | None = None
    note: str | None = None

    @classmethod
    def of(cls, upload: Upload) -> Claims:
        """What was said with an upload."""
        return cls(**{one.name: getattr(upload, one.name) for one in fields(cls)})

    def known(self) -> dict[str, str]:
        """What is known, by name."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value}
