"""How a command ends, for scripts: one number each, the same for every command."""

from __future__ import annotations

from enum import IntEnum

from datasets import errors


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


def exit_for(error: errors.NameplateError) -> Exit:
    """The exit code an error ends a command with."""
    if isinstance(error, errors.FootageError):
        return Exit.FOOTAGE
    if isinstance(error, errors.UsageError | errors.CaseMissing | errors.CaseExists):
        return Exit.USAGE
    if isinstance(error, errors.CaseLocked):
        return Exit.LOCKED
    if isinstance(
        error,
        errors.ModelError
        | errors.RegistryError
        | errors.SettingsError
        | errors.DataError
        | errors.ClusterError,
    ):
        return Exit.SETUP
    if isinstance(error, errors.CaseNewer | errors.CaseDamaged | errors.CaseConflict):
        return Exit.SETUP
    if isinstance(error, errors.ResultError | errors.CaseError):
        return Exit.RESULT
    return Exit.FOOTAGE
