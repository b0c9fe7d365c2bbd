"""The card that travels with a model: what it learnt from, how it was made, what it is worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from datasets.errors import ModelError, ResultError
from datasets.files import unwritten
from training.evaluate.page import (
    INTERVALS,
    Grid,
    Section,
    detection_grid,
    measures_grid,
    naming_grid,
    to_markdown,
)
from training.evaluate.report import SINGLE, Report

LICENCE = "AGPL-3.0-or-later"


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
