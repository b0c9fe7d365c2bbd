"""The folder that `look` writes: index.html, its style, and a contact sheet a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from datasets.annotations import Photograph
from datasets.checking import count
from datasets.look.colours import CONCEALED, CONTROL, MACHINE, MARK, UNLABELLED
from datasets.look.counts import charts_of
from datasets.look.sheets import draw_sheet
from datasets.output import check_free, new_folder, write_text
from datasets.splits import read_splits, shared_sources, tell_shared

QUALITY = 84  # of a JPEG: letters of eleven pixels are still clean
MADE_BY = '<meta name="generator" content="nameplate datasets look">'
_OURS = re.compile(r"index\.html|look\.css|sheets/[A-Za-z0-9._-]+-\d{3,}\.jpg")
_LEGEND = (
    ("machine, with its builder", MACHINE),
    ("mark (thin: not legible)", MARK),
    ("what no detector is taught", UNLABELLED),
    ("control", CONTROL),
    ("concealed mark", CONCEALED),
)
Step = Callable[[float, str], None]


def draw_data(
    data: Path, out: Path, *, only: str | None = None, per_page: int = 24, step: Step | None = None
) -> Path:
    """Draws a data set: contact sheets and histograms on one page that needs no network.

    Args:
        data: holds splits, as `datasets.annotations` says.
        out: the folder to write; what an earlier look wrote there is replaced.
        only: one split instead of all.
        per_page: pictures on a contact sheet.
        step: told how much is done (0 to 1) and what is being drawn.

    Returns:
        The page, `out/index.html`.

    Raises:
        UsageError: no data set, no such split, or somebody's files in `out`.
        DataError: something in the data set is wrong.
        ResultError: `out` cannot be written; it is as before.
    """
    check_free(out, lambda name: _is_ours(out, name))
    splits = read_splits(data, only)
    pages = [
        (split, number, photographs[first : first + per_page])
        for split, photographs in splits.items()
        for number, first in enumerate(range(0, len(photographs), per_page), start=1)
    ]
    sheets: dict[str, list[tuple[str, str]]] = {split: [] for split in splits}
    with new_folder(out, lambda name: _is_ours(out, name)) as folder:
        (folder / "sheets").mkdir()
        for done, (split, number, photographs) in enumerate(pages):
            if step is not None:
                step(done / len(pages), f"{split}, sheet {number}")
            name = f"sheets/{split}-{number:03d}.jpg"
            draw_sheet(photographs).save(folder / name, quality=QUALITY)
            sheets[split].append((name, _reach(photographs)))
        shared = shared_sources(splits)
        page = _template().render(
            name=data.resolve().name,
            made_by=Markup(MADE_BY),
            counts={split: count(photographs) for split, photographs in splits.items()},
            fault=tell_shared(shared) if shared else None,
            charts=charts_of(splits),
            legend=_LEGEND,
            sheets=sheets,
        )
        write_text(folder / "index.html", page)
        style = Path(__file__).with_name("look.css").read_text("utf-8")
        write_text(folder / "look.css", style)
    return out / "index.html"


def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("look.html.j2")


def _reach(photographs: Sequence[Photograph]) -> str:
    """The first and last picture of a sheet, as words."""
    first, last = (p.image.removeprefix("images/") for p in (photographs[0], photographs[-1]))
    return first if first == last else f"{first} to {last}"


def _is_ours(out: Path, name: str) -> bool:
    """Whether an earlier look wrote a file: by its name, and the page by what it says."""
    if name == "index.html":
        return MADE_BY.encode() in (out / name).read_bytes()[:2000]
    return _OURS.fullmatch(name) is not None
