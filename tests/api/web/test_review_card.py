"""What the review tells of a machine, beside its picture."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from api.web.site import Site
from detector.leads import Lead, LeadReason
from detector.name.homes import withhold
from detector.types import Attribution, Evidence, LoneMark, Origin, Reading, Shot
from evidence.case.sighting_tables import Copy
from evidence.case.tables import FootageRow
from evidence.link.alignment import CopySpan
from evidence.link.machines import update_machines
from tests.api.web.drawn import NOW, Drawn, marked, to_survey
from tests.api.web.reviewed import OTHERS, all_sent, fill, shown, verdicts
from tests.rows import keep

pytestmark = pytest.mark.sqlite
CLAIMS_NOTHING = re.compile("It claims nothing")


def show(
    site: Site,
    screen: Page,
    served: str,
    folder: Path,
    found: Attribution | LoneMark,
    drawn: Drawn = marked(3, OTHERS),  # noqa: B008  never changed
) -> None:
    """Opens the review of one drawn machine, with this found by the detector."""
    survey = to_survey(site, drawn, folder, 0)
    (seen,) = survey.analysis.sightings
    if isinstance(found, LoneMark):
        analysis = replace(survey.analysis, sightings=(), lone_marks=(found,))
        survey = replace(survey, analysis=analysis, stills=())
    else:
        seen = replace(seen, attribution=found)
        survey = replace(survey, analysis=replace(survey.analysis, sightings=(seen,)))
    keep(site.case, site.recipe, survey)
    screen.goto(f"{served}/review")
    screen.wait_for_selector("#desk[data-painted]")


def test_a_concealed_mark_is_told_once_and_with_caution(site, served, screen, tmp_path):
    place = marked(3, OTHERS).mark
    line = Evidence("concealed", None, "a mark hidden on purpose", 0.0, NOW, place)
    found = Attribution(None, 0.2, "U", evidence=(line,), concealed=True)
    show(site, screen, served, tmp_path, found)
    told = screen.locator("#told").inner_text().lower()
    assert told.count("a mark may be concealed (mosaic or blur found)") == 1
    assert "is concealed" not in told and "says nothing by itself" not in told
    expect(screen.locator("#told h2", has_text="Where a mark may be concealed")).to_be_visible()
    assert screen.locator("#stage rect.concealed").count() == 1


def test_any_text_is_not_called_the_mark(site, served, screen, tmp_path):
    show(site, screen, served, tmp_path, Attribution(None, 0.2, "U"))
    expect(screen.locator("#told h2", has_text="A text on it")).to_be_visible()
    assert screen.locator("#told h2", has_text="The mark").count() == 0


@pytest.mark.parametrize("width", [1280, 390])
def test_a_tall_mark_is_shown_whole(site, served, screen, tmp_path, width):
    screen.set_viewport_size({"width": width, "height": 844})
    drawn = marked(3, OTHERS)
    assert drawn.mark is not None
    x, y, _, _ = drawn.mark
    tall = replace(drawn, mark=(x, y, x + 30, y + 120))
    show(site, screen, served, tmp_path, Attribution(None, 0.2, "U"), tall)
    for image in screen.locator(".marks img").all():
        expect(image).to_have_js_property("complete", True)
        inside = image.evaluate(
            "one => one.naturalHeight > one.naturalWidth"
            " && one.offsetHeight <= one.parentElement.clientHeight"
        )
        assert inside


def test_a_telephone_shows_the_whole_place(site, served, screen, tmp_path):
    screen.set_viewport_size({"width": 390, "height": 844})
    show(site, screen, served, tmp_path, Attribution(None, 0.2, "U"))
    name = "a film of 40 minutes from the works.mp4 · 0:29.1 · Завод № 9"
    place = screen.locator("#where")
    place.evaluate("(where, name) => { where.textContent = name; }", name)
    assert place.evaluate("where => where.scrollWidth <= where.clientWidth")
    assert screen.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_country_is_told_by_its_name(site, served, screen, tmp_path):
    screen.context.add_cookies([{"name": "language", "value": "uk", "url": served}])
    show(site, screen, served, tmp_path, Attribution("qinchuan", 0.99, "A"))
    told = screen.locator("#told")
    expect(told).to_contain_text("QINCHUAN · Китай")
    expect(told).to_contain_text("виробляють у: Китай")


PLATE = Origin("CN", "plate", "A")
LOOK = Evidence("logo", "haas", "HAAS", 0.0, NOW, marked(3, OTHERS).mark)
SURE = Attribution(
    "qinchuan",
    0.99,
    "A",
    leads=(Lead("qinchuan", "CN", 0.99, (LeadReason("name", 3.1, "its name is read", "秦川"),)),),
)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (
            replace(SURE, origin=Origin("CN", "builder", "A"), probability=0.999),
            "QINCHUAN (秦川), уровень A, вероятность >0,99: проверяется утверждение о станках из",
        ),
        (
            Attribution("mazak", 0.9, "B", origin=Origin("JP", "builder", "B")),
            "Mazak, уровень B, вероятность 0,90: лишь одна марка или нет",
        ),
        (Attribution(None, 0.2, "U", origin=PLATE), "страну изготовления (Китай), уровень A"),
        (Attribution(None, 0.2, "U", evidence=(LOOK,)), "похож на знак Haas"),
        (Attribution(None, 0.2, "U"), "производитель неизвестен, но на станке написано: "),
        (
            withhold(SURE, "machine", ["CN"], ["CN"]),
            "возможно, QINCHUAN (秦川), вероятность 0,99: прочитано его название (秦川); программа",
        ),
    ],
    ids=["claim", "uncorroborated", "plate", "look", "text", "lead"],
)
def test_the_reason_is_told_in_the_readers_language(site, served, screen, tmp_path, found, told):
    screen.context.add_cookies([{"name": "language", "value": "ru", "url": served}])
    show(site, screen, served, tmp_path, found)
    expect(screen.locator("#told .reason")).to_contain_text(told)


def test_how_sure_the_registry_is_is_told_of_what_is_claimed_and_of_what_is_withheld(
    site, served, screen, tmp_path
):
    line = Evidence("wordmark", "topnc", "拓璞数控", 11.0, NOW, marked(3, OTHERS).mark)
    read = Attribution("topnc", 0.99, "A", evidence=(line,))
    reason = LeadReason("name", 3.1, "its name is read", "拓璞数控")
    read = replace(read, leads=(Lead("topnc", "CN", 0.99, (reason,)),))
    show(site, screen, served, tmp_path, withhold(read, "registry", ["CN"], ["CN"]))
    expect(screen.locator("#told .leads")).to_contain_text("its name is read 拓璞数控")
    expect(screen.locator("#told .leads .warn")).to_contain_text("not sure of this builder")
    told = screen.locator("#told .grounds")
    expect(told).to_have_text(re.compile("the registry is not sure of this builder"))
    source = told.get_by_text("source: general knowledge of the trade, which is no document")
    expect(source).to_be_hidden()  # addresses are long
    told.locator("summary").click()
    expect(source).to_be_visible()


def test_a_lone_mark_is_shown_where_it_stands_and_asks_for_its_machine(
    site, served, screen, tmp_path
):
    drawn = marked(3, OTHERS)
    assert drawn.mark is not None and drawn.text is not None
    line = Evidence("wordmark", drawn.builder, drawn.text, 9.0, NOW, drawn.mark)
    texts = (Reading(drawn.text, 0.98, drawn.mark, NOW, "latin"),)
    shot = Shot(0, NOW, NOW, "marks")
    mark = LoneMark("k1", shot, drawn.builder, None, line, texts)
    screen.context.add_cookies([{"name": "language", "value": "ru", "url": served}])
    show(site, screen, served, tmp_path, mark, drawn)
    expect(screen.locator("#told b").first).to_have_text(
        "Марка, вокруг которой не видно станка: есть ли там станок с ЧПУ?"
    )
    expect(screen.locator("#told .reason")).to_contain_text("станка с ЧПУ вокруг неё не видно")
    expect(screen.locator("#told .read")).to_contain_text(drawn.text)
    boxed = screen.locator("svg.over rect.mark")
    expect(boxed).to_have_count(1)
    assert float(boxed.get_attribute("x") or 0) == pytest.approx(drawn.mark[0], abs=4)
    # As of any frame, that a machine was missed can be said, and where it is.
    expect(screen.locator("button", has_text="Пропущен станок").first).to_be_visible()


def test_a_card_leads_to_other_footage_that_shows_the_recording(site, served, screen, tmp_path):
    fill(site, tmp_path, claims=0, others=2, halls=0)
    span = CopySpan(NOW, NOW, NOW, (1.0, 0.0, 1.0, 0.0), 1, 1.0).to_json()
    with site.session() as session, session.begin():
        a, b = sorted(session.scalars(select(FootageRow.sha256)))
        session.add(
            Copy(
                a=a, b=b, model=site.recipe.model, settings=site.recipe.settings, kind="rescaled",
                mirrored=False, seconds=0.0, share_a=1.0, share_b=1.0, score=1.0, spans=[span],
                reason="the same",
            )
        )  # fmt: skip
    screen.goto(f"{served}/review")
    link = screen.get_by_role("link", name="other footage that shows this recording: 1")
    link.click()
    screen.wait_for_url("**/footage/*#copies")
    expect(screen.locator("#copies article")).to_have_count(1)
    # The page of a photograph has no player, no timeline and no frames to count.
    expect(screen.locator("main")).not_to_contain_text("Frames decoded", use_inner_text=True)
    for part in (".controls", "#timeline"):
        expect(screen.locator(part).first).to_be_hidden()


HOME = Origin("CN", "builder", "B")
PLATE_LEAD = Lead(None, "CN", 0.4, (LeadReason("han_firm", 2.0, "a firm's name in Han", "某机床"),))
NAME_LEAD = Lead("hision", "CN", 0.6, (LeadReason("name", 3.1, "its name is read", "HISION"),))
UNSURE = Attribution(None, 0.2, "U", leads=(NAME_LEAD, PLATE_LEAD))
CLAIM = Attribution("hision", 0.99, "B", leads=(PLATE_LEAD, NAME_LEAD), origin=HOME)


@pytest.mark.parametrize(
    ("found", "key", "word", "builder"),
    [
        (UNSURE, "1", "builder", "hision"),
        (UNSURE, "2", "accept", None),
        (CLAIM, "1", "accept", "hision"),
        (UNSURE, "h", "concealed", "hision"),
    ],
    ids=["builder", "country", "claim", "concealed"],
)
def test_a_key_accepts_a_lead(site, served, screen, tmp_path, found, key, word, builder):
    show(site, screen, served, tmp_path, found)
    shown(screen)
    expect(screen.locator("#told .leads li")).to_have_count(2)
    expect(screen.locator("#told .leads li").first).to_contain_text("(China) 0.60")
    expect(screen.get_by_role("heading", name="Leads")).to_have_attribute("title", CLAIMS_NOTHING)
    screen.keyboard.press("3")  # there are two
    screen.keyboard.press("b")
    expect(screen.locator("#builder-list li").first).to_contain_text("HISION")
    screen.keyboard.press("Escape")
    screen.keyboard.press(key)
    if key == "h":  # its list of leads is open
        expect(screen.locator("#builder-list li").first).to_be_visible()
        screen.keyboard.press("Enter")
    all_sent(screen)
    expect(screen.locator("#empty")).to_contain_text("1 waits for another reviewer")
    (row,) = verdicts(site)
    assert (row.verdict, row.builder, row.before["tested"]) == (word, builder, True)


@pytest.mark.parametrize("code", ["en", "uk", "ru"])
def test_a_lead_is_found_by_its_country_and_shown_on_every_page(
    site, served, screen, tmp_path, code
):
    screen.context.add_cookies([{"name": "language", "value": code, "url": served}])
    found = Attribution(None, 0.2, "U", leads=(NAME_LEAD, PLATE_LEAD))
    show(site, screen, served, tmp_path, found)
    with site.session() as session, session.begin():
        update_machines(session, site.recipe.model, site.recipe.settings)
    screen.goto(f"{served}/machines?lead=CN")
    expect(screen.locator("table.list tbody tr")).to_have_count(1)
    expect(screen.locator("table.list")).to_contain_text("HISION")
    screen.goto(f"{served}/machines?lead=DE")
    expect(screen.locator("table.list")).to_have_count(0)
    screen.goto(f"{served}/machines?lead=CN")
    screen.locator("table.list a").first.click()
    expect(screen.locator(".leads li")).to_have_count(2)
    expect(screen.locator(".leads li").last).to_contain_text("某机床")
    if code != "en":
        assert "name is read" not in screen.locator("main").inner_text()
