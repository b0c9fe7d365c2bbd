"""A text that outlasts its scene, or comes and goes within it, and a mark that stays and goes with
the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image, ImageDraw

from datasets.fonts import font
from datasets.maker.clip import demo_spec
from datasets.maker.scene import draw_scene
from datasets.registry import load_registry
from detector.examining.examination import Examination
from detector.examining.examine import Examiner
from detector.screen.graphics import BESIDE, LATER, drawn_on
from detector.settings import Settings
from detector.types import Box, Frame, Likeness, Observation, Picture, Reading, Shot, Track

MAZAK, OTHER = 1, 7
SIZE = (640, 360)
MACHINE: Box = (40.0, 20.0, 600.0, 340.0)
TEXT: Box = (230.0, 130.0, 340.0, 154.0)
SHOT = Shot(1, Fraction(10), Fraction(12), "hit")

Film = Callable[[Fraction], Picture]


@dataclass(frozen=True)
class Seen:
    track: Track
    readings: tuple[Reading, ...]
    picture: Picture
    likenesses: tuple[Likeness, ...] = ()


@pytest.fixture(scope="module")
def scenes() -> tuple[Picture, Picture]:
    shots = demo_spec().shots
    return tuple(  # type: ignore[return-value]
        np.asarray(Image.fromarray(draw_scene(shots[i].scene)[0]).resize(SIZE), np.uint8)
        for i in (MAZAK, OTHER)
    )


def written(picture: Picture, share: float = 1.0) -> Picture:
    """TAIKAN drawn over it, or a share of it still to be seen."""
    drawn = Image.fromarray(picture)
    ImageDraw.Draw(drawn).rectangle((220, 120, 360, 164), fill=(160, 24, 34))
    ImageDraw.Draw(drawn).text(TEXT[:2], "TAIKAN", "white", font(24))
    return np.asarray(Image.blend(Image.fromarray(picture), drawn, share), np.uint8)


def noisy(picture: Picture, seed: int) -> Picture:
    noise = np.random.default_rng(seed).normal(0, 4, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def shown(
    film: Film, first: Fraction, last: Fraction
) -> Callable[[Sequence[Fraction]], Iterable[Frame]]:
    """Frames, ten a second, as a decoder gives them: beyond both ends the nearest."""

    def frames(times: Sequence[Fraction]) -> Iterator[Frame]:
        for time in times:
            pts = min(max(Fraction(int(time * 10), 10), first), last)
            yield Frame(pts, film(pts))

    return frames


def machine(pts: Fraction = Fraction(11), text: Box = TEXT, look: bool = False) -> Seen:
    track = Track(SHOT, (Observation(pts, MACHINE, 0.9),))
    reading = Reading("TAIKAN", 0.95, text, pts, "latin")
    likeness = Likeness("taikan", "logo", 2.0, pts, text, True)
    none = np.zeros((48, 48, 3), np.uint8)
    return Seen(track, () if look else (reading,), none, (likeness,) if look else ())


def drawn_in(film: Film, *machines: Seen, last: int = 20) -> list[bool]:
    """Of each machine, whether its readings and marks count as the broadcast's."""
    found = [drawn_on(one, shown(film, Fraction(0), Fraction(last))) for one in machines]
    assert all(places in (frozenset(), {(Fraction(11), TEXT)}) for places in found)
    return [bool(places) for places in found]


def test_a_caption_that_outlasts_the_shot_is_the_broadcasts(scenes):
    here, other = scenes

    def ends_later(pts: Fraction) -> Picture:
        within = SHOT.start <= pts <= SHOT.end
        return written(here if within else other) if pts >= SHOT.start else other

    def began_before(pts: Fraction) -> Picture:
        within = SHOT.start <= pts <= SHOT.end
        return written(here if within else other) if pts <= SHOT.end else other

    for film in (ends_later, began_before):
        assert drawn_in(film, machine(), machine(look=True)) == [True, True]


Pair = tuple[Picture, Picture]


def dissolved(here: Picture, other: Picture) -> Pair:
    mixed = np.asarray(Image.blend(Image.fromarray(other), Image.fromarray(here), 0.4), np.uint8)
    return written(here), written(mixed, 0.4)


def half_hidden(here: Picture, other: Picture) -> Pair:
    half = written(here).copy()
    half[:, 345:] = other[:, 345:]
    return written(here), half


