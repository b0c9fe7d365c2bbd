"""Clips that yt-dlp fetched, by what it wrote beside them, NAME.info.json."""

from __future__ import annotations

import json
import os
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Any

from detector.footage.files import CLIP_NAMES

INFO = ".info.json"
MOST_INFO_BYTES = 64 << 20
ADDRESSES = ("webpage_url", "original_url", "url")
KEPT = ("id", "title", "extractor", "webpage_url", "uploader", "channel", "upload_date", "epoch")
"""What of it is kept as provenance; the rest may hold the addresses and cookies of a session."""


def read_info(clip: Path) -> dict[str, Any] | None:
    """What stands beside a clip of where it came from; None: nothing."""
    with suppress(OSError, ValueError, RecursionError):
        file = clip.with_suffix(INFO)
        if file.stat().st_size <= MOST_INFO_BYTES:
            info = json.loads(file.read_bytes(), parse_constant=str)
            if isinstance(info, dict) and first_text(info, *ADDRESSES):
                return info
    return None


def known_of(clip: Path) -> dict[str, Any]:
    """The same by field of `FootageSource`, dates as they stand there."""
    info = read_info(clip) or {}
    kept = {name: info[name] for name in KEPT if isinstance(info.get(name), str | int | float)}
    said = {
        "origin_url": first_text(info, *ADDRESSES),
        "publisher": first_text(info, "uploader", "channel", "uploader_id"),
        "published": first_text(info, "upload_date", "timestamp"),
        "note": first_text(info, "title"),
        "provenance": {"list": clip.with_suffix(INFO).name, "yt-dlp": kept} if kept else None,
    }
    return {name: value for name, value in said.items() if value is not None}


def downloads(folder: Path) -> dict[str, Path]:
    """The clips fetched into a folder and those in it, by address."""
    found: dict[str, Path] = {}
    for at, _, names in os.walk(folder):
        for name in names:
            clip = Path(at, name)
            if name.lower().endswith(CLIP_NAMES) and clip.with_suffix(INFO).name in names:
                info = read_info(clip) or {}
                found |= {str(info[one]): clip for one in ADDRESSES if info.get(one)}
    return found


def to_fetch(folder: Path, address: str) -> str:
    """That a clip is not there, and the command that fetches it into a folder."""
    place = os.fspath(folder / "%(title).80s [%(id)s].%(ext)s")
    command = shlex.join(["yt-dlp", "--write-info-json", "-o", place, address])
    return f"not downloaded yet; fetch it with: {command}"


def first_text(facts: dict[str, Any], *names: str) -> str | None:
    """The first of these that is there, as text."""
    values = (facts.get(name) for name in names)
    return next((str(value).strip() for value in values if value not in (None, "")), None)
