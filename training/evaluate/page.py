"""The evaluation as a page: evaluation.html beside evaluation.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from training.evaluate.comparison import Comparison
from training.evaluate.measures import Share
from training.evaluate.naming import OUTCOMES, Case
from training.evaluate.report import Report, chances, per_thousand, write_text
from training.evaluate.tables import COMPARED, interval, left_out, percent, said
from training.page import SHARES, Axis, Curve, Fact, Figure, Grid, Part, Point, chart, render

NAME = "evaluation.html"
CALIBRATED = 0.05
"""The calibration error that is aimed at."""
MANY = 60
"""Cases shown before the rest is folded away: the bad ones come first."""


def write_page(report: Report, compared: Comparison | None, out: Path) -> Path:
    """Writes `out/evaluation.html`.

    Raises:
        ResultError: the folder cannot be written.
    """
    values = chances(report.named.claims, len(report.named.cases))
    parts = [
        _naming(report),
        _probabilities(values),
        _detection(report),
        *_open_set(report),
        *_footage(report),
        *_compared(compared),
        _bad(report),
    ]
    lead = (
        f"{report.pictures} pictures of {report.sources} sources, split {report.split}; model "
        f"{report.model_sha256[:12]}, settings {report.settings_sha256[:12]}, registry "
        f"{report.registry_sha256[:12]}, data {report.data_sha256[:12]}. In brackets: hits of "
        "all, and the 95 % Wilson interval."
    )
    return write_text(
        out / NAME, render("What Nameplate finds and names", lead, _facts(report, values), parts)
    )


def _facts(report: Report, values: dict[str, Any]) -> list[Fact]:
    right, wrong = (report.named.share(outcome, True) for outcome in ("right", "wrong"))
    machines = report.spotted.rows()[0]
    false = per_thousand(report.named.named_share)
    thousand = "-" if false["found"] is None else f"{false['found']:g}"
    error = values["calibration_error"]
    return [
        Fact("named right", percent(right.value), _of(right)),
        Fact("named wrong", percent(wrong.value), f"{_of(wrong)}, at most {percent(wrong.at_most)}",
             "bad" if wrong.hits else ""),
        Fact("false names in 1,000 negatives", thousand,
             f"{_of(report.named.named_share)}, at most {false['at_most']}",
             "bad" if report.named.named_share.hits else ""),
        Fact("machines found", percent(machines.recall.value), _of(machines.recall)),
        Fact("AP50, AP50-95", _number(machines.ap50), f"and {_number(machines.ap50_95)}"),
        Fact("calibration error", _number(error), f"aim: below {CALIBRATED}",
             "" if error is None or error < CALIBRATED else "bad"),
    ]  # fmt: skip


def _naming(report: Report) -> Part:
    ways = [("Nameplate", report.named.share)]
    if report.naive:
        ways.append(("naive: true box, text at 88", report.named.naive_share))
    rows = [
        [way, where, *(said(share(outcome, inside)) for outcome in OUTCOMES)]
        for where, inside in (("in the registry", True), ("not in it", False))
        for way, share in ways
    ]
    cut = [
        [by, name, *(said(row[outcome]) for outcome in OUTCOMES)]
        for by, group in report.slices.items()
        for name, row in group.items()
        if row["right"].total
    ]
    figures = []
    heights = report.slices.get("height", {})
    if any(row["right"].total for row in heights.values()):
        figures.append(_heights(heights))
    return Part(
        "Builders named",
        ("A case is a machine with a builder's mark that a person can read in that picture.",),
        figures,
        (
            Grid(("way", "builder", *OUTCOMES), rows),
            Grid(("by", "mark", *OUTCOMES), cut, "By what makes a mark hard"),
        ),
    )


def _heights(rows: Any) -> Figure:
    names = list(rows)
    axis = Axis("shorter side of the mark, class", tuple(range(1, len(names) + 1)))
    curves = []
    for outcome in ("right", "unknown", "wrong"):
        points = [
            Point(place, row[outcome].value, *row[outcome].interval)
            for place, row in enumerate(rows.values(), 1)
            if row[outcome].total
        ]
        curves.append(Curve(f"named {outcome}" if outcome != "unknown" else outcome, tuple(points)))
    drawn = chart("Outcomes by mark height", curves, axis, Axis("share", SHARES, percent=True))
    explained = ", ".join(f"{place}: {name}" for place, name in enumerate(names, 1))
    return Figure(drawn, f"Outcome by the height of the mark ({explained}), Wilson intervals.")


def _probabilities(values: dict[str, Any]) -> Part:
    error, interval = values["calibration_error"], values["calibration_interval"]
    luck = values["calibration_by_luck"]
    texts = [
        f"{values['claims']} sightings with a candidate whose truth is known, and "
        f"{values['without_candidate']} without any candidate (left out here)."
    ]
    if error is not None:
        texts.append(
            f"Expected calibration error {error:.3f}; {interval[0]:.3f} to {interval[1]:.3f} in 95 "
            "of 100 cases where sources are drawn anew, which adds luck of its own. Were every "
            f"probability true, luck alone would make it {luck[0]:.3f} over so few, and more than "
            f"{luck[1]:.3f} in one of twenty."
        )
    bins = values["reliability"]
    rows = [
        [
            f"{one['from']:g} to {one['to']:g}",
            "-" if one["stated"] is None else f"{one['stated']:.3f}",
            _share(one["right"]),
        ]
        for one in bins
    ]
    found = [
        Point(one["stated"], one["right"]["share"], one["right"]["low"], one["right"]["high"])
        for one in bins
        if one["stated"] is not None
    ]
    shares = Axis("probability stated", SHARES, percent=True)
    curve = [Point(p["coverage"], p["risk"]) for p in values["risk_coverage"]]
    figures = [
        Figure(
            chart("Reliability", [Curve("likeliest builder is the true one", tuple(found))],
                  shares, Axis("found", SHARES, percent=True), diagonal=True),
            "Reliability: on the dashed line what is stated is what is found.",
        ),
        Figure(
            chart("Risk and coverage", [Curve("all candidates, surest first", tuple(curve))],
                  Axis("coverage: machines with a legible mark that are named", SHARES,
                       percent=True),
                  Axis("risk: of those, wrong", (0.0, 0.1, 0.2, 0.3, 0.4, 0.5), percent=True)),
            "What naming more would cost: from left to right ever less sure candidates are named.",
        ),
    ]  # fmt: skip
    grid = Grid(("stated", "mean", "right"), rows, "Reliability, bin by bin", folded=True)
    return Part("Probabilities", texts, figures, (grid,))


def _detection(report: Report) -> Part:
    rows = [
        [
            row.class_name,
            row.of,
            "" if row.precision is None else said(row.precision),
            said(row.recall),
            "" if row.ap50 is None else _number(row.ap50),
            "" if row.ap50_95 is None else _number(row.ap50_95),
        ]
        for row in report.spotted.rows()
    ]
    spotted = report.spotted
    text = (
        f"In {spotted.negatives} negatives {spotted.false_on_negatives} machines were reported, in "
        f"{said(spotted.disturbed_share)} of them at least one."
    )
    head = ("class", "of", "precision", "recall", "AP50", "AP50-95")
    return Part("Detection", (text,), (), (Grid(head, rows),))


def _open_set(report: Report) -> list[Part]:
    if report.open_set is None:
        return []
    rows = [
        [one.builder, said(one.named), said(one.others_right), _number(one.auroc),
         "; ".join(f"{picture.removeprefix('images/')}: {name}" for picture, name in one.wrong)]
        for one in report.open_set.held_out
    ]  # fmt: skip
    rows.append(["all", said(report.open_set.named), "", _number(report.open_set.auroc), ""])
    text = (
        f"Each of these builders was taken out of the registry in turn, and its machines in the "
        f"pictures of {' and '.join(report.open_set_splits)} were looked at anew. The detector and "
        "the mark embedder may have seen those of train."
    )
    head = ("builder held out", "its machines named wrongly", "others right", "AUROC", "which")
    return [Part("Open set", (text,), (), (Grid(head, rows),))]


def _footage(report: Report) -> list[Part]:
    if report.footage is None:
        return []
    rows = [
        [one.clip, f"{one.seconds:.0f} s", "yes" if one.negative else "", str(one.sightings),
         ", ".join(one.named), "; ".join(f"{name} ({read})" for name, read in one.wrong)]
        for one in sorted(report.footage.heard, key=lambda one: (-len(one.wrong), one.clip))
    ]  # fmt: skip
    texts = [f"{said}." for said in report.footage.rates_said()]
    head = ("clip", "length", "negative", "sightings", "named right", "named wrong")
    return [Part("Footage", texts, (), (Grid(head, rows),))]


def _compared(compared: Comparison | None) -> list[Part]:
    if compared is None:
        return []
    rows = [
        [one.of, percent(one.old), percent(one.new), _points(one.change), interval(one),
         str(one.cases), str(one.sources)]
        for one in compared.differences
    ]  # fmt: skip
    texts = [
        f"Model {compared.new_model[:12]} against {compared.old_model[:12]}, on the same pictures.",
        *left_out(compared),
        f"Named right in the new run only: {', '.join(compared.gained) or 'none'}.",
        f"Named right in the old run only: {', '.join(compared.lost) or 'none'}. McNemar's exact "
        f"test: p = {compared.chance:.3f}.",
    ]
    return [Part("Against the run before", texts, (), (Grid(COMPARED, rows),))]


def _bad(report: Report) -> Part:
    worst = {outcome: rank for rank, outcome in enumerate(("wrong", "unseen", "unknown", "right"))}
    cases = sorted(report.named.cases, key=lambda c: (worst[c.outcome], c.picture, c.machine))
    bad = [case for case in cases if case.outcome != "right"]
    false = [
        [one.picture.removeprefix("images/"), one.said, one.truth or "", one.why, one.grade,
         f"{one.probability:.3f}", " / ".join(one.readings[:6])]
        for one in report.named.false_names
    ]  # fmt: skip
    head = ("picture", "builder", "outcome", "said", "grade", "marks", "height", "read")
    grids = [
        Grid(("picture", "said", "true builder", "why", "grade", "probability", "read"), false,
             "False names") if false else Grid(("False names",), (("none",),)),
        Grid(head, [_row(case) for case in bad[:MANY]], "Not named right, the wrong ones first"),
    ]  # fmt: skip
    rest = [*bad[MANY:], *(case for case in cases if case.outcome == "right")]
    grids.append(Grid(head, [_row(case) for case in rest], "All other cases", folded=True))
    return Part("Case by case", (), (), grids)


def _row(case: Case) -> list[str]:
    return [
        case.picture.removeprefix("images/"),
        case.truth,
        case.outcome,
        case.said or "",
        case.grade or "",
        " / ".join(case.marks),
        "" if case.height is None else f"{case.height:.0f} px",
        " / ".join(case.readings[:6]),
    ]


def _of(share: Share) -> str:
    return f"{share.hits} of {share.total}"


def _share(values: dict[str, Any]) -> str:
    return said(Share(values["hits"], values["total"]))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _points(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:+.1f}"
