"""The review in a browser: an hour's work compressed, and a disagreement settled."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from evidence.case.tables import Item
from tests.api.web.browser import serve
from tests.api.web.drawn import SIZE
from tests.api.web.reviewed import (
    all_sent,
    choose,
    draw_all,
    fill,
    next_after,
    open_review,
    shown,
    verdicts,
)

SLOW = 20_000  # milliseconds, on a busy machine
pytestmark = pytest.mark.sqlite


@pytest.fixture
def desk(site, screen) -> Page:
    """A screen on which nothing at all may go wrong."""
    screen.set_default_timeout(SLOW)
    return screen


def test_an_hours_review_by_keyboard_alone(site, served, desk, tmp_path, shoot):
    draw_all(site)
    fill(site, tmp_path, claims=4, others=16, halls=4)
    item = open_review(desk, served)
    rows = desk.locator("#keys button:visible").evaluate_all("all => all.map((b) => b.offsetTop)")
    assert len(set(rows)) == 1
    shoot("review")
    for _ in range(2):
        height = desk.evaluate("[document.documentElement.scrollHeight, innerHeight]")
        assert height[0] <= height[1]  # one screen, without scrolling
        desk.keyboard.press("z")
    given: dict[str, str] = {}
    keys = iter("aucnxpaauaacaaaaaaaa")
    while item:
        frame = "@" in item
        key = "e" if frame else next(keys, "a")
        if key == "c":  # another builder, by a few letters
            desk.keyboard.press("b")
            choose(desk, "hermle", "Hermle")
        else:
            desk.keyboard.press(key)
        given[item] = key
        item = next_after(desk, item)
    all_sent(desk)
    expect(desk.locator("#empty")).to_contain_text("Nothing waits for you.")
    expect(desk.locator("#empty")).to_contain_text("4 wait for another reviewer")
    # The lone user sees what to do next.
    expect(desk.locator("#empty")).to_contain_text("nameplate accounts add")
    expect(desk.locator("#empty")).to_contain_text("everybody has to log in")
    expect(desk.locator("#empty a[href='/answer']")).to_be_visible()
    shoot("review-end")
    words = {"a": "accept", "u": "unknown", "c": "builder", "n": "not-cnc"}
    words |= {"x": "not-a-machine", "p": "pictured", "e": "nothing"}
    rows = verdicts(site)
    assert len(rows) == 24 and {row.author for row in rows} == {"anna"}
    assert Counter(row.verdict for row in rows) == Counter(words[key] for key in given.values())
    assert all(row.seconds is not None and row.seconds < 60 for row in rows)
    with site.session() as session:
        states = Counter(session.scalars(select(Item.state)))
    assert states == {"settled": 20, "partial": 4}


def test_undo_skip_and_a_note(site, served, desk, tmp_path):
    fill(site, tmp_path, claims=0, others=4, halls=0)
    first = open_review(desk, served)
    told = "4 to judge · 0 claims for an origin under test"
    expect(desk.locator("#waits")).to_have_text(told)
    desk.keyboard.press("t")
    desk.keyboard.type("glare on the plate")
    desk.keyboard.press("Enter")
    desk.keyboard.press("u")
    second = next_after(desk, first)
    all_sent(desk)
    desk.keyboard.press("Backspace")
    assert next_after(desk, second) == first
    expect(desk.locator("#note")).to_have_value("glare on the plate")
    desk.keyboard.press("a")
    assert next_after(desk, first) == second
    desk.keyboard.press("s")
    third = next_after(desk, second)
    desk.keyboard.press("a")
    next_after(desk, third)
    all_sent(desk)
    note = "glare on the plate"
    given = [("unknown", note), ("withdrawn", None), ("accept", note), ("accept", None)]
    assert [(row.verdict, row.note) for row in verdicts(site)] == given


def test_a_verdict_of_ones_own_is_changed_with_a_reason(site, served, desk, tmp_path):
    fill(site, tmp_path, claims=0, others=1, halls=0)
    item = open_review(desk, served)
    desk.keyboard.press("u")
    all_sent(desk)
    with site.session() as session:
        footage = session.scalars(select(Item.footage)).one()
    desk.goto(f"{served}/footage/{footage}")
    desk.get_by_role("link", name="change").click()
    assert shown(desk) == item
    desk.keyboard.press("x")
    expect(desk.locator("#notices")).to_contain_text("write why")
    desk.keyboard.press("t")
    desk.keyboard.type("a cupboard")
    desk.keyboard.press("Enter")
    desk.keyboard.press("x")
    expect(desk.locator("#told .said")).to_contain_text("a cupboard")
    first, second = verdicts(site)
    assert (first.verdict, second.verdict) == ("unknown", "not-a-machine")
    assert (second.supersedes, second.note) == (first.number, "a cupboard")


def test_nothing_is_shown_again_once_its_time_at_hand_has_run_out(
    site, served, desk, tmp_path, monkeypatch
):
    monkeypatch.setattr("evidence.review.queue.LEASE_SECONDS", 0.0)
    fill(site, tmp_path, claims=2, others=12, halls=0)
    desk.goto(f"{served}/review")
    met = [shown(desk)]
    while met[-1]:
        desk.keyboard.press("u")
        met.append(next_after(desk, met[-1]))
    all_sent(desk)
    assert len(set(met)) == len(met) == 15
    assert len(verdicts(site)) == 14


def test_what_is_pressed_twice_judges_one_item(site, served, desk, tmp_path):
    fill(site, tmp_path, claims=0, others=4, halls=0)
    first = open_review(desk, served)
    desk.locator("button[data-does=unknown]").dblclick()
    second = next_after(desk, first)
    desk.evaluate(
        """() => { for (const time of [1, 2]) document.body.dispatchEvent(
            new KeyboardEvent("keydown", { code: "KeyU", key: "u", bubbles: true })); }"""
    )
    next_after(desk, second)
    all_sent(desk)
    assert [row.sighting for row in verdicts(site)] == [first, second]


def test_what_is_left_does_not_rise_when_the_server_is_asked_again(site, served, desk, tmp_path):
    fill(site, tmp_path, claims=12, others=2, halls=0)
    desk.goto(f"{served}/review")
    left, last = desk.locator("#waits"), shown(desk)
    for number in range(13, 3, -1):
        with desk.expect_response("**/review/counts") if number == 4 else nullcontext():
            desk.keyboard.press("u")
        expect(left).to_contain_text(f"{number} to judge")
        last = next_after(desk, last)
    all_sent(desk)
    # Which item is of the sample depends on the model's digest, so what is left does, too.
    expect(left).to_have_text(
        re.compile("^4 to judge · [234] claims for an origin under test · 10 judged by you now$")
    )


def test_how_many_are_left_is_counted_down(site, served, desk, tmp_path):
    fill(site, tmp_path, claims=1, others=2, halls=0)
    desk.goto(f"{served}/review")
    left = desk.locator("#waits")
    claim = shown(desk)
    expect(left).to_have_text("3 to judge · 1 claim for an origin under test")
    desk.keyboard.press("u")
    expect(left).to_have_text(
        "2 to judge · 0 claims for an origin under test · 1 judged by you now"
    )
    item = next_after(desk, claim)
    all_sent(desk)
    desk.keyboard.press("Backspace")
    expect(left).to_have_text("3 to judge · 1 claim for an origin under test")
    assert next_after(desk, item) == claim
    item = claim
    for _ in range(3):
        desk.keyboard.press("u")
        item_before, item = item, next_after(desk, item)
    expect(desk.locator("#empty")).to_contain_text("1 waits for another reviewer")
    expect(desk.locator("#empty")).to_contain_text("2 are settled.")
    # What waits for others is not said to wait for this person too, and no key is there for it.
    expect(left).to_have_text("3 judged by you now")
    assert desk.locator("#keys button:visible").all_text_contents() == ["⌫Undo", "?Help"]
    expect(desk.locator("#told")).to_be_hidden()
    desk.keyboard.press("Backspace")
    assert next_after(desk, "") == item_before
    expect(left).to_contain_text("to judge")
    expect(left).to_contain_text("2 judged by you now")
    expect(desk.locator("#told")).to_be_visible()


def test_escape_leaves_the_choice_of_a_builder_at_once(site, served, desk, tmp_path):
    fill(site, tmp_path, claims=0, others=1, halls=0)
    open_review(desk, served)
    desk.keyboard.press("b")
    desk.keyboard.type("herm")
    expect(desk.locator("#builder-list li").first).to_contain_text("Hermle")
    desk.keyboard.type("xx")
    expect(desk.locator("#builder-none")).to_have_text("No builder of that name in the registry.")
    desk.keyboard.press("Escape")
    expect(desk.locator("#builders")).to_be_hidden()
    desk.keyboard.press("?")
    expect(desk.locator("#help kbd", has_text="D")).to_be_visible()


def test_a_missed_machine_is_drawn(site, served, desk, tmp_path):
    draw_all(site)
    fill(site, tmp_path, claims=0, others=0, halls=2)
    item = open_review(desk, served)
    expect(desk.locator("button[data-does=accept]")).to_be_hidden()
    # By the pointer, over the left half of the picture.
    desk.keyboard.press("m")
    box = desk.locator("#stage svg").bounding_box()
    assert box is not None
    fit = min(box["width"] / SIZE[0], box["height"] / SIZE[1])
    left = box["x"] + (box["width"] - SIZE[0] * fit) / 2
    top = box["y"] + (box["height"] - SIZE[1] * fit) / 2
    desk.mouse.move(left + 100 * fit, top + 200 * fit)
    desk.mouse.down()
    desk.mouse.move(left + 500 * fit, top + 600 * fit, steps=4)
    desk.mouse.up()
    desk.keyboard.press("Enter")
    item = next_after(desk, item)
    for key in ("builder", "concealed", "hidden"):  # they are of a box, and none is drawn yet
        expect(desk.locator(f"button[data-does={key}]")).to_be_hidden()
    # By the keyboard: moved, made smaller, sent.
    desk.keyboard.press("m")
    desk.keyboard.press("ArrowRight")
    desk.keyboard.press("Shift+ArrowUp")
    desk.keyboard.press("Enter")
    next_after(desk, item)
    all_sent(desk)
    drawn, moved = (row.box for row in verdicts(site))
    assert drawn == pytest.approx([100, 200, 500, 600], abs=4)
    assert moved == pytest.approx([409.6, 216, 921.6, 489.6], abs=0.01)


def test_a_mark_is_hidden_and_another_cue_tells_the_builder(site, served, desk, tmp_path):
    draw_all(site)
    fill(site, tmp_path, claims=0, others=1, halls=3)
    item = open_review(desk, served)
    keys = iter("chb")
    while item:
        key = "h"
        if "@" in item:
            desk.keyboard.press("m")
            key = next(keys)
        desk.keyboard.press(key)
        if key != "c":
            choose(desk, "hermle", "Hermle")
        item = next_after(desk, item)
    all_sent(desk)
    said = {(row.verdict, row.builder, str(row.before.get("said"))) for row in verdicts(site)}
    assert said == {
        ("concealed", "hermle", "None"),
        ("missed", None, "{'concealed': True}"),
        ("missed", "hermle", "{'concealed': True}"),
        ("missed", "hermle", "None"),
    }


def test_two_disagree_and_a_third_settles(site, desk, tmp_path, shoot):
    fill(site, tmp_path, claims=1, others=3, halls=0)
    said = {"anna": "a", "ben": "u"}
    for name, key in said.items():
        with serve(replace(site, local=name)) as address:
            claim = open_review(desk, address)
            expect(desk.locator("#told")).to_contain_text("Claim under test")
            expect(desk.locator("#told")).not_to_contain_text("Judged so far")
            desk.keyboard.press(key)
            next_after(desk, claim)
            all_sent(desk)
    with serve(replace(site, local="carla")) as address:
        desk.goto(f"{address}/review")
        assert shown(desk) == claim
        expect(desk.locator("#told")).to_contain_text("two disagree; you settle it")
        expect(desk.locator("#told")).to_contain_text("anna accepted")
        expect(desk.locator("#told")).to_contain_text("ben builder unknown")
        assert desk.locator("#told time").first.inner_text().endswith(" UTC")
        shoot("review-settling")
        desk.keyboard.press("a")
        next_after(desk, claim)
        all_sent(desk)
        # Called up again, it tells its history, and can be doubted.
        desk.goto(f"{address}/review/{claim}")
        assert shown(desk) == claim
        expect(desk.locator("#told")).to_contain_text("settled")
        expect(desk.locator("#told")).to_contain_text("carla accepted")
        desk.goto(f"{address}/agreement")
        expect(desk.locator("main")).to_contain_text("anna · ben")
        shoot("agreement")
        desk.goto(f"{address}/review/{claim}")
        shown(desk)
        desk.keyboard.press("d")
        expect(desk.locator("button[data-does=doubt]")).to_be_hidden()
        all_sent(desk)
    with site.session() as session:
        item = session.get_one(Item, claim)
        assert (item.state, item.needs, item.given) == ("partial", 4, 3)
    assert [row.author for row in verdicts(site)] == ["anna", "ben", "carla", "carla"]
