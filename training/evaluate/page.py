"""The evaluation to be read, in Markdown, and the card that travels with a model.

Both are made of what evaluation.json holds (`training.evaluate.evaluation`), and of nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets.errors import ModelError
from training.evaluate.comparison import ModelComparison
from training.evaluate.detection import ROUNDS
from training.evaluate.evaluation import SINGLE
from training.evaluate.footage import CONDITIONS
from training.evaluate.measures import Share, percent
from training.evaluate.naming import OUTCOMES
from training.results import as_json, write_text

MANY = 60
"""Cases shown before the rest is folded away: the bad ones come first."""
WORST = ("wrong", "unseen", "unknown", "right")
INTERVALS = "In brackets: hits of all, and the 95 % Wilson interval."
Values = Mapping[str, Any]


def section(title: str, *blocks: str) -> str:
    """Texts and tables under a title; empty ones are left out."""
    return "\n\n".join([f"### {title}", *filter(None, blocks)])


def table(head: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> str:
    """A Markdown table, empty without rows; bars and line breaks in cells are made harmless."""
    lines = [head, ["---"] * len(head), *rows]
    text = "\n".join(
        "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in line) + " |"
        for line in lines
    )
    return "" if len(lines) == 2 else f"**{title}**\n\n{text}" if title else text


def page_of(values: Values, compared: ModelComparison | None = None) -> str:
    """The evaluation in Markdown, the bad rows and the single cases included."""
    digests = {name: values[f"{name}_sha256"][:12] for name in ("model", "settings", "registry")}
    parts = [
        f"{values['pictures']} pictures of {values['sources']} sources, split `{values['split']}`; "
        f"{', '.join(f'{name} `{digest}`' for name, digest in digests.items())}, data "
        f"`{values['data_sha256'][:12]}`. {INTERVALS}",
        _detection(values),
        section(
            "Builders named",
            "A case is a machine with a builder's mark that a person can read in that picture.",
            naming_table(values),
            _hard_marks(values),
        ),
        _probabilities(values["chances"]),
        _footage(values["footage"]),
        "" if compared is None else _compared(compared),
        _cases(values),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _share(one: Values | None) -> str:
    return "" if one is None else str(Share(one["hits"], one["total"]))


def _measure(one: Values | None) -> str:
    """A share, or a value with its interval, as a cell."""
    if one is None or "total" in one:
        return _share(one)
    if one["share"] is None or one["low"] is None:
        return "-"
    return f"{one['share']:.3f} ({one['low']:.2f}-{one['high']:.2f})"


def detection_table(values: Values) -> str:
    """Precision, recall and AP at an overlap of 0.5, by class, size, scene and kind."""
    rows = [
        [row["class"], row["of"], _share(row["precision"]), _share(row["recall"]),
         *("" if ap is None else f"{ap:.3f}" for ap in (row["ap50"], row["ap50_95"]))]
        for row in values["detection"]
    ]  # fmt: skip
    return table(("class", "of", "precision", "recall", "AP50", "AP50-95"), rows)


def measures_table(values: Values, whole: str, parts: Iterable[str], title: str = "") -> str:
    """What a detector is judged by, a column for all pictures and each part that was measured."""
    measured = values["measures"]
    columns = {whole: measured["all"]} | {n: measured[n] for n in parts if n in measured}
    cells = {name: {one["of"]: one for one in column} for name, column in columns.items()}
    names = dict.fromkeys(of for column in cells.values() for of in column)
    rows = [[of, *(_measure(column.get(of)) for column in cells.values())] for of in names]
    return table(("CNC machines over 60 px", *columns), rows, title)


def _detection(values: Values) -> str:
    negatives, thousand = values["negatives"], values["negatives"]["false_names_per_1000"]
    pictures, false = negatives["pictures"], negatives["false_machines"]
    text = (
        f"In {pictures} negatives {false} machines were reported "
        f"({false / max(1, pictures):.3f} a picture), in {_share(negatives['disturbed'])} of them "
        f"at least one; a builder was named in {_share(negatives['named'])}: {thousand['found']} "
        f"in 1,000, at most {thousand['at_most']} (exact, one-sided 95 %)."
    )
    changed = ""
    if not values["measures"].keys().isdisjoint(CONDITIONS):
        title = "In pictures as footage would show them"
        changed = measures_table(values, "as stored", CONDITIONS, title)
    every = measures_table(values, "all pictures", ROUNDS)
    return section("Detection", text, every, detection_table(values), changed)


def naming_table(values: Values) -> str:
    """Shares named right, left unknown, unseen, named wrong."""
    rows = [
        [name, *(_share(values["naming"][where][outcome]) for outcome in OUTCOMES)]
        for name, where in (("in the registry", "in_registry"), ("not in it", "outside"))
    ]
    return table(("builder", *OUTCOMES), rows)


def _hard_marks(values: Values) -> str:
    rows = [
        [by, name, *(_share(row[outcome]) for outcome in OUTCOMES)]
        for by, group in values["slices"].items()
        for name, row in group.items()
        if row["right"]["total"]
    ]
    return table(("by", "mark", *OUTCOMES), rows, "By what makes a mark hard")


def _probabilities(values: Values) -> str:
    error = values["calibration_error"]
    if error is None:
        return ""
    (low, high), luck = values["calibration_interval"], values["calibration_by_luck"]
    rows = [
        [f"{one['from']:g} to {one['to']:g}",
         "-" if one["stated"] is None else f"{one['stated']:.3f}", _share(one["right"])]
        for one in values["reliability"]
    ]  # fmt: skip
    # The first point from each tenth of the machines on.
    firsts = {int(10 * point["coverage"]): point for point in reversed(values["risk_coverage"])}
    costs = [
        [percent(point["coverage"]), percent(point["risk"]), f"{point['chance']:.3f}"]
        for _, point in sorted(firsts.items())
    ]
    head = ("machines named", "of them wrong", "from probability")
    return section(
        "Probabilities",
        f"{values['claims']} sightings with a candidate whose truth is known; "
        f"{values['without_candidate']} without a candidate are left out.",
        f"Expected calibration error {error:.3f}. It lies between {low:.3f} and {high:.3f} in 95 "
        f"of 100 draws of the sources. If every probability were true, chance alone would make "
        f"it {luck[0]:.3f}, and more than {luck[1]:.3f} in one of twenty.",
        table(("stated", "mean", "right"), rows, "Reliability, bin by bin"),
        table(head, costs, "What naming more would cost"),
    )


def _footage(values: Values | None) -> str:
    if values is None:
        return ""
    texts = [
        f"In {60 * rate['hours']:.1f} minutes of {which} footage {rate['false_names']} false "
        f"names: {rate['an_hour']} an hour, at most {rate['an_hour_at_most']} (exact, one-sided "
        "95 %)."
        for which, rate in (("negative", values["negative"]), ("all", values["all"]))
        if rate["hours"]
    ]
    rows = [
        [one["clip"], f"{one['seconds']:.0f} s", "yes" if one["negative"] else "",
         str(one["sightings"]), ", ".join(one["named"]),
         "; ".join(f"{name} ({read})" for name, read in one["wrong"])]
        for one in sorted(values["clips"], key=lambda one: (-len(one["wrong"]), one["clip"]))
    ]  # fmt: skip
    head = ("clip", "length", "negative", "sightings", "named right", "named wrong, and read")
    return section("Footage", *texts, table(head, rows))


def _compared(compared: ModelComparison) -> str:
    about, differences, *others = comparison_blocks(compared)
    return section("Against the run before", about, *others, differences)


def comparison_blocks(compared: ModelComparison) -> list[str]:
    """What is compared; old, new and the difference of each measure, in points of 100; the rest."""
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
    left_out = (
        f"Machines left out of the naming, since only one run's registry has their builders: "
        f"{compared.left_out}."
    )
    return [
        f"Model `{compared.new_model[:12]}` against `{compared.old_model[:12]}`, on the same "
        "pictures; whole sources are drawn for the intervals.",
        table(("of", "old", "new", "change", "95 % interval", "cases", "sources"), rows),
        *([left_out] if compared.left_out else []),
        f"Named right in the new run only: {', '.join(compared.gained) or 'none'}.",
        f"Named right in the old run only: {', '.join(compared.lost) or 'none'}. McNemar's exact "
        f"test of these: p = {compared.chance:.3f}.",
    ]


def _cases(values: Values) -> str:
    names = [
        [_bare(one), one["said"], one["truth"] or "", one["why"], one["grade"],
         f"{one['probability']:.3f}", " / ".join(one["readings"][:6])]
        for one in values["false_names"]
    ] or [["none", *[""] * 6]]  # fmt: skip
    cases = sorted(
        values["cases"],
        key=lambda case: (WORST.index(case["outcome"]), case["picture"], case["machine"]),
    )
    rows = [
        [_bare(case), case["truth"], case["outcome"], case["said"] or "", case["grade"] or "",
         " / ".join(case["marks"]), "" if case["height"] is None else f"{case['height']:.0f} px",
         " / ".join(case["readings"][:6])]
        for case in cases
    ]  # fmt: skip
    # The bad ones come first.
    shown = min(MANY, sum(case["outcome"] != "right" for case in cases))
    false = ("picture", "said", "true builder", "why", "grade", "probability", "read")
    head = ("picture", "builder", "outcome", "said", "grade", "marks", "height", "read")
    return section(
        "Case by case",
        table(false, names, "False names"),
        table(head, rows[:shown], "Not named right, the wrong ones first"),
        table(head, rows[shown:], "All other cases"),
    )


def _bare(one: Values) -> str:
    return str(one["picture"]).removeprefix("images/")


LICENCE = "AGPL-3.0-or-later"


def write_card(model: Path, values: Values) -> tuple[Path, Path]:
    """Writes `CARD.md` and `card.json` beside a model, from its own facts and an evaluation of it.

    model: folder of an exported model; its `model.json` says how it was trained.
    values: measured on that very model, on pictures that it is not recorded to have learnt from
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
    if known != values["model_sha256"]:
        raise ModelError(
            f"{model}: the report is of the model {values['model_sha256'][:12]}, this is "
            f"{str(known)[:12]}; evaluate it first"
        )
    measured = {k: v for k, v in values.items() if k not in SINGLE}
    card = {"licence": LICENCE, "model": facts, "measured": measured}
    return (
        write_text(model / "CARD.md", _card(facts, values)),
        write_text(model / "card.json", as_json(card)),
    )


