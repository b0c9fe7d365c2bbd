"""The evidence package as one file."""

from __future__ import annotations

import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from datasets.errors import ResultError
from datasets.output import unwritten
from datasets.registry import Registry
from evidence.answer.package import write_package
from evidence.answer.question import Question
from evidence.store import Case

_STORED = frozenset({".zip", ".jpg", ".png", ".pdf", ".parquet"})
"""What compressing again makes no smaller."""


def zip_package(case: Path, question: Question, registry: Registry, file: Path, name: str) -> None:
    """Writes the package of a case's answer as one ZIP file that holds the folder `name`.

    Args:
        case: the case's folder.
        file: where; it must not exist.

    Raises:
        ResultError: it cannot be written.
        UsageError, CaseError: as `package.write_package`.
    """
    with TemporaryDirectory(dir=file.parent) as scratch, Case.open(case) as opened:
        folder = Path(scratch) / name
        write_package(opened, question, registry, question.in_a_word(registry), folder)
        try:
            with zipfile.ZipFile(file, "x") as archive:
                for path in sorted(folder.rglob("*")):
                    if path.is_file():
                        archive.write(path, path.relative_to(scratch), _how(path))
        except OSError as error:
            raise ResultError(unwritten(file, error)) from error


def _how(path: Path) -> int:
    return zipfile.ZIP_STORED if path.suffix in _STORED else zipfile.ZIP_DEFLATED
