"""`nameplate analyze`: footage in, sightings out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.exits import Exit, exit_for
from api.setup import read_settings
from api.terminal import complain, hush, only_lines, progress, show, speak
from datasets.errors import (
    FootageError,
    FootageMissing,
    NameplateError,
    ResultTaken,
    UsageError,
)
from datasets.registry import Registry, load_registry
from datasets.there import isdir
from detector.settings import Settings
from evidence.folder import check_writable, write_results
from evidence.record import dump, spell, to_failure, to_record

if TYPE_CHECKING:
    from detector import Analyst

DEFAULT_OUT = Path("results")


def analyze(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH", help="Clips, photographs, folders of either."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Where the results folders go; ./results unless --json.", metavar="DIR"),
    ] = None,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object a line, a line a footage, no more."),
    ] = False,
    registry: Annotated[
        list[Path] | None,
        typer.Option(help="A file of builders that adds to the registry.", metavar="FILE"),
    ] = None,
    settings: Annotated[
        Path | None, typer.Option(help="Settings, YAML or JSON.", metavar="FILE")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="A model folder in place of the one shipped.", metavar="DIR"),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the random sample of shots.", metavar="N")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no tables.")] = False,
) -> None:
    """Finds the machines in footage and who built them.

    Each clip gets a folder, OUT/STEM-HASH, with report.html, sightings.json, sightings.csv and
    stills; it appears whole or not at all. A clip that cannot be analysed does not stop the
    others. A second run with the same outcome leaves the folder as it is; with another
    outcome it replaces it.
    """
    where = out if out is not None or json else DEFAULT_OUT
    done: list[str] = []
    try:
        known = load_registry(*(registry or ()))
        job = Job(read_settings(settings, seed), known, model, where, quiet, done)
        code = job.print_lines(paths) if json else job.print_tables(paths)
    except KeyboardInterrupt:
        complain(f"interrupted; {len(done)} analysed in full, nothing left half done")
        code = Exit.INTERRUPTED
    except BrokenPipeError:
        hush()
        code = Exit.PIPE
    raise typer.Exit(code)


class Job:
    """One call of `analyze`: the model is loaded once and sees every path.

    Args:
        out: where results folders go; None for none.
        quiet: no progress, no tables.
        done: gets each path that was analysed and written.

    Raises:
        ModelError, ResultError: nothing can be analysed or written at all.
    """

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        model: Path | None,
        out: Path | None,
        quiet: bool,
        done: list[str],
    ) -> None:
        if out is not None:
            check_writable(out)
        self.settings, self.registry, self.model = settings, registry, model
        self.out = out
        self.quiet = quiet
        self.done = done
        self.worst = Exit.DONE

    @cached_property
    def analyst(self) -> Analyst:
        # Loaded for the first footage that is there: a path mistyped is told of at once.
        from detector import Analyst

        return Analyst(self.settings, self.registry, self.model)

    def print_lines(self, paths: Sequence[str]) -> Exit:
        """One JSON object a line on standard output, nothing else there."""
        with only_lines() as lines:
            for record, folder in self.results(paths):
                where = {} if folder is None else {"results": spell(str(folder))}
                lines(dump(record | where))
        return self.worst

    def print_tables(self, paths: Sequence[str]) -> Exit:
        """A table a footage, and where its results lie."""
        console = speak()
        for record, folder in self.results(paths):
            if "error" in record:
                complain(record["error"]["message"])
            elif not self.quiet:
                report = None if folder is None else spell(str(folder / "report.html"))
                show(record, console, report)
        return self.worst

    def results(self, paths: Sequence[str]) -> Iterator[tuple[dict[str, Any], Path | None]]:
        """Each footage once, in the order given: its record, and its results folder."""
        for listed, footage in list_all(paths):
            try:
                if isinstance(footage, NameplateError):
                    raise footage
                looked = self.look(listed, footage)
                self.done.append(listed)
                yield looked
            except (FootageError, UsageError, ResultTaken) as error:
                missing = isinstance(error, FootageMissing | UsageError)
                self.worst = max(self.worst, Exit.USAGE if missing else exit_for(error))
                yield to_failure(listed, error), None

    def look(self, listed: str, path: Path) -> tuple[dict[str, Any], Path | None]:
        with progress(listed, shown=not self.quiet) as step:
            analysis = self.analyst.analyze(path, step)
            record = to_record(analysis, self.registry, listed)
            if self.out is None:
                return record, None
            return record, write_results(analysis, record, self.out)


def list_all(paths: Sequence[str]) -> Iterator[tuple[str, Path | NameplateError]]:
    """Every footage the paths name, each once: the path as given, and the path or what is
    wrong with it. Of what a folder links to, and was left out, it is told."""
    seen: set[str] = set()
    for given in paths:
        for message in left_out(Path(given)):
            complain(message)
        try:
            found = list_one(Path(given))
        except NameplateError as error:
            yield given, error
            continue
        for path in found:
            # `Path.resolve` raises where a link leads in a circle.
            real = os.path.realpath(path)
            if real in seen:
                continue
            seen.add(real)
            yield (given if path == Path(given) else str(path)), path


def left_out(path: Path) -> Iterator[str]:
    """What in a folder may have been meant and is not looked at, as a sweep tells of it."""
    from evidence.sweep.folders import Trouble, walk

    for one in walk(path):
        if isinstance(one, Trouble) and not one.lost:
            yield one.message


def list_one(path: Path) -> list[Path]:
    """The footage at a path. What Nameplate wrote in a folder, cases and results, is none.

    Raises:
        FootageMissing, UsageError: there is none.
    """
    from detector.footage.files import list_footage
    from evidence.sweep.folders import lies_in

    found = list_footage(path)
    if isdir(path):
        found = [one for one in found if lies_in(one) is None]
    if not found:
        raise UsageError(f"{path}: holds only what Nameplate wrote; name other footage")
    return found
