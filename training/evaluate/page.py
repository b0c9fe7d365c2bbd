"""The evaluation to be read, in Markdown, and the card that travels with a model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets.errors import ModelError, ResultError
from datasets.files import unwritten
from training.evaluate.comparison import ModelComparison
from training.evaluate.detection import Spotted
from training.evaluate.measures import Share, percent
from training.evaluate.naming import OUTCOMES
from training.evaluate.report import SINGLE, Report, chances, per_thousand


@dataclass(frozen=True, slots=True)
class Grid:
    """A table."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Texts and tables under a title."""

    title: str
    texts: Sequence[str] = ()
    grids: Sequence[Grid] = ()


def to_markdown(lead: str, parts: Iterable[Section]) -> str:
    """A document: its lead, then a section each."""
    blocks = [lead]
    for part in parts:
        blocks += [f"### {part.title}", *part.texts]
        for grid in (one for one in part.grids if one.rows):
            blocks += [f"**{grid.title}**"] if grid.title else []
            blocks.append(table(grid.head, grid.rows))
    return "\n\n".join(blocks) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; bars and line breaks in cells are made harmless."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in line) + " |"
        for line in lines
    )


MANY = 60
"""Cases shown before the rest is folded away: the bad ones come first."""
WORST = ("wrong", "unseen", "unknown", "right")
INTERVALS = "In brackets: hits of all, and the 95 % Wilson interval."


def page_of(report: Report, compared: ModelComparison | None = None) -> str:
    """The evaluation in Markdown, the bad rows and the single cases included."""
    lead = (
        f"{report.pictures} pictures of {report.sources} sources, split `{report.split}`; model "
        f"`{report.model_sha256[:12]}`, settings `{report.settings_sha256[:12]}`, registry "
        f"`{report.registry_sha256[:12]}`, data `{report.data_sha256[:12]}`. {INTERVALS}"
    )
    parts = [
        _detection(report),
        _naming(report),
        *_probabilities(chances(report.named.claims, len(report.named.cases))),
        *_footage(report),
        *([] if compared is None else [comparison_part(compared)]),
        _bad(report),
    ]
    return to_markdown(lead, parts)


def detection_grid(spotted: Spotted) -> Grid:
    """Precision, recall and AP at an overlap of 0.5, by class, size, scene and kind."""
    rows = [
        [row.class_name, row.of, str(row.precision or ""), str(row.recall),
         *("" if ap is None else f"{ap:.3f}" for ap in (row.ap50, row.ap50_95))]
        for row in spotted.rows()
    ]  # fmt: skip
    return Grid(("class", "of", "precision", "recall", "AP50", "AP50-95"), rows)


def measures_grid(parts: Mapping[str, Spotted], title: str = "") -> Grid:
    """What a detector is judged by, a column for each part of the pictures."""
    columns = {name: {one.of: str(one) for one in part.measures()} for name, part in parts.items()}
    names = list(dict.fromkeys(of for column in columns.values() for of in column))
    rows = [[of, *(column.get(of, "") for column in columns.values())] for of in names]
    return Grid(("CNC machines over 60 px", *columns), rows, title)


def _detection(report: Report) -> Section:
    spotted, negatives = report.spotted, report.spotted.false_on_negatives
    rate = sum(negatives) / max(1, len(negatives))
    thousand = per_thousand(report.named.named_share)
    text = (
        f"In {len(negatives)} negatives {sum(negatives)} machines were reported "
        f"({rate:.3f} a picture), in {spotted.disturbed_share} of them at least one; a builder "
        f"was named in {report.named.named_share}: {thousand['found']} in 1,000, at most "
        f"{thousand['at_most']} (exact, one-sided 95 %)."
    )
    grids = [measures_grid({"all pictures": spotted, **spotted.rounds}), detection_grid(spotted)]
    if report.conditions:
        conditions = {"as stored": spotted, **report.conditions}
        grids.append(measures_grid(conditions, "In pictures as footage would show them"))
    return Section("Detection", (text,), grids)


def naming_grid(report: Report) -> Grid:
    """Shares named right, left unknown, unseen, named wrong."""
    rows = [
        [where, *(str(report.named.share(outcome, inside)) for outcome in OUTCOMES)]
        for where, inside in (("in the registry", True), ("not in it", False))
    ]
    return Grid(("builder", *OUTCOMES), rows)


