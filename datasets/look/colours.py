"""Colours of the classes, the same in contact sheets, histograms and CVAT.

The Okabe-Ito palette, which people who see fewer colours can tell apart:
https://jfly.uni-koeln.de/color/
"""

from __future__ import annotations

from datasets.formats.cvat_labels import COLOURS as CLASS_COLOURS
from datasets.formats.cvat_labels import PICTURE

MACHINE = CLASS_COLOURS["machine"]
MARK = CLASS_COLOURS["wordmark"]
CONTROL = CLASS_COLOURS["control"]
CONCEALED = CLASS_COLOURS["concealed"]
UNLABELLED = CLASS_COLOURS[PICTURE]
"""Marks of roles that no detector is taught."""

SPLITS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#8d96a1")
"""Of the splits in their order; further ones share the last."""