def _card(facts: Values, values: Values) -> str:
    training, negatives = facts.get("training"), values["negatives"]
    known = training is not None and training.get("learnt") is not None
    unlearnt = (
        " that it was not trained on"
        if known
        else ", some of which it may know, as nobody recorded all that it was trained on"
    )
    parts = [
        "# Model card",
        "An Ultralytics YOLO, taught to find CNC machine tools (`machine`), what is written on "
        "them (`wordmark`) and their operator panels (`control`), as OpenVINO IR. SHA-256 "
        f"`{facts['sha256']}` over model.xml, then model.bin.",
        f"Licence: {LICENCE}, as Ultralytics asks of what is built on it. No picture it was "
        "trained on is part of it or of this project.",
        _trained_on(training),
        section(
            "Measured",
            f"The exported model, on {values['pictures']} pictures of {values['sources']} sources "
            f"(split `{values['split']}`){unlearnt}, at confidence {values['confidence']} for "
            f"machines and {values['mark_confidence']} for the others. {INTERVALS}",
            f"On negatives a machine was reported in {_share(negatives['disturbed'])}, a builder "
            f"named in {_share(negatives['named'])}. False names, negatives included: "
            f"{len(values['false_names'])}.",
            measures_table(values, "all pictures", ROUNDS),
            detection_table(values),
            naming_table(values),
        ),
        section(
            "Not for",
            "Saying who built a machine from its looks: the model finds boxes, names come "
            "from what is read in them. Builders and scenes it saw little of are found less "
            "often; the rows above say which. A share over few pictures says little.",
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _trained_on(training: Values | None) -> str:
    if training is None:
        return section("Trained on", "Not recorded: the weights came without a training.json.")
    columns = ("pictures", "negatives", "machine", "wordmark", "control", "manual machine")
    names = {"train": "photographs", "fold": "left out, to judge by", "synthetic": "made pictures"}
    counts = [
        [names.get(part, part), *(str(held.get(c, 0)) for c in columns)]
        for part, held in training["counts"].items()
    ]
    settings = {**training["recipe"], **training["versions"]}
    rows = [[name, str(value)] for name, value in settings.items() if name != "classes"]
    weights = f"Weights: `{training['weights_sha256']}`."
    return section(
        "Trained on", weights, table(("what", *columns), counts), table(("setting", "value"), rows)
    )
