"""Cyrillic, which the recogniser's own alphabet lacks: a second head on what its network sees.

PP-OCRv6's recogniser gives a Latin or Han letter for each step of a line. Of a line in Cyrillic it
says next to nothing, but its last layers do see Ж apart from X. A small network, trained on drawn
lines, reads that in an alphabet of shapes. Shapes are Latin letters,
figures, and the Cyrillic letters that look like neither. С and C are one shape, as in
`datasets.letters.fold`. It is believed only if a whole word can be Cyrillic, so that marks in Latin
are read as before.

    cyrillic_model/head.xml, head.bin   float32 (1, steps, 504) to chances (1, steps, shapes + 1)
    cyrillic_model/head.json            hashes of these and of the recogniser it belongs to, and
                                        what was measured
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.errors import ModelError
from detector.inference import PROCESSOR, Engine, core, open_session
from detector.model_card import read_shipped

PACKAGED = Path(__file__).parents[1] / "cyrillic_model"
OWN = "БГДЖИЛПФЦЧШЩЪЫЬЭЮЯ"
"""Cyrillic letters drawn like no Latin one and no figure; Й and Ї are folded to И and I."""
HAN = "□"
"""Stands for any Han character: read as one, so that none is taken for a letter."""
SHAPES = f" ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789{OWN}-./№&{HAN}"
"""The head's alphabet, in the order of its answers from the second on; the first is none. № is
never among them: the fold makes NO of it."""
_ANSWERS = ("", *SHAPES)
LEAST_LETTERS = 4
"""A shorter line is a scratch or a misread Latin one as often as it is Cyrillic."""
CLOSE = 0.05
"""How much surer the recogniser may be of its own reading. Of 653 lines on photographs of `val`,
none in Cyrillic, four count as Cyrillic with and without it. Of 1,193 drawn ones 29 more do."""
_TWINS = str.maketrans("ABCEHIKMOPTXY", "АВСЕНІКМОРТХУ")
_LATIN = frozenset("DFGJLNQRSUVWZ")
_OWN = frozenset(OWN)
_WORD = re.compile(r"[^\W_]+")


def decode(chances: NDArray[np.float32], letters: Sequence[str]) -> tuple[str, float]:
    """The likeliest letter of each step, without repeats and nones, and how sure it is.

    chances: (steps, letters), 0..1. letters: what the answers stand for; the first is none.
    Returns the text, and the mean of its letters' chances; 0 if there are none.
    """
    likeliest = chances.argmax(axis=1)
    before = np.concatenate(([0], likeliest[:-1]))
    starts = (likeliest != 0) & (likeliest != before)
    if not starts.any():
        return "", 0.0
    chosen = likeliest[starts]
    return "".join(letters[letter] for letter in chosen), float(chances[starts, chosen].mean())


class CyrillicHead:
    """Reads lines from what the recogniser's network sees.

    recogniser: SHA-256 of the recogniser's file. engine: what it computes on. folder: where the
    head lies; the one that ships by default.
    Raises ModelError: the head is missing or damaged, or belongs to another recogniser.
    """

    def __init__(
        self, recogniser: str, engine: Engine = PROCESSOR, folder: Path = PACKAGED
    ) -> None:
        card, digest = read_shipped(folder, "head", "the head for Cyrillic")
        if card.get("recogniser") != recogniser:
            raise ModelError(
                f"{folder}: it belongs to another recogniser than the installed rapidocr has; "
                "install the version in constraints.txt"
            )
        self._session = open_session(digest, lambda: core().read_model(folder / "head.xml"), engine)

    def read(self, seen: NDArray[np.float32]) -> tuple[str, float]:
        """The shapes of a line, and how sure it is of them, 0..1; 0 where there are none.

        seen: (steps, 504), what `detector.read.line_reader.LineReader` saw.
        """
        return decode(self._session.infer(seen[None])[0][0], _ANSWERS)


def is_cyrillic(shapes: str) -> bool:
    """True if a line read in shapes is in Cyrillic, and no Latin one misread.

    Its words with letters of Cyrillic's own hold no letter of Latin's own. Together they have at
    least `LEAST_LETTERS` letters and figures.

    >>> is_cyrillic("CTAHKИ"), is_cyrillic("TAKISЛWA"), is_cyrillic("Ш")
    (True, False, False)
    """
    if HAN in shapes:
        return False
    own = [word for word in _WORD.findall(shapes) if _OWN.intersection(word)]
    return sum(map(len, own)) >= LEAST_LETTERS and not any(map(_LATIN.intersection, own))


def is_believed(shapes: str, sure: float, text: str, text_sure: float) -> bool:
    """True if a line is what the head reads rather than what the recogniser does.

    shapes, sure: of the head. text, text_sure: of the recogniser, which reads most lines in
    Cyrillic as a sure space.
    """
    beaten = text_sure - CLOSE if any(map(str.isalnum, text)) else 0.0
    return sure >= beaten and is_cyrillic(shapes)


def spell(shapes: str) -> str:
    """A line in Cyrillic as it is written: words with letters of Cyrillic's own wholly in it.

    The other words stay in Latin letters: a word of twins may be СТАНОК, or the EMCO beside it.

    >>> spell("3AПЧACTИ CNC 16K20Ф3")
    'ЗАПЧАСТИ CNC 16К20Ф3'
    """
    return _WORD.sub(lambda word: _spell_word(word.group()), shapes)


def _spell_word(word: str) -> str:
    if not _OWN.intersection(word):
        return word
    figures = sum(map(str.isdigit, word))
    if figures == word.count("3") < len(word):
        word = word.replace("3", "З")
    return word.translate(_TWINS)
