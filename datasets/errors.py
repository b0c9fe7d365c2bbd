"""Every error Nameplate raises on purpose, drawn once.

NameplateError
├── UsageError            a wrong flag, an empty folder, a path that is not there
│   ├── AccountMissing        no account of that name
│   └── AccountConflict       one of that name already, or the last admin
├── RegistryError         an entry or a field of the builder registry is wrong
├── DataError             a data set, a label or an annotation is wrong
├── SettingsError         a setting is unknown or out of range
├── ModelError            a model is missing, damaged or of the wrong kind
├── ResultError           a result could not be written (full disk, no permission)
│   └── ResultTaken           somebody's own files are where it should go; the next one can be
├── PackageDamaged        an evidence package is not what it was
├── ClusterError          the workers cannot be reached, or cannot be equipped
├── CaseError             a case cannot be used as asked
│   ├── CaseMissing           no case in this folder
│   ├── CaseExists            something stands where a case should go
│   ├── CaseLocked            another run holds it
│   ├── CaseNewer             written by a newer Nameplate
│   ├── CaseDamaged           case, database or pack is not what it was
│   │   └── CaseContradictory     its rows do not agree with each other, or with its log
│   ├── CaseConflict          another answer stands under the same key
│   ├── CaseUnwritable        full disk, no permission, read-only
│   └── CaseUnreachable       its database does not answer, for now
├── UploadError           footage cannot be taken in as asked
│   ├── UploadMissing         no such upload
│   ├── UploadConflict        it is not as the sender thinks: another offset, another sender
│   ├── UploadTooLarge        more bytes or seconds than a limit allows
│   ├── UploadNoRoom          the disk has no room for it
│   └── UploadsTooMany        too many are under way; later
└── FootageError          this footage cannot be looked at; the next one can
    ├── FootageMissing        no such file, or it may not be read
    ├── FootageEmpty          no bytes
    ├── FootageDisguised      a playlist, a page or an archive under a video's name
    ├── FootageUnsupported    a container that is not on the allow-list
    ├── FootageUnreadable     the container is damaged beyond reading
    ├── FootageEncrypted      the pictures are encrypted
    ├── FootageChanged        it was written to while it was looked at
    ├── NoPictures            sound only, or nothing in it could be decoded
    ├── FootageTooLarge       more pixels or frames than the limits allow
    ├── DecoderTimeout        the decoder outlasted its CPU or wall time
    ├── DecoderOutOfMemory    the decoder asked for more memory than it may have
    └── DecoderDied           the decoder process ended without a word

The tree stands in the lowest room, so that each room may raise from it.

`kind` is the stable name of an error for programs; JSON results carry it. The message says what was
wrong, with which file, and what to do. A message that pages show is a `datasets.messages.Message`.
"""

from __future__ import annotations

from typing import ClassVar


class NameplateError(Exception):
    """The root: anything the program itself says went wrong."""

    kind: ClassVar[str] = "error"

    @property
    def message(self) -> str:
        """The text it was raised with; a `Message` where it can be translated."""
        text = self.args[0] if self.args else ""
        return text if isinstance(text, str) else str(text)


class UsageError(NameplateError):
    kind = "usage"


class AccountMissing(UsageError):
    kind = "account-missing"


class AccountConflict(UsageError):
    kind = "account-conflict"


class RegistryError(NameplateError):
    kind = "registry"


class DataError(NameplateError):
    kind = "data"


class SettingsError(NameplateError):
    kind = "settings"


class ModelError(NameplateError):
    kind = "model"


class ResultError(NameplateError):
    kind = "result"


class ResultTaken(ResultError):
    kind = "result-taken"


class PackageDamaged(NameplateError):
    kind = "package-damaged"


class ClusterError(NameplateError):
    kind = "cluster"


class CaseError(NameplateError):
    kind = "case"


class CaseMissing(CaseError):
    kind = "case-missing"


class CaseExists(CaseError):
    kind = "case-exists"


class CaseLocked(CaseError):
    kind = "case-locked"


class CaseNewer(CaseError):
    kind = "case-newer"


class CaseDamaged(CaseError):
    kind = "case-damaged"


class CaseContradictory(CaseDamaged):
    """It can be read, and says no one thing; asking again does not help."""


class CaseConflict(CaseError):
    kind = "case-conflict"


class CaseUnwritable(CaseError):
    kind = "case-unwritable"


class CaseUnreachable(CaseError):
    """The database does not answer now; the same call may succeed in a minute."""

    kind = "case-unreachable"


class UploadError(NameplateError):
    kind = "upload"


class UploadMissing(UploadError):
    kind = "not-found"


class UploadConflict(UploadError):
    kind = "conflict"


class UploadTooLarge(UploadError):
    kind = "too-large"


class UploadNoRoom(UploadError):
    kind = "no-room"


class UploadsTooMany(UploadError):
    kind = "too-many"


class FootageError(NameplateError):
    kind = "footage"


class FootageMissing(FootageError):
    kind = "missing"


class FootageEmpty(FootageError):
    kind = "empty"


class FootageDisguised(FootageError):
    kind = "disguised"


class FootageUnsupported(FootageError):
    kind = "unsupported"


class FootageUnreadable(FootageError):
    kind = "unreadable"


class FootageEncrypted(FootageError):
    kind = "encrypted"


class FootageChanged(FootageError):
    kind = "changed"


class NoPictures(FootageError):
    kind = "no-pictures"


class FootageTooLarge(FootageError):
    kind = "too-large"


class DecoderTimeout(FootageError):
    kind = "timeout"


class DecoderOutOfMemory(FootageError):
    kind = "out-of-memory"


class DecoderDied(FootageError):
    kind = "decoder-died"
