"""What a worker does: answers as plain values, with the setup it was sent and no file of ours."""

from __future__ import annotations

import os
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from datasets.registry import load_registry
from detector import Analyst, Settings
from detector.footage.files import FileStamp, open_footage
from detector.look.model_files import PACKAGED, model_digest
from detector.settings import Depth
from detector.types import Footage, Survey
from evidence.work import tasks
from evidence.work.tasks import Identification, TaskFailure, equip, identify, pack_setup, survey
from tests.evidence.work.helping import known
from tests.logo import draw_machine, write_registry
from tests.ordinary import ordinary


def looked(identified: Identification, digest: str, *depth: Depth) -> Survey:
    found = survey(identified, digest, None, *depth)
    assert isinstance(found, Survey), found
    return found


def failure(answer: object) -> tuple[str, bool]:
    """The kind of a failure, and whether it may pass."""
    assert isinstance(answer, TaskFailure), answer
    return answer.kind, answer.passing


def test_a_setup_carries_registry_and_model_to_a_machine_without_them(clips, tmp_path):
    model = tmp_path / "own-model"
    shutil.copytree(PACKAGED, model)
    settings, registry = Settings.archive(), load_registry()
    setup = pickle.loads(pickle.dumps(pack_setup(settings, registry, model, remote=True)))
    shutil.rmtree(model)
    equip(setup, 1, tmp_path / "scratch")
    identified = known(clips / "clip-0.mp4")
    found = looked(identified, setup.digest)
    assert found.analysis.footage == identified.footage
    # What the worker made of its setup is what the holder's recipe names.
    assert found.analysis.settings_hash == settings.digest
    assert found.analysis.model_hash == model_digest()
    assert pickle.loads(pickle.dumps(found)) == found

    # An upload to the case of an archive is looked at as a clip by itself.
    closely = looked(identified, setup.digest, "clip")
    assert closely.analysis.settings_hash == settings.digest
    assert closely.analysis.loss.expected >= found.analysis.loss.expected

    stale = Identification(identified.footage, FileStamp(identified.stamp.size, 1))
    assert failure(survey(stale, setup.digest)) == ("changed", True)


def test_a_setup_carries_the_logos_of_a_registry_to_a_machine_without_them(tmp_path):
    file = write_registry(tmp_path / "own")
    registry = load_registry(file)
    setup = pickle.loads(pickle.dumps(pack_setup(Settings.archive(), registry, None)))
    bare = pack_setup(
        Settings.archive(), load_registry(write_registry(tmp_path / "bare", logo=False)), None
    )
    assert setup.digest != bare.digest
    shutil.rmtree(tmp_path / "own")
    equip(setup, 1, tmp_path / "scratch")
    found = looked(known(draw_machine(tmp_path / "machine.png")), setup.digest)
    (lead, *_) = found.analysis.sightings[0].attribution.leads
    assert lead.builder == "veltranix"
    assert {"code", "look"} <= {one.feature for one in lead.evidence}


def test_a_worker_without_the_setup_says_so(clips):
    assert failure(survey(known(clips / "clip-0.mp4"), "0" * 64)) == ("crashed", True)


def test_a_worker_of_two_sweeps_has_the_setups_of_both_and_the_model_of_one(clips, tmp_path):
    identified = known(clips / "clip-0.mp4")
    both = [Settings.archive(), Settings()]
    setups = [pack_setup(settings, load_registry(), None) for settings in both]
    for setup in setups:
        equip(setup, 1, tmp_path)
    for settings, setup in (*zip(both, setups, strict=True), (both[0], setups[0])):
        found = looked(identified, setup.digest)
        assert found.analysis.settings_hash == settings.digest
        assert tasks._analyst.cache_info().currsize == 1


def test_a_machine_with_another_version_is_named(clips, tmp_path):
    setup = replace(pack_setup(Settings(), load_registry(), None), version="0.0.1")
    equip(setup, 1, tmp_path)
    answer = survey(known(clips / "clip-0.mp4"), setup.digest)
    assert failure(answer) == ("model", False) and "the sweep is of 0.0.1" in str(answer)


def test_setups_differ_where_anything_in_them_does(tmp_path):
    registry = load_registry()
    one = pack_setup(Settings(), registry, None)
    assert pack_setup(Settings(), registry, None).digest == one.digest
    assert pack_setup(Settings.archive(), registry, None).digest != one.digest
    assert pack_setup(Settings(), registry, PACKAGED).digest != one.digest


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [("empty.mp4", b"", "empty"), ("page.mp4", b"<!doctype html>", "disguised")],
)
def test_an_error_of_the_footage_is_a_value(tmp_path, name, content, kind):
    (tmp_path / name).write_bytes(content)
    answer = identify(tmp_path / name)
    assert failure(answer) == (kind, False) and str(tmp_path / name) in str(answer)


