"""Names in footage held against who is on screen."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from datasets.errors import DataError
from datasets.photographs.annotations import Photograph, read_photographs
from detector.types import Analysis, Attribution, Footage, Loss, Observation, Shot, Sighting, Track
from tests.datasets.sets import line, machine
from tests.datasets.sets import photograph as made
from tests.probe import probe as probe_of
from training.evaluate.footage import (
    CONDITIONS,
    PERSON,
    TruthClip,
    find_clips,
    footage_report,
    hear,
    seen_through,
)
from training.pictures import read_photograph

BOX = (0.0, 0.0, 100.0, 100.0)


def photograph(name: str, *builders: str | None) -> Photograph:
    machines = [machine(box=(4, 4, 40, 40), builder=builder) for builder in builders]
    return made(line(name, machines=machines, marks=[], controls=[]))


def analysis(*builders: str | None, seconds: int = 1800, at: int = 0) -> Analysis:
    """Each seen from `at` on, for a second."""
    shot = Shot(0, Fraction(0), Fraction(seconds), "hit")
    seen = Observation(Fraction(at), BOX, 0.9)
    track = Track(shot, (seen, Observation(Fraction(at + 1), BOX, 0.9)))
    sightings = tuple(
        Sighting(f"m{i}", track, seen, Attribution(b, 0.95, "B" if b else "U"))
        for i, b in enumerate(builders)
    )
    probe = probe_of((640, 360), seconds, rate=None)
    footage = Footage(Path("a.mp4"), "f" * 64, 1, "video", "mp4")
    return Analysis(footage, probe, Loss(), (shot,), sightings, (), "m", "s")


def test_clips_know_who_they_show(tmp_path):
    for name in ("b.mp4", "a.webm", "C.MP4", "notes.txt"):
        (tmp_path / name).touch()
    shown = [{"photo": "1.jpg", "start": 0, "end": 4}, {"photo": "2.jpg", "start": 4, "end": 8}]
    (tmp_path / "b.json").write_text(json.dumps(shown))
    clips = find_clips(tmp_path, [photograph("1.jpg", "mazak", None), photograph("2.jpg", "haas")])
    assert [(c.path.name, c.shown, c.negative) for c in clips] == [
        ("C.MP4", (), True),
        ("a.webm", (), True),
        ("b.mp4", (("mazak", 0, 4), ("haas", 4, 8)), False),
    ]


@pytest.mark.parametrize("there", [False, True])
def test_where_no_clip_is_none_is_measured(tmp_path, there):
    """Else a table would say of no hours that no name is false in them."""
    folder = tmp_path / "clips"
    if there:
        folder.mkdir()
        (folder / "a.json").write_text("[]")
    with pytest.raises(DataError, match="clips: no clip is there"):
        find_clips(folder, [])


def test_photographs_of_one_name_in_two_folders_are_told_apart(tmp_path):
    (tmp_path / "b.mp4").touch()
    (tmp_path / "b.json").write_text('[{"photo": "one/5.jpg", "start": 0, "end": 4}]')
    photographs = [photograph("one/5.jpg", "mazak"), photograph("two/5.jpg", "haas")]
    (clip,) = find_clips(tmp_path, photographs)
    assert clip.shown == (("mazak", 0, 4),)


def test_a_builder_who_is_shown_at_another_time_is_named_wrongly():
    clip = TruthClip(Path("b.mp4"), (("mazak", 0.0, 4.0), ("haas", 4.0, 8.0)))
    for at, right, wrong in ((0, "mazak", "haas"), (4, "haas", "mazak"), (6, "haas", "mazak")):
        heard = hear(clip, analysis("mazak", "haas", at=at))
        assert heard.named == (right,)
        assert [name for name, _ in heard.wrong] == [wrong]
    # One that lasts over a cut may be of either.
    assert hear(clip, analysis("mazak", "haas", at=3)).wrong == ()
    assert [name for name, _ in hear(clip, analysis("haas", at=8)).wrong] == ["haas"]


def test_a_photograph_of_another_split_is_named(tmp_path):
    (tmp_path / "b.mp4").touch()
    (tmp_path / "b.json").write_text('[{"photo": "1.jpg", "start": 0, "end": 4}]')
    with pytest.raises(DataError, match=r"b\.json: 1\.jpg is not in the split"):
        find_clips(tmp_path, [])
    (tmp_path / "b.json").write_text('{"photo": "1.jpg"}')
    with pytest.raises(DataError, match=r"b\.json: expected a list"):
        find_clips(tmp_path, [])


def test_false_names_an_hour():
    shown, empty = TruthClip(Path("b.mp4"), (("mazak", 0.0, 1800.0),)), TruthClip(Path("a.mp4"))
    heard = [hear(shown, analysis("mazak", "haas", None)), hear(empty, analysis("okuma"))]
    assert heard[0].named == ("mazak",)
    assert [name for name, _ in heard[0].wrong] == ["haas"]
    rates = footage_report(heard)
    assert rates["all"]["an_hour"] == 2.0
    negative = rates["negative"]
    assert (negative["hours"], negative["false_names"], negative["an_hour"]) == (0.5, 1, 2.0)
    # 4.744 events are the 95 % Poisson bound for one seen; in half an hour.
    assert negative["an_hour_at_most"] == pytest.approx(2 * 4.744, abs=0.001)
    assert footage_report([])["negative"]["an_hour"] is None


@pytest.mark.parametrize("name", CONDITIONS)
def test_each_condition_changes_the_picture_in_the_same_way_each_time(made_data, name):
    photograph = read_photographs(made_data / "val")[0]
    picture = np.asarray(np.kron(read_photograph(photograph), np.ones((6, 6, 1))), np.uint8)
    one, labels = seen_through(name, picture, photograph)
    two, _ = seen_through(name, picture, photograph)
    assert one.dtype == np.uint8 and (one == two).all()
    assert one.shape != picture.shape or (one != picture).any()
    assert len(labels.machines) == len(photograph.machines)
    if name.endswith("lines"):
        assert one.shape[:2] == (int(name.split()[0]),) * 2
    else:
        assert one.shape == picture.shape


def test_what_somebody_hides_is_not_asked_for(made_data):
    photograph = read_photographs(made_data / "val")[0]
    picture = read_photograph(photograph)
    small = photograph.machines[0].model_copy(update={"box": (40.0, 40.0, 55.0, 60.0)})
    photograph = photograph.model_copy(update={"machines": (small,)})
    names = [photograph.model_copy(update={"image": f"images/{n}.jpg"}) for n in range(200)]
    ignored = [seen_through(PERSON, picture, one)[1].machines[0].ignore for one in names]
    assert 0 < sum(ignored) < 100
