"""The measured tables in Markdown, for docs/accuracy.md and the model card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from training.evaluate.comparison import Comparison, Difference
from training.evaluate.footage import FootageReport
from training.evaluate.measures import Share
from training.evaluate.naming import OUTCOMES, Case, FalseName
from training.evaluate.openset import OpenSet
from training.evaluate.report import Report, chances, per_thousand


def to_markdown(report: Report) -> str:
    """Every table of a report, the bad rows and the single cases included."""
    return (
        "\n\n".join(
            [
                f"{report.pictures} pictures of {report.sources} sources, split `{report.split}`; "
                f"model `{report.model_sha256[:12]}`, settings `{report.settings_sha256[:12]}`, "
                f"registry `{report.registry_sha256[:12]}`. In brackets: hits of all, and the 95 % "
                "Wilson interval.",
                "### Detection",
                detection_table(report),
                _negatives(report),
                "### Builders named",
                naming_table(report),
                *_further(report),
                "### Machines with a legible builder's mark, case by case",
                case_table(report.named.cases, naive=report.naive),
                "### False names",
                false_name_table(report.named.false_names),
            ]
        )
        + "\n"
    )


def detection_table(report: Report) -> str:
    """Precision, recall and AP at IoU 0.5, AP over 0.5 to 0.95; by class, size, scene and kind."""
    rows = [
        (
            row.class_name,
            row.of,
            "" if row.precision is None else said(row.precision),
            said(row.recall),
            "" if row.ap50 is None else f"{row.ap50:.3f}",
            "" if row.ap50_95 is None else f"{row.ap50_95:.3f}",
        )
        for row in report.spotted.rows()
    ]
    return table(("class", "of", "precision", "recall", "AP50", "AP50-95"), rows)


def slices_table(report: Report) -> str:
    """Outcomes by script, height, blur and the builder's home; rows without a case left out."""
    rows = [
        (by, name, *(said(row[outcome]) for outcome in OUTCOMES))
        for by, group in report.slices.items()
        for name, row in group.items()
        if row["right"].total
    ]
    return table(("by", "mark", *OUTCOMES), rows)


def open_set_table(found: OpenSet) -> str:
    """One line a builder held out, then all together."""
    rows = [
        (
            one.builder,
            said(one.named),
            said(one.others_right),
            "" if one.auroc is None else f"{one.auroc:.3f}",
            "; ".join(f"{Path(picture).name}: {name}" for picture, name in one.wrong),
        )
        for one in found.held_out
    ]
    whole = "" if found.auroc is None else f"{found.auroc:.3f}"
    rows.append(("all", said(found.named), "", whole, ""))
    head = ("builder held out", "its machines named wrongly", "others right", "AUROC", "which")
    return table(head, rows)


def footage_table(found: FootageReport) -> str:
    """One line a clip, those with a false name first, and the rates."""
    rows = [
        (
            one.clip,
            f"{one.seconds:.0f} s",
            "yes" if one.negative else "",
            str(one.sightings),
            ", ".join(one.named),
            "; ".join(f"{name} ({read})" for name, read in one.wrong),
        )
        for one in sorted(found.heard, key=lambda one: (-len(one.wrong), one.clip))
    ]
    head = (
        "clip",
        "length",
        "negative",
        "sightings",
        "named right",
        "named wrong, and what was read",
    )
    said = (f"{one} (exact, one-sided 95 %)." for one in found.rates_said())
    return "\n\n".join((table(head, rows), *said))


COMPARED = ("of", "old", "new", "change", "95 % interval", "cases", "sources")


def interval(one: Difference) -> str:
    """Of a difference, in points of 100; an interval that says nothing is called so."""
    if one.low is None or one.high is None:
        return "-"
    return f"{100 * one.low:+.1f} to {100 * one.high:+.1f}{' (too few)' if one.few else ''}"


def left_out(compared: Comparison) -> list[str]:
    """What is to be said of machines that are not compared, if there are any."""
    if not compared.left_out:
        return []
    return [
        f"Machines left out of the naming, since only one run's registry has their builders: "
        f"{compared.left_out}."
    ]


