"""`nameplate answer`: what the judged footage of a case says, and how far."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from api.cli.exits import Exit
from api.cli.options import AsJson, Builders, argument, flag, option
from api.cli.setup import country_code
from api.cli.terminal import complain, print_json, say
from datasets.errors import ResultError, UsageError
from datasets.files import unwritten
from datasets.registry import Registry, load_registry

if TYPE_CHECKING:
    from evidence.answer.answer import Answer


def answer(
    folder: Path | None = argument(None, "CASE", "The case's folder."),
    origin: str | None = option(
        None, "CC", "Country of the builder's home, CN or China; China if none."
    ),
    builder: str | None = option(None, "ID", "One builder, by its id in the registry."),
    owner: str | None = option(None, "CC", "Country of the builder's owner."),
    production: str | None = option(None, "CC", "Country where such machines are made."),
    plant: list[str] | None = option(None, "NAME", "Only footage of this plant; may be repeated."),
    since: str | None = option(None, "DATE", "Published then or later: 2023, 2023-07."),
    until: str | None = option(None, "DATE", "Published then or earlier."),
    registry: Builders = None,
    out: Path | None = option(None, "FILE", "Write the report: one HTML file, or NAME.pdf."),
    package: Path | None = option(None, "DIR", "Write the evidence package, a folder (BagIt)."),
    to_share: bool = flag(
        "--to-share",
        "In report and package no names of people and folders, and of pictures the machine alone.",
    ),
    from_package: Path | None = option(
        None, "DIR", "Compute a package's answer anew, and compare.", "--from"
    ),
    plants: bool = flag(
        "--plants-like-these",
        "The share among machines of plants like those filmed, not of this footage.",
    ),
    plan: bool = flag("--plan", "Say how many more judgements halve the interval."),
    as_json: AsJson = False,
) -> None:
    """Says what the judged footage of a case says, and its limits.

    Counts come with what they are of. It says "none" only where enough was identified, judged and
    measured. Only what people have settled is called confirmed.

    Exit code 1 where --package lacks pictures that the case names, or --from finds that something
    is not what it was, is missing or comes out otherwise.
    """
    from evidence.answer.question import Question

    known = load_registry(*(registry or ()))
    if from_package is not None:
        if folder is not None:
            raise UsageError("--from takes a package, and no case besides")
        raise typer.Exit(_compute_anew(from_package, known))
    if folder is None:
        raise UsageError("name the case's folder, or a package with --from")
    given = {"origin": origin, "builder": builder, "owner": owner, "production": production}
    chosen = [(by, value) for by, value in given.items() if value is not None]
    if len(chosen) > 1:
        raise UsageError("--origin, --builder, --owner and --production exclude each other")
    by, value = chosen[0] if chosen else ("origin", "CN")
    value = value if by == "builder" else country_code(value)
    about = "plants" if plants else "visible"
    question = Question(by, value, tuple(plant or ()), since, until, about)  # type: ignore[arg-type]
    question.check(known)
    # What computes takes seconds to load; a wrong question is refused before.
    from evidence.answer.case import read_case
    from evidence.answer.package import write_package
    from evidence.answer.report import MEANS, render_answer
    from evidence.case.case import Case
    from evidence.case.edition import share_case

    lacking: list[str] = []
    with Case.open(folder) as case:
        if package is not None:
            # The output is what the package says: the case may be another by now.
            read, lacking = write_package(case, question, known, package, to_share)
        elif to_share:
            with share_case(case) as edition:
                read = read_case(edition.case, question, known)
        else:
            read = read_case(case, question, known)
    found = read.answer
    if out is not None:
        _write(render_answer(read, known), out)
    if as_json:
        print_json({"facts": asdict(read.facts), "answer": asdict(found), "statuses": MEANS})
    else:
        _tell(found, plan)
        for written, where in (("report", out), ("evidence package", package)):
            if where is not None:
                say(f"{written}: {where}")
    for line in lacking:
        complain(f"{package}: {line}")
    if lacking:
        raise typer.Exit(Exit.FOOTAGE)


def _write(page: str, out: Path) -> None:
    from evidence.pdf import write_pdf

    if out.suffix.lower() == ".pdf":
        write_pdf(page, out)
        return
    try:
        out.write_text(page, "utf-8")
    except OSError as error:
        raise ResultError(unwritten(out, error)) from error


def _compute_anew(package: Path, known: Registry) -> Exit:
    """Says whether every number of a package comes out the same."""
    from evidence.answer.package import WRITER, recompute

    found, differences, written_by, builders = recompute(package, known)
    _tell(found)
    say(*(f"Note: {line}." for line in builders))
    if written_by != WRITER:
        say(
            f"Written by Nameplate {written_by}; computed anew by {WRITER}, which "
            "compares nothing but the numbers and rows of another."
        )
    for line in differences:
        complain(line)
    if differences:
        return Exit.FOOTAGE
    say("Every number of the package comes out the same.")
    return Exit.DONE


def _shares(found: Answer) -> list[str]:
    """Between what the share lies; of nothing there is none."""
    from evidence.answer.intervals import at_least, at_most, percent

    of = {"visible": "of the machines in this footage", "plants": "of plants like those filmed"}
    among = {"visible": "Of the machines found", "plants": "Going by the machines found"}
    lines = [
        f"{among[found.question.estimand]} {at_least(found.found_low.low)} to "
        f"{at_most(found.found_high.high)} are of the kind, whatever the unidentified are."
    ]
    missed = found.missed
    if missed.share.value is not None:
        most = f"at most {at_most(missed.share.high)}"
        # None among few frames is no 0 %.
        share = f"{percent(missed.share.value)} ({most})" if missed.missed else most
        lines.append(
            f"By the frames judged, {share} of those in view were missed altogether; with them: "
            f"{at_least(found.low.low)} to {at_most(found.high.high)}."
        )
    level = f"{100 * found.low.level:.0f} %"
    return [*lines, f"This is {of[found.question.estimand]}, with {level} confidence."]


def _plan(found: Answer) -> list[str]:
    if found.judgements is None:
        return [
            "Plan: more judgements do not halve the interval; the rest of it comes from machines "
            "that were not drawn, cannot be identified or were missed, and from errors."
        ]
    if not found.judgements:
        return ["Plan: nothing waits for a reviewer that would narrow the interval."]
    lines = [
        f"Plan: judge {n} more of the machines “{pool}”." for pool, n in found.judgements.items()
    ]
    return [*lines, "If they come out like those so far, the interval of those found halves."]


def _tell(found: Answer, plan: bool = False) -> None:
    # Where one is confirmed nothing says "none".
    forbids = [one for one in found.caveats if one.forbids_none and not found.counts.confirmed]
    lines = [
        found.said.sentence,
        *filter(None, (found.said.means, found.said.noticed)),
        f"Asked: {found.says}.",
        f"Machines found: {found.counts.machines}; builder identified "
        f"{found.counts.identified} ({found.counts.by_people} by reviewers); of the kind confirmed "
        f"{found.counts.confirmed}, claims {found.counts.probable}; not identified "
        f"{found.counts.unidentified}.",
        *(_shares(found) if found.counts.machines else ()),
        *(
            f"Entered by hand: {one.id}, {one.builder or 'unknown'}, {one.plant}: {one.kind}"
            f"{'' if one.counted else '; counted already'}."
            for one in found.entered
        ),
        *(_plan(found) if plan else ()),
        *(f"Note: {one.text}.{' *' if one in forbids else ''}" for one in found.caveats),
        *(["* While this holds, the answer does not say that there is none."] if forbids else ()),
    ]
    say(*lines)
