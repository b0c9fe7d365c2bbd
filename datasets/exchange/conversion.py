"""Data sets to other tools' formats, and back from CVAT for images 1.1: whole or not at all."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from datasets.errors import DataError, UsageError
from datasets.exchange.outgoing import (
    CLASSES,
    CORNERS,
    FIELDS,
    PICTURE,
    TEXT,
    Attributes,
    Format,
    write_format,
)
from datasets.files import check_free, new_folder, staging, writing_errors
from datasets.photographs.annotations import (
    ANNOTATIONS,
    EDGE_TOLERANCE,
    Photograph,
    parse_photograph,
)
from datasets.photographs.pictures import check_upright, picture_size
from datasets.photographs.splits import check_apart, fill_split, read_splits

Brought = dict[str, list[tuple[Photograph, Path]]]
"""By split: the pictures with where each lies now."""
_PATTERNS = ("annotations.xml", "*/annotations.xml", "*.xml")
_SPLITS = {word: word for word in ("train", "val", "test")} | {
    "": "train", "default": "train", "training": "train", "valid": "val", "validation": "val",
}  # fmt: skip
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NONE = ("", "none", "unknown")
_DEFAULTS: dict[str, Attributes] = {
    "machine": {"cnc": None, "kind": "other", "builder": None, "by": None, "truncated": False},
    "wordmark": {"text": "", "role": "builder", "legible": False, "id": None},
    "control": {},
}


class _Builder(ElementTree.TreeBuilder):
    """Refuses a document type: CVAT writes none, and entities in one can fill the memory."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        raise DataError("it declares a document type, which no CVAT file does")


def is_split_name(word: str) -> bool:
    """Whether a word can be the folder of a split: letters, digits, `.`, `_`, `-`."""
    return _SAFE.fullmatch(word) is not None


def _read_cvat(path: Path, source: str | None, into: str | None, images: Path | None) -> Brought:
    """The pictures of a CVAT file, or of the files in a folder (`_PATTERNS`)."""
    files = [path] if path.is_file() else []
    for pattern in _PATTERNS:
        files = files or sorted(path.glob(pattern))
    if not files:
        raise UsageError(f"{path}: no CVAT file in it ({_PATTERNS[0]})")
    brought: Brought = defaultdict(list)
    for file in files:
        root = _parse(file)
        # A task's file names its subset; within a folder of splits its folder may, too.
        said = (root.findtext("meta/task/subset") or "").strip()
        folder = file.parent.name if file.parent != path and path.is_dir() else ""
        word = folder if said.lower() in ("", "default") else said
        for image in root.iter("image"):
            subset = (image.get("subset") or word).strip()
            split = into or _SPLITS.get(subset.lower(), subset)
            if not is_split_name(split):
                raise DataError(
                    f"{file}: image {image.get('name')!r}: {subset!r} cannot be the name of a "
                    "split; give one with --split"
                )
            publisher = source or f"{path.resolve().stem}/{split}"
            brought[split].append(_picture(image, file, subset, images, publisher))
    return dict(brought)


def _parse(file: Path) -> Element:
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        parser.feed(file.read_bytes())
        root = parser.close()
    except OSError as error:
        raise DataError(f"{file}: it cannot be read ({error.strerror})") from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise DataError(f"{file}: not XML ({error})") from error
    except DataError as error:
        raise DataError(f"{file}: {error}") from error
    if not isinstance(root, Element) or root.tag != "annotations":
        raise DataError(f"{file}: <annotations> is wanted, got <{getattr(root, 'tag', '')}>")
    if root.find("track") is not None:
        tracks = "it holds tracks (CVAT for video); export it as 'CVAT for images 1.1'"
        raise DataError(f"{file}: {tracks}")
    return root


def _picture(
    image: Element, file: Path, subset: str, images: Path | None, source: str
) -> tuple[Photograph, Path]:
    name, root = image.get("name", ""), file.parent
    where = f"{file}: image {name!r}"
    folders = [root / "images" / subset, root / "images", root / subset, root]
    picture = _find_picture(name, folders if images is None else [images], where)
    check_upright(picture, where)
    size = picture_size(picture)
    said = image.get("width", str(size[0])), image.get("height", str(size[1]))
    if said != tuple(map(str, size)):
        raise DataError(
            f"{where}: {picture.name} is {size[0]}x{size[1]}, but is said to be "
            f"{said[0]:.9}x{said[1]:.9}"
        )
    tags = [tag for tag in image.iter("tag") if tag.get("label") == PICTURE]
    own: Attributes = {k: v for tag in tags for k, v in _attributes(tag).items()}
    parts = _parts([shape for shape in image if shape.tag != "tag"], size, where)
    scene = own.get("scene", "")
    values = _more(own, where) | {
        "image": f"images/{PurePosixPath(name).as_posix()}",
        "width": size[0],
        "height": size[1],
        "scene": scene if scene not in _NONE else "shopfloor" if parts["machine"] else "negative",
        "source": own.get("source") or source,
        "machines": parts["machine"],
        "marks": parts["wordmark"],
        "controls": parts["control"],
        "concealed": parts["concealed"],
    }
    return parse_photograph(values, Path(), where), picture


def _find_picture(name: str, folders: Sequence[Path], where: str) -> Path:
    """The picture of that name in the first folder that holds it; never one outside of them."""
    below = PurePosixPath(name)
    if not below.name or ".." in below.parts or below.is_absolute() or "\0" in name:
        raise DataError(f"{where}: {name!r} leaves the data set's folder; a path below is wanted")
    for folder in folders:
        if (folder / below).is_file():
            return folder / below
    raise DataError(
        f"{where}: there is no picture {name!r} in {', '.join(map(str, folders))}; put it there, "
        "or give the folder of pictures with --images"
    )