def _naming(report: Report) -> Section:
    cut = [
        [by, name, *(str(row[outcome]) for outcome in OUTCOMES)]
        for by, group in report.slices.items()
        for name, row in group.items()
        if row["right"].total
    ]
    text = "A case is a machine with a builder's mark that a person can read in that picture."
    hard = Grid(("by", "mark", *OUTCOMES), cut, "By what makes a mark hard")
    return Section("Builders named", (text,), (naming_grid(report), hard))


def _probabilities(values: dict[str, Any]) -> list[Section]:
    error = values["calibration_error"]
    if error is None:
        return []
    (low, high), luck = values["calibration_interval"], values["calibration_by_luck"]
    texts = [
        f"{values['claims']} sightings with a candidate whose truth is known; "
        f"{values['without_candidate']} without a candidate are left out.",
        f"Expected calibration error {error:.3f}. It lies between {low:.3f} and {high:.3f} in 95 "
        f"of 100 draws of the sources. If every probability were true, chance alone would make "
        f"it {luck[0]:.3f}, and more than {luck[1]:.3f} in one of twenty.",
    ]
    rows = [
        [f"{one['from']:g} to {one['to']:g}",
         "-" if one["stated"] is None else f"{one['stated']:.3f}",
         str(Share(one["right"]["hits"], one["right"]["total"]))]
        for one in values["reliability"]
    ]  # fmt: skip
    # The first point from each tenth of the machines on.
    firsts = {int(10 * point["coverage"]): point for point in reversed(values["risk_coverage"])}
    costs = [
        [percent(point["coverage"]), percent(point["risk"]), f"{point['chance']:.3f}"]
        for _, point in sorted(firsts.items())
    ]
    head = ("machines named", "of them wrong", "from probability")
    grids = (
        Grid(("stated", "mean", "right"), rows, "Reliability, bin by bin"),
        Grid(head, costs, "What naming more would cost"),
    )
    return [Section("Probabilities", texts, grids)]


def _footage(report: Report) -> list[Section]:
    if report.footage is None:
        return []
    rows = [
        [one.clip, f"{one.seconds:.0f} s", "yes" if one.negative else "", str(one.sightings),
         ", ".join(one.named), "; ".join(f"{name} ({read})" for name, read in one.wrong)]
        for one in sorted(report.footage.heard, key=lambda one: (-len(one.wrong), one.clip))
    ]  # fmt: skip
    texts = [f"{rate} (exact, one-sided 95 %)." for rate in report.footage.rates_said()]
    head = ("clip", "length", "negative", "sightings", "named right", "named wrong, and read")
    return [Section("Footage", texts, (Grid(head, rows),))]


def comparison_part(compared: ModelComparison) -> Section:
    """Old, new and the difference of each measure, in points of 100."""
    rows = []
    for one in compared.differences:
        change = "-" if one.change is None else f"{100 * one.change:+.1f}"
        interval = "-"
        if one.low is not None and one.high is not None:
            interval = f"{100 * one.low:+.1f} to {100 * one.high:+.1f}"
            # One that says nothing is called so.
            interval += " (too few)" if one.few else ""
        shares = (one.of, percent(one.old), percent(one.new), change, interval)
        rows.append([*shares, str(one.cases), str(one.sources)])
    left_out = [
        f"Machines left out of the naming, since only one run's registry has their builders: "
        f"{compared.left_out}."
    ]
    texts = [
        f"Model `{compared.new_model[:12]}` against `{compared.old_model[:12]}`, on the same "
        "pictures; whole sources are drawn for the intervals.",
        *(left_out if compared.left_out else []),
        f"Named right in the new run only: {', '.join(compared.gained) or 'none'}.",
        f"Named right in the old run only: {', '.join(compared.lost) or 'none'}. McNemar's exact "
        f"test of these: p = {compared.chance:.3f}.",
    ]
    head = ("of", "old", "new", "change", "95 % interval", "cases", "sources")
    return Section("Against the run before", texts, (Grid(head, rows),))


def _bad(report: Report) -> Section:
    names = [
        [_bare(one.picture), one.said, one.truth or "", one.why, one.grade,
         f"{one.probability:.3f}", " / ".join(one.readings[:6])]
        for one in report.named.false_names
    ] or [["none", *[""] * 6]]  # fmt: skip
    cases = sorted(report.named.cases, key=lambda c: (WORST.index(c.outcome), c.picture, c.machine))
    rows = [
        [_bare(case.picture), case.truth, case.outcome, case.said or "", case.grade or "",
         " / ".join(case.marks), "" if case.height is None else f"{case.height:.0f} px",
         " / ".join(case.readings[:6])]
        for case in cases
    ]  # fmt: skip
    # The bad ones come first.
    shown = min(MANY, sum(case.outcome != "right" for case in cases))
    false = ("picture", "said", "true builder", "why", "grade", "probability", "read")
    head = ("picture", "builder", "outcome", "said", "grade", "marks", "height", "read")
    grids = (
        Grid(false, names, "False names"),
        Grid(head, rows[:shown], "Not named right, the wrong ones first"),
        Grid(head, rows[shown:], "All other cases"),
    )
    return Section("Case by case", (), grids)


