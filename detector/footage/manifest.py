"""What a footage says of its own making: the C2PA manifest in it, if there is one.

It is read by the C2PA project's own library, in a decoder process of its own, which may open no
connection and is thrown away afterwards: whatever a manifest does to it, the footage itself is
looked at all the same. Nobody is asked whether the signer is to be trusted: a valid signature
says that some key signed these words, not that they are true.
"""

from __future__ import annotations

import io
import json
import os
import resource
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from datasets.errors import FootageError
from detector.footage.process import DecoderProcess
from detector.types import Footage, Manifest

if TYPE_CHECKING:
    from detector.settings import Decoding

CPU_SECONDS = 600
"""A matching hash is known once all of the footage was read: 600 s do for hundreds of GB."""
WALL_SECONDS = 1800.0


def read_manifest(footage: Footage, limits: Decoding) -> Manifest | None:
    """The manifest of one footage; `state` is "none" where there is none.

    None for a folder of pictures, where nobody looks for one. Only the limit of memory comes from
    `limits`. Time has its own here, so that the settings' (`ENDING`) do not change the result.
    """
    if footage.kind == "stills":
        return None
    if footage.container not in CARRIERS:
        return Manifest("none")
    # Decoders, which need no settings, load this module.
    from detector.settings import Decoding

    bounded = Decoding(
        address_space=limits.address_space, cpu_seconds=CPU_SECONDS, wall_seconds=WALL_SECONDS
    )
    process = DecoderProcess(footage.path, bounded)
    try:
        process.send(
            {
                "do": "manifest",
                "path": footage.path.absolute(),
                "container": footage.container,
                "address_space": bounded.address_space,
                "cpu_seconds": bounded.cpu_seconds,
            }
        )
        header, _ = process.receive()
        found = Manifest(**header["manifest"])
        return replace(found, actions=tuple(found.actions), problems=tuple(found.problems))
    except FootageError as error:
        return Manifest("unreadable", problems=(error.kind,))
    finally:
        process.close()


CARRIERS = {
    "mp4": "video/mp4",
    "avi": "video/avi",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "tiff": "image/tiff",
}
"""The containers a manifest can lie in, and how the library calls them (C2PA 2.2, appendix A)."""
# C2PA 2.2, A.4: the `uuid` box of a manifest store.
STORE = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
# One of these stands in a file with a manifest, or with the address of one. The first and the last
# bytes are looked through for them: a wrong guess costs a moment.
_SIGNS = {"mp4": (STORE, b"dcterms:provenance")}
_SIGNS_ELSEWHERE = (b"c2pa", b"C2PA", b"caBX", b"dcterms:provenance")
_LOOKED_THROUGH = 16 << 20


def _find_sign(file: BinaryIO, container: str) -> bytes | None:
    first = file.read(_LOOKED_THROUGH)
    file.seek(max(len(first), file.seek(0, os.SEEK_END) - _LOOKED_THROUGH))
    last = file.read()
    file.seek(0)
    signs = _SIGNS.get(container, _SIGNS_ELSEWHERE)
    return next((sign for sign in signs if sign in first or sign in last), None)


SETTINGS = {
    "verify": {
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
        "verify_trust": False,
        "verify_timestamp_trust": False,
    },
    "core": {
        "allowed_network_hosts": [],
        "decode_identity_assertions": False,
        "max_decompressed_manifest_size_in_mb": 16,
    },
}
MOST_TEXT = 300
MOST_ACTIONS = 20
MOST_PROBLEMS = 20
_INVALID = {"claimSignature.mismatch", "claimSignature.missing"}
_HASHES = ("assertion.bmffHash.", "assertion.dataHash.", "assertion.boxesHash.")
Told = dict[str, Any]


class _Alive(io.BufferedReader):
    """A file that gives a sign of life at each read: a long one takes minutes to hash."""

    def __init__(self, raw: io.RawIOBase, beat: Callable[[], None]) -> None:
        super().__init__(raw, 1 << 20)
        self._beat = beat

    def readinto(self, buffer: Any, /) -> int:
        self._beat()
        return super().readinto(buffer)


