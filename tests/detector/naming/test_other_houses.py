"""Other houses of a builder's name, their goods, and places and words that are called as one.

Notation as of `stickers.views`.
"""

from __future__ import annotations

import pytest

from datasets.entry import Entry, Wordmark
from datasets.registry import Registry
from detector.matching.anothers import AnothersName
from detector.matching.marks import marks_of
from detector.naming.attribute import Attributor
from tests.detector.stickers import claims, views

HOUSES = """
FRANZ HERMLE & SOHN
BOEHRINGER INGELHEIM PHARMA
BOEHRINGER|INGELHEIM
WEILER ABRASIVES
STIHL|ROLLOMATIC
SIEMENS MILLTRONICS
MONFORTS TEXTILMASCHINEN|MONTEX 6500
SCHUTTE & KOERTING|EJECTOR
GRAZIANO OERLIKON
JYOTI LTD|VADODARA
HURTH MARINE
GOODWAY TECHNOLOGIES|STAMFORD CT
ARISTECH SURFACES
NAMSUN ALUMINUM
EMCO TEST
STUDER INNOTEC
CHIRON VACCINES
GILDEMEISTER ENERGY STORAGE
DOOSAN BABCOCK
DOOSAN HEAVY INDUSTRIES
TOYODA VAN MOPPES
SAKICHI TOYODA
GENE HAAS FOUNDATION
STEWART HAAS RACING
HAAS WAFFELMASCHINEN
HAAS & SOHN
TRUMPF HUTTINGER
УЛИЦА КРАСНЫЙ ПРОЛЕТАРИЙ
"""
GOODS = """
HERMLE|Z 206 A
HERMLE|CENTRIFUGE
WEILER|WIRE WHEEL
MILLTRONICS|HYDRORANGER 200
MONFORTS|MONTEX 8500
STUDER|XTENDER
HURTH|HBW 150
GOODWAY|TUBE CLEANER
OMAX|MICROSCOPE
DOOSAN|D30S-5
DOOSAN|DX225LC
TRUMPF|TRUDISK 4001
ACE|MA 225
"""
PLACES = """
LODGE & SHIPLEY|CINCINNATI OHIO USA
UNIVERSITY OF CINCINNATI
REMINGTON ARMS|BRIDGEPORT CONN
BRIDGEPORT|CONNECTICUT
WOODS OF COLCHESTER|FAN
MUELLER|PORT HURON MICH
RUE DES CHARMILLES
"""
WORDS = """
DECKEL SCHLIESSEN
DECKEL|ZU
PRAKTIKANT
PRAKTIKANT|M. SCHMIDT
YAMAZAKI BAKING
DELL|OPTIPLEX 7010
LINCOLN ELECTRIC|POWERTEC 305C
ERGODYNE|PROFLEX
X MILL
"""
MISREAD = """
HAAS LASEP
HAAS LASFR
HAAS 1ASER
HITACHI SEIK0
STUDER INN0TEC
DOOSAN BABC0CK
WEILER ABRASIVFS
"""


@pytest.mark.parametrize("count", [1, 2], ids=["one view", "two views"])
@pytest.mark.parametrize(
    "listed",
    [HOUSES, GOODS, PLACES, WORDS, MISREAD],
    ids=["houses", "goods", "places", "words", "misread"],
)
def test_none_of_them_names_a_builder(attributor: Attributor, listed: str, count: int) -> None:
    sets = listed.strip().splitlines()
    said = {text: claims(attributor.attribute(views(text, count))) for text in sets}
    assert {text: made for text, made in said.items() if made[0] is not None} == {}


@pytest.mark.parametrize(
    ("text", "builder"),
    [
        ("HERMLE|C 42 U", "hermle"), ("BOEHRINGER|VDF 180", "boehringer"), ("WEILER", "weiler"),
        ("FRIEDRICH DECKEL", "dmg"), ("DECKEL", "dmg"), ("DECKEL|FP 4", "dmg"),
        ("DECKEL MAHO", "dmg"), ("YAMAZAKI MAZAK", "mazak"), ("YAMAZAKI", "mazak"),
        ("MAZAK|OPTIPLEX", "mazak"), ("WALDRICH COBURG|POWERTEC", "waldrich-coburg"),
        ("CINCINNATI MILACRON|CINCINNATI OHIO", "cincinnati"), ("CINCINNATI", "cincinnati"),
        ("COLCHESTER LATHE|COLCHESTER ENGLAND", "colchester"), ("DOOSAN|DNM 500", "dn-solutions"),
        ("TRUMPF|TRULASER 5030|TRUDISK 8001", "trumpf"), ("ACE DESIGNERS", "ace-designers"),
        ("HITACHI SEIKl", "hitachi-seiki"), ("HITACHI SEIKI", "hitachi-seiki"),
        ("MATEC||FILTER PRESSURE", "matec"), ("MANURHIN||REVOLVER", "manurhin"),
        ("TAKISAWA|TAIWAN", "taiwan-takisawa"), ("TAKISAWA", "takisawa"),
    ],
    ids=lambda value: value,
)  # fmt: skip
def test_the_builders_own_badges_still_do(attributor: Attributor, text: str, builder: str) -> None:
    assert claims(attributor.attribute(views(text, 1)))[0] == builder


@pytest.mark.parametrize(("mark", "another"), [("HAAS CNC", True), ("HAAS LASEN", False)])
def test_what_is_a_mark_but_for_a_letter_is_nobody_elses(mark: str, another: bool) -> None:
    own = Entry(
        id="own",
        name="Own",
        type="builder",
        origin="US",
        wordmarks=(Wordmark(text="HAAS", script="latin"), Wordmark(text=mark, script="latin")),
        confidence="high",
    )
    marks = marks_of(Registry((own,)))
    assert AnothersName(marks).holds(marks[0], ["HAAS", "LASEP"], 0, 1) is another


@pytest.mark.parametrize("read", ["THOMSON", "TH0MSON"])
def test_a_registered_name_is_no_others_to_itself(read: str) -> None:
    own = Entry(
        id="own",
        name="Own",
        type="builder",
        origin="US",
        wordmarks=(Wordmark(text="THOMSON", script="latin"),),
        confidence="high",
    )
    marks = marks_of(Registry((own,)))
    assert not AnothersName(marks).holds(marks[0], [read], 0, 1)
