"""`nameplate analyze`: footage in, sightings out; `nameplate demo` does it on a drawn clip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import typer

from api.cli.exits import Exit, exit_for
from api.cli.options import Builders, Model, SettingsFile, TimeLimit, argument, flag, option
from api.cli.setup import limited, list_all, read_settings
from api.cli.terminal import complain, only_lines, progress, say, show, speak
from datasets import errors
from datasets.registry import Registry, load_registry
from detector.footage import forkserver
from detector.settings import Settings
from evidence.clip.folder import check_writable, write_results
from evidence.clip.record import dump, spell, to_failure, to_record
from evidence.clip.tables import counted

if TYPE_CHECKING:
    from datasets.maker.clip import ClipMachine, ClipTruth
    from detector import Analyst

CLIP_SECONDS = 4 * 3600.0  # the longest that one footage may take, as in a sweep
DEFAULT_OUT = Path("results")
LEAST_FOUND = 0.75  # of what `demo` draws; with less something is broken
LEAST_OVERLAP = 0.5
"""Of a sighting's best box with the drawn one at that instant (PASCAL VOC, 2010)."""
Outcome = Literal["hit", "unknown", "wrong", "missed"]


def analyze(
    paths: list[str] = argument(..., "PATH", "Clips, photographs, folders of either."),
    out: Path | None = option(
        None, "DIR", "Where the results folders go; ./results unless --json."
    ),
    json: bool = flag("--json", "Print one JSON object a line, a line a footage, no more."),
    registry: Builders = None,
    settings: SettingsFile = None,
    model: Model = None,
    seed: int | None = option(None, "N", "Seed of the random sample of shots."),
    with_paths: bool = flag("--paths", "Name files in report and CSV by path; else by name alone."),
    time_limit: TimeLimit = None,
    quiet: bool = flag("--quiet", "No progress, no tables."),
) -> None:
    """Finds the machines in footage and who built them.

    Each clip gets a folder, OUT/STEM-HASH, with report.html, sightings.json, sightings.csv and
    stills; it appears whole or not at all. A clip that cannot be analysed does not stop the
    others. A second run with the same outcome leaves the folder as it is; with another
    outcome it replaces it.
    """
    if not all(paths):
        raise errors.UsageError("an empty path; name a file or a folder")
    where = out if out is not None or json else DEFAULT_OUT
    done: list[str] = []
    try:
        known = load_registry(*(registry or ()))
        chosen = read_settings(settings, seed)
        limit = time_limit or CLIP_SECONDS
        job = Job(chosen, known, model, where, quiet, done, with_paths, limit)
        code = job.print_lines(paths) if json else job.print_tables(paths)
    except KeyboardInterrupt as stop:
        stop.args = (f"interrupted; {len(done)} analysed in full, nothing left half done",)
        raise
    raise typer.Exit(code)


@dataclass
class Job:
    """One call of `analyze`: the model is loaded once and sees every path.
    Raises ModelError, ResultError: nothing can be analysed or written at all.
    """

    settings: Settings
    registry: Registry
    model: Path | None
    out: Path | None  # where results folders go; None for none
    quiet: bool  # no progress, no tables
    done: list[str]  # gets each path that was analysed and written
    paths: bool = False  # results name files by path
    seconds: float = CLIP_SECONDS  # the longest that one footage may take
    left_out: list[str] = field(default_factory=list)
    worst: Exit = Exit.DONE
    place: str = ""

    def __post_init__(self) -> None:
        if self.out is not None:
            check_writable(self.out)

    @cached_property
    def analyst(self) -> Analyst:
        # Loaded for the first footage that is there: a mistyped path shows at once.
        forkserver.begin()
        from detector import Analyst

        return Analyst(self.settings, self.registry, self.model).begin()

    def print_lines(self, paths: Sequence[str]) -> Exit:
        """One JSON object a line on standard output, nothing else there."""
        with only_lines() as lines:
            for record, folder in self.results(paths):
                where = {} if folder is None else {"results": spell(str(folder))}
                lines(dump(record | where))
        return self.worst

    def print_tables(self, paths: Sequence[str]) -> Exit:
        """A table a footage, and where its results lie."""
        looked, failed = [], 0
        for record, folder in self.results(paths):
            if "error" in record:
                failed += 1
                complain(record["error"]["message"])
            elif not self.quiet:
                report = None if folder is None else spell(str(folder / "report.html"))
                show(record, speak(), report)
            looked += [] if "error" in record else [record]
        if not self.quiet and len(looked) + failed + len(self.left_out) > 1:
            say(self.summary(looked, failed))
        return self.worst

    def summary(self, looked: Sequence[dict[str, Any]], failed: int) -> str:
        """The totals of a call, in one line."""
        machines = [machine for record in looked for machine in record["machines"]]
        named = sum(machine["builder"] is not None for machine in machines)
        # Of a folder's pictures each is a file.
        files = sum(r["frames_total"] if r["kind"] == "stills" else 1 for r in looked)
        parts = [counted(files, "file"), counted(len(machines), "machine"), f"{named} named"]
        parts += [f"{failed} not analysed"] if failed else []
        parts += [f"{len(self.left_out)} left out, named above"] if self.left_out else []
        return ", ".join(parts)

    def results(self, paths: Sequence[str]) -> Iterator[tuple[dict[str, Any], Path | None]]:
        """Each footage once, in the order given: its record, and its results folder."""
        every = list(list_all(paths, self.left_out))
        for number, (listed, footage) in enumerate(every, 1):
            try:
                if isinstance(footage, errors.NameplateError):
                    raise footage
                self.place = f"{number} of {len(every)}: " if len(every) > 1 else ""
                looked = self.look(listed, footage)
                self.done.append(listed)
                yield looked
            except (errors.FootageError, errors.UsageError, errors.ResultTaken) as error:
                missing = isinstance(error, errors.FootageMissing | errors.UsageError)
                self.worst = max(self.worst, Exit.USAGE if missing else exit_for(error))
                yield to_failure(listed, error), None

    def look(self, listed: str, path: Path) -> tuple[dict[str, Any], Path | None]:
        analyst = self.analyst  # to load it takes none of the footage's time
        shown = progress(self.place + listed, not self.quiet)
        with shown as step, limited(listed, self.seconds):
            analysis = analyst.analyze(path, step)
            record = to_record(analysis, self.registry, listed)
            if self.out is None:
                return record, None
            return record, write_results(analysis, record, self.out, self.paths)


