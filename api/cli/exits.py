"""How a command ends, for scripts: one number each, the same for every command."""

from __future__ import annotations

from enum import IntEnum

from datasets.errors import (
    CaseConflict,
    CaseDamaged,
    CaseError,
    CaseExists,
    CaseLocked,
    CaseMissing,
    CaseNewer,
    ClusterError,
    DataError,
    FootageError,
    ModelError,
    NameplateError,
    RegistryError,
    ResultError,
    SettingsError,
    UsageError,
)


class Exit(IntEnum):
    """The exit codes. Where several apply the highest is given."""

    DONE = 0
    FOOTAGE = 1
    USAGE = 2
    RESULT = 3
    SETUP = 4
    LOCKED = 5
    INTERRUPTED = 130
    PIPE = 141


MEANINGS = {
    Exit.DONE: "everything was done",
    Exit.FOOTAGE: "some footage could not be analysed, what was measured misses its bound, "
    "or a check found something wrong",
    Exit.USAGE: "wrong use: an unknown flag, no such footage, no such case, an empty folder",
    Exit.RESULT: "results could not be written, or the case's database does not answer",
    Exit.SETUP: "the model, registry, settings, data, case or cluster are wrong or not there",
    Exit.LOCKED: "another run holds the case",
    Exit.INTERRUPTED: "interrupted",
    Exit.PIPE: "whoever read the output went away",
}


def exit_for(error: NameplateError) -> Exit:
    """The exit code an error ends a command with."""
    if isinstance(error, FootageError):
        return Exit.FOOTAGE
    if isinstance(error, UsageError | CaseMissing | CaseExists):
        return Exit.USAGE
    if isinstance(error, CaseLocked):
        return Exit.LOCKED
    if isinstance(error, ModelError | RegistryError | SettingsError | DataError | ClusterError):
        return Exit.SETUP
    if isinstance(error, CaseNewer | CaseDamaged | CaseConflict):
        return Exit.SETUP
    if isinstance(error, ResultError | CaseError):
        return Exit.RESULT
    return Exit.FOOTAGE
