"""Around hits, and in a random sample of known chance, footage is looked at closely."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.errors import SettingsError
from detector.look.plan import PIECE, TO_THE_END, audit_chance, plan_spans
from detector.look.sweep import Glance
from detector.settings import Settings, Sweeping
from detector.types import Footage, FootageKind, Probe, Span

F = Fraction
TWO = F(2)


def footage(kind: FootageKind = "video", sha256: str = "ab" * 32) -> Footage:
    return Footage(Path("clip.mp4"), sha256, 1, kind, "mp4")


def probe(duration: Fraction | None) -> Probe:
    return Probe(320, 192, "h264", F(1, 90000), F(0), duration, F(25), None, 0, F(1), False)


def swept(hits: list[bool], step: Fraction = TWO) -> tuple[Glance, ...]:
    return tuple(Glance(step * k, hit, 0.9 * hit, False) for k, hit in enumerate(hits))


def seconds(spans: list[Span]) -> Fraction:
    return sum((span.end - span.start for span in spans), F(0))


def test_a_hit_is_looked_at_from_the_keyframe_before_to_the_one_after():
    glances = swept([False] * 5 + [True] + [False] * 60, F(4))
    hits = [
        s for s in plan_spans(glances, probe(F(264)), Sweeping(), footage()) if s.reason == "hit"
    ]
    assert hits == [Span(F(16 - 1), F(24 + 1), "hit")]


def test_hits_close_together_are_one_span():
    glances = swept([False, True, False, True, False, False, False, False, False, True])
    hits = [
        s for s in plan_spans(glances, probe(F(20)), Sweeping(), footage()) if s.reason == "hit"
    ]
    assert [(s.start, s.end) for s in hits] == [(0, 9), (15, 20)]


def test_a_short_clip_without_hits_is_looked_at_completely():
    spans = plan_spans(swept([False] * 15), probe(F(30)), Sweeping(), footage())
    assert spans == [Span(F(0), F(30), "audit")]


def audited(settings: Sweeping, duration: Fraction, number: int) -> Fraction:
    """Seconds audited of each of many clips without hits, by number."""
    glances = swept([False] * int(duration / 2))
    clip = footage(sha256=f"{number:064x}")
    spans = plan_spans(glances, probe(duration), settings, clip)
    assert {span.reason for span in spans} <= {"audit"}
    return seconds(spans)


@pytest.mark.parametrize(
    ("settings", "duration", "chance"),
    [
        pytest.param(Sweeping(), F(3600), 0.05, id="an hour: the share"),
        pytest.param(Sweeping(), F(600), 0.1, id="ten minutes: the seconds"),
        pytest.param(Sweeping(), F(60), 1.0, id="a minute: all of it"),
        pytest.param(Sweeping(audit_seconds=F(0)), F(60), 0.05, id="in archives: the share"),
        pytest.param(Sweeping(audit_seconds=F(0), audit_share=0), F(60), 0.0, id="not at all"),
        pytest.param(Sweeping(), F(0), 1.0, id="of no length"),
    ],
)
def test_the_chance_to_be_audited_is_known(settings, duration, chance):
    assert audit_chance(settings, duration) == pytest.approx(chance)
    if not duration:
        return
    count = 200 if duration < 3600 else 50
    found = sum(audited(settings, duration, number) for number in range(count))
    pieces = count * duration / PIECE
    error = float(PIECE / (duration * count)) * float(pieces * F(chance) * F(1 - chance)) ** 0.5
    assert abs(float(found / (duration * count)) - chance) <= 4 * error


def test_pieces_are_audited_independently_of_each_other():
    """As often both of two neighbours as chance has it, and as often none of a short clip."""
    settings = Sweeping(audit_seconds=F(0), audit_share=0.2)
    whole = [audited(settings, F(20), number) / PIECE for number in range(1000)]
    assert abs(whole.count(F(0)) - 640) < 4 * (1000 * 0.64 * 0.36) ** 0.5
    assert abs(whole.count(F(2)) - 40) < 4 * (1000 * 0.04 * 0.96) ** 0.5


def test_the_sample_depends_on_seed_and_footage_alone():
    glances, long = swept([False] * 1800), probe(F(3600))
    first = plan_spans(glances, long, Sweeping(), footage())
    assert plan_spans(glances, long, Sweeping(), footage()) == first
    assert plan_spans(glances, long, Sweeping(seed=1), footage()) != first
    assert plan_spans(glances, long, Sweeping(), footage(sha256="cd" * 32)) != first


def test_every_piece_is_as_likely_to_be_audited():
    glances, long = swept([False] * 300), probe(F(600))
    halves = [0, 0]
    for seed in range(100):
        spans = plan_spans(glances, long, Sweeping(seed=seed, audit_seconds=F(30)), footage())
        for span in spans:
            halves[span.start >= 300] += int((span.end - span.start) / PIECE)
    # 300 draws: within 4 standard deviations of a half.
    assert abs(halves[0] - halves[1]) < 8 * (sum(halves) / 4) ** 0.5


def test_a_length_the_container_does_not_tell_reaches_to_the_end():
    spans = plan_spans(swept([False, False, True]), probe(None), Sweeping(), footage())
    assert spans[-1].reason == "hit"
    assert spans[-1].end == 4 + TO_THE_END
    spans = plan_spans(swept([False] * 3), probe(None), Sweeping(), footage())
    assert spans == [Span(F(0), 4 + TO_THE_END, "audit")]


def test_a_container_that_declares_too_little_is_looked_at_to_its_last_keyframe():
    spans = plan_spans(swept([False] * 9 + [True]), probe(F(10)), Sweeping(), footage())
    assert spans[-1].end > 18


def test_footage_without_keyframes_is_looked_at_completely():
    spans = plan_spans((), probe(F(50)), Sweeping(), footage())
    assert spans == [Span(F(0), F(50), "audit")]


def test_keyframes_far_apart_make_long_spans():
    glances = swept([False, True, False, False], F(60))
    spans = plan_spans(glances, probe(F(200)), Sweeping(), footage())
    assert spans[0] == Span(F(0), F(121), "hit")


@pytest.mark.parametrize("kind", ["still", "stills"])
def test_each_still_is_a_span_of_its_own(kind):
    spans = plan_spans(swept([True, True, True], F(1)), probe(None), Sweeping(), footage(kind))
    assert spans == [Span(F(n), F(n + 1), "hit") for n in range(3)]


def test_a_folder_without_a_readable_still_has_no_spans():
    assert plan_spans((), probe(None), Sweeping(), footage("stills")) == []


@given(
    hits=st.lists(st.booleans(), max_size=80),
    step=st.fractions(F(1, 10), F(30)),
    duration=st.none() | st.fractions(F(0), F(3000)),
    share=st.floats(0, 1),
    least=st.fractions(F(0), F(200)),
)
def test_spans_are_sorted_disjoint_and_cover_every_hit(hits, step, duration, share, least):
    settings = Sweeping(audit_share=share, audit_seconds=least)
    glances = swept(hits, step)
    spans = plan_spans(glances, probe(duration), settings, footage())
    assert all(span.start < span.end for span in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    for glance in glances:
        if glance.hit:
            assert any(s.start <= glance.pts < s.end and s.reason == "hit" for s in spans)


def stretches(settings: Sweeping, *glances: Glance, end: Fraction) -> list[tuple[Fraction, ...]]:
    spans = plan_spans(glances, probe(end), settings, footage())
    return [(span.start, span.end) for span in spans if span.reason == "hit"]


def test_of_each_scene_the_budget_allows_a_share_from_its_surest_keyframe_on():
    sure = {4: 0.5, 5: 0.9, 6: 0.6, 7: 0.7}
    glances = [Glance(TWO * k, k in sure, sure.get(k, 0.0)) for k in range(20)]
    assert stretches(Sweeping(), *glances, end=F(40)) == [(5, 17)]
    assert stretches(Sweeping(budget=0.5), *glances, end=F(40)) == [(10, 16)]
    # So much only fits in if it begins earlier.
    assert stretches(Sweeping(budget=0.75), *glances, end=F(40)) == [(8, 17)]


def test_two_scenes_have_a_share_each():
    hits = [Glance(TWO * k, 4 <= k <= 7, 0.5 * (4 <= k <= 7), cut=k == 6) for k in range(20)]
    assert stretches(Sweeping(budget=0.25), *hits, end=F(40)) == [(8, 10), (12, 14)]
    # Without a budget what lies between them belongs to both.
    assert stretches(Sweeping(), *hits, end=F(40)) == [(5, 17)]


@given(
    sure=st.lists(st.floats(0, 1), min_size=1, max_size=40),
    cuts=st.sets(st.integers(0, 40)),
    budget=st.floats(0.01, 1),
)
def test_a_budget_looks_at_a_part_of_what_all_of_it_would(sure, cuts, budget):
    glances = [Glance(TWO * k, c >= 0.25, c, cut=k in cuts) for k, c in enumerate(sure)]
    end = TWO * len(sure)
    all_of_it = stretches(Sweeping(), *glances, end=end)
    some = stretches(Sweeping(budget=budget), *glances, end=end)
    for a, b in some:
        assert any(start <= a < b <= stop for start, stop in all_of_it)
    # Every scene with a hit is in it, by its surest keyframe or right before it.
    assert bool(some) == bool(all_of_it)
    assert sum(b - a for a, b in some) <= sum(b - a for a, b in all_of_it)


def glimpses(settings: Sweeping, *glances: Glance) -> list[tuple[Fraction, Fraction]]:
    end = glances[-1].pts + TWO
    spans = plan_spans(glances, probe(end), settings, footage())
    return [(span.start, span.end) for span in spans if span.reason == "marks"]


def test_a_moment_of_each_scene_near_a_hit_is_looked_at():
    """Keyframes every two seconds, a scene of three each; one hit, looked at from 57 to 63 s."""
    none = Sweeping(audit_share=0, audit_seconds=F(0))
    film = [Glance(TWO * k, k == 30, 0.5 * (k == 30), cut=k % 3 == 0) for k in range(60)]
    found = glimpses(none, *film)
    assert all(b - a == 1 for a, b in found)
    assert [float(a) for a, _ in found] == [28, 32, 38, 44, 50, 56, 64, 68, 74, 80, 86, 92]
    # Nothing is near where there is no hit; a short budget is for the hits alone.
    assert glimpses(none, *(replace(one, hit=False) for one in film)) == []
    assert glimpses(none.model_copy(update={"budget": 0.5}), *film) == []
    # What is audited is looked at already.
    assert glimpses(none.model_copy(update={"audit_share": 1.0}), *film) == []
    # A take without a cut is one scene on either side.
    take = [replace(one, cut=False) for one in film]
    assert [float(a) for a, _ in glimpses(none, *take)] == [42, 78]


def test_archives_are_audited_by_share_alone_and_what_is_given_goes_before():
    sweeping = Settings.archive().sweeping
    assert audit_chance(sweeping, F(30)) == sweeping.audit_share < Sweeping().audit_share
    assert audit_chance(sweeping.at("clip"), F(30)) == 1
    mine = Settings.archive({"sweeping": {"audit_share": 0.5, "seed": 3}, "reading": {}})
    assert (mine.sweeping.audit_share, mine.sweeping.audit_seconds) == (0.5, 0)
    assert mine.sweeping.seed == 3
    assert Settings.archive({}) == Settings.archive() != Settings()


@pytest.mark.parametrize("values", [[1], {"sweeping": 3}, {"sweeping": {"budget": 0}}])
def test_wrong_settings_of_an_archive_are_told(values):
    with pytest.raises(SettingsError):
        Settings.archive(values)


def test_fewer_views_are_read_on_a_short_budget_but_two_where_there_is_a_mark():
    on = [Settings(sweeping=Sweeping(budget=b)) for b in (1.0, 0.6, 0.25, 0.1)]
    assert [settings.views for settings in on] == [3, 2, 2, 2]
    assert [settings.views_in_vain for settings in on] == [2, 2, 1, 1]
    assert Settings.parse({"legibility": {"keep": 1}}).views == 1