def test_a_file_that_is_gone_is_told_from_a_folder_that_is(tmp_path):
    folder = tmp_path / "mount" / "2023"
    folder.mkdir(parents=True)
    (folder / "other.mp4").touch()
    assert failure(identify(folder / "clip.mp4")) == ("missing", False)
    shutil.rmtree(folder)
    away = identify(folder / "clip.mp4")
    assert failure(away) == ("away", True)
    # Told is the disk, not each folder that was on it.
    assert isinstance(away, TaskFailure) and away.where == str(tmp_path / "mount")
    # Where a disk was mounted there is an empty folder.
    assert failure(identify(tmp_path / "mount" / "clip.mp4")) == ("away", True)


def test_a_clip_in_a_folder_that_may_not_be_searched_is_missing(clips, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir()
    shutil.copyfile(clips / "clip-0.mp4", locked / "clip.mp4")
    locked.chmod(0)
    with ordinary():
        failed = identify(locked / "clip.mp4")
    assert failure(failed) == ("missing", False) and "Permission denied" in str(failed)


def test_what_nobody_thought_of_is_a_value_too(clips, monkeypatch):
    def fail(path: Path) -> Footage:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(tasks, "open_footage", fail)
    failed = identify(clips / "clip-0.mp4")
    assert failure(failed) == ("crashed", True) and "nobody thought of this" in str(failed)


def test_a_model_that_finds_no_room_on_the_worker_is_not_the_footages_fault(clips, tmp_path):
    (tmp_path / "scratch").touch()  # no folder can be made in a file
    setup = pack_setup(Settings(), load_registry(), PACKAGED, remote=True)
    equip(setup, 1, tmp_path / "scratch")
    answer = survey(known(clips / "clip-0.mp4"), setup.digest)
    assert failure(answer) == ("model", False) and "the model cannot be kept in" in str(answer)


def test_a_folder_of_pictures_is_stamped_by_all_of_them(tmp_path):
    pixel = bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
        "53de0000000c4944415478da6360606000000004000146a8e1a40000000049454e44ae426082"
    )
    for number, name in enumerate(("a.png", "b.png"), 1):
        (tmp_path / name).write_bytes(pixel)
        os.utime(tmp_path / name, ns=(number, number))
    assert known(tmp_path).stamp == FileStamp(2 * len(pixel), 2)


@pytest.mark.parametrize("folder", [False, True], ids=["a clip", "a folder of pictures"])
def test_what_is_written_while_it_is_read_is_not_known_by_a_hash_of_neither(
    folder, tmp_path, monkeypatch
):
    file = tmp_path / ("1.jpg" if folder else "clip.mp4")
    file.write_bytes(b"\xff\xd8\xff" + bytes(60) if folder else b"\0\0\0\x18ftypisom" + bytes(60))
    path = tmp_path if folder else file
    assert isinstance(identify(path), Identification)

    def meanwhile(path: Path) -> Footage:
        footage = open_footage(path)
        os.utime(file, ns=(1, 1))
        return footage

    monkeypatch.setattr(tasks, "open_footage", meanwhile)
    assert failure(identify(path)) == ("changed", True)


@pytest.mark.parametrize("stage", ["identify", "survey"])
def test_footage_that_is_back_again_was_only_out_of_reach(stage, clips, tmp_path, monkeypatch):
    """As where a disk goes and comes back before anybody can ask whether it has gone."""
    clip, elsewhere = tmp_path / "here" / "clip.mp4", tmp_path / "elsewhere"
    clip.parent.mkdir()
    shutil.copyfile(clips / "clip-0.mp4", clip)
    identified = known(clip)
    setup = pack_setup(Settings.archive(), load_registry(), None)
    equip(setup, 1, tmp_path / "scratch")

    place, name = (tasks, "open_footage") if stage == "identify" else (Analyst, "survey")
    real = getattr(place, name)

    def meanwhile(*given: object) -> object:
        clip.parent.rename(elsewhere)
        try:
            return real(*given)
        finally:
            elsewhere.rename(clip.parent)

    monkeypatch.setattr(place, name, meanwhile)
    answer = identify(clip) if stage == "identify" else survey(identified, setup.digest)
    assert failure(answer) == ("missing", True) and "no such file" in str(answer)


def test_a_file_that_is_gone_while_its_folder_stands_is_missing(clips, tmp_path):
    for name in ("clip-0.mp4", "clip-1.mp4"):
        shutil.copyfile(clips / name, tmp_path / name)
    identified = known(tmp_path / "clip-0.mp4")
    setup = pack_setup(Settings.archive(), load_registry(), None)
    equip(setup, 1, tmp_path / "scratch")
    (tmp_path / "clip-0.mp4").unlink()
    for answer in (identify(tmp_path / "clip-0.mp4"), survey(identified, setup.digest)):
        assert failure(answer) == ("missing", False)
