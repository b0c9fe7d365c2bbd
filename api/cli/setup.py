"""What commands are set up with: settings from a file, a case, who calls."""

from __future__ import annotations

import getpass
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.terminal import complain
from datasets import errors
from datasets.files import why_missing
from datasets.places import COUNTRIES, country_name
from datasets.yamlfile import read_yaml
from detector.settings import Settings

if TYPE_CHECKING:
    from evidence.case.case import Case


def read_settings(
    file: Path | None,
    seed: int | None = None,
    *,
    archive: bool = False,
    budget: float | None = None,
) -> Settings:
    """The settings of a call: those of a file, YAML or JSON, and what is given besides.
    archive: with the defaults for archives.
    Raises SettingsError: the file cannot be read, a value in it is wrong, or an origin under test
    is no country's code.
    """
    values: object = {}
    if file is not None:
        try:
            values = read_yaml(file) or {}
        except errors.RegistryError as error:
            reason = str(error).removeprefix(f"{file}: ").removeprefix("cannot be read: ")
            raise errors.SettingsError(f"{file}: settings cannot be read ({reason})") from error
    try:
        settings = Settings.archive(values) if archive else Settings.parse(values)
        # Another spelling would be no builder's home, and nothing would be held for under test.
        # Asked here and not of every `Settings`: results that were made so can still be read.
        for origin in settings.attributing.tested_origins:
            if origin not in COUNTRIES:
                raise errors.SettingsError(
                    f"setting attributing.tested_origins: {origin!r} is not a country code "
                    "(ISO 3166-1 alpha-2 in capitals, such as CN)"
                )
    except errors.SettingsError as error:
        raise errors.SettingsError(f"{file}: {error}") from error
    # By a name in a file no other program looks.
    given = {"seed": seed, "budget": budget}
    given = {name: value for name, value in given.items() if value is not None}
    sweeping = settings.sweeping.model_copy(update=given)
    return settings.model_copy(update={"program": "", "sweeping": sweeping})


def country_code(text: str) -> str:
    """The code of a country given by code or English name; other text as it is.
    >>> country_code("cn"), country_code("China"), country_code("Atlantis")
    ('CN', 'CN', 'Atlantis')
    """
    if text.upper() in COUNTRIES:
        return text.upper()
    names = {country_name(code).casefold(): code for code in COUNTRIES}
    return names.get(text.strip().casefold(), text)


def open_or_make(folder: Path, adding: bool, check: Callable[[], None] | None = None) -> Case:
    """The case at `folder`; made where there is none and something will be added to it.
    check: called before one is made; what it raises keeps it from being made.
    Raises CaseError: it cannot be opened, or not be made there.
    """
    from evidence.case.case import Case
    from evidence.case.folder import is_taken

    try:
        return Case.open(folder)
    except errors.CaseMissing:
        if not adding or is_taken(folder):
            raise
    if check is not None:
        check()
    try:
        made = Case.new(folder, folder.absolute().name)
    except errors.CaseExists:  # another call, begun at the same time, was first
        return Case.open(folder)
    complain(f"{folder}: a new case")
    return made


def user(flag: str) -> str:
    """The name somebody is logged in by.
    Raises UsageError: nobody's, as in a container that runs as a number; `flag` says it.
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise errors.UsageError(
            f"who you are is not known here; say it with {flag} NAME"
        ) from error


_ADDRESS = re.compile(r"(https?|ftp)://")


@contextmanager
def limited(listed: str, seconds: float) -> Iterator[None]:
    """Ends what is done within it after so many seconds.
    Raises DecoderTimeout: they are over.
    """

    def end(number: int, frame: object) -> None:
        raise errors.DecoderTimeout.saying(
            "%(path)s: it took more than %(seconds)s s (option --time-limit)",
            path=listed,
            seconds=f"{seconds:g}",
        )

    before = signal.signal(signal.SIGALRM, end)
    # And again each second: what is raised while an object is freed goes nowhere.
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def list_all(
    paths: Sequence[str], omitted: list[str]
) -> Iterator[tuple[str, Path | errors.NameplateError]]:
    """Every footage the paths name, once for each name, with its path or its error.
    omitted: gets what in a folder may have been meant and is not looked at, and why."""
    from detector.footage import reasons
    from evidence.work.folders import Trouble, walk

    seen: set[str] = set()
    for given in paths:
        found: list[Path] = []
        try:
            if _ADDRESS.match(given):
                raise errors.UsageError(
                    f"{given}: Nameplate downloads nothing; fetch it first, for example with "
                    "yt-dlp, and give the file"
                )
            if wrong := why_missing(Path(given)):
                raise reasons.NOT_THERE.of(Path(given), what=wrong)
            for one in walk(Path(given)):
                if not isinstance(one, Trouble) or one.path is not None:
                    found.append(Path(str(one.path)))  # opened, it says what is wrong with it
                elif one.lost:
                    raise errors.UsageError(one.message)
                else:
                    omitted.append(one.message)
                    complain(one.message)
            if not found:
                raise errors.UsageError(
                    f"{given}: holds neither clips nor pictures, or only what Nameplate wrote; "
                    "name other footage"
                )
        except errors.NameplateError as error:
            yield given, error
            continue
        for path in sorted(found):
            listed = given if path == Path(given) else str(path)
            if listed not in seen:
                seen.add(listed)
                yield listed, path
