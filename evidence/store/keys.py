"""The names of derived rows: each follows from what the row was derived from."""

from __future__ import annotations

import hashlib

ENTERED = "entered-"
"""No key of a sighting begins so: those are hexadecimal."""


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


def entered_name(number: int) -> str:
    """What a machine that a person entered is called: by the verdict that entered it.

    It stands where the key of a sighting does, in verdicts and items.

    >>> entered_name(12)
    'entered-12'
    """
    return f"{ENTERED}{number}"


def is_entered(sighting: str | None) -> bool:
    """Whether what a verdict or an item is about was entered by hand, not sighted.

    >>> is_entered("entered-12"), is_entered("00" * 16 + ":m1"), is_entered(None)
    (True, False, False)
    """
    return sighting is not None and sighting.startswith(ENTERED)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
