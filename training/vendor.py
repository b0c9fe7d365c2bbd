"""The one door to torch and Ultralytics: offline, quiet, and only where they are installed.

Ultralytics by itself reports each run, asks for its newest release, fetches a font and
installs packages it misses. All of that is switched off here, before its first import
(promise P5: no packet leaves the machine). Its settings and font go to a folder of ours,
never to the user's home.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from PIL import Image

import detector.offline  # noqa: F401  (first: switches telemetry off)
from datasets.errors import UsageError

# Read by Ultralytics when it is imported; nothing set later has an effect.
_ENVIRONMENT = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}
# Integrations that would load a logger and, with it, a service of someone else's.
_INTEGRATIONS = (
    "sync", "clearml", "comet", "dvc", "mlflow", "raytune", "tensorboard", "wandb",
    "vscode_msg", "openvino_msg",
)  # fmt: skip
_FONT = "Arial.ttf"
_INSTRUCTIONS, _CODE_KEPT = "ONEDNN_MAX_CPU_ISA", "ONEDNN_PRIMITIVE_CACHE_CAPACITY"


def open_torch() -> Any:
    """The `torch` module. Raises UsageError: it is not installed; the message says how to install
    it."""
    return _open("torch", "training and export need torch and Ultralytics")


def open_nncf() -> Any:
    """The `nncf` module. It reports through OpenVINO's telemetry, which is off. Raises UsageError:
    it is not installed; the message says how to install it."""
    return _open("nncf", "quantizing a model needs NNCF")


def _open(name: str, need: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise UsageError(f"{need}: pip install 'nameplate[train]'") from error


def open_ultralytics(folder: Path) -> Any:
    """The `ultralytics` module, with everything that reaches outside switched off.

    folder: where its settings and font are written on the first call of a process.
    Raises UsageError: it is not installed; the message says how to install it.
    """
    open_torch()
    os.environ.update(_ENVIRONMENT)
    os.environ.setdefault("YOLO_CONFIG_DIR", str(folder.resolve()))
    # Its trainer uploads a run for whoever has this in the environment.
    os.environ.pop("ULTRALYTICS_API_KEY", None)
    Path(os.environ["YOLO_CONFIG_DIR"]).mkdir(parents=True, exist_ok=True)
    opens = Image.open
    ultralytics = _open("ultralytics", "training and export need Ultralytics")
    known = {name: False for name in _INTEGRATIONS if name in ultralytics.settings}
    if any(ultralytics.settings[name] for name in known):
        ultralytics.settings.update(known)
    _place_font()
    # With its settings it puts its own in place of Pillow's, which wants a package more for
    # whatever is no picture.
    Image.open = opens
    return ultralytics


def _place_font() -> None:
    """Puts a font where Ultralytics looks first: it asks the web for one before it trains."""
    target = Path(import_module("ultralytics.utils").USER_CONFIG_DIR) / _FONT
    if target.exists():
        return
    fonts = Path(import_module("matplotlib").get_data_path()) / "fonts" / "ttf"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(fonts / "DejaVuSans.ttf", target)


def pick_device(torch: Any, device: str | None) -> str:
    """`device` as asked for, or the first CUDA device where there is one, or the CPU."""
    if device is not None:
        return device
    return "cuda:0" if torch.cuda.is_available() else "cpu"


@contextmanager
def every_instruction() -> Iterator[None]:
    """Lets torch use every instruction of the processor while it trains.

    `detector/instructions.py` keeps the detector from some. Each library reads what it may use
    when it first computes: only torch may do so meanwhile. Views have many shapes, and oneDNN
    keeps the code for each.
    """
    held = {name: os.environ.pop(name, None) for name in (_INSTRUCTIONS, _CODE_KEPT)}
    os.environ[_CODE_KEPT] = "20000"
    try:
        yield
    finally:
        os.environ.pop(_CODE_KEPT)
        os.environ.update({name: value for name, value in held.items() if value is not None})


def has_bfloat16(torch: Any, device: str) -> bool:
    """Whether a device computes in bfloat16 faster than in float32."""
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported())
    processor = Path("/proc/cpuinfo")
    flags = set(processor.read_text("utf-8").split()) if processor.is_file() else set()
    return not flags.isdisjoint({"avx512_bf16", "amx_bf16"})