def barred(here: Picture, other: Picture) -> Pair:
    """A caption's bar across the screen in both."""
    here, other = here.copy(), other.copy()
    for picture in (here, other):
        picture[112:180] = (160, 24, 34)
    return written(here), written(other)


def bare_places(here: Picture, other: Picture) -> Pair:
    """Of a place that shows nothing nothing is told."""
    here, other = here.copy(), other.copy()
    for picture in (here, other):
        picture[110:180, 200:380] = 90
    return here, other


def smaller(here: Picture, other: Picture) -> Pair:
    """A picture of another size tells nothing."""
    resized = Image.fromarray(written(other)).resize((320, 180))
    return written(here), np.asarray(resized, np.uint8)


@pytest.mark.parametrize(
    ("film", "is_drawn"),
    [
        (lambda here, other: (written(here), other), False),
        (lambda here, other: (written(here), written(here)), False),
        (lambda here, other: (np.full_like(here, 90),) * 2, False),
        (dissolved, False),
        (half_hidden, False),
        (barred, True),
        (bare_places, False),
        (smaller, False),
    ],
    ids=["goes with its scene", "a still camera", "all blank", "a dissolve", "somebody before it",
         "a bar", "a bare place", "another size"],
)  # fmt: skip
def test_a_text_is_drawn_if_it_outlasts_its_scene(scenes, film, is_drawn):
    within, outside = film(*scenes)
    shown_at = {True: within, False: outside}
    assert drawn_in(lambda t: shown_at[SHOT.start <= t <= SHOT.end], machine()) == [is_drawn]


@pytest.mark.parametrize("seconds", [(SHOT.start, 11), (11, SHOT.end), (Fraction(21, 2), 11)])
def test_a_caption_that_comes_or_goes_while_the_machine_stays_is_the_broadcasts(scenes, seconds):
    """Over the only take there is, in which nothing moves."""
    film = {True: noisy(written(scenes[0]), 1), False: noisy(scenes[0], 2)}
    from_, to = seconds
    frames = shown(lambda t: film[from_ <= t <= to], SHOT.start, SHOT.end)
    assert drawn_on(machine(), frames) == {(Fraction(11), TEXT)}


def walked_before(here: Picture, other: Picture) -> Pair:
    """So tall is no caption."""
    hidden = written(here).copy()
    hidden[90:360, 215:365] = other[90:360, 215:365]
    return written(here), hidden


def slid(here: Picture, other: Picture) -> Pair:
    """On a door: the letters' strip changes, and nothing else of the machine."""
    pair = []
    for by in (0, 140):
        door = Image.fromarray(here)
        ImageDraw.Draw(door).rectangle((200, 100, 520, 200), fill=(150, 155, 160))
        ImageDraw.Draw(door).text((TEXT[0] + by, TEXT[1]), "TAIKAN", (20, 24, 34), font(24))
        pair.append(np.asarray(door, np.uint8))
    return pair[0], pair[1]


def dim(here: Picture, other: Picture) -> Pair:
    """Noise hides it: nothing came and nothing went."""
    drawn = Image.fromarray(here)
    ImageDraw.Draw(drawn).rectangle((220, 120, 360, 164), fill=(150, 155, 160))
    bare = np.asarray(drawn, np.uint8)
    ImageDraw.Draw(drawn).text(TEXT[:2], "TAIKAN", (138, 143, 148), font(24))
    return noisy(np.asarray(drawn, np.uint8), 1), noisy(bare, 2)


@pytest.mark.parametrize("film", [walked_before, slid, dim])
def test_a_mark_that_is_gone_at_the_end_of_the_take_stays_one(scenes, film):
    before, end = film(*scenes)
    shown_at = {True: before, False: end}
    frames = shown(lambda t: shown_at[t < SHOT.end], SHOT.start, SHOT.end)
    assert drawn_on(machine(), frames) == set()


@pytest.mark.parametrize("pixels", [2, 60])
def test_a_mark_from_which_the_camera_turns_away_stays_one(scenes, pixels):
    """A little is enough for thin letters to have nothing in common with what was there, where
    broad edges still do."""
    drawn = Image.fromarray(scenes[0])
    draw = ImageDraw.Draw(drawn)
    for place in range(60, 580, 40):
        draw.rectangle((place, 40, place + 20, 100), fill="black")
    draw.rectangle((220, 120, 360, 164), fill=(20, 24, 34))
    draw.text(TEXT[:2], "HURCO", "white", font(10))
    here = np.asarray(drawn, np.uint8)
    film = {True: here, False: np.roll(here, pixels, axis=1)}
    frames = shown(lambda t: film[t < SHOT.end], SHOT.start, SHOT.end)
    box = (230.0, 131.0, 262.0, 143.0)
    assert drawn_on(machine(text=box), frames) == set()


