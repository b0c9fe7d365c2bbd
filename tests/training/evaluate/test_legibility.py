"""Made marks on machines: written as asked, judged by what is said of the machine that bears
them, and counted into a curve."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from datasets.errors import DataError
from datasets.maker import encode, write_stills
from datasets.photographs.annotations import AnnotatedMark, Photograph, read_photographs
from datasets.registry import Registry, load_registry
from detector.analyze import Analyst
from detector.settings import Attributing
from detector.types import Attribution, Box, Observation, Shot, Sighting, Track
from training.evaluate import legibility, mounting
from training.evaluate.evaluation import open_picture
from training.evaluate.faces import MachineFace, body, find_faces, flat_place, without_marks
from training.evaluate.journal import Journal
from training.evaluate.legibility import (
    CHINESE,
    CYCLE,
    GROUPS,
    PAIRS,
    CurveClip,
    CurvePlan,
    Measured,
    encoding,
    judge,
    measure,
    sample_marks,
)
from training.evaluate.legibility_page import as_dict, pairs, tell_apart, write
from training.evaluate.mounting import FRAME, FRAMES, RATE, Mounted, mount


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Photograph]:
    folder = tmp_path_factory.mktemp("drawn")
    write_stills(folder, 10, seed=3, degrade=False)
    return read_photographs(folder)


@pytest.fixture(scope="module")
def faces(photographs: Sequence[Photograph]) -> list[MachineFace]:
    return find_faces(photographs)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry()


@pytest.fixture(scope="module")
def analyst(registry: Registry) -> Analyst:
    return Analyst(registry=registry)


def mounted(faces: list[MachineFace], height: float, text: str = "DMTG", seed: int = 0) -> Mounted:
    for face in faces:
        picture = without_marks(open_picture(face.photograph), face.photograph)
        whole = body(picture, face.box)
        rng = np.random.default_rng(seed)
        if (made := mount(picture, face, whole, text, "latin", height, rng)) is not None:
            return made
    raise AssertionError("no machine is large enough")


def test_machines_to_write_on_are_whole_and_large(photographs: Sequence[Photograph]) -> None:
    faces = find_faces(photographs)
    assert faces
    for face in faces:
        machine = face.photograph.machines[face.machine]
        assert machine.cnc and not machine.truncated
        assert min(face.box[2] - face.box[0], face.box[3] - face.box[1]) >= 150


def test_labelled_marks_are_painted_over(photographs: Sequence[Photograph]) -> None:
    photograph = next(p for p in photographs if p.marks)
    x1, y1, x2, y2 = (round(v) for v in photograph.marks[0].box)
    before = open_picture(photograph)
    after = without_marks(before, photograph)
    assert after[y1:y2, x1:x2].std() < before[y1:y2, x1:x2].std()
    bare = photograph.model_copy(update={"marks": ()})
    assert without_marks(before, bare) is before


def test_a_mark_finds_a_flat_place_on_the_machine() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (200, 300, 3), dtype=np.uint8)
    picture[60:120, 120:260] = 180
    whole = np.ones((20, 30), np.uint8)
    place = flat_place(picture, (20, 10, 280, 190), whole, (0.5, 0.3), (100, 30))
    assert place is not None
    assert 170 <= place[0] <= 210 and 75 <= place[1] <= 105
    assert flat_place(picture, (20, 10, 60, 190), whole, (0.5, 0.3), (100, 30)) is None
    # What stands behind the machine is no place, however flat.
    behind = whole.copy()
    behind[:, 10:] = 0
    elsewhere = flat_place(picture, (20, 10, 280, 190), behind, (0.5, 0.3), (60, 30))
    assert elsewhere is not None and elsewhere[0] < 110


@pytest.mark.parametrize("height", [8, 24, 48])
def test_a_mark_is_as_high_as_asked(faces: list[MachineFace], height: int) -> None:
    made = mounted(faces, height)
    x1, y1, x2, y2 = made.mark
    # Ink, tilt and a plate: never lower than asked, and not twice as high.
    assert 0.9 * height <= y2 - y1 <= 2.2 * height
    assert x2 - x1 > y2 - y1
    mx1, my1, mx2, my2 = made.machine
    assert mx1 <= (x1 + x2) / 2 <= mx2 and my1 <= (y1 + y2) / 2 <= my2


def test_the_same_seed_makes_the_same_clip(faces: list[MachineFace]) -> None:
    one, two, other = (mounted(faces, 24, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.still, two.still) and one.pan == two.pan
    assert one.pan != other.pan


def test_the_same_frames_give_the_same_clip(faces: list[MachineFace], tmp_path: Path) -> None:
    made = mounted(faces, 24)
    written = set()
    for n in range(4):
        encode(tmp_path / f"{n}.mp4", made.frames(), encoding(1500))
        written.add((tmp_path / f"{n}.mp4").read_bytes())
    assert len(written) == 1


def test_the_mark_moves_with_the_picture(faces: list[MachineFace]) -> None:
    made = mounted(faces, 24)
    frames = list(made.frames())
    assert len(frames) == FRAMES
    assert all(picture.shape == (FRAME[1], FRAME[0], 3) for _, picture in frames)
    first, last = made.mark_at(0), made.mark_at(FRAMES - 1)
    moved = (first[0] - last[0], first[1] - last[1])
    (x1, y1), (x2, y2) = made.pan
    assert moved == pytest.approx((x2 - x1, y2 - y1))


STILL = Mounted(
    np.zeros((784, 1344, 3), np.uint8), (100, 100, 600, 500), (300, 200, 400, 220), ((0, 0), (0, 0))
)
MACHINE: Box = (100.0, 100.0, 600.0, 500.0)
BESIDE: Box = (700.0, 100.0, 900.0, 500.0)


def sighting(box: Box, builder: str | None) -> Sighting:
    shot = Shot(0, Fraction(0), Fraction(1), "hit")
    seen = Observation(Fraction(1, RATE), box, 0.9)
    return Sighting("m", Track(shot, (seen,)), seen, Attribution(builder, 0.9, "B"))


@pytest.mark.parametrize(
    ("sightings", "outcome", "elsewhere"),
    [
        pytest.param([], "unseen", [], id="nothing"),
        pytest.param([sighting(BESIDE, None)], "unseen", [], id="another machine"),
        pytest.param([sighting(MACHINE, None)], "unknown", [], id="unknown"),
        pytest.param([sighting(MACHINE, "dmtg")], "right", [], id="right"),
        pytest.param([sighting(MACHINE, "dmg")], "wrong", [], id="wrong"),
        pytest.param(
            [sighting(MACHINE, None), sighting(MACHINE, "dmtg")], "right", [], id="seen twice"
        ),
        pytest.param(
            [sighting(MACHINE, None), sighting(BESIDE, "haas")], "unknown", ["haas"], id="beside"
        ),
        pytest.param(
            [sighting(MACHINE, "dmg"), sighting(MACHINE, "dmtg"), sighting(MACHINE, "dmtg")],
            "right",
            ["dmg"],
            id="seen twice and once taken for another",
        ),
        pytest.param(
            [sighting(MACHINE, "dmg"), sighting(MACHINE, "haas")], "wrong", ["haas"], id="two wrong"
        ),
    ],
)
def test_a_clip_is_judged_by_the_machine_that_bears_the_mark(
    sightings: list[Sighting], outcome: str, elsewhere: list[str]
) -> None:
    values = judge(sightings, STILL, "dmtg")
    assert (values["outcome"], values["elsewhere"]) == (outcome, elsewhere)


def test_the_sample_is_of_marks_that_may_name_alone(registry: Registry) -> None:
    sample = sample_marks(registry, seed=1)
    texts = {mark.text for marks in sample.marks.values() for mark in marks}
    assert {"MAZAK", "DMTG", "沈阳机床"} <= texts
    assert not {"DMG", "STAR", "TOP"} & texts
    assert sample.left_out["needs a second cue"] > 0
    for group in CHINESE:
        assert all(registry.get(mark.builder).origin == "CN" for mark in sample.marks[group])
    assert sample_marks(registry, seed=1) == sample != sample_marks(registry, seed=2)


def test_groups_take_turns_and_every_mark_comes_once_before_any_comes_again(
    registry: Registry,
) -> None:
    sample = sample_marks(registry)
    drawn = [sample.of(n) for n in range(4 * len(CYCLE))]
    assert [mark.group for mark in drawn[: len(CYCLE)]] == list(CYCLE)
    assert len({(m.builder, m.text) for m in drawn}) == len(drawn)


def test_a_registry_without_chinese_builders_has_a_sample(registry: Registry) -> None:
    sample = sample_marks(Registry(e for e in registry if e.origin != "CN"))
    assert {sample.of(n).group for n in range(12)} == {"elsewhere-latin", "cyrillic"}


def test_texts_that_only_look_like_a_mark_name_nobody(registry: Registry) -> None:
    told = tell_apart(registry, Attributing())
    # These two are other firms' names and, letter for letter, a builder's own mark.
    assert {one.text for one in told if one.wrong} <= {"BROTHER", "VICTOR"}
    assert next(one for one in told if one.text == "DMG MORI").said == "dmg-mori"


def clip(number: int, height: int, outcome: str, said: str | None, **changed: object) -> CurveClip:
    values = CurveClip(
        "curve", number, "chinese-latin", "dmtg", "DMTG", height, 700, 650.0, "images/a.jpg",
        outcome, said, "A", 0.98, ("DMTG",), (),
    )  # fmt: skip
    return replace(values, **changed)


@pytest.fixture
def measured(registry: Registry) -> Measured:
    clips = (
        clip(0, 12, "unknown", None),
        clip(0, 24, "right", "dmtg"),
        clip(1, 24, "wrong", "dmg", group="cyrillic", elsewhere=("haas",)),
        clip(0, 24, "wrong", "dmg", part="pairs"),
    )
    plan = CurvePlan((12, 24), (700,), clips=2, pairs=1)
    return Measured(plan, sample_marks(registry), 5, clips, 1)


def test_the_curve_counts_each_cell(measured: Measured) -> None:
    values = as_dict(measured, [], {})
    rows = {(r["marks"], r["height"], r["bitrate"]): r for r in values["curve"]}
    assert (rows["all", 24, 700]["right"], rows["all", 24, 700]["wrong"]) == (1, 1)
    assert rows["all", None, None]["clips"] == 3
    assert rows["chinese", 24, None]["share"] == 1.0
    assert rows["chinese-han", 24, None]["share"] is None
    assert values["chinese_from_24"]["total"] == 1
    assert values["false_elsewhere"] == 1
    assert values["not_made"] == 1


def test_a_mark_taken_for_its_neighbour_is_counted(measured: Measured) -> None:
    rows = {(row["text"], row["height"]): row for row in pairs(measured)}
    assert rows["DMTG", 24]["confused"] == 1
    assert rows["DMTG", 24]["said"] == {"dmg": 1}
    assert rows["DMG", 24]["clips"] == 0


def test_the_curve_is_written_as_data_drawing_and_page(measured: Measured, tmp_path: Path) -> None:
    files = write(measured, tell_apart(load_registry(), Attributing()), {"model": "a"}, tmp_path)
    assert [file.name for file in files] == ["legibility.json", "legibility.svg", "legibility.html"]
    assert json.loads(files[0].read_text("utf-8"))["run"] == {"model": "a"}
    assert files[1].read_text("utf-8").startswith("<svg")
    page = files[2].read_text("utf-8")
    assert page.count("<svg") == 2 and "大连机床" in page


def test_pictures_without_a_machine_to_write_on_are_refused(
    photographs: Sequence[Photograph], analyst: Analyst
) -> None:
    small = [p.model_copy(update={"machines": ()}) for p in photographs]
    with pytest.raises(DataError, match=r"drawn\w*/images: no labelled picture shows a whole"):
        measure(small, analyst, CurvePlan(), Journal(None, {}), lambda *_: None)


def test_clips_are_made_and_looked_at_once(
    photographs: Sequence[Photograph],
    analyst: Analyst,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(legibility, "PAIRS", PAIRS[1:])  # two show as much as three
    for module in (legibility, mounting):
        monkeypatch.setattr(module, "FRAMES", 14)  # looked at twice, not three times
    plan = CurvePlan((24,), (2000,), clips=1, pairs=1)
    told: list[tuple[int, int]] = []

    def tell(stage: str, done: int, total: int) -> None:
        told.append((done, total))

    first = measure(photographs, analyst, plan, Journal(tmp_path / "j", {}), tell)
    assert told[-1] == (plan.looks, plan.looks) == (3, 3)
    assert len(first.clips) + first.not_made == plan.looks
    assert all(clip.group in GROUPS and clip.rate > 0 for clip in first.clips)
    again = measure(photographs, analyst, plan, Journal(tmp_path / "j", {}), tell)
    assert again == first
    assert len(Journal(tmp_path / "j", {})) == plan.looks


def test_a_machine_with_its_own_mark_bears_the_new_one_there(
    photographs: Sequence[Photograph],
) -> None:
    face = find_faces(photographs)[0]
    x1, y1, x2, y2 = face.box
    own = (x1 + 10, y1 + 20, x1 + 70, y1 + 40)
    mark = AnnotatedMark(box=own, text="A", role="builder", of=face.machine, legible=True, id=None)
    marked = face.photograph.model_copy(update={"marks": (mark,)})
    (found,) = [f for f in find_faces([marked]) if f.machine == face.machine]
    assert found.usual == pytest.approx((40 / (x2 - x1), 30 / (y2 - y1)))
