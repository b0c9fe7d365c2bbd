"""Codes of parts and goods: a transformer's, a turret's, a laser source's, a container's.

Makers of parts are called like makers of machine tools, and some are both. Where a plate bears no
word for what it is on, the code mostly says it.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_ANYWHERE = re.compile(
    r"S(?:C|CB|G|GB|Z)?\d{1,2}-(?:[A-Z]{1,2}-)?\d{2,4}/\d{1,3}|\d{3,} ?KVA"  # transformers
    r"|(?:\d+G ?)?Q?SFP\w*"  # of light in fibres, and its wave
    r"|(?:355|532|808|850|915|940|976|980|1030|1064|1070|1080|1310|1550) ?NM"
    r"|LD4B?-\w+(?:-\w+)?|LDB4(?:-\w+)?|SLT\d+-\d+|K1[12][- ]\d{2,3}"  # turrets, chucks
    r"|BX-?\d{2,3}E(?:-\d+)?|CB[A-Z]{1,2}-E\d+|JCB-?\d{2,3}"  # reducers, pumps
    r"|Y[A-Z]{0,3}[2-4]?-?\d{2,3}[SML]\d?-?\d{1,2}"  # motors
    r"|DZ\d{2}-?\w+|CJX?\d-?\d{2,4}|JBK\d?-?\d{2,4}|N[BX][A-Z]?\d?-\d{2,3}"  # switches
    r"|CW-?[3-6]\d00|FC?-?\d{3,5} ?W"  # chillers, sources of light
    r"|\d0(?:HQ|HC|GP|OT)"  # containers
)
_ON_PLATES = re.compile(
    r"\b(?:A?K\d\d[- ]?\d{2,3}|F1[12][- ]\d{2,3}|BS-?\d|TSL?\d{3}|QM\d{2}-?\d{2,}|LD4B?-\w+"
    r"|HLT\d{2,3}|TK1[23]\d{3}[A-Z]?|\d{2,3}MD\d{2}\w*)\b"
)
"""What is a machine's too now and then: chucks, dividing heads, tables, plates, turrets."""
_VOLTAGE = re.compile(r"\b\d{3} ?V\b")
_FIGURE = r"(?:[A-Z] ?= ?)?[\d.,]+ ?"
_TOGETHER = (("L/MIN", "MPA"), ("RPM", "KW"))
"""Units of lines with nothing but figures that together make a pump's plate and a spindle's."""
_SIZE = re.compile(r"\d{3,4} ?[X×*] ?\d{3,4}")
"""Of a surface plate or a bench, where it is all that a line says."""
_PACKED = (re.compile(r"\bNET\b|\bN\.? ?W\b|净重"), re.compile(r"\bGROSS\b|\bG\.? ?W\b|毛重"))
"""Both weights, with the packing and without, are a case's."""


def is_part_code(text: str) -> bool:
    """Whether a text is the code of a part or of goods, wherever it stands.

    Example:
        >>> [is_part_code(text) for text in ("S11-630/10", "630 KVA", "VMC850")]
        [True, True, False]
    """
    return bool(_ANYWHERE.fullmatch(text.upper().strip()))


def is_parts_plate(texts: Collection[str]) -> bool:
    """Whether the lines of a plate that says no kind of machine are those of a part's.

    Example:
        >>> is_parts_plate(["24000 RPM", "5.5 KW"]), is_parts_plate(["5.5 KW"])
        (True, False)
    """
    lines = [text.upper().strip() for text in texts]
    voltages = {found for line in lines for found in _VOLTAGE.findall(line)}
    return (
        any(map(_ON_PLATES.search, lines))
        or any(map(_SIZE.fullmatch, lines))
        or all(any(map(weight.search, lines)) for weight in _PACKED)
        or (len(voltages) > 1 and _is_figure(lines, "KVA"))
        or any(_is_figure(lines, one) and _is_figure(lines, other) for one, other in _TOGETHER)
    )


def _is_figure(lines: Collection[str], unit: str) -> bool:
    return any(re.fullmatch(_FIGURE + unit, line) for line in lines)
