"""Codes that stand beside a mark and are no machine's: G54 is a program's, T0101 a tool's, BX-110C
a reducer's, 40CR a steel's, W1-A101 a stand's at a fair.

Such codes are without number, as the words of stickers are. So a claim that is graver than a miss
lets pass only the builder's own, those in the form of machine tools everywhere, and beside a mark
those in the form of models, but for what is known of parts, steels and shares.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from datasets.letters import letters, script_of, words
from detector.claims.part_codes import is_part_code
from detector.claims.whole_lines import without_rules

_MACHINES = re.compile(
    # GB/T 15375: the class of machine, its properties, group and type, main size: CK6140, Z3050.
    r"\d?(?:C[ADHJKQSWXY]?[ABDEJKLMSXZ]?[1-9]|M[ABEGKMSW]?[KSW]?[1-9]|Z[HKQX]?[KX]?[3-8]"
    r"|X[AHKQSWX]?[ADKV]?[1-9]|Y[HKMSWXZ]?[KZ]?[3-9]|T[HKPX]{1,2}X?[2-9]|B[CHKQY]?[1-6]\d|G[BDHZ]?[457]\d"
    r"|DK7|L6|S[KZ]?[3-5])\d{2,4}[A-Z]{0,3}\d{0,3}"
    r"|[1-9]?(?:C[5-7]|M[1-8]|X[5-6]|Z[3-5]|Y[357]|B[1-6]|T[268])\d{2,3}[A-Z]{0,2}\d{0,3}|X[56]\d[A-Z]"
    # JB/T 9965 for presses, shears and brakes: WC67Y-100/3200, QC12Y-6X3200, JH21-110, J39-800.
    r"|W[A-Z]{0,2}6[78][A-Z]{0,2}\w*|QC?1[12][A-Z]?\d\w*|QC?1[12][YK]|J[A-HX-Z]?[2-7]\d\w*"
    r"|Y[HJTWX]?[2-9]\d\d{2,3}[A-Z]?"
    # Laser cutters by their sheet (but HK's FS, which HGLASER is a misreading's), brakes.
    r"|(?!FS)[A-Z]{1,4}(?:1530|3015|4020|6020|6025|1325)[A-Z]{0,3}|P(?:B[A-Z]?|R)\d{2,3}\w*"
    # What centres and lathes are called by builders everywhere.
    r"|(?:CNC|VMC|HMC|BMC|GMC|DMC|MCV|MVC|VTL|VTC|VDL|EDM)[A-Z]{0,2}\d{3,4}[A-Z]{0,4}\d{0,2}"
)
_MODELS = re.compile(r"[A-Z]{2,4}\d{3,5}[A-Z]{0,3}\d{0,2}")
"""What models of machines are called that no list has: TC500, ETC3650H, GTC60160."""
_NO_MODELS = re.compile(
    r"FS3015|(?:QT|ZG|HT|GCR|CR20|CPU|TP|SM|BXR?|RV|CBF?|H?AK3|KL|F[CKW]|LSF|RFL|YAG|CW[3-6]0|JD\d+S|JBK|JCB|CJX?|DZ|NB|NX"
    r"|LC|YE|YVF|YX3|XM|DTB|ABP|ACK|SH60|SZ0|SZ3|BT|ER|HSK|SP|TK[1-5]|TL|SC)[A-Z]{0,2}\d.*"
)
"""What parts, steels and shares are called in that form."""
_SHARES = re.compile(r"(?:S[HZ])?(?:00[0-3]|30[01]|60[0135]|68[89])\d{3}")
"""Numbers of shares at Shenzhen and Shanghai, as a screen shows them beside a firm's name."""
_FIGURE = re.compile(
    r"(?:AC|DC)?\d[\d.,]*(?:[/X×*~-]\d[\d.,]*)*[/X×*~-]?(?:V|VAC|VDC|A|HZ|KW|W|KVA|KG|T|MM|CM|M|RPM|PH|KN|N|L|BAR|MPA|HP|H|°C?)?"
    r"(?:/MIN)?"
)
"""A row's figure with its unit: 380V, 50/60HZ, 1000X500MM. No run of figures may be parted in more
than one way: of a long one with a letter behind it all would be tried."""
_PARTS = 3
"""Letters at most that figures follow as one code: VMC 850, SV 18."""
_LABELS = frozenset(
    ["NO", "NR", "SN", "MAX", "MIN", "CE", "ISO", "GB", "GBT", "JB", "JBT", "EN", "DIN", "IEC"]
)
"""What stands before figures and makes no code of them."""
_NEUTRAL = re.compile(r"I[PK]\d\d|(?:ISO|GB/?T?|JB/?T?|EN|IEC|DIN|Q/)[\w./-]*\d|\d+V\d[N~]?\d+HZ")
"""What stands on any machine: kinds of protection, standards."""
_NUMBER = re.compile(r"(?:NO|NR|S/?N)\W*\d[\d.-]{4,}")
"""A maker's own number, in one with what says so: NO.190523-12."""
_SHORT = re.compile(r"[GMSNFXYZHRWE]\d|(?:MT|NT|BT|YT|YG|VG)\d|LD4B?|[NEW]\d[A-H]")
"""With one figure, which noise has as well: what programs, tapers, tools and halls are called."""
_PLACE = re.compile(r"(?<!\w)[XYZUVWIJKR] ?[:=+]? ?-?(?:\d+[.,]\d*|\.\d)(?!\w)")
"""A place or a way in a program: X0. Z -5.2."""
_OWNERS = re.compile(
    r"(?:(?:机床|设备|资产)?(?:编|机)号|设备|NO\b\.?|№)\W*[A-Z]?\d{1,4}(?:-\d{1,3})?|\d{1,3}(?:号|#)|#\d{1,3}"
    r"|(?:数控|加工|中心|[车铣磨镗钻]床|CNC|VMC)+\W*\d{1,2}\W*号?",
    re.IGNORECASE,
)
"""Few figures: a maker's own numbers have more."""
_LENGTH = re.compile(r"([A-Z]+\d{4,}[A-Z]{0,3})[X×*/]\d{3,5}(?:MM)?")
"""A machine's code with the longest workpiece behind it: CW61125E×3000, CK61100/5000."""
_FIGURES = str.maketrans("OIL", "011")


