"""The folder of a network on disk: a card in JSON, which vouches for the files beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets.errors import ModelError


def read_json(file: Path, advice: str) -> dict[str, Any]:
    """The object in a JSON file. Raises ModelError: there is none; the message ends with the
    advice."""
    try:
        values = json.loads(file.read_bytes())
    except OSError as error:
        raise ModelError(f"{file}: cannot be read ({error.strerror}); {advice}") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{file}: not JSON ({error}); {advice}") from error
    if not isinstance(values, dict):
        raise ModelError(f"{file}: expected an object, got {type(values).__name__}; {advice}")
    return values


def read_files(
    folder: Path, card: dict[str, Any], names: Sequence[str], advice: str
) -> dict[str, bytes]:
    """The bytes of the files, whose hashes the card names under `files`. Raises ModelError: a file
    is missing, damaged, or another one than the card names."""
    named = card.get("files")
    found = {}
    for name in names:
        try:
            found[name] = (folder / name).read_bytes()
        except OSError as error:
            problem = f"cannot be read ({error.strerror})"
            raise ModelError(f"{folder / name}: {problem}; {advice}") from error
        got = hashlib.sha256(found[name]).hexdigest()
        expected = named.get(name) if isinstance(named, dict) else None
        if got != expected:
            raise ModelError(
                f"{folder / name}: its SHA-256 is {got}, the card beside it names {expected}; "
                f"the file is damaged or was exchanged: {advice}"
            )
    return found


def read_shipped(folder: Path, name: str, what: str) -> tuple[dict[str, Any], str]:
    """The card `NAME.json` of a network that ships, and the hash over `NAME.xml` and `NAME.bin`.

    what: the network; errors name it.
    Raises ModelError: a file is missing, or damaged: the card names another hash.
    """
    files = folder / f"{name}.xml", folder / f"{name}.bin"
    try:
        card = json.loads((folder / f"{name}.json").read_bytes())
        digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
        whole = card["sha256"] == digest
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}: {what} cannot be read ({error})") from error
    if not whole:
        raise ModelError(f"{files[0]}: damaged, its hash is another; reinstall Nameplate")
    return card, digest
