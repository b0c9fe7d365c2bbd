"""Whether a package is whole (BagIt), stamped (RFC 3161), and what its case bears out.

The stamp is over `tagmanifest-sha256.txt`, and so over every file. Nothing is sent from here: a
request is written, whoever wants to sends it, and the answer is put into the bag.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from datasets.errors import PackageDamaged, ResultError, UsageError
from datasets.files import isdir, isfile, unwritten

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse
import re
from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import files
from itertools import chain
from tempfile import TemporaryDirectory

from jinja2 import Environment, StrictUndefined
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector.look.model_files import model_digest
from evidence.answer.case import Read
from evidence.answer.package.tables import COUNTED, TABLES, write_tables
from evidence.answer.report.page import draw, render_answer
from evidence.answer.report.pdf import to_pdf
from evidence.case.case import Case
from evidence.case.check import check_machines
from evidence.case.row_checks import check_analyses, check_items, check_names
from evidence.case.tables import Work
from evidence.case.verdicts import kept_stills, verify

RESPONSE = "timestamp/tagmanifest-sha256.tsr"
"""The one file, in the bag, that came after it was closed."""

MANIFEST = "manifest-sha256.txt"
TAGS = "tagmanifest-sha256.txt"
_MOST_TOLD = 20


def check_whole(package: Path) -> None:
    """Compares every file with the bag's manifests (RFC 8493).

    Raises:
        UsageError: it is no package.
        PackageDamaged: files altered, gone or added; the message names them.
    """
    if not isfile(package / "bagit.txt"):
        raise UsageError(f"{package}: no package; `nameplate answer CASE --package DIR` makes one")
    damage = sorted(set(_damage(package)))
    if damage:
        more = len(damage) - _MOST_TOLD
        told = "; ".join(damage[:_MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")
        raise PackageDamaged(f"{package}: not what it was: {told}")


def _damage(package: Path) -> Iterator[str]:
    """A line for each file that is not as the manifests say (RFC 8493, 3)."""
    listed: dict[str, str] = {}
    unread = False
    for name in (TAGS, MANIFEST):
        try:
            listed |= _read_manifest(package / name)
        except FileNotFoundError:
            unread = True
            yield f"{name} is gone"
        except (OSError, ValueError) as error:
            unread = True
            yield f"{name} makes no sense ({error})"
    if unread:
        return  # what it listed would all seem to have been added
    for name, digest in listed.items():
        file = package / name
        if not isfile(file) or file.is_symlink():
            yield f"{name} is gone"
        elif _sha256(file) != digest:
            yield f"{name} was altered"
    for file in package.rglob("*"):
        name = file.relative_to(package).as_posix()
        may_be = (isdir(file) or name in (TAGS, RESPONSE)) and not file.is_symlink()
        if name not in listed and not may_be:
            yield f"{name} was added"


def _read_manifest(file: Path) -> dict[str, str]:
    """
    Raises:
        ValueError: a line that is none, or that names a file elsewhere.
    """
    found = {}
    for line in file.read_text("utf-8").splitlines():
        digest, _, name = line.partition(" ")
        name = name.strip()
        if not name or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise ValueError(f"line {line[:100]!r}")
        found[name] = digest
    return found


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


MOST_BYTES = 1 << 20
SHA256 = "2.16.840.1.101.3.4.2.1"


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """What a time stamp says. authority: the name in its certificate; signed: whether it is as an
    authority signed it that one of the caller's certificates vouches for, None where none was
    given: then anybody may have written time and name."""

    time: datetime
    authority: str
    signed: bool | None


def write_request(package: Path, file: Path) -> None:
    """Writes what a time-stamping authority is to be sent (`application/timestamp-query`).

    Raises:
        UsageError: no package, or `file` exists.
        PackageDamaged: the package is not what it was.
        ResultError: it cannot be written.
    """
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    check_whole(package)
    # Without a nonce: the answer is known by the digest in it, whenever it comes.
    request = TimestampRequestBuilder(
        data=(package / TAGS).read_bytes(), hash_algorithm=HashAlgorithm.SHA256, nonce=False
    ).build()
    _write(file, request.as_bytes())


def keep_response(package: Path, file: Path) -> TimeStamp:
    """Puts an authority's answer into the package, if it is one for it.

    Raises:
        UsageError: no answer, not for this package, or there is one already.
        PackageDamaged: the package is not what it was.
        ResultError: it cannot be written.
    """
    check_whole(package)
    try:
        content = file.read_bytes() if file.stat().st_size <= MOST_BYTES else b""
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from error
    try:
        stamp = _read_stamp(content, package, ())
    except ValueError as error:
        raise UsageError(f"{file}: no time stamp for this package ({error})") from error
    to = package / RESPONSE
    try:
        to.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise ResultError(unwritten(to, error)) from error
    _write(to, content)
    return stamp


def read_stamp(package: Path, roots: Path | None = None) -> TimeStamp | None:
    """The time stamp in a package; None where there is none.

    Args:
        roots: certificates (PEM) that the caller trusts to vouch for authorities.

    Raises:
        PackageDamaged: it is not for what is in the package.
        UsageError: `roots` holds no certificates.
    """
    file = package / RESPONSE
    if not file.is_file():
        return None
    trusted = () if roots is None else _certificates(roots)
    try:
        return _read_stamp(file.read_bytes()[: MOST_BYTES + 1], package, trusted)
    except (ValueError, OSError) as error:
        raise PackageDamaged(f"{file}: no time stamp for this package ({error})") from error


def _read_stamp(content: bytes, package: Path, trusted: tuple[Certificate, ...]) -> TimeStamp:
    """
    Raises:
        ValueError: it says nothing of this package.
    """
    from cryptography.x509 import load_der_x509_certificate
    from rfc3161_client import decode_timestamp_response

    if not 0 < len(content) <= MOST_BYTES:
        raise ValueError("empty, or too large for one")
    response = decode_timestamp_response(content)
    if response.status != 0:
        raise ValueError(f"the authority refused, with status {response.status}")
    imprint = response.tst_info.message_imprint
    if imprint.hash_algorithm.dotted_string != SHA256:
        raise ValueError("its digest is not SHA-256")
    if imprint.message != hashlib.sha256((package / TAGS).read_bytes()).digest():
        raise ValueError("it is for something else")
    own = tuple(load_der_x509_certificate(one) for one in response.signed_data.certificates)
    if not own:
        raise ValueError("it holds no certificate")
    return TimeStamp(
        response.tst_info.gen_time,
        _authority(response, own),
        _signed(response, imprint.message, trusted) if trusted else None,
    )


def _signed(response: TimeStampResponse, digest: bytes, roots: tuple[Certificate, ...]) -> bool:
    """Whether the signature holds, vouched for by one of `roots` (RFC 3161, 2.4.2)."""
    from rfc3161_client import VerificationError, VerifierBuilder

    try:
        return VerifierBuilder(roots=list(roots)).build().verify(response, digest)
    except VerificationError:
        return False


def _authority(response: TimeStampResponse, own: tuple[Certificate, ...]) -> str:
    """The name of whoever signed it: a serial number alone is an issuer's own (RFC 5652, 5.3).

    Raises:
        ValueError: there is not one signer, or not its certificate.
    """
    signers = list(response.signed_data.signer_infos)
    if len(signers) != 1:
        raise ValueError(f"it has {len(signers)} signers, not one")
    named = (signers[0].issuer, signers[0].serial_number)
    for one in own:
        if (one.issuer, one.serial_number) == named:
            return one.subject.rfc4514_string()
    raise ValueError("none of its certificates is its signer's")


def _certificates(file: Path) -> tuple[Certificate, ...]:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return tuple(load_pem_x509_certificates(file.read_bytes()))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: no certificates (PEM) in it ({error})") from error


def _write(file: Path, content: bytes) -> None:
    try:
        with file.open("xb") as out:
            out.write(content)
    except FileExistsError as error:
        raise UsageError(f"{file}: there is such a file already; name another") from error
    except OSError as error:
        raise ResultError(unwritten(file, error)) from error


def contradictions(session: Session) -> list[str]:
    """Where rows that an answer is computed from contradict each other or the log of verdicts, a
    line each; none where all agree.

    The answer is computed from where items stand, and so says nothing of the log by itself. Whether
    the audit sample is as its plan draws it, `case check` tells.
    """
    found = chain(
        check_analyses(session),
        check_names(session),
        check_machines(session),
        check_items(session),
    )
    return [*verify(session), *(f"{one.about}: {one.what}" for one in found if one.wrong)]


def lacking(case: Case, session: Session) -> list[str]:
    """The pictures that rows of a case out of a pack name and that are not in it, a line each;
    those that are in it have their hash, or the pack would not have been opened."""
    paths = [case.still(sha256, suffix) for sha256, suffix in kept_stills(session)]
    return [
        f"{path.relative_to(case.folder).as_posix()}: not in it; it was gone, or no longer what it "
        "was, when the case was packed"
        for path in paths
        if not path.is_file()
    ]


_OTHER = "not what this Nameplate writes of what is in the package"
_DAY = re.compile(rb"as it was on (\d{4}-\d\d-\d\d)")


def writer() -> str:
    """Which Nameplate writes, and computes anew: its version."""
    return version("nameplate")


def explain(read: Read, controls: bool, left_out: Sequence[str], day: str) -> str:
    """README.txt: what each file of a package is, and how to check all of it, in plain words.

    Args:
        controls: whether it has a list of them.
        left_out: what it lacks, a line each.
        day: of its making, as 2026-12-01.
    """
    said = [
        (one.__tablename__, " ".join((one.__doc__ or "").split()), [*one.__table__.columns.keys()])
        for one in TABLES
    ]
    text = files("evidence").joinpath("templates", "package.txt.j2").read_text("utf-8")
    page = Environment(autoescape=False, undefined=StrictUndefined).from_string(text)
    return page.render(
        asked=read.answer.says,
        sentence=read.answer.said.sentence,
        means=read.answer.said.means,
        day=day,
        version=version("nameplate"),
        ours=read.facts.model == model_digest(),
        model=read.facts.model,
        controls=controls,
        lacking=left_out,
        counted=COUNTED,
        tables=[("counted", "The machines as they were counted.", []), *sorted(said)],
    )


def papers_otherwise(
    data: Path, session: Session, read: Read, registry: Registry, left_out: Sequence[str]
) -> Iterator[str]:
    """A line for each page, figure and table of a package that is not as this
    Nameplate, which has to be the one that wrote it, makes it of its case. Of the PDF the words are
    compared, of a table in Parquet the rows.

    Args:
        left_out: what the package lacks, a line each.
    """
    page = render_answer(read.answer, registry, read.facts, read.exhibits)
    day = _DAY.search(_content(data / "README.txt"))
    controls = (data / "controls.csv").exists()
    explained = explain(read, controls, left_out, day[1].decode() if day else "")
    made = {"report.html": page.encode(), "README.txt": explained.encode()} | {
        f"figures/{name}.svg": str(svg).encode()
        for name, svg in draw(read.answer, registry).items()
    }
    with TemporaryDirectory(prefix="nameplate-") as scratch:
        for path in write_tables(session, read.machines, Path(scratch)):
            # What was waiting as the case was packed is set aside when it is opened, now.
            if path.stem == Work.__tablename__:
                continue
            if path.suffix == ".csv":
                made[f"tables/{path.name}"] = path.read_bytes()
            elif not _same_rows(data / "tables" / path.name, path):
                yield f"tables/{path.name}: {_OTHER}"
    for name, content in sorted(made.items()):
        if _content(data / name) != content:
            yield f"{name}: {_OTHER}"
    if _words_of_pdf(_content(data / "report.pdf")) != _words_of_pdf(to_pdf(page)):
        yield f"report.pdf: {_OTHER}"


def _same_rows(kept: Path, made: Path) -> bool:
    """Whether two tables in Parquet hold the same, whatever wrote them."""
    import polars

    if _content(kept) == made.read_bytes():
        return True
    try:
        return polars.read_parquet(kept).equals(polars.read_parquet(made))
    except (polars.exceptions.PolarsError, OSError):
        return False


def _content(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""


def _words_of_pdf(content: bytes) -> list[str] | None:
    """What a PDF says, by words; None of what is none."""
    import pymupdf

    try:
        with pymupdf.open("pdf", content) as document:
            return [word for sheet in document for word in sheet.get_text().split()]
    except RuntimeError:
        return None