def _parts(shapes: Sequence[Element], size: tuple[int, int], where: str) -> dict[str, list[Any]]:
    """By class, the fields of everything boxed; marks and controls refer to machines by place."""
    parts: dict[str, list[Any]] = {name: [] for name in CLASSES}
    machines = [_attributes(shape) for shape in shapes if shape.get("label") == "machine"]
    numbers = [values.get("number", "").strip() for values in machines]
    for number, shape in enumerate(shapes):
        label, given = shape.get("label", ""), _attributes(shape)
        place = f"{where}: {shape.tag} {number} ({label})"
        if label not in parts:
            raise DataError(
                f"{place}: label {label!r} is none of {', '.join(CLASSES)}; rename it in CVAT, or "
                "remove its boxes"
            )
        box = _box(shape, size, place)
        if label == "concealed":
            parts[label].append(box)
            continue
        own = _more(given, place) | {"box": box}
        if given.get("ignore", "").strip().lower() == "true":
            own["ignore"] = True
        if label != "machine":
            own["of"] = _owner(given, numbers, place)
        for name, default in _DEFAULTS[label].items():
            said = given.get(name, default)
            # One of several words, or a tick; none chosen reads as the default.
            own[name] = default if said in _NONE and FIELDS[label][name] != TEXT else said
        parts[label].append(own)
    return parts


def _attributes(element: Element) -> dict[str, str]:
    return {one.get("name", ""): one.text or "" for one in element if one.tag == "attribute"}


def _box(shape: Element, size: tuple[int, int], where: str) -> list[float]:
    """The corners of an upright rectangle, cut at the picture's edge where they pass it."""
    if shape.tag != "box" or _number(shape.get("rotation", "0"), "rotation", where):
        raise DataError(f"{where}: only upright rectangles are read; draw one in its place")
    box = [_number(shape.get(name), name, where) for name in CORNERS]
    cut = [min(max(v, 0.0), float(edge)) for v, edge in zip(box, (*size, *size), strict=True)]
    past = max(abs(v - inside) for v, inside in zip(box, cut, strict=True))
    return box if past <= EDGE_TOLERANCE else cut


def _number(text: str | None, name: str, where: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{where}: {name}: a number is wanted, got {text!r}")
    return value


def _owner(given: Mapping[str, str], numbers: Sequence[str], where: str) -> int | None:
    """The place of the machine that an `of` names by its number."""
    of = given.get("of", "").strip()
    if of and (count := numbers.count(of)) != 1:
        many = f"{count} machines have" if count else "no machine of the picture has"
        raise DataError(
            f"{where}: of: {many} the number {of:.20}; give each machine a number of its own, or "
            "empty this field"
        )
    return numbers.index(of) if of else None


def _more(given: Mapping[str, str], where: str) -> Attributes:
    """The fields unknown here, which an earlier export kept under `more`."""
    text = given.get("more", "").strip()
    try:
        value = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: more: not JSON ({error})") from error
    if not isinstance(value, dict):
        raise DataError(f"{where}: more: a JSON object is wanted, got {value!r:.60}")
    return value


Counts = dict[str, int]
"""Pictures by split."""


def export_data(data: Path, to: Format, out: Path, *, link: bool = False) -> Counts:
    """Writes a data set in another format; pictures are copied or linked, never altered.

    data: holds splits, as `datasets.photographs.annotations` says.
    to: the format.
    out: the folder to write; must not be there, or be empty.
    link: symbolic links to the pictures instead of copies.
    Raises UsageError: no data set, or something at `out`. DataError: the data set is wrong, or a
    source stands in two splits. ResultError: `out` cannot be written; it is as before.
    """
    check_free(out)
    splits = read_splits(data)
    check_apart(data, splits)
    with new_folder(out) as folder:
        write_format(folder, splits, to, link)
    return {split: len(photographs) for split, photographs in splits.items()}


def import_data(
    path: Path,
    out: Path,
    *,
    source: str | None = None,
    split: str | None = None,
    images: Path | None = None,
    link: bool = False,
) -> Counts:
    """Reads a data set of CVAT and adds its splits to the data set at `out`.

    path: an XML file, or a folder with `annotations.xml`, `*/annotations.xml` or `*.xml`.
    out: a data set, or a folder to become one; a split of the same name must not be there.
    source: of pictures whose file names none; None for `NAME/SPLIT`.
    split: for all pictures; None for what the file says, else train.
    images: the folder of pictures; None to look beside the file.
    link: symbolic links to the pictures instead of copies.
    Raises UsageError: nothing at `path`, or the split is at `out` already. DataError: the file is
    wrong, or a source would stand in two splits of `out`. ResultError: `out` cannot be written.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    brought = _read_cvat(path, source, split, images)
    if not brought:
        raise DataError(f"{path}: it names no picture")
    check_free(out, lambda file: True)
    for name in brought:
        check_free(out / name)
    there = read_splits(out) if any(out.glob(f"*/{ANNOTATIONS}")) else {}
    new = {name: tuple(p for p, _ in pictures) for name, pictures in brought.items()}
    check_apart(out, there | new)
    added: list[Path] = []
    # All are written beside before the first takes its place.
    with writing_errors(out), staging(out.parent, out.name) as folder:
        for name, pictures in brought.items():
            (folder / name).mkdir()
            fill_split(folder / name, pictures, link)
        out.mkdir(exist_ok=True)
        try:
            for name in brought:
                if (out / name).is_dir():
                    (out / name).rmdir()  # it was found empty
                (folder / name).rename(out / name)
                added.append(out / name)
        except BaseException:
            for done in added:
                shutil.rmtree(done, ignore_errors=True)
            raise
    return {name: len(pictures) for name, pictures in brought.items()}
