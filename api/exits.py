"""How a command ends, for scripts: one number each, the same for every command."""

from __future__ import annotations

from enum import IntEnum

from datasets.errors import (
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
    INTERRUPTED = 130
    PIPE = 141


MEANINGS = {
    Exit.DONE: "everything was done",
    Exit.FOOTAGE: "some footage could not be analysed, or what was measured misses its bound",
    Exit.USAGE: "wrong use: an unknown flag, no such path, an empty folder",
    Exit.RESULT: "results could not be written",
    Exit.SETUP: "the model, the registry, the settings or the data are wrong",
    Exit.INTERRUPTED: "interrupted",
    Exit.PIPE: "whoever read the output went away",
}


def exit_for(error: NameplateError) -> Exit:
    """The exit code an error ends a command with."""
    if isinstance(error, FootageError):
        return Exit.FOOTAGE
    if isinstance(error, UsageError):
        return Exit.USAGE
    if isinstance(error, ResultError):
        return Exit.RESULT
    if isinstance(error, ModelError | RegistryError | SettingsError | DataError):
        return Exit.SETUP
    return Exit.FOOTAGE
