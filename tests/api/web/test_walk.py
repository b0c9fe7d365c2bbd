"""The walk of a clip with a plate of a firm that no registry lists.

It is uploaded, first in the review with its plate enlarged, accepted by two people, counted."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from api.web.site import Site
from datasets.maker.clip import CameraView, ClipSpec, Encoding, ShotSpec, make_clip
from datasets.maker.lettering import BuilderMark, Lettering
from datasets.maker.machine import random_machine
from datasets.maker.scene import draw_scene, random_scene
from datasets.registry import load_registry
from detector import Settings
from detector.look.model_files import model_digest
from evidence.accounts import to_secret
from evidence.case.summary import add_recipe
from evidence.work.background import BackgroundWorker
from evidence.work.sweep import Order
from tests.api.web.access.conftest import PASSWORD, team_of
from tests.api.web.browser import serve
from tests.api.web.reviewed import all_sent, shown
from tests.evidence.work.helping import PATIENCE

FIRM = "临沂恒工数控机床有限公司"
SIZE = (1280, 720)
MOST_SECONDS = 60.0  # of one core, from the upload until the machine stands first in the review


def plated_clip(path: Path) -> Path:
    """Two seconds of a hall with one machine that bears the firm's plate."""
    assert not any(FIRM in str(entry) for entry in load_registry())
    rng = np.random.default_rng(5)
    mark = BuilderMark("unlisted", FIRM, "han")
    plate = Lettering(ink=(20, 22, 30), plate=(226, 228, 230), weight=0.02)
    for seed in range(3, 60):
        spec = random_machine(rng, variant="marked", mark=mark)
        spec = replace(spec, mark_style=plate, series=None, badge=None)
        scene = random_scene(seed, SIZE, machines=[spec], setting="hall")
        _, truth = draw_scene(scene)
        tall = max((m.box[3] - m.box[1] for m in truth.marks if m.legible), default=0)
        if len(truth.machines) == 1 and not truth.machines[0].truncated and tall > 28:
            views = CameraView(0.49, 0.5, 0.96), CameraView(0.51, 0.5, 0.96)
            shot = ShotSpec(scene, Fraction(2), *views)
            make_clip(path, ClipSpec((shot,), encodings=(Encoding(size=SIZE, crf=23),)))
            return path
    raise AssertionError("no drawing with a plate in sight")


pytestmark = pytest.mark.sqlite


@pytest.mark.usefixtures("weak_passwords")
def test_a_plate_of_an_unlisted_firm_is_accepted_by_two_and_counted(
    case, chromium, tmp_path, request
):
    screens: Path | None = request.config.getoption("--screens")
    clip = plated_clip(tmp_path / "hall 12.mp4")
    settings, registry = Settings.archive(), load_registry()
    with case.session() as session, session.begin():
        recipe = add_recipe(session, model_digest(None), settings, registry)
    site = team_of(Site(case, registry, settings, recipe), to_secret(PASSWORD)).site
    order = Order(settings, registry, workers=1)
    with BackgroundWorker(case, recipe, order) as desk, serve(replace(site, desk=desk)) as address:
        first, second = (enter(chromium, address, name) for name in ("reviewer", "lead"))
        begun, busy = time.monotonic(), cpu_seconds()
        first.goto(f"{address}/upload")
        first.set_input_files("#files", [clip])
        line = first.locator(".upload", has_text=clip.name)
        expect(line).to_contain_text("machines: ", timeout=PATIENCE * 1000)
        for number, page in enumerate((first, second)):
            page.goto(f"{address}/review")
            assert shown(page)
            took, worked = time.monotonic() - begun, cpu_seconds() - busy
            told = page.locator("#told")
            # How well the plate is read decides which of the two it is.
            why = re.compile("A lead, not claimed: is it so|Claim under test")
            expect(told.locator(".why b")).to_have_text(why)
            expect(told.locator(".leads li").first).to_contain_text("from the country China")
            expect(told.locator(".leads li p").first).to_contain_text(FIRM[-6:])
            plate = told.locator(".marks img").first
            expect(plate).to_be_visible()
            assert plate.evaluate("one => one.naturalWidth > 100 && one.clientWidth > 150")
            if number == 0:
                print(f"from the upload to the review: {took:.1f} s, {worked:.1f} s of one core")
                # What else the machine does is no concern of the walk.
                assert worked < MOST_SECONDS
                if screens is not None:
                    page.screenshot(path=screens / "walk-review.png")
            page.keyboard.press("1")
            all_sent(page)
        second.goto(f"{address}/answer?origin=CN")
        expect(second.locator("h1")).to_contain_text("1 machine of Chinese make confirmed")
        second.context.close()
        first.context.close()


def enter(chromium: Browser, address: str, name: str) -> Page:
    """A page of a browser in which somebody has logged in."""
    page = chromium.new_context(viewport={"width": 1280, "height": 720}, locale="en").new_page()
    page.goto(f"{address}/login")
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")
    return page


def cpu_seconds() -> float:
    """What this process and those it started have worked."""
    mine, spent = psutil.Process(), 0.0
    for one in (mine, *mine.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # it ended meanwhile
            times = one.cpu_times()
            spent += times.user + times.system
    return spent
