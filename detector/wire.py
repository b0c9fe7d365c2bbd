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
# A header is a few hundred bytes; a reader refuses more than this.
MOST_HEADER = 1 << 16

Header = dict[str, object]


def pack(header: Header, body_length: int = 0) -> bytes:
    """The bytes that precede a body of `body_length` bytes."""
    text = json.dumps(header, separators=(",", ":")).encode()
    return LENGTHS.pack(len(text), body_length) + text


def unpack(read: Callable[[int], bytearray], most_body: int) -> tuple[Header, bytearray]:
    """One message; `read(n)` gives exactly n bytes or raises.

    Raises:
        ValueError: the bytes are no message, or one larger than is allowed.
    """
    header_length, body_length = LENGTHS.unpack(read(LENGTHS.size))
    if header_length > MOST_HEADER or body_length > most_body:
        raise ValueError(f"a message of {header_length} + {body_length} bytes")
    header = json.loads(read(header_length))
    if not isinstance(header, dict):
        raise ValueError("a message whose header is no object")
    return header, read(body_length)
