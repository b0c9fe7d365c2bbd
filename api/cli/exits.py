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
_EXITS: dict[Exit, tuple[type[errors.NameplateError], ...]] = {
    Exit.USAGE: (errors.UsageError, errors.CaseMissing, errors.CaseExists),
    Exit.LOCKED: (errors.CaseLocked,),
    Exit.SETUP: (
        *(errors.ModelError, errors.RegistryError, errors.SettingsError, errors.DataError),
        *(errors.ClusterError, errors.CaseNewer, errors.CaseDamaged, errors.CaseConflict),
    ),
    Exit.RESULT: (errors.ResultError, errors.CaseError),
}
"""By the kind of error, the first that fits; of any other `FOOTAGE`."""


def exit_for(error: errors.NameplateError) -> Exit:
    """The exit code an error ends a command with."""
    return next((code for code, kinds in _EXITS.items() if isinstance(error, kinds)), Exit.FOOTAGE)
