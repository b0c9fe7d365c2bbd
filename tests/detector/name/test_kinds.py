"""What a text on a machine is, and what is not said since an origin under test would be claimed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from datasets.registry import DATA, Registry, load_registry
from datasets.yamlfile import read_lists
from detector.examining.examination import Examination
from detector.examining.examine import Examiner
from detector.name.homes import withhold
from detector.name.kinds import Phrases, PhraseText, load_kinds
from detector.settings import Settings
from detector.types import (
    Attribution,
    Evidence,
    Likeness,
    Observation,
    Origin,
    Reading,
    Shot,
    Track,
    Withheld,
)
from tests.tables import cases

RULES = read_lists(DATA / "kinds.yaml")

EXAMPLES = [(kind, text, True) for kind, rule in RULES.items() for text in rule["are"]]
EXAMPLES += [(kind, text, False) for kind, rule in RULES.items() for text in rule["are_not"]]


@pytest.mark.parametrize(("kind", "text", "is_so"), EXAMPLES)
def test_examples_are_and_are_not_of_their_kind(kind, text, is_so):
    assert (load_kinds().of(text) == kind) is is_so


def test_words_that_machines_do_not_bear_are_strange():
    kinds = load_kinds()
    assert kinds.strange("CNC LATHE CAK6150", ()) == 0
    assert kinds.strange("SMTCL ЛЮНЕТ", ("SMTCL",)) == 1
    assert kinds.is_known("МАШИНА") is False


@pytest.mark.parametrize(("phrase", "text"), cases("marks", "phrases"))
def test_a_phrase_is_found(phrase, text):
    assert Phrases([phrase], misread=True).inside(PhraseText.of(text))


@pytest.mark.parametrize(("phrase", "text"), cases("marks", "no phrases"))
def test_parts_of_words_are_no_phrase(phrase, text):
    assert not Phrases([phrase], misread=True).inside(PhraseText.of(text))


def test_a_long_word_is_several_read_as_one():
    phrases = Phrases(["MACHINE TOOL"])
    assert phrases.within(PhraseText.of("TENGZHOUBORUIMACHINETOOLCOLTD"))
    assert not phrases.inside(PhraseText.of("TENGZHOUBORUIMACHINETOOLCOLTD"))


MARK = Evidence("wordmark", "smtcl", "SMTCL", 11.0)
HOME = Origin("CN", "builder", "A")
SAID = Attribution("smtcl", 0.98, "A", series="TC500", evidence=(MARK,), origin=HOME)
PLATE = Attribution(None, 0.9, "U", origin=Origin("CN", "plate", "B"))


def test_a_builder_from_an_origin_under_test_is_not_said_but_kept_with_the_doubt():
    said = withhold(SAID, "machine", ["CN"], {"CN"})
    assert (said.builder, said.grade, said.series, said.origin) == (None, "U", None, None)
    assert said.probability == pytest.approx(0.02)
    assert said.evidence == (MARK,)
    assert said.withheld == Withheld("smtcl", HOME, "machine")


def test_what_claims_no_origin_under_test_is_said():
    assert withhold(SAID, "mark", ["JP"], {"CN"}) == SAID
    unknown = Attribution(None, 0.9, "U")
    assert withhold(unknown, "mark", ["CN"], ()) == unknown


def test_a_plate_goes_and_the_builder_whose_home_is_not_under_test_stays():
    assert withhold(PLATE, "mark", ["CN"], ()).withheld == Withheld(None, PLATE.origin, "mark")
    made_there = Attribution("mazak", 0.98, "A", origin=PLATE.origin)
    said = withhold(made_there, "mark", ["CN"], {"JP"})
    assert (said.builder, said.origin) == ("mazak", None)
    assert said.withheld == Withheld(None, PLATE.origin, "mark")


BOX = (500.0, 300.0, 900.0, 600.0)
TIMES = Fraction(0), Fraction(1)
PLATED = "滕州市金瑞达数控机床有限公司"


def said_of(*texts: str, registry: Registry | None = None) -> Attribution:
    """The result for a sure machine whose texts stand apart, in two views."""
    examiner = Examiner(None, None, None, None, registry or load_registry(), Settings())  # type: ignore[arg-type]
    shot = Shot(0, Fraction(0), Fraction(2), "hit")
    track = Track(shot, tuple(Observation(time, BOX, 0.95) for time in TIMES))
    readings = tuple(
        Reading(
            text,
            0.99,
            (520.0 + 60 * at, 320.0 + 90 * n, 700.0 + 60 * at, 350.0 + 90 * n),
            time,
            "han",
        )
        for at, time in enumerate(TIMES)
        for n, text in enumerate(texts)
    )
    small = np.zeros((48, 48, 3), np.uint8)
    best = track.observations[0]
    # A mark that is read mostly looks like itself, too.
    looks = tuple(
        Likeness(match.id, match.mark, 5.0, read.pts, read.box, True)
        for read in readings
        for match in examiner.attributor.matcher.match(read.text)
        if match.kind == "wordmark"
    )
    seen = Examination(track, best, None, readings, (), looks, small, frozenset(), False)
    found = examiner.sighting("m1", seen)
    assert found is not None
    return found.attribution


@pytest.mark.parametrize(
    ("mark", "builder"), [("拓璞数控", "topnc"), ("天津第一机床", "tianjin-no1")]
)
def test_a_builder_of_whom_the_registry_is_not_sure_claims_no_origin_under_test(mark, builder):
    said = said_of(mark)
    assert (said.builder, said.origin, said.grade) == (None, None, "U")
    assert said.withheld is not None
    assert (said.withheld.builder, said.withheld.doubt) == (builder, "registry")


def test_of_others_it_may_be_unsure_and_of_one_that_somebody_vouches_for_it_is_not():
    assert said_of("MILLTRONICS").builder == "milltronics"  # of the US, which is not under test
    assert said_of("SMTCL").builder == "smtcl"
    known = load_registry()
    entry = known.get("topnc").model_copy(update={"confidence": "medium"})
    assert said_of("拓璞数控", registry=Registry([*known, entry])).builder == "topnc"


def test_a_plate_bears_out_the_builder_of_whom_the_registry_is_not_sure():
    said = said_of("拓璞数控", PLATED)
    assert said.builder == "topnc"
    assert said.withheld is None
    assert said.origin is not None
    assert (said.origin.code, said.origin.basis) == ("CN", "plate")
