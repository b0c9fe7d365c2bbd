"""Whether a mark stands as a badge does: with a model code beside it, or twice on one machine.

A short or ordinary mark (BFW, OKK, CHEVALIER) may be any text. On the labelled photographs 40
such marks were read exactly and as a whole line; the only wrong one was a text that two
builders share. What a poster, a plant's label or a caption lacks is what a builder puts beside
his name: the model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from datasets.letters import letters, words
from detector.boxes import line_height
from detector.matching.vocabulary import LATIN_WORDS
from detector.read.reader import overlap_of_smaller
from detector.types import Box, Reading

# A model code: letters, then figures (BMV 50 TC24, FSG-1224ADIII, VM4), no word of the trade.
_CODE = re.compile(r"^[A-Z]{1,5}\d[A-Z\d]+$")
# Labels whose first or last letter the edge of a box cuts off now and then: ANGER, TOP, and HACO
# of НАСОС, a pump.
_LABELS = ("DANGER", "STOP", "AKIRA", letters("НАСОС"))
_CUT_LABELS = frozenset(part for word in _LABELS for part in (word[1:], word[:-1]))
# Also on things of other trades, beside a model code as well: fork lifts, excavators and cranes
# (KOMATSU FG25), compressors, drives, valves, chucks, cutters, printers (BROTHER PT-P750W),
# balances, meters, heat guns, robots.
_OTHER_TRADES = frozenset(
    [
        *("AKIRA", "ALMAC", "AVIA", "BARBERCOLMAN", "BEHRINGER", "BRETON"),
        *("BROTHER", "BUFFALO", "BULLARD", "BUTLER", "CITIZEN", "COMAU"),
        *("COSMOS", "CSEPEL", "DAEWOO", "DIXI", "DMG", "ELECTRONICA", "EMAG", "ERGOMAT", "EXTRON"),
        *("FALCON", "FAT", "FELLOWS", "FIDIA", "FPT", "FRYER", "FUJI", "GEHRING"),
        *("HANDTMANN", "HANKOOK", "HANWHA", "HAUSER", "HELLER", "HMT", "HONOR"),
        *("HOWA", "HYDROMAT", "HYUNDAI", "INDEX", "INGERSOLL", "JTEKT", "JUNG", "JUNKER"),
        *("KERN", "KIWA", "KOMATSU", "LANDIS", "LIEBHERR", "MCM", "MESSER"),
        *("MICROSTEP", "MIKRON", "MILACRON", "MITSUBISHIHEAVYINDUSTRIES", "MITSUI", "MONARCH"),
        *("MOORE", "MULTICAM", "MURATA", "NACHI", "NACHIFUJIKOSHI", "NAGEL", "NCT"),
        *("OMV", "OPTIMUM", "PAMA", "PEDDINGHAUS", "PFIFFNER", "PINNACLE", "PONAR"),
        *("RESATO", "SAACKE", "SAMSUNGTECHWIN", "SAUER", "SEIBU", "SIGMA"),
        *("SIP", "SKODA", "SMT", "STAR", "STEINEL", "TOS", "TOSHIBA", "TTL", "VICTOR"),
        *("VIPER", "WALTER", "WOHLENBERG"),
    ]
)
OWNERS = frozenset({"RU"})
"""Where plants that build machines are filmed: their initials are on whatever they own, on its
inventory number too (СМЗ, КЭМЗ), so that no weak mark of theirs is a badge."""

# Words of panels, drawings, pipes, in Turkish of safety signs and in German of trainees, twice on
# many a machine: FLOW.
_ON_PANELS = frozenset({"FLOW", "JOBS", "ACE", "UNION", "DURMA", "PRAKTIKANT"})
# Tags of panels, pipes and welders that read like codes: IP54, M30, T12, DN25, BT40, USB 3.0.
_TAGS = re.compile(
    r"^(?:Q\d+T|[MGTSHFN]\d{2,3}|(?:CE|IP|DN|PN|PT|RS|FS|BT|SK|HSK|VDI|ER|CAT|NT|USB|DP|API|FIG|CL|MIG|TIG)"
    r"\d+[A-Z]?)$"
)
# How far off the model may stand, in heights of the higher of the two lines; of what runs down a
# machine that is its width.
_BESIDE = 3.0
# Boxes of two lines touch; those of one line, found twice, lie upon each other.
_APART = 0.5
_LONG = 5
# Surer than this of the code's letters: a panel's edge is read as a code now and then.
_SURE = 0.8


def stands_as_badge(mark: Reading, text: str, readings: Sequence[Reading]) -> bool:
    """Whether in the mark's own frame it stands beside a model code or a second time.

    Args:
        mark: a reading that is one mark, exactly and whole.
        text: the mark as the registry has it.
        readings: all of the machine, those of the broadcast excepted.
    """
    if letters(mark.text) in _CUT_LABELS or letters(text) in _OTHER_TRADES:
        return False
    twice = letters(text) not in _ON_PANELS
    beside = [r for r in readings if r.pts == mark.pts and r.mirrored == mark.mirrored]
    return any(
        overlap_of_smaller(r.box, mark.box) < _APART
        and ((twice and r.text == mark.text) or (is_model_code(r.text) and _near(r.box, mark.box)))
        and r.score >= _SURE
        for r in beside
    )


def is_model_code(text: str) -> bool:
    """Whether a text reads like a model code: letters and at least two figures or letters more.

    Example:
        >>> [is_model_code(text) for text in ("BVL 800H", "VTL-1", "MACHINE-03", "IP54")]
        [True, False, False, False]
    """
    said = words(text)
    joined = "".join(said)
    if LATIN_WORDS.intersection(said) or is_tag(text):
        return False
    return bool(_CODE.match(joined)) and sum(c.isdigit() for c in text) >= 2


def bears_out(code: str) -> bool:
    """Whether a code of a builder's own, by its folded letters, bears out a mark of his that is
    other things' too: one of six letters and figures, or of five with two letters (T-V856)."""
    return len(code) > _LONG or (len(code) == _LONG and sum(map(str.isalpha, code)) > 1)


def is_tag(text: str) -> bool:
    """Whether a text is one of panels, pipes and cables, that reads like a code: IP54, G27."""
    return bool(_TAGS.match(letters(text)))


def _near(a: Box, b: Box) -> bool:
    height = max(line_height(a), line_height(b))
    across = max(a[0], b[0]) - min(a[2], b[2])
    down = max(a[1], b[1]) - min(a[3], b[3])
    return max(across, down) <= _BESIDE * height
