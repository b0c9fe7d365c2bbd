"""Lines of screens, stamps of cameras, numbers of places in a hall, slogans, prices, cans, plans of
upkeep and programs: beside a builder's name they show that it stands on no machine."""

from __future__ import annotations

import re

from datasets.letters import letters

_SCREEN = re.compile(
    r"(?:.*\D)?\d{1,2}:\d{2}(?::\d{2})?(?:\D.*)?"  # a clock
    r"|(?:640 ?[X×*] ?480|800 ?[X×*] ?600|960 ?[X×*] ?540|1024 ?[X×*] ?768|1366 ?[X×*] ?768"
    r"|1280 ?[X×*] ?(?:720|800|960|1024)|1440 ?[X×*] ?900|1600 ?[X×*] ?(?:900|1200)"
    r"|1920 ?[X×*] ?(?:1080|1200)|2560 ?[X×*] ?1440|3840 ?[X×*] ?2160)(?: ?PX)?"
    r"|(?:480|720|1080|1440|2160)[PI]"  # sizes of pictures
    r"|\S+\.(?:STP|STEP|STL|IGS|IGES|DXF|DWG|PDF|JPE?G|PNG|MP4|AVI|MOV|DOCX?|XLSX?|TXT|TAP|MPF)"
    r"|[\d一二三四五六七八九十]{1,3}号机?|(?:.*\s)?[+-]\d+\.\d+ ?%"
)
_MONEY = "USD|EUR|RUB|INR|CNY|RMB|TRY|[¥￥$€₽₹₺]"
_PAPERS = re.compile(
    rf"(?:ОТ |ЦЕНА:? |PRICE:? )?(?:(?:{_MONEY}) ?\d[\d., ]*"
    rf"|\d[\d., ]*(?:{_MONEY}|TL\b|РУБ|ТЫС|МЛН|万?元).*)"
    r"|RS\.? ?\d[\d,]*,\d{3}|\d{1,3} ?(?:ЕД\.?|NOS\.?|ADET|台|套)"  # prices, numbers of pieces
    r"|(?:1|4|5|10|18|20|60|200|205|208|216) ?(?:L|LTR|LIT(?:RE|ER)S?|Л|升)"  # cans
    r"|[5-7]S|(?:OEE|KPI)\b.*|(?:ТО|ТР|ППР)[ -]?\d.*|TO-\d|(?:ОП|УП)\.? ?\d+"  # boards, upkeep
    r"|(?:МЕСТО|CASE|BOX)? ?\d{1,2} (?:OF|ИЗ) \d{1,2}"
    r"|(?:[GN]\. ?W\b.*\d ?KGS|G\. ?W\b.*|MAX\.? GROSS.*)"  # crates, containers
    r"|T[01]\d[01]\d|(?:(?:[GMNSTF]\d+(?:\.\d*)?|[XYZ]-?\d+\.\d*)(?:\s+|$)){2,}|[XYZ] -?\d+\.\d+"
)
"""Of price lists, cans, boards, plans, crates; and lines of a program, N10 G54 X12.5."""
_SLOGANS = frozenset(
    map(
        letters,
        [
            *("品质至上", "质量第一", "质量至上", "安全第一", "顾客至上", "用户至上", "世界品牌"),
            *("智能制造", "智能工厂", "高新技术企业", "SMART FACTORY", "SMART FACTORIES"),
        ],
    )
)


def is_of_screen(text: str) -> bool:
    """Whether a line is a clock's, the size of a picture, a file, a number in a hall, a share's, or
    of a price list, a can, a plan, a crate, a program.

    Example:
        >>> [is_of_screen(text) for text in ("24/05/2024 12:30", "1280 X 720", "3号", "1250")]
        [True, True, True, False]
        >>> [is_of_screen(text) for text in ("45 000 USD", "ТО-2", "N10 G54", "2800 KG", "G54")]
        [True, True, True, False, False]
    """
    said = text.upper().strip()
    return bool(_SCREEN.fullmatch(said) or _PAPERS.fullmatch(said))


def is_slogan(text: str) -> bool:
    """Whether a line is a slogan and nothing else, as works have them on their walls.

    Example:
        >>> is_slogan("品质至上"), is_slogan("沈阳机床")
        (True, False)
    """
    return letters(text) in _SLOGANS
