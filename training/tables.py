"""The measured tables in Markdown, for docs/accuracy.md and the model card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from training.evaluate import Report
from training.measures import Share
from training.naming import OUTCOMES, Case, FalseName


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
                "### Machines with a legible builder's mark, case by case",
                case_table(report.named.cases, naive=report.naive),
                "### False names",
                false_name_table(report.named.false_names),
            ]
        )
        + "\n"
    )


def detection_table(report: Report) -> str:
    """Precision, recall and AP at IoU 0.5, by class, size, scene and kind."""
    rows = [
        (
            row.class_name,
            row.of,
            "" if row.precision is None else said(row.precision),
            said(row.recall),
            "" if row.ap50 is None else f"{row.ap50:.3f}",
        )
        for row in report.spotted.rows()
    ]
    return table(("class", "of", "precision", "recall", "AP50"), rows)


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
    return (
        f"In {spotted.negatives} negatives {spotted.false_on_negatives} machines were reported "
        f"({rate:.3f} a picture), in {said(spotted.disturbed_share)} of them at least one; a "
        f"builder was named in {said(report.named.named_share)}."
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
