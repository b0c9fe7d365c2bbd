"""Codes that stand beside a mark and are no machine's: G54 is a program's, T0101 a tool's, BX-110C
a reducer's, 40CR a steel's, W1-A101 a stand's at a fair.

Such codes are without number, as the words of stickers are. So a claim that is graver than a miss
lets pass only the builder's own, and those whose form is that of machine tools everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from datasets.letters import letters, script_of, words

_MACHINES = re.compile(
    # GB/T 15375: the class of machine, its properties, group and type, main size: CK6140, Z3050.
    r"\d?(?:T(?!0)|[CZTMYXB][A-Z]{1,3}|[CZMYXBG]|[DSQ][A-Z]{1,3})\d{4,6}[A-Z]{0,3}\d{0,3}"
    r"|X[HKQ][A-Z]?\d{3}[A-Z]?|X[56]\d[A-Z]|Z[35]\d\d|B6\d\d|C6\d\d[A-Z]?|L6\d{3}|T(?:[PKXH]{1,3}|CK)\d{2,4}[A-Z]?"
    # JB/T 9965 for presses, shears and brakes: WC67Y-100/3200, QC12Y-6X3200, JH21-110.
    r"|W[A-Z]{0,2}6[78][A-Z]{0,2}\w*|QC?1[12][YK]\w*|J[A-Z]{1,2}[2-7]\d\w*|Y[A-Z]{0,2}[2-9]\d\w*"
    # Laser cutters by their sheet (but HK's FS, which HGLASER is a misreading's), brakes.
    r"|(?!FS)[A-Z]{1,4}(?:1530|3015|4020|6020|6025|1325)[A-Z]{0,3}|P(?:B[A-Z]?|R)\d{2,3}\w*"
    # What centres and lathes are called by builders everywhere.
    r"|(?:CNC|VMC|HMC|BMC|GMC|DMC|MCV|MVC|VTL|VTC|VDL|EDM)[A-Z]{0,2}\d{2,4}[A-Z]{0,4}\d{0,2}"
)
_SHARES = re.compile(r"(?:00[0-3]|30[01]|60[0135]|68[89])\d{3}")
"""Numbers of shares at Shenzhen and Shanghai, as a screen shows them beside a firm's name."""
_FIGURE = re.compile(
    r"\d[\d.,]*(?:[/X×*~-]\d[\d.,]*)*[/X×*~-]?(?:V|VAC|VDC|A|HZ|KW|W|KVA|KG|T|MM|CM|M|RPM|PH|KN|N|L|BAR|MPA|HP|H|°C?)?"
    r"(?:/MIN)?"
)
"""A row's figure with its unit: 380V, 50/60HZ, 1000X500MM. No run of figures may be parted in more
than one way: of a long one with a letter behind it all would be tried."""
_PARTS = 3
"""Letters at most that figures follow as one code: VMC 850, SV 18."""
_LABELS = frozenset(["NO", "NR", "SN", "MAX", "MIN", "CE", "ISO", "GB", "JB", "EN", "DIN", "IEC"])
"""What stands before figures and makes no code of them."""
_NUMBER = re.compile(r"(?:NO|NR|S/?N)\W*\d[\d.-]{4,}")
"""A maker's own number, in one with what says so: NO.190523-12."""
_PLACE = re.compile(r"[XYZUVWIJKR]-?\d*\.\d*")
"""A place or a way in a program: X0. Z-5."""
_OWNERS = re.compile(
    r"(?:(?:编|机)号|设备(?:编号)?|NO\b\.?|№)\W*[A-Z]?\d{1,4}(?:-\d{1,3})?", re.IGNORECASE
)
"""Few figures: a maker's own numbers have more."""


def has_stray_code(text: str, own: Iterable[str], mark: str = "") -> bool:
    """Whether a text holds a code that is no machine's by its form and none of the builder's own.

    Args:
        own: the builder's marks and codes: of a code its letters before the first figure say
            enough, if they are two.
        mark: letters of a mark; words of which it is a part, or that are a part of it, are none.

    Example:
        >>> [has_stray_code(text, ["HTC2050"]) for text in ("HTC3280", "CK6140 380V", "BX-110C")]
        [False, False, True]
    """
    codes = [code for code in _codes(text) if not (mark and (mark in code or code in mark))]
    known = _families(own) if codes else ()
    return any(not (_MACHINES.fullmatch(code) or code.startswith(known)) for code in codes)


def is_owners_number(text: str) -> bool:
    """Whether a line is nothing but a number by which an owner counts his machines, or a maker.

    Example:
        >>> [is_owners_number(text) for text in ("编号 12-034", "NO. 034", "出厂编号 123")]
        [True, True, False]
    """
    return bool(_OWNERS.fullmatch(text.strip()))


def _codes(text: str) -> list[str]:
    """The codes of a text, in letters; numbers of shares are taken for such. What has one figure is
    as likely noise."""
    found: list[str] = []
    before = ""
    for token in text.upper().split():
        code = "".join(part for part in words(token) if script_of(part[0]) != "han")
        figures = sum(map(str.isdigit, token))  # З is no figure, though it is folded to one
        said = _FIGURE.fullmatch(token) or _NUMBER.fullmatch(token)
        mixed = figures > 1 and any(map(str.isalpha, code)) and not said
        mixed = mixed or bool(_PLACE.fullmatch(token))
        if mixed or _SHARES.fullmatch(token) or (figures and before and code.isdigit()):
            found.append(before + code)
        alone = not figures and 0 < len(code) <= _PARTS and code not in _LABELS
        before = code if alone else ""
    return found


def _families(own: Iterable[str]) -> tuple[str, ...]:
    """How the codes of a builder begin. A letter by itself, the G of G.WEIKE, begins anybody's."""
    known: set[str] = set()
    for text in own:
        for word in (letters(text), *words(text)):
            head = re.split(r"\d", word)[0]
            known.add(head if len(head) > 1 else word)
    return tuple(one for one in known if len(one) > 1)
