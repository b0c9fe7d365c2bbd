"""What each outcome of a review says about the thing that was judged."""

from __future__ import annotations

SHOWN = ("accept", "builder", "unknown", "concealed")
"""A CNC machine is there: of the builder claimed, of another, unknown, or hidden."""

OTHER_MACHINE = "not-cnc"
NO_MACHINE = "not-a-machine"
MISSED = "missed"
NOTHING = "nothing"

USABLE = (*SHOWN, OTHER_MACHINE, NO_MACHINE, MISSED, NOTHING)
"""Outcomes that can be learnt from. A doubted label and a verdict withdrawn cannot."""

SETTLED = "settled"
