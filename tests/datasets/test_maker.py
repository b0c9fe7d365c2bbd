"""The maker draws what it says it draws, the same from the same seed."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.errors import DataError
from datasets.fonts import font
from datasets.maker.clip import (
    CameraView,
    ClipSpec,
    Encoding,
    ShotSpec,
    demo_spec,
    make_clip,
)
from datasets.maker.lettering import BUILDER_MARKS, Lettering, draw_lettering
from datasets.maker.machine import DrawnMachine, MachineSpec, Truth, Variant, random_machine
from datasets.maker.scene import Scene, draw_scene, draw_still, random_scene, write_stills
from datasets.maker.sheet import DrawnMark
from datasets.photographs.annotations import read_photographs
from datasets.photographs.splits import check_data
from datasets.registry import load_registry

SIZE = (480, 270)


def machine(variant: Variant, seed: int = 3, text: str = "MAZAK") -> MachineSpec:
    mark = next(m for m in BUILDER_MARKS if m.text == text)
    rng = np.random.default_rng(seed)
    return random_machine(rng, variant=variant, mark=mark)


def studio(spec: MachineSpec, seed: int = 5, size: tuple[int, int] = (960, 540)) -> Scene:
    return random_scene(seed, size, machines=[spec], setting="studio")


def whole_machine(variant: Variant) -> tuple[Scene, Truth]:
    """A studio scene in which the machine stands whole with all its marks in sight."""
    for seed in range(40):
        scene = studio(machine(variant, seed), seed)
        truth = draw_scene(scene)[1]
        roles = {m.role for m in truth.marks}
        wanted = {"marked": {"builder"}, "concealed": {"builder"}, "control-only": {"control"}}
        if truth.machines and wanted.get(variant, set()) <= roles and truth.controls:
            return scene, truth
    raise AssertionError(f"no scene shows a machine that is {variant}")


def one_shot(seconds: Fraction = Fraction(1), size: tuple[int, int] = SIZE) -> ShotSpec:
    scene = studio(machine("marked", 3), 5, (round(size[0] * 1.4), round(size[1] * 1.4)))
    return ShotSpec(scene, seconds, CameraView(0.45, 0.5, 0.8), CameraView(0.55, 0.5, 0.8))


def decoded(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


@pytest.mark.parametrize("text", ["MAZAK", "СТАНКОМАШСТРОЙ", "沈阳机床", "大连机床"])
@pytest.mark.parametrize("serif", [False, True], ids=["sans", "serif"])
def test_the_base_fonts_draw_each_script(text, serif):
    missing = font(40, serif=serif).getmask("\U0010fffe").getbbox()
    shapes = {bytes(font(40, serif=serif).getmask(c)) for c in text}
    assert missing is None or len(shapes) == len(set(text))
    drawn = draw_lettering(text, Lettering((10, 10, 10), serif=serif), 30)
    assert drawn.shape[2] == 4 and 24 < drawn.shape[0] < 60 and drawn[..., 3].max() == 255


@pytest.mark.parametrize("degrade", [False, True], ids=["clean", "worn"])
def test_a_seed_gives_one_picture(degrade):
    first, truth = draw_still(11, SIZE, degrade=degrade)
    again, same = draw_still(11, SIZE, degrade=degrade)
    other, _ = draw_still(12, SIZE, degrade=degrade)
    assert first.dtype == np.uint8 and first.shape == (truth.size[1], truth.size[0], 3)
    assert np.array_equal(first, again) and truth == same
    assert first.shape != other.shape or not np.array_equal(first, other)


@pytest.mark.parametrize("seed", range(8))
def test_every_box_lies_in_the_picture_and_belongs_to_a_machine(seed):
    picture, truth = draw_still(seed, SIZE, degrade=True)
    h, w = picture.shape[:2]
    assert truth.size == (w, h)
    for thing in (*truth.machines, *truth.marks, *truth.controls):
        x1, y1, x2, y2 = thing.box
        assert 0 <= x1 < x2 <= w and 0 <= y1 < y2 <= h
    for owned in (*truth.marks, *truth.controls):
        assert 0 <= owned.of < len(truth.machines)


def test_a_mark_is_where_the_truth_says_and_nowhere_else():
    scene, truth = whole_machine("marked")
    standing = scene.machines[0]
    bare = replace(standing, spec=replace(standing.spec, mark=None, series=None))
    with_mark, _ = draw_scene(scene)
    without, _ = draw_scene(replace(scene, machines=(bare,)))
    changed = np.abs(with_mark.astype(int) - without).max(axis=2) > 12
    inside = np.zeros(changed.shape, bool)
    for mark in truth.marks:
        x1, y1, x2, y2 = (round(v) for v in mark.box)
        inside[max(0, y1 - 2) : y2 + 2, max(0, x1 - 2) : x2 + 2] = True
        if mark.role == "builder":
            assert changed[y1:y2, x1:x2].mean() > 0.05
    assert changed.any() and (changed & inside).sum() > 0.97 * changed.sum()


def test_the_variants_say_what_can_be_read():
    _, marked = whole_machine("marked")
    assert marked.machines[0].builder == "mazak" and not marked.machines[0].concealed
    _, concealed = whole_machine("concealed")
    hidden = concealed.machines[0]
    assert hidden.concealed and hidden.builder is None and hidden.wordmark == "MAZAK"
    assert not any(m.legible for m in concealed.marks if m.role == "builder")
    line = concealed.annotation("x.jpg")
    assert line["concealed"] and "MAZAK" not in json.dumps(line["marks"])
    _, control = whole_machine("control-only")
    assert control.machines[0].builder is None and control.machines[0].control is not None
    _, unknown = whole_machine("unknown")
    assert unknown.machines[0].builder is None and unknown.machines[0].control is None
    assert not unknown.marks


@pytest.mark.parametrize("cover", ["tape", "sticker", "mosaic", "blur"])
def test_a_concealed_mark_cannot_be_told_from_another(cover):
    scene, truth = whole_machine("concealed")
    box = next(m.box for m in truth.marks if m.role == "builder")
    patches = []
    for concealed in (True, False):
        spec = replace(scene.machines[0].spec, cover=cover if concealed else "none")
        picture, _ = draw_scene(replace(scene, machines=(replace(scene.machines[0], spec=spec),)))
        x1, y1, x2, y2 = (round(v) for v in box)
        grey = cv2.cvtColor(picture[y1:y2, x1:x2], cv2.COLOR_RGB2GRAY).astype(np.float32)
        patches.append(float(np.abs(np.diff(grey, axis=1)).mean()))
    assert patches[0] < 0.75 * patches[1]


def test_a_negative_holds_nothing():
    truth = draw_scene(random_scene(4, SIZE, negative=True))[1]
    assert not truth.machines and truth.annotation("x.jpg")["scene"] == "negative"


def test_a_set_is_laid_out_like_the_labelled_photographs(tmp_path):
    truths = write_stills(tmp_path / "train", 6, seed=2)
    held = read_photographs(tmp_path / "train")
    assert [len(one.machines) for one in held] == [len(truth.machines) for truth in truths]
    assert not any("labels" in fault for fault in check_data(tmp_path, load_registry()).faults)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    file = tmp_path / "taken"
    file.write_text("")
    with pytest.raises(DataError, match="taken"):
        write_stills(file, 1)


@given(scale=st.floats(0.2, 3.0), dx=st.floats(-900, 300), dy=st.floats(-500, 300))
def test_a_moved_truth_stays_in_its_picture(scale, dx, dy):
    machine_ = DrawnMachine(
        number=0, box=(100, 80, 400, 300), kind="mill", variant="marked", builder="mazak",
        wordmark="MAZAK", script="latin", series=None, control=None, concealed=False,
        truncated=False,
    )  # fmt: skip
    other = replace(machine_, number=1, box=(500, 90, 700, 280))
    mark = DrawnMark((520, 100, 600, 120), "builder", "OKUMA", "latin", "okuma", 1, False, True)
    truth = Truth((800, 450), (machine_, other), (mark,))
    moved = truth.moved((640, 360), (scale, scale), (dx, dy))
    for thing in (*moved.machines, *moved.marks):
        x1, y1, x2, y2 = thing.box
        assert 0 <= x1 < x2 <= 640 and 0 <= y1 < y2 <= 360
    assert all(moved.machines[m.of].number == 1 for m in moved.marks)


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [("libx264", ".mp4"), ("mpeg4", ".mp4"), ("libvpx-vp9", ".webm"), ("libx265", ".mkv")],
)
def test_a_clip_is_stored_with_the_codec_asked_for(codec, suffix, tmp_path):
    path = tmp_path / f"clip{suffix}"
    rate = Fraction(30000, 1001)
    how = Encoding(codec, SIZE, rate, gop=10)
    truth = make_clip(path, ClipSpec((one_shot(Fraction(1, 2)),), encodings=(how,)))
    frames = decoded(path)
    assert len(frames) == truth.frames == 15
    assert frames[-1].time == pytest.approx(float(14 / rate), abs=0.002)
    assert (frames[0].width, frames[0].height) == SIZE


def test_the_truth_follows_the_pan_and_stands_beside_the_clip(tmp_path):
    path = tmp_path / "clip.mp4"
    how = Encoding(size=SIZE)
    truth = make_clip(path, ClipSpec((one_shot(),), encodings=(how,)))
    (seen,) = truth.machines
    assert truth.shots == ((0.0, 1.0),) and (seen.start, seen.end) == (0.0, 0.96)
    assert seen.boxes[0][1][0] > seen.boxes[-1][1][0]  # the view moves right, the machine left
    stored = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert stored["machines"][0]["builder"] == seen.builder and stored["rate"] == "25"


def test_recompression_keeps_every_frame(tmp_path):
    path = tmp_path / "again.mp4"
    first = Encoding(size=SIZE, crf=18)
    small = replace(first, codec="mpeg4", size=(320, 180), crf=None, bit_rate=300_000)
    spec = ClipSpec((one_shot(),), encodings=(first, small, replace(small, codec="libx264")))
    truth = make_clip(path, spec)
    assert len(decoded(path)) == truth.frames == 25 and truth.size == (320, 180)
    assert truth.machines[0].boxes[0][1][2] <= 320


def test_the_demo_shows_what_it_promises():
    spec = demo_spec()
    shown = [s.spec for shot in spec.shots for s in shot.scene.machines]
    scripts = {s.mark.script for s in shown if s.mark and s.variant == "marked"}
    assert scripts == {"latin", "han", "cyrillic"}
    assert {s.variant for s in shown} == {"marked", "unknown", "concealed", "control-only"}
    assert len(spec.encodings) == 3 and spec.overlay.bug and spec.overlay.caption
    for shot in spec.shots:
        # Tried small and without the hall: neither changes what is seen of the machines.
        near = replace(
            shot.scene.camera, size=(900, 506), focal=shot.scene.camera.focal * 900 / 1792
        )
        bare = replace(shot.scene, camera=near, setting="studio", clutter=0)
        truth = draw_scene(bare)[1]
        assert len(truth.machines) == len(shot.scene.machines)
        assert not any(one.truncated for one in truth.machines)
        for place, one in enumerate(truth.machines):
            role = {"unknown": None, "control-only": "control"}.get(one.variant, "builder")
            own = [m for m in truth.marks if m.of == place and m.role == role]
            assert role is None or any(mark.legible or mark.concealed for mark in own)
    assert 30 <= sum(shot.seconds for shot in spec.shots) <= 40
