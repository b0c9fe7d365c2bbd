"""`nameplate sweep`: an archive worked through, unattended, resumable."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from api.cli import options
from api.cli.exits import Exit
from api.cli.setup import open_or_make, read_settings
from api.cli.terminal import only_lines, say, speak
from datasets.errors import CaseUnreachable, UsageError
from datasets.files import straight, why_missing
from datasets.registry import Registry, load_registry

if TYPE_CHECKING:
    from evidence.case.case import Case
    from evidence.work.progress import Stop
    from evidence.work.sources import Feed
    from evidence.work.sweep import Ending, Order

MOST_LISTED = 20  # files set aside for which `--status` says why


def sweep(
    paths: list[str] | None = options.argument(None, "PATH", "Folders, clips, photographs."),
    case: Path | None = options.option(
        None, "DIR", "The case that keeps what is found; made if new."
    ),
    lists: list[Path] | None = options.option(
        None,
        "FILE",
        "A source list in CSV (path, url, publisher, published_at, plant, note), or "
        "auto-archiver's CSV or JSON, or a text file of addresses.",
        "--list",
    ),
    priority: int = options.option(0, "N", "Of what this call adds; higher goes first."),
    watch: bool = options.flag("--watch", "Go on watching the folders for new footage."),
    retry: bool = options.flag("--retry", "Look again at what was set aside."),
    anew: bool = options.flag(
        "--anew", "Look at all footage of the case again, with this version of the program."
    ),
    workers: int | None = options.option(
        None, "N", "Processes on this machine; one a core.", min=1
    ),
    cluster: str | None = options.option(
        None, "ADDRESS", "A Dask scheduler to work on, as tcp://host:8786."
    ),
    time_limit: options.TimeLimit = None,
    budget: options.Budget = None,
    settings: options.SettingsFile = None,
    registry: options.Builders = None,
    model: options.Model = None,
    untested: options.Untested = False,
    status: bool = options.flag("--status", "Only say how far the sweep of the case is."),
    json: bool = options.flag("--json", "One JSON object a line on standard output, no more."),
    quiet: bool = options.flag("--quiet", "No progress; troubles alone."),
) -> None:
    """Works through an archive; run again, it goes on.

    What has been looked at is skipped, the same footage under another name too. A clip that
    cannot be looked at is set aside with the reason. While one call holds the case, another
    one adds its footage to the list of the first, and ends.
    """
    if case is None:
        raise UsageError("--case DIR is missing: the folder that keeps what is found")
    if status:
        if paths or lists or watch:
            raise UsageError("--status takes nothing but --case: it only looks")
        raise typer.Exit(_status(case, load_registry(*(registry or ())), json))
    if watch and not paths:
        raise UsageError("--watch needs the folders to watch")
    if workers is not None and cluster is not None:
        raise UsageError("--workers is for this machine; a --cluster has the workers it has")
    for path in (*map(Path, paths or ()), *(lists or ())):
        if wrong := why_missing(path):
            raise UsageError(f"{path}: {wrong}; check the path")

    from evidence.learn.models import check_switch
    from evidence.work.progress import Stop
    from evidence.work.sources import Feed
    from evidence.work.sweep import CLIP_SECONDS, Order

    check_switch(case, model, untested)
    order = Order(
        settings=read_settings(settings, archive=True, budget=budget),
        registry=load_registry(*(registry or ())),
        model=model,
        cluster=cluster,
        workers=workers,
        seconds=time_limit or CLIP_SECONDS,
        priority=priority,
        retry=retry,
        anew=anew,
    )
    feed = Feed([straight(Path(path)) for path in paths or ()], lists or (), watch)

    def check() -> None:
        if reasons := feed.why_empty():  # a new case would stay so
            raise UsageError("\n".join(reasons))

    try:
        adding = bool(paths or lists)
        with Stop() as stop, open_or_make(case, adding, check) as opened:
            if settings is None and budget is None:
                order = as_served(opened, order)
            code = _work(opened, order, feed, stop, adding, json, quiet)
        if adding and not feed.found:
            code = max(code, Exit.USAGE)
        elif feed.lost:
            code = max(code, Exit.FOOTAGE)
    except KeyboardInterrupt as stop:
        stop.args = ("interrupted; what was finished is stored",)
        raise
    raise typer.Exit(code)


def as_served(case: Case, order: Order) -> Order:
    """The order, with the settings of `serve` where the case was made by it.
    What was uploaded and what is swept is then one case, looked at in one way.
    """
    from detector.look.model_files import model_digest
    from evidence.case.summary import last_settings

    with case.session() as session:
        last = last_settings(session, model_digest(order.model), order.registry)
    if last is None or last.model_copy(update={"program": ""}) != read_settings(None):
        return order
    return replace(order, settings=last)


def _work(
    case: Case, order: Order, feed: Feed, stop: Stop, adding: bool, json: bool, quiet: bool
) -> Exit:
    """Sweeps, shows how it goes, and says how it ended."""
    from api.cli.progress import LineProgress, Objects, Screen, to_public
    from evidence.work.sweep import check_listed, going_on
    from evidence.work.sweep import sweep as run

    order = going_on(case, order)
    if not adding and not order.anew:
        check_listed(case, order)
    if json:
        with only_lines() as write:
            objects = Objects(write, order.registry)
            ending = run(case, order, feed, stop, objects)
            objects.say("end", outcome=ending.outcome, **to_public(ending.tally))
            return _exit(ending)
    console = speak(stderr=True)
    live = console.is_terminal and not quiet
    lines = nullcontext(LineProgress(order.registry, quiet))
    with Screen(console, order.registry) if live else lines as watcher:
        ending = run(case, order, feed, stop, watcher)
    if not quiet:
        _tell(feed, ending, order.registry, case.folder, *_by_others(case))
    return _exit(ending)


def _by_others(case: Case) -> tuple[int, int]:
    """How much of the footage looked at was looked at by another version of the program, and how
    much with another model or other settings alone."""
    from detector.program import program
    from evidence.case.summary import count_other_recipes, last_recipe, programs

    looked: dict[str, set[str]] = {}
    other_recipes = 0
    with suppress(CaseUnreachable), case.session() as session:
        if (recipe := last_recipe(session)) is not None:
            looked = programs(session, recipe)
            other_recipes = count_other_recipes(session, recipe)
    return sum(len(some) for name, some in looked.items() if name != program()), other_recipes


def _tell(
    feed: Feed, ending: Ending, registry: Registry, folder: Path, by_others: int, other_recipes: int
) -> None:
    from api.cli.progress import describe, found, notes
    from evidence.case.work_queue import PACKED

    says = {
        "done": "done, but for what could not be taken, told of above" if feed.lost else "all done",
        "interrupted": "interrupted; run the same command again to go on",
        "away": "some footage stayed out of reach; run the same command again once it is back",
        "joined": "added to the list; the call that holds the case works on it",
        "listed": "added to the list, but whoever holds the case works on something else; run the "
        "same command again once that has ended",
    }
    lines = [says[ending.outcome], describe(ending.tally), found(ending.tally, registry)]
    lines += notes(ending.tally)
    if by_others:
        lines.append(
            f"{_files(by_others)} looked at by another version of the program, which may claim "
            "what this one would not; `--anew` looks at all of the case with this one"
        )
    if other_recipes:
        lines.append(
            f"{_files(other_recipes)} looked at with another model or other settings alone, and "
            "what was found then counts no more; `--anew` looks at all of the case with these"
        )
    if ending.tally.aside:
        kinds = ", ".join(f"{kind} {count}" for kind, count in ending.tally.aside.items())
        lines.append(f"set aside: {kinds}; `nameplate sweep --status --case {folder}` says which")
    if PACKED in ending.tally.aside:
        lines.append(
            "packed: sweep the folder they lie in; if that is elsewhere now, sweep it there, and "
            f"`nameplate case moved {folder} OLD NEW` says that they are the same; if they are "
            f"lost for good, `nameplate case lost {folder} PATH` says so"
        )
    say(*lines)


def _files(number: int) -> str:
    return f"{number} file was" if number == 1 else f"{number} files were"


def _exit(ending: Ending) -> Exit:
    codes = {"interrupted": Exit.INTERRUPTED, "listed": Exit.LOCKED, "away": Exit.FOOTAGE}
    aside = ending.outcome == "done" and ending.tally.aside
    return Exit.FOOTAGE if aside else codes.get(ending.outcome, Exit.DONE)


def _status(folder: Path, registry: Registry, json: bool) -> Exit:
    """Says how far the latest sweep of a case is, and whether anybody is at it."""
    from api.cli.progress import notes, panel, to_public
    from evidence.case.case import Case
    from evidence.case.work_queue import why_aside
    from evidence.clip.record import dump
    from evidence.work.progress import read_status

    with Case.open(folder) as case:
        status = read_status(case)
    if status is None:
        say(f"{folder}: no sweep has been run")
        return Exit.DONE
    run = status.run
    state = "at work" if status.alive else "died" if status.died else "ended"
    if json:
        with only_lines() as write:
            facts = {"state": state}
            facts |= {"started": run.started.isoformat(), "heard": run.beat.isoformat()}
            facts |= {name: getattr(run, name) for name in ("host", "pid", "outcome")}
            names = ("path", "kind", "reason")
            files = [dict(zip(names, one, strict=True)) for one in status.aside]
            write(dump({"event": "status", **facts, **to_public(status.tally), "files": files}))
        return Exit.DONE
    who = f"process {run.pid} on {run.host}"
    said = {
        "at work": f"{who} is at work, last heard of {max(0.0, status.heard):.0f} s ago",
        "died": f"{who} looks dead: it could not note how it ended (killed, or the disk was full); "
        "run the sweep again",
        "ended": f"nobody is at work; the last sweep ended: {run.outcome}",
    }
    say(f"{folder}: {said[state]}")
    speak().print(panel(status.tally, registry))
    aside = status.aside[:MOST_LISTED]
    say(*notes(status.tally))
    say(*(f"set aside ({kind}): {why_aside(path, reason)}" for path, kind, reason in aside))
    if (more := len(status.aside) - MOST_LISTED) > 0:
        say(f"and {more} more set aside; --json lists all of them")
    return Exit.DONE
