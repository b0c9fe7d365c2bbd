"""How the decoder process and its parent talk: framed messages over two pipes.

A message is its lengths (two big-endian 32-bit numbers), a JSON header of that many bytes
and a body of raw bytes. Requests go down: `{"do": "keyframes", ...}`. Down the other pipe
come `probe`, `frame`, `sample`, `alive`, `done` and `error`. Times are "n/d" strings.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable

LENGTHS = struct.Struct(">II")
# The header of an answer is a few hundred bytes; the parent refuses more than this. A request
# names each file or time asked for, and comes from whom the decoder process trusts.
MOST_HEADER = 1 << 16

Header = dict[str, object]


def pack(header: Header, body_length: int = 0) -> bytes:
    """The bytes that precede a body of `body_length` bytes."""
    text = json.dumps(header, separators=(",", ":")).encode()
    return LENGTHS.pack(len(text), body_length) + text


def unpack(
    read: Callable[[int], bytearray], most_body: int, most_header: int | None = MOST_HEADER
) -> tuple[Header, bytearray]:
    """One message; `read(n)` gives exactly n bytes or raises.

    Args:
        most_body, most_header: bytes; a header of any length is taken where it is None.

    Raises:
        ValueError: the bytes are no message, or one larger than is allowed.
    """
    header_length, body_length = LENGTHS.unpack(read(LENGTHS.size))
    too_long = most_header is not None and header_length > most_header
    if too_long or body_length > most_body:
        raise ValueError(f"a message of {header_length} + {body_length} bytes")
    header = json.loads(read(header_length))
    if not isinstance(header, dict):
        raise ValueError("a message whose header is no object")
    return header, read(body_length)
