"""The models a case knows, and whether it may be looked at with another one.

CASE/learning/judged/           the judged frames (`export.py`)
CASE/learning/corrected/        what was corrected of them in another tool, brought back
CASE/learning/run-1/model/      a model learnt from them, with its comparison
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from datasets.errors import CaseMissing, ModelError
from detector.look.comparison import check_tested, read_comparison
from detector.look.model_files import PACKAGED
from evidence.case.case import Case
from evidence.case.sighting_tables import AnalysisRow
from evidence.case.tables import Recipe

FOLDER = "learning"
_RUN = re.compile(r"run-([0-9]{1,6})")


def list_models(
    case: Case, session: Session, in_use: str, folders: Sequence[Path] = ()
) -> list[dict[str, Any]]:
    """Each model: its hash, how much was looked at with it, where it lies, how it compared.

    in_use: the hash of the one footage is looked at with now. folders: where models lie besides
    those of the case's own folder.
    """
    looked: dict[str, int] = dict.fromkeys(session.scalars(select(Recipe.model)), 0)
    count = select(AnalysisRow.model, func.count()).group_by(AnalysisRow.model)
    looked |= {model: number for model, number in session.execute(count)}  # noqa: C416
    at_hand = (PACKAGED, *folders, *sorted((case.folder / FOLDER).glob("*/model")))
    where = {digest: folder for folder in at_hand if (digest := _digest(folder)) is not None}
    digests = sorted({*looked, *where, in_use}, key=lambda d: (d != in_use, -looked.get(d, 0), d))
    return [_model(digest, where.get(digest), looked.get(digest, 0), in_use) for digest in digests]


def commands(case: Case) -> dict[str, str]:
    """What to type to export what was judged and to learn from it, with this case's paths. `DATA`
    stands for labelled photographs of one's own, `START.pt` for the weights to start from."""
    own = case.folder / FOLDER
    runs = [int(m[1]) for path in own.glob("run-*") if (m := _RUN.fullmatch(path.name))]
    done = [path for path in own.glob("corrected*") if path.is_dir()]
    corrected = own / (f"corrected-{len(done) + 1}" if done else "corrected")
    # The newest: corrected data sets as they were brought back, until frames are exported again.
    sets = [own / "judged" / "data", *done]
    learnt = max(sets, key=lambda path: path.stat().st_mtime_ns if path.is_dir() else 0)
    run = own / f"run-{max(runs, default=0) + 1}"
    folder, cvat = quote(str(case.folder)), quote(str(own / "judged" / "cvat"))
    return {
        "export": f"nameplate datasets export {folder} --to cvat "
        f"--out {quote(str(own / 'judged'))}",
        "import": f"nameplate datasets import {cvat} --from cvat --out {quote(str(corrected))}",
        "train": f"nameplate train DATA {quote(str(learnt))} --start START.pt --validation DATA "
        f"--out {quote(str(run))}",
        "sweep": f"nameplate sweep --case {folder} --model {quote(str(run / 'model'))} FOOTAGE",
    }


def _model(digest: str, folder: Path | None, looked: int, in_use: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        "model": digest,
        "folder": None if folder is None else str(folder),
        "shipped": folder == PACKAGED,
        "in_use": digest == in_use,
        "analyses": looked,
        "comparison": None,
        "trouble": None,
    }
    if folder is None or folder == PACKAGED:
        return values
    try:
        found = read_comparison(folder)
    except ModelError as error:
        return values | {"trouble": str(error)}
    if found is not None:
        pictures = (found.get("validation") or {}).get("pictures")
        names = ("of", "old", "new", "low", "high")
        rows = [{name: row.get(name) for name in names} for row in found.get("differences", ())]
        shown = {name: found.get(name) for name in ("verdict", "reasons", "old_model")}
        values["comparison"] = shown | {"pictures": pictures, "differences": rows}
    return values


def _digest(folder: Path) -> str | None:
    """As the model's card has it: hashing each model for a look at a list would take too long."""
    try:
        card = json.loads((folder / "model.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    digest = card.get("sha256") if isinstance(card, dict) else None
    return digest if isinstance(digest, str) else None


def check_switch(case: Path, model: Path | None, untested: bool = False) -> None:
    """That a case, there or to be made, may be looked at with a model (None: the one shipped).

    untested: somebody takes it as it is. `ModelError`: nobody has shown it to be no worse than the
    one that ships, or one in use. `CaseError`: the case cannot be opened.
    """
    if model is None or untested:
        return
    try:
        with Case.open(case) as opened, opened.session() as session:
            known = set(session.scalars(select(Recipe.model)))
    except CaseMissing:
        known = set()
    check_tested(model, known=known)
