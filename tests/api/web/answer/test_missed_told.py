"""Machines missed altogether, as the page, the report and the command tell of them."""

from __future__ import annotations

from html import unescape

import pytest

from api.cli.answer import _shares
from evidence.answer.intervals import at_most
from evidence.answer.question import Question
from tests.evidence.answer.conftest import Builder
from tests.evidence.answer.made import answer_case

CAVEAT = "too few that were shown briefly or beside one that was found"


@pytest.mark.parametrize("outcome", ["nothing", "missed"])
def test_of_frames_without_a_machine_the_upper_limit_leads(case, registry, client, build, outcome):
    def fill(b: Builder) -> None:
        for plant in range(12):
            b.add(f"Plant {plant}", claim="mazak", outcome="accept")
            b.frame(f"Plant {plant}", "nothing" if plant else outcome)

    build(fill)
    found, _, _ = answer_case(case, Question(), registry)
    assert found.missed.judged == 12 and found.missed.missed == (outcome == "missed")
    most = f"at most {at_most(found.missed.share.high)}"
    page = unescape(client.get("/answer").text)
    missed = page.partition('id="missed"')[2].partition("</section>")[0]
    report = unescape(client.get("/api/v1/answer/report").text)
    told = report.partition("What was missed")[2].partition("<h2>")[0]
    line = _shares(found)[1]
    assert most in line
    for text in (missed, told):
        assert CAVEAT in " ".join(text.split())
        assert (f"{most} of them" in text or f"frames, {most} of the machines" in text) == (
            outcome == "nothing"
        )
    if outcome == "nothing":
        for text in (missed, told, line.partition(";")[0]):
            assert " 0 %" not in text
