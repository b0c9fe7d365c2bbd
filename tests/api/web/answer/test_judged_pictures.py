"""The pictures of the answer's page."""

from __future__ import annotations

from collections.abc import Callable

import httpx2 as httpx

from tests.evidence.answer.conftest import Builder
from tests.evidence.answer.test_exhibits import OTHERS, OURS, linked


def test_a_confirmed_machine_is_shown_as_people_judged_it(
    client: httpx.Client, build: Callable[[Callable[[Builder], None]], object]
) -> None:
    build(linked)
    page = client.get("/answer").text
    assert "machine of Chinese make confirmed in 1 plant, among" in page
    assert f"/api/v1/stills/{OURS}" in page and OTHERS not in page


def test_one_is_not_told_of_as_several(
    client: httpx.Client, build: Callable[[Callable[[Builder], None]], object]
) -> None:
    def one(b: Builder) -> None:
        linked(b)
        b.frame("Plant 1", "nothing")

    build(one)
    report, page = client.get("/api/v1/answer/report").text, client.get("/answer").text
    for told in (report, page):
        assert "1 machine of Chinese make confirmed in 1 plant, among 1 whose" in told
        assert "drawn at random: 1; judged: 1; of these" in told and "1 frames" not in told
