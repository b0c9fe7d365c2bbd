"""What dealers put on their stickers, and makers now and then: how to reach them."""

from __future__ import annotations

import re

_CONTACT = re.compile(
    r"\b(TEL|ТЕЛ|PHONE|MOB|MOBILE|FAX|HOTLINE|WHATSAPP|WECHAT)(?![^\W\d_])"
    r"|\bQQ\b|WWW|HTTP|@|\.(COM|CN|RU|NET)\b|电话|電話|手机|手機|微信|传真|网址",
    re.IGNORECASE,
)
_TELEPHONE = re.compile(
    r"\+ ?\d(?:[ ().-]*\d){9,13}"
    r"|(?<![\w.])(?:"
    # Russian, with a city's code of three to five figures; then Chinese: a mobile's, a town's.
    r"[78][ -]?\(\d{3,5}\)(?:[ -]?\d){5,7}|[78][ -]\d{3}[ -]\d{3}[ -]?\d\d[ -]?\d\d"
    r"|[78][3-9]\d{9}|\d{3}-\d\d-\d\d"
    r"|1[3-9]\d[ .-]?\d{4}[ .-]?\d{4}|[0O]\d{2,3}[) -]{1,2}(?:\d{7,8}|\d{3,4} \d{4})"
    r"|[48]00[ -]?(?:\d{3}[ -]?\d{4}|\d{4}[ -]?\d{3})"
    # With the country's code, as one writes it who has no + at hand; a city's in brackets.
    r"|\(?(?:00)?86\)?[ -]?\d{2,4}[ -]?\d{4}[ -]?\d{3,4}|\(\d{3,5}\) ?\d{2,4}(?:[ -]?\d\d){2}\d?"
    r")(?!\w)"
)
"""The number itself, as it stands where nothing says that it is one."""


def is_contact(text: str) -> bool:
    """Whether a text says how to reach somebody.

    Example:
        >>> [is_contact(text) for text in ("TEL 123", "+7 495 123-45-67", "VMC 850")]
        [True, True, False]
    """
    return bool(_CONTACT.search(text) or _TELEPHONE.search(text))