def _bare(picture: str) -> str:
    return picture.removeprefix("images/")


def comparison_table(compared: ModelComparison) -> str:
    """The comparison in Markdown."""
    part = comparison_part(compared)
    first, *others = part.texts
    return "\n\n".join([first, table(part.grids[0].head, part.grids[0].rows), *others])


LICENCE = "AGPL-3.0-or-later"


def write_card(model: Path, report: Report) -> tuple[Path, Path]:
    """Writes `CARD.md` and `card.json` beside a model, from its own facts and a report on it.

    model: folder of an exported model; its `model.json` says how it was trained.
    report: measured on that very model, on pictures that it is not recorded to have learnt from
    (`training.weights.check_unlearnt`).
    Returns the two files.
    Raises ModelError: no model there, or the report is of another one. ResultError: the folder
    cannot be written.
    """
    file = model / "model.json"
    try:
        facts = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{file}: cannot be read ({error}); export the model first") from error
    known = facts.get("sha256") if isinstance(facts, dict) else None
    if known != report.model_sha256:
        raise ModelError(
            f"{model}: the report is of the model {report.model_sha256[:12]}, this is "
            f"{str(known)[:12]}; evaluate it first"
        )
    measured = {k: v for k, v in report.as_dict().items() if k not in SINGLE}
    card = {"licence": LICENCE, "model": facts, "measured": measured}
    files = model / "CARD.md", model / "card.json"
    try:
        files[0].write_text(_card(facts, report), "utf-8")
        files[1].write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise ResultError(unwritten(model, error, "the card")) from error
    return files


def _card(facts: dict[str, Any], report: Report) -> str:
    training = facts.get("training")
    known = training is not None and training.get("learnt") is not None
    unlearnt = (
        " that it was not trained on"
        if known
        else ", some of which it may know, as nobody recorded all that it was trained on"
    )
    negatives = (
        f"On negatives a machine was reported in {report.spotted.disturbed_share}, a builder "
        f"named in {report.named.named_share}. False names, negatives included: "
        f"{len(report.named.false_names)}."
    )
    measured = (
        f"The exported model, on {report.pictures} pictures of {report.sources} sources (split "
        f"`{report.split}`){unlearnt}, at confidence {report.confidence} for machines and "
        f"{report.mark_confidence} for the others. {INTERVALS}"
    )
    spotted = report.spotted
    return to_markdown(
        "# Model card\n\nAn Ultralytics YOLO, taught to find CNC machine tools (`machine`), what "
        "is written on them (`wordmark`) and their operator panels (`control`), as OpenVINO IR. "
        f"SHA-256 `{facts['sha256']}` over model.xml, then model.bin.\n\nLicence: {LICENCE}, as "
        "Ultralytics asks of what is built on it. No picture it was trained on is part of it or "
        "of this project.",
        (
            _trained_on(training),
            Section("Measured", (measured, negatives), (
                measures_grid({"all pictures": spotted, **spotted.rounds}),
                detection_grid(spotted), naming_grid(report),
            )),
            Section("Not for", (
                "Saying who built a machine from its looks: the model finds boxes, names come "
                "from what is read in them. Builders and scenes it saw little of are found less "
                "often; the rows above say which. A share over few pictures says little.",
            )),
        ),
    )  # fmt: skip


def _trained_on(training: dict[str, Any] | None) -> Section:
    if training is None:
        return Section("Trained on", ("Not recorded: the weights came without a training.json.",))
    columns = ("pictures", "negatives", "machine", "wordmark", "control", "manual machine")
    names = {"train": "photographs", "fold": "left out, to judge by", "synthetic": "made pictures"}
    counts = [
        [names.get(part, part), *(str(held.get(c, 0)) for c in columns)]
        for part, held in training["counts"].items()
    ]
    values = {**training["recipe"], **training["versions"]}
    settings = [[name, str(value)] for name, value in values.items() if name != "classes"]
    text = f"Weights: `{training['weights_sha256']}`."
    grids = (Grid(("what", *columns), counts), Grid(("setting", "value"), settings))
    return Section("Trained on", (text,), grids)