def has_stray_code(text: str, own: Iterable[str], mark: str = "") -> bool:
    """Whether a text holds a code that is no machine's by its form and none of the builder's own.

    Args:
        own: the builder's marks and codes: of a code its letters before the first figure say
            enough, if they are two.
        mark: letters of the mark that it stands beside, which is cut out. Without one, as on a
            plate whose maker no list has, a model's form alone does not do.

    Example:
        >>> [has_stray_code(text, ["HTC2050"]) for text in ("HTC3280", "CK6140 380V", "BX-110C")]
        [False, False, True]
        >>> has_stray_code("TC500", []), has_stray_code("TC500", [], "SMTCL")
        (True, False)
        >>> has_stray_code("CW61125E×3000", []), has_stray_code("SFU2505×1000", [])
        (False, True)
    """
    codes = _codes(text, mark)
    known = _families(own) if codes else ()
    return bool(_PLACE.search(text.upper())) or any(
        not _is_machines(code, known, marked=bool(mark)) for code in codes
    )


def _is_machines(code: str, known: tuple[str, ...], *, marked: bool) -> bool:
    if is_part_code(code):
        return False
    named = marked and _MODELS.fullmatch(code) and not _NO_MODELS.fullmatch(code)
    return bool(named or _MACHINES.fullmatch(code)) or code.startswith(known)


def has_code(text: str) -> bool:
    """Whether a text holds any code, be it a machine's."""
    return bool(_codes(text, ""))


def is_owners_number(text: str) -> bool:
    """Whether a line is nothing but a number by which an owner counts his machines, or a maker.

    Example:
        >>> [is_owners_number(text) for text in ("编号 12-034", "NO. 034", "出厂编号 123")]
        [True, True, False]
    """
    return bool(_OWNERS.fullmatch(text.strip()))


def _codes(text: str, mark: str) -> list[str]:
    """The codes of a text without the mark, in letters; numbers of shares are taken for such. What
    has one figure is as likely noise, but for `_SHORT`."""
    found: list[str] = []
    before = ""
    for token in without_rules(text.upper()).split():
        sized = _LENGTH.fullmatch(token)
        if sized and _MACHINES.fullmatch(sized[1]):
            token = sized[1]
        code = "".join(part for part in words(token) if script_of(part[0]) != "han")
        if mark and mark in code:
            token = code = code.replace(mark, "", 1)
        elif mark and code and code in mark:
            code = ""
        # З is no figure, though it is folded to one; O between figures is.
        figures = sum(
            c.isdigit() for c in re.sub(r"[OIL]+(?=\d)|(?<=\d)[OIL]+", _as_figures, token)
        )
        figures *= any(map(str.isdigit, token))
        said = any(form.fullmatch(token) for form in (_FIGURE, _NUMBER, _NEUTRAL))
        mixed = figures > 1 and any(map(str.isalpha, code)) and not said
        mixed = mixed or bool(_SHORT.fullmatch(code))
        if mixed or _SHARES.fullmatch(code) or (figures and before and code.isdigit()):
            found.append(before + code)
        alone = not figures and 0 < len(code) <= _PARTS and code not in _LABELS
        before = code if alone else ""
    return found


def _as_figures(found: re.Match[str]) -> str:
    return found[0].translate(_FIGURES)


def _families(own: Iterable[str]) -> tuple[str, ...]:
    """How the codes of a builder begin. A letter by itself, the G of G.WEIKE, or figures, the 800
    of VDL-800, begin anybody's."""
    known: set[str] = set()
    for text in own:
        for word in (letters(text), *words(text)):
            head = re.split(r"\d", word)[0]
            known.add(head if len(head) > 1 else word)
    return tuple(one for one in known if len(one) > 1 and not one.isdigit())
