"""What takes long to make, kept in the user's cache folder (`$XDG_CACHE_HOME/nameplate`).

Nothing depends on it. What is missing there, damaged or made by another version is made again.
Where the folder cannot be written nothing is kept.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

Value = TypeVar("Value")

_KEPT_SECONDS = 90 * 86400
"""Age from which what was made by another version goes, once the present one is kept."""
_DIGEST = 32


def cache_key(*parts: object) -> str:
    """A name for what is made of these parts, by this Python.

    parts: bytes, or anything whose text says what it is.
    """
    whole = hashlib.sha256(sys.version.encode())
    for part in parts:
        content = part if isinstance(part, bytes) else repr(part).encode()
        whole.update(len(content).to_bytes(8, "big") + content)
    return whole.hexdigest()[:32]


def sources_of(folder: Path, *patterns: str) -> bytes:
    """The digest of a package's files of these names: what they make changes with them."""
    found = sorted({file for pattern in patterns for file in folder.glob(pattern)})
    return hashlib.sha256(b"".join(file.read_bytes() for file in found)).digest()


def load_bytes(name: str, key: str) -> bytes | None:
    """What was stored under a name and key; None if it is not there whole."""
    with suppress(OSError, RuntimeError):
        kept = _file(name, key).read_bytes()
        digest, content = kept[:_DIGEST], kept[_DIGEST:]
        if hashlib.sha256(content).digest() == digest:
            return content
    return None


def store_bytes(name: str, key: str, content: bytes) -> None:
    """Stores what `load_bytes` gives, if the folder can be written."""
    with suppress(OSError, RuntimeError):
        file = _file(name, key)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            partial.write_bytes(hashlib.sha256(content).digest() + content)
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)
        for other in file.parent.glob(f"{name}-*"):
            if time.time() - other.stat().st_mtime > _KEPT_SECONDS:
                other.unlink()


def load_or_make(name: str, key: str, make: Callable[[], Value]) -> Value:
    """What was made before under a name and key, or is made now."""
    kept = load_bytes(name, key)
    if kept is not None:
        # Another version of a library may have changed what it unpacks.
        with suppress(Exception):
            loaded: Value = pickle.loads(kept)
            return loaded
    made = make()
    store_bytes(name, key, pickle.dumps(made, pickle.HIGHEST_PROTOCOL))
    return made


def _file(name: str, key: str) -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "nameplate" / f"{name}-{key}"
