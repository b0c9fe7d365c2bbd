"""What builders make besides machine tools, or others under the same name, by its codes and words:
STAR MICRONICS over TSP100 is a printer's, HERMLE over Z 206 a centrifuge's, DOOSAN over D30S-5 a
fork lift's."""

from __future__ import annotations

import re
from collections.abc import Sequence

from detector.types import Reading

_GOODS = {
    "star-micronics": re.compile(r"TSP ?\d{3}\w*|SP ?\d{3}\w*|(?:.* )?(?:PRINTER|RECEIPT)"),
    "hision": re.compile(r"MA ?\d{4,5}\w*|DS-2\w+"),
    "haas": re.compile(r"URALKALI|УРАЛКАЛИ[ЙИ]|(?:.* )?MAZEPIN(?: .*)?|MONEYGRAM"),
    "hgtech": re.compile(r"PTC.*|.*\b(?:Q?SFP|NTC)\w*"),
    "hermle": re.compile(r"Z ?\d{3} ?[AHKM]{1,2}|(?:.* )?(?:\w*[CZ]ENTRIFUGE|UHRWERK)(?: .*)?"),
    "weiler": re.compile(r"(?:.* )?(?:CRESCO|ABRASIVES|TIGER PAW|WIRE (?:WHEEL|BRUSH))(?: .*)?"),
    "milltronics": re.compile(r"(?:HYDRO|MULTI|MINI|AI|OCM )RANGER.*|BELT SCALE|THE PROBE"),
    "monforts": re.compile(r"MONTEX.*|STENTER"),
    "studer": re.compile(r"A ?80 MK.*|A ?8[0-2]\d|XTENDER.*|VARIO(?:TRACK|STRING).*"),
    "pfauter": re.compile(r"HBW ?\d+\w*|MARINE GEARBOX"),
    "matec": re.compile(r"FILTER ?PRESS(?!UR).*"),
    "goodway": re.compile(r"TUBE CLEANER|(?:RAM|AWT)-\d\w*"),
    "omax": re.compile(r"(?:.* )?MICROSCOPE|\d+X-\d+X"),
    "emco": re.compile(r"DC-DC CONVERTER|DURASCAN.*"),
    "safandarley": re.compile(r"FIRE PUMP"),
    "manurhin": re.compile(r"MR ?(?:73|88|93|96)"),
    "trumpf": re.compile(r"TRU(?:DISK|DIODE|FIBER|MICRO|PLASMA).*"),
    "dn-solutions": re.compile(
        r"D[XL] ?\d{2,3}(?:LC|W|R)?(?:-\w+)?|SOLAR ?\d{2,3}.*|D\d{2,3}S(?:-\d)?|G\d{2,3}[EPS]-\d"
        r"|B\d{2}[TXR](?:-\d)?|\d{2}D-\d\w?|(?:.* )?EXCAVATOR"
    ),
    "ace-designers": re.compile(r"(?:MA|MC|SC) ?\d{2,4}\w*|AC-\d{3,4}"),
    "dmg": re.compile(r"CELLCUBE.*"),
    "gleason": re.compile(r"CABLE REEL"),
    "schaublin": re.compile(r"ROD ENDS?"),
    "emag": re.compile(r"EMMI.*|(?:.* )?(?:ULTRASONIC|KBK|CRANES?|DC-COM|LIFT|KONECRANES)(?: .*)?"),
}


def is_of_other_goods(id: str, readings: Sequence[Reading]) -> bool:
    """Whether a text of the machine is a code or a word of goods that bear this entry's name."""
    goods = _GOODS.get(id)
    return goods is not None and any(goods.fullmatch(r.text.upper().strip()) for r in readings)
