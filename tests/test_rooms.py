"""The house has rooms, and the doors between them open one way."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("datasets", "detector", "training", "evidence", "api")
MAY_IMPORT = {
    "datasets": set(),
    "detector": {"datasets"},
    "training": {"datasets", "detector"},
    "evidence": {"datasets", "detector"},
    "api": {"datasets", "detector", "evidence", "training"},
}
LAYERS = ({"footage", "read"}, {"look"}, {"known_again"}, {"screen"}, {"name"}, {"examining"})
"""The detector's folders: each imports only those of the layers before its own, and what lies in
none (types, settings)."""
HEAVY = {"torch", "torchvision", "ultralytics"}


def imports(file: Path) -> set[tuple[str, int]]:
    """Top-level names a file imports, anywhere in it, with the line."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {(alias.name.split(".")[0], node.lineno) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add((node.module.split(".")[0], node.lineno))
    return found


def files(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_below_it(room):
    allowed = MAY_IMPORT[room] | {room}
    wrong = [
        f"{file.relative_to(ROOT)}:{line} imports {name}"
        for file in files(room)
        for name, line in imports(file)
        if name in ROOMS and name not in allowed
    ]
    assert files(room) and not wrong


def modules(file: Path) -> set[str]:
    """The folders of the detector, and its modules outside them, that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "detector":
            names |= {f"detector.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.split(".")[1] for name in names if name.startswith("detector.")}


def test_the_detectors_folders_use_those_before_them():
    layer = {folder: level for level, folders in enumerate(LAYERS) for folder in folders}
    detector = ROOT / "detector"
    assert {file.parent.name for file in detector.glob("*/*.py")} == set(layer)
    # What lies in no folder is below them all, except what joins them and gives them out.
    joining = {"analyze", "__init__"}
    wrong = []
    for file in files("detector"):
        own = file.relative_to(detector).parts[0].removesuffix(".py")
        beyond = {f for f in layer if f != own and layer[f] >= layer.get(own, -1)} | {"analyze"}
        if own not in joining:
            wrong += [f"{file.relative_to(ROOT)}: {name}" for name in modules(file) & beyond]
    assert not wrong


def test_only_the_training_room_knows_torch():
    wrong = [
        f"{file.relative_to(ROOT)}:{line} imports {name}"
        for room in ROOMS
        if room != "training"
        for file in files(room)
        for name, line in imports(file)
        if name in HEAVY
    ]
    assert not wrong


def test_only_the_command_line_reaches_training():
    reaching = {
        file.relative_to(ROOT).as_posix()
        for file in files("api")
        if any(name == "training" for name, _ in imports(file))
    }
    assert reaching <= {"api/cli/train.py"}


def test_looking_at_footage_loads_no_training_code():
    heavy = {"training", *HEAVY}
    code = f"import detector, api.cli.commands, sys; print(sorted(set(sys.modules) & {heavy}))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert out.stdout.strip() == "[]"


def test_the_command_line_starts_without_what_only_the_work_needs():
    slow = {"av", "cv2", "distributed", "faiss", "openvino", "scenedetect", "scipy", "sqlalchemy"}
    code = f"import api.cli.commands, sys; print(sorted(set(sys.modules) & {slow}))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert out.stdout.strip() == "[]"


def test_files_are_of_one_idea():
    long = {
        file.relative_to(ROOT).as_posix(): count
        for folder in (*ROOMS, "tests", "lab")
        for file in sorted((ROOT / folder).rglob("*.py"))
        if (count := len(file.read_text("utf-8").splitlines())) > 400
    }
    assert not long


def test_exactly_one_opencv_is_installed():
    names = {d.metadata["Name"].lower() for d in distributions()}
    assert {n for n in names if n.startswith("opencv-")} == {"opencv-python-headless"}


def test_no_two_public_classes_share_a_name():
    places: dict[str, list[str]] = {}
    for room in ROOMS:
        for file in files(room):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places.setdefault(node.name, []).append(
                        f"{file.relative_to(ROOT)}:{node.lineno}"
                    )
    assert places and not {name: found for name, found in places.items() if len(found) > 1}
