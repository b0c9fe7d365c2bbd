"""What commands are set up with: settings from a file."""

from __future__ import annotations

from pathlib import Path

import yaml

from datasets.errors import SettingsError
from detector.settings import Settings


def read_settings(file: Path | None, seed: int | None = None) -> Settings:
    """The settings of a call.

    Args:
        file: YAML or JSON with the values that differ from the defaults; None for none.
        seed: of the random sample of shots, in place of the file's.

    Raises:
        SettingsError: the file cannot be read, or a value in it is wrong.
    """
    values: object = {}
    if file is not None:
        try:
            values = yaml.safe_load(file.read_text("utf-8")) or {}
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise SettingsError(f"{file}: settings cannot be read ({error})") from error
    try:
        settings = Settings.parse(values)
    except SettingsError as error:
        raise SettingsError(f"{file}: {error}") from error
    if seed is None:
        return settings
    sweeping = settings.sweeping.model_copy(update={"seed": seed})
    return settings.model_copy(update={"sweeping": sweeping})