def read(path: Path, container: str, beat: Callable[[], None]) -> Told:
    """What `detector.types.Manifest` is made of."""
    with _Alive(io.FileIO(path), beat) as file:
        sign = _find_sign(file, container)
        if sign is None:
            return {"state": "none"}
        import c2pa

        context = c2pa.Context(settings=c2pa.Settings.from_dict(SETTINGS))
        _no_more_descriptors()
        try:
            with c2pa.Reader(CARRIERS[container], file, context=context) as reader:
                said = json.loads(reader.json())
        except c2pa.C2paError.ManifestNotFound as error:
            return _refused(str(error)) if sign == STORE else {"state": "none"}
        except c2pa.C2paError as error:
            return _refused(str(error))
        return _told(said)


def _no_more_descriptors() -> None:
    """No file and no socket can be opened by this process from now on."""
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, free))


def _refused(error: str) -> Told:
    if "not found in XMP" in error:
        return {"state": "none"}
    if "must fetch remote" in error:
        # Whoever reads this may follow the link; this program does not.
        return {"state": "elsewhere", "address": _text(error.rpartition(" ")[2])}
    return {"state": "unreadable", "problems": [_text(error)]}


def _told(said: Told) -> Told:
    active = said.get("manifests", {}).get(said.get("active_manifest"))
    if not isinstance(active, dict):
        return {"state": "unreadable", "problems": ["no active manifest"]}
    results = said.get("validation_results", {}).get("activeManifest", {})
    good = {one["code"] for one in results.get("success", [])}
    bad = [one["code"] for one in results.get("failure", [])]
    signed = active.get("signature_info") or {}
    # Whether the manifest's words are those that were signed, by whomever.
    signature = "valid" if "claimSignature.validated" in good else "unknown"
    signature = "invalid" if _INVALID & set(bad) else signature
    return {
        "state": "stated",
        "generator": _generator(active),
        "title": _text(active.get("title")),
        "signer": _text(signed.get("common_name")),
        "organisation": _text(signed.get("issuer")),
        "signed": _text(signed.get("time")),
        "actions": list(_actions(active))[:MOST_ACTIONS],
        "signature": signature,
        "content": _content(good, bad) if signature == "valid" else "unknown",
        "problems": sorted({str(_text(code)) for code in bad})[:MOST_PROBLEMS],
    }


def _content(good: set[str], bad: list[str]) -> str:
    """Whether what was signed is what is here: the hash over the content, in the manifest. A hash
    in a part of the manifest that is no longer what was signed tells nothing."""
    if any(code.startswith("assertion.hashedURI.") for code in bad):
        return "unknown"
    if any(code.startswith(_HASHES) for code in bad):
        return "other"
    return "same" if any(code.startswith(_HASHES) for code in good) else "unknown"


def _generator(active: Told) -> str | None:
    """`claim_generator_info` (a name and a version) or the older `claim_generator`."""
    infos = active.get("claim_generator_info") or []
    if infos and isinstance(infos[0], dict) and infos[0].get("name"):
        return _text(f"{infos[0]['name']} {infos[0].get('version') or ''}".strip())
    return _text(active.get("claim_generator"))


def _actions(active: Told) -> Iterator[str]:
    """The actions it lists: `c2pa.created 2024-05-06T07:08:09Z digitalCapture`."""
    for assertion in active.get("assertions") or []:
        if not str(assertion.get("label", "")).startswith("c2pa.actions"):
            continue
        data = assertion.get("data")
        done = data.get("actions") if isinstance(data, dict) else None
        for one in done if isinstance(done, list) else []:
            if isinstance(one, dict):
                source = str(one.get("digitalSourceType") or "").rpartition("/")[2]
                parts = (one.get("action"), one.get("when"), source)
                yield str(_text(" ".join(str(part) for part in parts if part)))


def _text(value: Any) -> str | None:
    """Words from outside: one line, not long, nothing that steers a terminal."""
    if value is None:
        return None
    line = " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())
    return line if len(line) <= MOST_TEXT else line[: MOST_TEXT - 1] + "…"
