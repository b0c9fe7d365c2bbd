"""What builders make besides machine tools, or others under the same name, by its codes and words:
STAR MICRONICS over TSP100 is a printer's, HAITIAN PRECISION over MA1600 a moulding machine's."""

from __future__ import annotations

import re
from collections.abc import Sequence

from detector.types import Reading

_GOODS = {
    "star-micronics": re.compile(r"TSP ?\d{3}\w*|SP ?\d{3}\w*|(?:.* )?(?:PRINTER|RECEIPT)"),
    "hision": re.compile(r"MA ?\d{4,5}\w*|DS-2\w+"),
    "haas": re.compile(r"URALKALI|УРАЛКАЛИ[ЙИ]|(?:.* )?MAZEPIN(?: .*)?|MONEYGRAM"),
    "hgtech": re.compile(r"PTC.*|.*\b(?:Q?SFP|NTC)\w*"),
    "emag": re.compile(r"EMMI.*|(?:.* )?(?:ULTRASONIC|KBK|CRANES?|DC-COM|LIFT|KONECRANES)(?: .*)?"),
}


def is_of_other_goods(id: str, readings: Sequence[Reading]) -> bool:
    """Whether a text of the machine is a code or a word of goods that bear this entry's name."""
    goods = _GOODS.get(id)
    return goods is not None and any(goods.fullmatch(r.text.upper().strip()) for r in readings)
