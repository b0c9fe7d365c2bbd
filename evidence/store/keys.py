"""The names of derived rows: each follows from what the row was derived from."""

from __future__ import annotations

import hashlib


def settings_key(settings_digest: str, registry_digest: str) -> str:
    """What the column `settings` holds everywhere: it covers the settings and the registry.

    Args:
        settings_digest: `Settings.digest`.
        registry_digest: `Registry.digest`.
    """
    return _hash("settings", settings_digest, registry_digest)


def analysis_id(footage: str, model: str, settings: str) -> str:
    """The analysis of one footage with one recipe; `settings` is a `settings_key`."""
    return _hash("analysis", footage, model, settings)[:32]


def sighting_key(analysis: str, name: str) -> str:
    """A sighting's name within the case, from that within its analysis.

    >>> sighting_key("00" * 16, "m1")
    '00000000000000000000000000000000:m1'
    """
    return f"{analysis}:{name}"


def machine_id(first: str) -> str:
    """A machine's name, from the first, in order, of its sightings' keys."""
    return _hash("machine", first)[:32]


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
