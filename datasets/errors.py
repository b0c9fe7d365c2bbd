"""Every error that Nameplate raises on purpose.

They stand in the lowest room, so that each room may raise from here.

`kind` is the stable name of an error for programs; JSON results carry it. The message says what was
wrong, with which file, and what to do. A message that pages show is a `datasets.messages.Message`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from datasets.messages import Message


class NameplateError(Exception):
    """The root: anything the program itself says went wrong."""

    kind: ClassVar[str] = "error"

    def __init_subclass__(cls, kind: str | None = None) -> None:
        if kind is not None:
            cls.kind = kind

    @classmethod
    def saying(cls, template: str, **values: Any) -> Self:
        """The error with a message that pages translate (`datasets.messages.Message`)."""
        return cls(Message(template, **values))

    @property
    def message(self) -> str:
        """The text it was raised with; a `Message` where it can be translated."""
        text = self.args[0] if self.args else ""
        return text if isinstance(text, str) else str(text)


class UsageError(NameplateError, kind="usage"):
    """A wrong flag, an empty folder, a path that is not there."""


class AccountMissing(UsageError, kind="account-missing"):
    """No account of that name."""


class AccountConflict(UsageError, kind="account-conflict"):
    """One of that name already, or the last admin."""


class RegistryError(NameplateError, kind="registry"):
    """An entry or a field of the builder registry is wrong."""


class DataError(NameplateError, kind="data"):
    """A data set, a label or an annotation is wrong."""


class SettingsError(NameplateError, kind="settings"):
    """A setting is unknown or out of range."""


class ModelError(NameplateError, kind="model"):
    """A model is missing, damaged or of the wrong kind."""


class ResultError(NameplateError, kind="result"):
    """A result could not be written (full disk, no permission)."""


class ResultTaken(ResultError, kind="result-taken"):
    """Somebody's own files are where it should go; the next one can be."""


class PackageDamaged(NameplateError, kind="package-damaged"):
    """An evidence package is not what it was."""


class ClusterError(NameplateError, kind="cluster"):
    """The workers cannot be reached, or cannot be equipped."""


class CaseError(NameplateError, kind="case"):
    """A case cannot be used as asked."""


class CaseMissing(CaseError, kind="case-missing"):
    """No case in this folder."""


class CaseExists(CaseError, kind="case-exists"):
    """Something stands where a case should go."""


class CaseLocked(CaseError, kind="case-locked"):
    """Another run holds it."""


class CaseNewer(CaseError, kind="case-newer"):
    """Written by a newer Nameplate."""


class CaseDamaged(CaseError, kind="case-damaged"):
    """Case, database or pack is not what it was."""


class CaseContradictory(CaseDamaged):
    """Its rows do not agree with each other, or with its log; asking again does not help."""


class CaseConflict(CaseError, kind="case-conflict"):
    """Another answer stands under the same key."""


class CaseUnwritable(CaseError, kind="case-unwritable"):
    """Full disk, no permission, read-only."""


class CaseUnreachable(CaseError, kind="case-unreachable"):
    """The database does not answer now; the same call may succeed in a minute."""


class UploadError(NameplateError, kind="upload"):
    """Footage cannot be taken in as asked."""


class UploadMissing(UploadError, kind="not-found"):
    """No such upload."""


class UploadConflict(UploadError, kind="conflict"):
    """It is not as the sender thinks: another offset, another sender."""


class UploadTooLarge(UploadError, kind="too-large"):
    """More bytes or seconds than a limit allows."""


class UploadNoRoom(UploadError, kind="no-room"):
    """The disk has no room for it."""


class UploadsTooMany(UploadError, kind="too-many"):
    """Too many are under way; later."""


class FootageError(NameplateError, kind="footage"):
    """This footage cannot be looked at; the next one can."""


class FootageMissing(FootageError, kind="missing"):
    """No such file, or it may not be read."""


class FootageEmpty(FootageError, kind="empty"):
    """No bytes."""


class FootageDisguised(FootageError, kind="disguised"):
    """A playlist, a page or an archive under a video's name."""


class FootageUnsupported(FootageError, kind="unsupported"):
    """A container that is not on the allow-list."""


class FootageUnreadable(FootageError, kind="unreadable"):
    """The container is damaged beyond reading."""


class FootageEncrypted(FootageError, kind="encrypted"):
    """The pictures are encrypted."""


class FootageChanged(FootageError, kind="changed"):
    """It was written to while it was looked at."""


class NoPictures(FootageError, kind="no-pictures"):
    """Sound only, or nothing in it could be decoded."""


class FootageTooLarge(FootageError, kind="too-large"):
    """More pixels or frames than the limits allow."""


class DecoderTimeout(FootageError, kind="timeout"):
    """The decoder outlasted its CPU or wall time."""


class DecoderOutOfMemory(FootageError, kind="out-of-memory"):
    """The decoder asked for more memory than it may have."""


class DecoderDied(FootageError, kind="decoder-died"):
    """The decoder process ended without a word."""
