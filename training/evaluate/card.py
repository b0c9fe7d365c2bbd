"""The card that travels with a model: what it learnt from, how it was made, what it is worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from datasets.errors import ModelError, ResultError
from datasets.output import unwritten
from training.evaluate.report import SINGLE, Report
from training.evaluate.tables import detection_table, naming_table, said, table

LICENCE = "AGPL-3.0-or-later"
# What differs between the rounds of one run.
_VARIED = ("start", "seed", "learning_rate", "data_sha256")


def write_card(model: Path, report: Report) -> tuple[Path, Path]:
    """Writes `CARD.md` and `card.json` beside a model, from its own facts and a report on it.

    Args:
        model: folder of an exported model; its `model.json` says how it was trained.
        report: measured on that very model, on pictures that it is not recorded to have learnt
            from (`training.weights.check_unlearnt`).

    Returns:
        The two files.

    Raises:
        ModelError: no model there, or the report is of another one.
        ResultError: the folder cannot be written.
    """
    facts = _read_facts(model / "model.json")
    if facts["sha256"] != report.model_sha256:
        raise ModelError(
            f"{model}: the report is of the model {report.model_sha256[:12]}, this is "
            f"{facts['sha256'][:12]}; evaluate it first"
        )
    files = model / "CARD.md", model / "card.json"
    card = {"licence": LICENCE, "model": facts, "measured": _measured(report)}
    try:
        files[0].write_text(_markdown(facts, report), "utf-8")
        files[1].write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise ResultError(unwritten(model, error, "the card")) from error
    return files


def _read_facts(file: Path) -> dict[str, Any]:
    try:
        facts = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{file}: cannot be read ({error}); export the model first") from error
    if not isinstance(facts, dict) or not isinstance(facts.get("sha256"), str):
        raise ModelError(f"{file}: it names no sha256; export the model again")
    return facts


def _measured(report: Report) -> dict[str, Any]:
    """The report without its single cases, which name pictures."""
    return {k: v for k, v in report.as_dict().items() if k not in SINGLE}


def _markdown(facts: dict[str, Any], report: Report) -> str:
    false = len(report.named.false_names)
    return (
        "\n\n".join(
            [
                "# Model card",
                "An Ultralytics YOLO, fine-tuned to see CNC machine tools (`machine`), what is "
                "written on them (`wordmark`) and their operator panels (`control`), as OpenVINO "
                f"IR. SHA-256 `{facts['sha256']}` over model.xml, then model.bin.",
                f"Licence: {LICENCE}, as Ultralytics asks of what is built on it. No picture it "
                "was trained on is part of it or of this project.",
                "## Trained on",
                _trained_on(facts.get("training")),
                "## Measured",
                f"The exported model, on {report.pictures} pictures of {report.sources} sources "
                f"(split `{report.split}`){_unlearnt(facts.get('training'))}, at confidence "
                f"{report.confidence} for machines and {report.mark_confidence} for the others. "
                "In brackets: hits of all, and the 95 % Wilson interval.",
                detection_table(report),
                f"On negatives a machine was reported in {said(report.spotted.disturbed_share)}, a "
                f"builder named in {said(report.named.named_share)}.",
                naming_table(report),
                f"False names, negatives included: {false}.",
                "## Not for",
                "Saying who built a machine from its looks: the model finds boxes, names come from "
                "what is read in them. Builders and scenes it saw little of are found less often; "
                "the rows above say which. A share over few pictures says little.",
            ]
        )
        + "\n"
    )


def _unlearnt(training: dict[str, Any] | None) -> str:
    """What may be said of the pictures measured on."""
    if training is not None and training.get("learnt") is not None:
        return " that it was not trained on"
    return ", some of which it may know, as nobody recorded all that it was trained on"


def _trained_on(training: dict[str, Any] | None) -> str:
    if training is None:
        return "Not recorded: the weights came without a training.json."
    columns = ("pictures", "negatives", "machine", "wordmark", "control")
    names = {"train": "photographs", "synthetic": "made pictures", "val": "held out, to measure"}
    rows = [
        (names.get(part, part), *(str(counts.get(c, 0)) for c in columns))
        for part, counts in training["counts"].items()
    ]
    recipe = training["recipe"]
    settings = [(name, str(value)) for name, value in recipe.items() if name != "classes"]
    settings += [
        (f"round {number} before", ", ".join(f"{name} {held['recipe'][name]}" for name in _VARIED))
        for number, held in enumerate(training.get("earlier", ()), 1)
    ]
    settings += [(name, str(version)) for name, version in training["versions"].items()]
    return (
        table(("what", *columns), rows)
        + "\n\n"
        + table(("setting", "value"), settings)
        + f"\n\nWeights: `{training['weights_sha256']}`."
    )
