"""A pack that is made otherwise than any pack is refused with a word, and leaves nothing behind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from datasets.errors import CaseDamaged
from tests.evidence.case.test_pack import packed as packed
from tests.evidence.case.test_pack import refused, repack

DEEP = b"[" * 100_000


@pytest.mark.parametrize("facts", [b"{", b"[]", DEEP], ids=["cut", "a list", "deep"])
def test_a_pack_whose_facts_make_no_sense_is_refused(packed: Path, facts: bytes) -> None:
    repack(packed, lambda files: files.update({"case.json": facts}))
    refused(packed, CaseDamaged, "its case.json is none")


@pytest.mark.parametrize(
    ("local", "central", "value"),
    [(6, 8, b"\1\0"), (8, 10, b"\x0c\0"), (8, 10, b"\x0e\0")],
    ids=["behind a password", "by bzip2", "by LZMA"],
)
def test_a_pack_is_packed_in_one_way_alone(
    packed: Path, local: int, central: int, value: bytes
) -> None:
    content = packed.read_bytes()
    for mark, at in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        some = re.escape(mark) + b".{%d}" % (at - len(mark))
        content = re.sub(b"(?s)(%s).." % some, lambda found: found[1] + value, content)
    packed.write_bytes(content)
    refused(packed, CaseDamaged, "packed as no pack's")


def test_a_name_that_is_no_text_is_refused(packed: Path) -> None:
    content = packed.read_bytes().replace(b"case.db", b"\xff\xfeed.db")
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        some = re.escape(mark) + b".{%d}" % (at - len(mark))
        content = re.sub(b"(?s)(%s).." % some, lambda found: found[1] + b"\0\x08", content)
    packed.write_bytes(content)
    refused(packed, CaseDamaged, "cannot be opened")