def comparison_table(compared: Comparison) -> str:
    """Old, new and the difference of each measure, in points of 100."""
    rows = [
        (
            one.of,
            percent(one.old),
            percent(one.new),
            "-" if one.change is None else f"{100 * one.change:+.1f}",
            interval(one),
            str(one.cases),
            str(one.sources),
        )
        for one in compared.differences
    ]
    named = [
        f"Named right in the {which} run only: {', '.join(cases) or 'none'}."
        for which, cases in (("new", compared.gained), ("old", compared.lost))
    ]
    return "\n\n".join(
        [
            f"Model `{compared.new_model[:12]}` against `{compared.old_model[:12]}`, on the same "
            "pictures; sources drawn anew for the intervals.",
            table(COMPARED, rows),
            *left_out(compared),
            *named,
            f"McNemar's exact test of these: p = {compared.chance:.3f}.",
        ]
    )


def percent(value: float | None) -> str:
    """A share of 1 in percent; a dash where there is none."""
    return "-" if value is None else f"{100 * value:.1f} %"


def _further(report: Report) -> list[str]:
    """The parts that a report may have or not."""
    values = chances(report.named.claims, len(report.named.cases))
    parts = []
    if report.slices:
        parts += [slices_table(report)]
    if values["calibration_error"] is not None:
        low, high = values["calibration_interval"]
        mean, most = values["calibration_by_luck"]
        parts += [
            "### Probabilities",
            f"Expected calibration error {values['calibration_error']:.3f} ({low:.3f}-{high:.3f}) "
            f"over {values['claims']} sightings with a candidate; luck alone makes {mean:.3f} of "
            f"so few, and more than {most:.3f} in one of twenty.",
        ]
    if report.open_set is not None:
        parts += [
            "### Open set",
            f"Splits: {', '.join(report.open_set_splits)}.",
            open_set_table(report.open_set),
        ]
    if report.footage is not None:
        parts += ["### Footage", footage_table(report.footage)]
    return parts


def naming_table(report: Report) -> str:
    """Shares named right, left unknown, unseen, named wrong; the naive way beside ours."""
    ways = [("Nameplate", report.named.share)]
    if report.naive:
        ways.append(("naive: true box, text at 88", report.named.naive_share))
    rows = [
        (way, where, *(said(share(outcome, inside)) for outcome in OUTCOMES))
        for where, inside in (("in the registry", True), ("not in it", False))
        for way, share in ways
    ]
    return table(("way", "builder", *OUTCOMES), rows)


def case_table(cases: Iterable[Case], *, naive: bool) -> str:
    """One line a case, the wrong ones first."""
    worst = {outcome: rank for rank, outcome in enumerate(("wrong", "unseen", "unknown", "right"))}
    ordered = sorted(cases, key=lambda c: (worst[c.outcome], c.picture, c.machine))
    rows = [
        (
            case.picture.removeprefix("images/"),
            case.truth,
            case.outcome,
            case.said or "",
            case.grade or "",
            *((case.naive or "",) if naive else ()),
            " / ".join(case.readings[:6]),
        )
        for case in ordered
    ]
    head = ("picture", "builder", "outcome", "said", "grade")
    return table((*head, *(("naive",) if naive else ()), "read"), rows)


def false_name_table(names: Sequence[FalseName]) -> str:
    """Each builder named where none or another is true."""
    if not names:
        return "None."
    rows = [
        (
            false.picture.removeprefix("images/"),
            false.said,
            false.truth or "",
            false.why,
            false.grade,
            " / ".join(false.readings[:6]),
        )
        for false in names
    ]
    return table(("picture", "said", "true builder", "why", "grade", "read"), rows)


def _negatives(report: Report) -> str:
    spotted = report.spotted
    rate = spotted.false_on_negatives / max(1, spotted.negatives)
    thousand = per_thousand(report.named.named_share)
    return (
        f"In {spotted.negatives} negatives {spotted.false_on_negatives} machines were reported "
        f"({rate:.3f} a picture), in {said(spotted.disturbed_share)} of them at least one; a "
        f"builder was named in {said(report.named.named_share)}: {thousand['found']} in 1,000, at "
        f"most {thousand['at_most']} (exact, one-sided 95 %)."
    )


def said(share: Share) -> str:
    """`93.1 % (27/29, 78-98)`; a dash where there was nothing to measure."""
    if share.value is None:
        return "-"
    low, high = share.interval
    return (
        f"{100 * share.value:.1f} % ({share.hits}/{share.total}, {100 * low:.0f}-{100 * high:.0f})"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; bars and line breaks in cells are made harmless."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
