"""Keeps what we build on from calling home (promise P5: no packet leaves the machine).

`import openvino` reports the import to its maker unless its telemetry package is missing,
in which case it falls back to a stub of its own. So the package is made missing before
the first import; `detector/__init__.py` imports this module first.
"""

from __future__ import annotations

import os
import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
# Ultralytics (training only): no analytics, no hub, no packages installed by itself.
os.environ.setdefault("YOLO_OFFLINE", "true")
os.environ.setdefault("YOLO_AUTOINSTALL", "false")
