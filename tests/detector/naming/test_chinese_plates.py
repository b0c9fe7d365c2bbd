"""What stands on a Chinese builder's own badge and plate takes no name away; another's line does.

Names in two scripts, kinds of machines, labels, sizes, a control over two lines: made up.

Notation as of `stickers.views`.
"""

from __future__ import annotations

import pytest

from datasets.registry import load_registry
from detector.matching.match import Matcher, matcher_of
from detector.naming.attribute import Attributor
from detector.settings import Attributing
from tests.detector.stickers import claims, views

HIS = """
SMTCL|型号 CAK6150|smtcl
SMTCL|数控车床 CAK6150|smtcl
SMTCL|CAK6150 1000 MM|smtcl
SMTCL|CNC LATHE CAK6150DI|smtcl
"""
NOT_HIS = """
SMTCL|适用型号 CAK6150
SMTCL|JAWS FOR CAK6150
SMTCL|SOFT JAW CAK6150
SMTCL|卡爪 CAK6150
沈阳机床|切削液 CAK6150
SMTCL|РУКОВОДСТВО CAK6150
大连机床|FIGURE CKE6150
大连机床|适用于 CKE6150
"""


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return matcher_of(load_registry())


@pytest.fixture(scope="module")
def attributor(matcher: Matcher) -> Attributor:
    return Attributor(matcher, load_registry(), Attributing())


@pytest.mark.parametrize("row", HIS.strip().splitlines())
def test_what_is_his_takes_no_name_away(attributor: Attributor, row: str) -> None:
    text, _, builder = row.rpartition("|")
    assert claims(attributor.attribute(views(text, 2))) == (builder, "CN")


@pytest.mark.parametrize("text", NOT_HIS.strip().splitlines())
def test_what_is_anothers_claims_no_machine_of_china(attributor: Attributor, text: str) -> None:
    assert claims(attributor.attribute(views(text, 2)))[1] != "CN"
