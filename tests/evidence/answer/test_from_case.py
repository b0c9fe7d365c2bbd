"""A case asked: machines counted once, no claim taken for truth, and what the answer rests on."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict

import numpy as np
import pymupdf
import pytest
from sqlalchemy import event, select

from datasets.errors import UsageError
from evidence.answer.audit import drop_control, keep_control
from evidence.answer.package import recompute, write_package
from evidence.answer.question import Question
from evidence.answer.report import SIGNED, draw, render_answer
from evidence.answer.sentence import AnswerKind
from evidence.case.case import Case
from evidence.case.sighting_tables import AnalysisRow
from evidence.case.tables import ControlRow, Item, Recipe
from evidence.case.verdicts import COMMAND, LOGIN, NAMED
from evidence.pdf import write_pdf
from evidence.review.judgement import judge, test_context
from evidence.work.progress import SweepTally
from tests.evidence.answer.conftest import CHINESE, judge_all, key
from tests.rows import act


def test_tracks_are_read_only_where_two_are_on_screen_at_once(case, b, ask):
    for _ in range(3):
        b.add("Plant 1", claim="mazak", outcome="accept")
    b.write()
    asked: list[str] = []
    event.listen(case.engine, "before_cursor_execute", lambda *sent: asked.append(sent[2]))
    assert ask().counts.machines == 3
    assert not any("sightings.track" in one.partition("FROM")[0] for one in asked)


@pytest.mark.parametrize("none", ["not-a-machine", "pictured"])
def test_what_people_refute_does_not_count(b, ask, none):
    b.add("Plant 1", claim="dmtg", outcome="builder", builder="dmg-mori")
    b.add("Plant 1", claim="dmtg", outcome=none)
    b.add("Plant 1", claim="dmtg", outcome="unknown")
    found = ask()
    assert (found.counts.machines, found.counts.confirmed, found.counts.probable) == (2, 0, 0)
    assert found.counts.unknown == 1
    assert (found.found_low.value, found.found_high.value) == (0, 0.5)


def test_a_plate_tells_an_origin_and_no_builder(b, ask):
    b.add("Plant 1", origin="CN", basis="plate", outcome="accept")
    assert ask().counts.confirmed == 1
    assert ask(Question("builder", "dmtg")).counts.confirmed == 0


def test_a_lead_to_a_country_counts_once_people_accept_it(b, ask):
    b.add("Plant 1", lead="CN", outcome="accept")
    b.add("Plant 1", lead="CN")
    b.add("Plant 1", lead="CN", outcome="unknown")
    found = ask()
    assert (found.counts.machines, found.counts.confirmed) == (3, 1)


def test_plant_and_period_narrow_the_footage(b, ask):
    b.add("Plant 1", published="2023-05-01")
    b.add("Plant 1", published="2024")
    b.add("Plant 2", published="2023-07")
    b.add(None)
    assert ask().counts.machines == 4
    assert ask(Question(plants=("plant 1",))).counts.machines == 2
    assert ask(Question(since="2023", until="2023")).counts.machines == 2
    assert ask(Question(since="2023-06")).counts.machines == 2
    assert ask(Question(until="2024")).counts.machines == 3
    assert ask(Question(until="2024-05")).counts.machines == 2


def test_controls_are_counted_apart(b, ask):
    for _ in range(8):
        b.add("studio", claim="dmtg", outcome="accept")  # 1 to 8
    b.add("studio")  # 9: not recognised
    b.add("studio", claim="mazak")  # 10: of another kind
    b.control(*range(1, 10))
    b.control(10, builder="mazak")
    for plant in range(20):
        b.add(f"Plant {plant}", claim="mazak", outcome="accept", chance=0.05)
    found = ask()
    assert (found.controls.hits, found.controls.of) == (8, 9)
    assert found.counts.machines == 20
    assert found.controls.shoots == ((8, 9),)
    assert found.noticed.sensitivity == pytest.approx(8 / 9)


def test_leads_that_nobody_judged_are_counted_and_forbid_none(b, ask):
    """Also beside a claim of another builder; a claim of the kind is no weaker lead."""
    for claim, outcome in ((None, None), ("mazak", None), (None, "unknown"), ("dmtg", None)):
        b.add("Plant 1", claim=claim, outcome=outcome)
        b.lead("dmtg", 0.3)
    b.add("Plant 1")
    b.lead("dmtg", 0.01)
    b.add("Plant 1")
    b.lead("haas", 0.9)
    found = ask()
    assert (found.counts.leads, found.counts.probable) == (2, 1)
    assert {"weak_leads", "leads"} <= {one.code for one in found.caveats if one.forbids_none}


def test_what_reviewers_make_of_controls_measures_how_often_they_err(b, ask):
    """Of 8 of the kind two are settled as another builder's, one as unknown; of 6 others one as of
    the kind. Of two machines in one clip nobody knows which is the control."""
    b.add("Plant 1", claim="mazak", outcome="accept")
    for outcome, builder in [("accept", None)] * 5 + [("builder", "mazak")] * 2:
        b.add("studio", claim="dmtg", outcome=outcome, builder=builder)  # 2 to 8
    b.add("studio", outcome="unknown")  # 9
    b.add("studio", claim="dmtg", outcome="accept")  # 10
    for _ in range(5):
        b.add("studio", claim="mazak", outcome="accept")  # 11 to 15
    b.control(*range(2, 10))
    b.control(*range(10, 16), builder="mazak")
    found = ask()
    errors = found.controls.errors
    assert (errors.shown, errors.lost) == (8, 2)
    assert (errors.false_shown, errors.false_accepted) == (6, 1)
    assert {
        "reviewers took 1 of 6 known machines of other kinds for one of this kind: the interval "
        "allows for such errors",
        "reviewers took 2 of 8 known machines of this kind for another's: the interval allows for "
        "such errors",
    } <= set(found.warnings)
    assert found.counts.machines == 1


def test_a_case_keeps_its_controls(case, registry, b, ask, tmp_path):
    for number in range(8):
        b.add("studio", claim="dmtg" if number else None, outcome="accept" if number else None)
    b.add("Plant 1", claim="mazak", outcome="accept", chance=0.05)
    judge_all(b.session)
    b.write()
    with case.session() as session, session.begin():
        for number in range(1, 9):
            keep_control(session, registry, key("f", number), "dmtg", "anna")
            keep_control(session, registry, key("f", number), "dmtg", "ben")  # said before
        assert {row.author for row in session.query(ControlRow)} == {"anna"}
    found = ask()
    assert (found.controls.hits, found.controls.of) == (7, 8)
    write_package(case, CHINESE, registry, tmp_path / "kept")
    again, differences, *_ = recompute(tmp_path / "kept")
    assert again.controls == found.controls and differences == []
    assert [act(case, drop_control, key("f", 1), "dmtg") for _ in range(2)] == [True, False]
    assert ask().controls.of == 7


def test_a_case_with_nothing_in_it_has_no_answer(ask):
    with pytest.raises(UsageError, match="nothing was looked at"):
        ask()


@pytest.mark.parametrize("share", [0.08, 0.0])
def test_the_true_share_lies_inside(b, ask, share):
    """40 plants, 400 machines, a quarter unreadable; claims judged, of the rest a tenth."""
    rng = np.random.default_rng(11)

    for plant in range(40):
        for _ in range(10):
            chinese, dark = rng.random() < share, rng.random() < 0.25
            seen = rng.random()
            drawn = 0.1 if rng.random() < 0.1 else None
            true = "dmtg" if chinese else "mazak"
            if not dark and (seen < 0.8 if chinese else seen > 0.99):
                b.add(f"Plant {plant}", "dmtg", "builder", builder=true, chance=drawn)
            elif dark:
                b.add(f"Plant {plant}", None, "unknown" if drawn else None, chance=drawn)
            else:
                claim = None if chinese else "mazak"
                outcome = "builder" if drawn else None
                b.add(f"Plant {plant}", claim, outcome, builder=true, chance=drawn)
    found = ask()
    assert found.counts.machines == 400
    assert found.low.low <= share <= found.high.high
    if share:
        assert found.counts.confirmed > 0 and found.said.kind is AnswerKind.CONFIRMED
    else:
        assert found.counts.confirmed == 0 and found.said.kind is AnswerKind.OPEN


def test_the_page_says_what_the_answer_says(registry, b, read):
    b.add("Plant <1>", claim="dmtg", outcome="accept", published="2023")
    b.add("Plant <1>", claim="mazak")
    b.add("Plant <1>")
    whole = read()
    chart = draw(whole.answer, registry, lambda text: text.replace("unknown", "?"))["builders"]
    assert chart.count(">?<") == 2 and "unknown" not in chart  # of the row, and of a colour
    found, page = whole.answer, render_answer(whole, registry)
    assert found.said.sentence in page
    assert "Plant &lt;1&gt;" in page and "Plant <1>" not in page
    assert page.count("<svg") == 2
    assert whole.facts.head in page
    assert "Published figures" in page and "flow, by value" in page
    assert "Published figures" not in render_answer(read(Question("origin", "JP")), registry)
    assert asdict(found)["counts"]["confirmed"] == 1


def test_the_pdf_holds_letters_and_lines(registry, b, read, tmp_path):
    b.add("Завод 沈阳", claim="dmtg", outcome="accept", published="2023")
    whole = read()
    write_pdf(render_answer(whole, registry), tmp_path / "answer.pdf")
    with pymupdf.open(tmp_path / "answer.pdf") as document:
        told = " ".join(page.get_text() for page in document)
        paths = sum(len(page.get_drawings()) for page in document)
    text = " ".join(unicodedata.normalize("NFKC", told).split())  # letters tied together: ﬁ
    assert whole.answer.said.sentence in text
    assert "Завод 沈阳" in text and text.count("DMTG") >= 2  # in a table, and in a figure
    figures = draw(whole.answer, registry).values()
    shapes = sum(svg.count(f"<{one} ") for svg in figures for one in ("rect", "line", "circle"))
    assert paths >= shapes > 3, "each shape of a figure is a path on the page"


THIS, OTHER = "0", "0.1.0"  # the first looked at all that the builder puts into a case


def test_several_are_told_where_they_looked_at_what_is_counted(case, registry, b, read, ask):
    b.add("Plant 1", claim="dmtg", outcome="accept")
    b.add("Plant 2", claim="mazak", outcome="accept")
    b.write()
    with case.session() as session, session.begin():
        row = session.scalars(select(AnalysisRow).order_by(AnalysisRow.id)).first()
        assert row is not None
        row.nameplate = OTHER
    whole = read()
    (told,) = [one for one in whole.answer.warnings if "version" in one]
    assert told.startswith("versions of the program that looked at the footage: 2")
    assert whole.facts.programs == (THIS, OTHER)
    assert f"{THIS}, {OTHER}<" in render_answer(whole, registry)
    alone = [ask(Question(plants=(plant,))).warnings for plant in ("Plant 1", "Plant 2")]
    assert not [one for warnings in alone for one in warnings if "version" in one]


def damage(case: Case, recipe: Recipe, decoded: int) -> int:
    """Of one analysis so many of a hundred frames came; what a sweep says of that."""
    with case.session() as session, session.begin():
        row = session.scalars(select(AnalysisRow).order_by(AnalysisRow.id)).first()
        assert row is not None
        row.frames_expected, row.frames_decoded = 100, decoded
    with case.session() as session:
        tally = SweepTally()
        tally.count(session, recipe)
        return tally.lost


def test_footage_mostly_lost_is_warned_of(case, b, ask):
    for plant in ("Plant 1", "Plant 2"):
        b.add(plant, claim="mazak", outcome="accept")
    b.write()
    for decoded, lost in ((49, 1), (50, 0)):
        assert damage(case, b.recipe, decoded) == lost
        plants = ((), ("Plant 1",), ("Plant 2",))
        told = [ask(Question(plants=one)).caveat("damaged") for one in plants]
        assert told[0] == lost == sum(told[1:])  # of the plant that it shows alone


TOLD = "reviewers who judged without a login: {}; who they are is not known"


def test_verdicts_without_a_login_on_this_footage_are_counted(registry, b, read):
    """A claim that two settled, in another plant what one settled, and a machine nobody judged."""
    b.add("Plant 1", claim="dmtg", outcome="accept")
    b.add("Plant 2", claim="mazak", outcome="accept")
    b.add("Plant 3", claim="haas")
    judge_all(b.session)
    for plants, number in (((), 2), (("Plant 2",), 1), (("Plant 3",), 0)):
        found = read(Question(plants=plants))
        assert found.answer.caveat("no_login") == number
        assert (TOLD.format(number) in render_answer(found, registry)) == bool(number)


@pytest.mark.parametrize("signed", [NAMED, COMMAND])
def test_a_name_that_is_only_given_is_no_login(case, registry, b, read, signed):
    b.add("Plant 1", claim="dmtg")
    judge_all(b.session)
    b.write()
    with case.session() as session, session.begin():
        bench = test_context(session, registry)
        key = session.scalars(select(Item.item)).one()
        judge(session, bench, key, "anna", "accept", signed=LOGIN)
        judge(session, bench, key, "ben", "accept", signed=signed)
    found = read()
    assert found.answer.said.kind is AnswerKind.CONFIRMED
    assert found.answer.warnings[-1] == TOLD.format(1)
    page = render_answer(found, registry)
    assert "anna (logged in)" in page and f"ben ({SIGNED[signed]})" in page