@dataclass(frozen=True, slots=True)
class Compared:
    """One drawn machine beside the sighting that found it, as a record, if any did."""

    drawn: ClipMachine
    found: dict[str, Any] | None

    @property
    def outcome(self) -> Outcome:
        if self.found is None:
            return "missed"
        expected = None if self.drawn.concealed else self.drawn.builder  # what can be read
        named = self.found["builder"] and self.found["builder"]["id"]
        return "hit" if named == expected else "unknown" if named is None else "wrong"


def demo(
    out: Path = option(Path("demo"), "DIR", "Where the clip and its results go."),
    model: Model = None,
) -> None:
    """Draws a clip, analyses it, and compares found with drawn.

    Ends with 1 if a builder is named wrongly or fewer than three machines in four are found.
    """
    from datasets.maker.clip import demo_spec, make_clip

    job = Job(Settings(), load_registry(), model, out, quiet=False, done=[])
    out.mkdir(parents=True, exist_ok=True)
    clip = out / "shop-floor.mp4"
    say(f"drawing {clip} ...")
    truth = make_clip(clip, demo_spec())
    [(record, folder)] = job.results([str(clip)])
    if "error" in record:
        complain(record["error"]["message"])
        raise typer.Exit(job.worst)
    show(record, speak(), str(folder and folder / "report.html"))
    rows = compare(truth, record["machines"])
    extra = [m for m in record["machines"] if not any(row.found is m for row in rows)]
    wrong = sum(row.outcome == "wrong" for row in rows)
    wrong += sum(not is_shown(machine, truth) for machine in extra)
    found = sum(row.outcome != "missed" for row in rows)
    say(
        f"{found} of {len(rows)} drawn machines found, {wrong} builders named wrongly, "
        f"sightings of anything else: {len(extra)}"
    )
    if wrong or found < LEAST_FOUND * len(rows):
        complain(
            f"the demo wants no builder named wrongly and {LEAST_FOUND:.0%} of the machines found"
        )
        raise typer.Exit(Exit.FOOTAGE)


def compare(truth: ClipTruth, machines: Sequence[dict[str, Any]]) -> list[Compared]:
    """Each drawn machine with its sighting, used once: pairs that overlap most at an instant."""
    from scipy.optimize import linear_sum_assignment

    shares = np.array([[share(drawn, machine) for machine in machines] for drawn in truth.machines])
    shares[shares < LEAST_OVERLAP] = 0
    pairs = zip(*linear_sum_assignment(shares, maximize=True), strict=True)
    taken = {int(d): machines[int(f)] for d, f in pairs if shares[d, f]}
    return [Compared(drawn, taken.get(d)) for d, drawn in enumerate(truth.machines)]


def is_shown(machine: dict[str, Any], truth: ClipTruth) -> bool:
    """Whether a sighting beside the drawn machines, one of them seen twice perhaps, names
    nobody, or a builder whose machine it lies on at that instant."""
    return machine["builder"] is None or any(
        not drawn.concealed
        and drawn.builder == machine["builder"]["id"]
        and share(drawn, machine) > 0
        for drawn in truth.machines
    )


def share(drawn: ClipMachine, machine: dict[str, Any]) -> float:
    """How far a sighting's best box overlaps the drawn machine in the frame nearest to it."""
    from evidence.link.sightings import overlap

    seconds = machine["best"]["pts"]
    if not drawn.start - 0.05 <= seconds <= drawn.end + 0.05:
        return 0.0
    return overlap(machine["best"]["box"], min(drawn.boxes, key=lambda at: abs(at[0] - seconds))[1])