def test_a_caption_over_slides_is_told_on_the_next_slide(scenes):
    """A frame a second: right after the shot its last frame still stands."""
    here, other = scenes

    def frames(times: Sequence[Fraction]) -> Iterator[Frame]:
        for time in times:
            pts = Fraction(int(time))
            yield Frame(pts, written(here if SHOT.start <= pts <= SHOT.end else other))

    start = replace(machine().track, shot=replace(SHOT, start=Fraction(0)))
    first = replace(machine(), track=start)
    assert drawn_on(first, frames) == {(Fraction(11), TEXT)}


def test_nothing_is_told_of_a_machine_as_small_as_its_text(scenes):
    track = Track(SHOT, (Observation(Fraction(11), TEXT, 0.9),))
    full = {True: written(scenes[0]), False: written(scenes[1])}
    small = replace(machine(), track=track)
    assert drawn_in(lambda t: full[SHOT.start <= t <= SHOT.end], small) == [False]


def test_the_only_shot_has_nothing_beside_it(scenes):
    film = shown(lambda t: written(scenes[0]), SHOT.start, SHOT.end)
    assert drawn_on(machine(), film) == frozenset()


def test_only_frames_beside_the_shot_are_looked_at(scenes):
    """Ten seconds later the caption may be another one at the same place."""
    asked: list[Fraction] = []

    def frames(times: Sequence[Fraction]) -> Iterator[Frame]:
        asked.extend(times)
        return iter(())

    # The frames went away: it reports nothing.
    assert drawn_on(machine(), frames) == frozenset()
    after = [SHOT.end + later for later in (0, BESIDE, *LATER)]
    assert asked == [SHOT.start - BESIDE, SHOT.start + BESIDE, Fraction(11), *after]


@pytest.mark.parametrize("box", [(-4.0, -3.0, 2.0, 1.0), (639.0, 359.0, 700.0, 400.0)])
def test_a_box_at_the_edge_of_the_picture_does_no_harm(scenes, box):
    here, other = scenes
    film = shown(
        lambda t: here if SHOT.start <= t <= SHOT.end else other, Fraction(0), Fraction(20)
    )
    assert drawn_on(machine(text=box), film) in (frozenset(), {(Fraction(11), box)})


@pytest.mark.parametrize(
    ("own", "named"),
    [("MAZAK", "mazak"), ("SMTCL", None)],
    ids=["another", "of an origin under test"],
)
def test_where_two_builders_are_read_the_one_that_is_not_drawn_is_named(scenes, own, named):
    """None of an origin under test: which of two is drawn may be mistaken."""
    here, other = scenes

    def film(pts: Fraction) -> Picture:
        within = SHOT.start <= pts <= SHOT.end
        return written(here if within else other) if pts >= SHOT.start else other

    registry = load_registry()
    # Nothing is looked at or read again.
    examiner = Examiner(None, None, None, None, registry, Settings())  # type: ignore[arg-type]
    shown_here = shown(film, Fraction(0), Fraction(20))
    drawn = Reading("HURCO", 0.99, TEXT, Fraction(11), "latin")
    mark = Reading(own, 0.99, (420.0, 60.0, 520.0, 84.0), Fraction(11), "latin")
    seen = machine()
    best = seen.track.observations[0]
    looks = tuple(
        Likeness(one.text.lower(), one.text, 5.0, one.pts, one.box, True) for one in (mark, drawn)
    )
    examined = Examination(seen.track, best, None, (mark, drawn), (), looks, seen.picture)
    found = examiner.sighting("m1", examined)
    assert found is not None and found.attribution.builder is None
    shares: list[float] = []
    [settled, _] = examiner.settle(
        [found] * 2, [examined] * 2, shown_here, film=True, progress=shares.append
    )
    assert settled.attribution.builder == named and shares == [0, 0.5]
    # What goes with its scene contends as before.
    [kept] = examiner.settle(
        [found], [examined], shown(lambda pts: here, Fraction(0), Fraction(20)), film=True
    )
    assert kept.attribution.builder is None
