"""What a footage says of its own making: the C2PA manifest in it, if there is one.

It is read by the C2PA project's own library, in a decoder process of its own, which may open no
connection and is thrown away afterwards: whatever a manifest does to it, the footage itself is
looked at all the same. Nobody is asked whether the signer is to be trusted: a valid signature
says that some key signed these words, not that they are true.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from datasets.errors import FootageError
from detector.footage.manifest_signs import CARRIERS
from detector.footage.process import DecoderProcess
from detector.settings import Decoding
from detector.types import Footage, Manifest

CPU_SECONDS = 600
"""A matching hash is known once all of the footage was read: 600 s do for hundreds of GB."""

WALL_SECONDS = 1800.0


def read_manifest(footage: Footage, limits: Decoding) -> Manifest | None:
    """The manifest of one footage; `state` is "none" where there is none.

    None for a folder of pictures, in which none is looked for. Of the limits only that of memory is
    taken: time has its own here, so that what is told does not depend on the settings' (`ENDING`).

    Example:
        >>> read_manifest(open_footage(path), Decoding()).state       # doctest: +SKIP
        'none'
    """
    if footage.kind == "stills":
        return None
    if footage.container not in CARRIERS:
        return Manifest("none")
    bounded = Decoding(
        address_space=limits.address_space, cpu_seconds=CPU_SECONDS, wall_seconds=WALL_SECONDS
    )
    process = DecoderProcess(footage.path, bounded)
    try:
        process.send(
            {
                "do": "manifest",
                "path": str(footage.path.absolute()),
                "container": footage.container,
                "address_space": bounded.address_space,
                "cpu_seconds": bounded.cpu_seconds,
            }
        )
        header, _ = process.receive()
        return _manifest(header["manifest"])
    except FootageError as error:
        return Manifest("unreadable", problems=(error.kind,))
    finally:
        process.close()


def _manifest(values: dict[str, Any]) -> Manifest:
    found = Manifest(**values)
    return replace(found, actions=tuple(found.actions), problems=tuple(found.problems))
