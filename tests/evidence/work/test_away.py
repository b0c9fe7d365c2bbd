"""Footage out of reach, and footage that declares more than it holds."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace

from PIL import Image

from datasets.maker.scene import draw_still
from evidence.work.cluster import ClusterPool
from evidence.work.ledger import MOST_TRIES
from evidence.work.progress import SweepTally
from evidence.work.tasks import Task
from tests.detector.clips import claim_length, write_clip
from tests.evidence.work.helping import Noted, go, on_give, put, works


def test_a_folder_out_of_reach_is_waited_for(small, order, clips, tmp_path, monkeypatch):
    monkeypatch.setattr("evidence.work.loop.AGAIN_SECONDS", 0.5)
    mount, elsewhere = tmp_path / "mount", tmp_path / "elsewhere"
    shutil.copytree(clips / "цех", mount)

    done: list[str] = []

    def unplug(pool: ClusterPool, address: str, task: Task) -> None:
        # Tiny clips may all be done before the first tally, so not by the tally.
        if not done:
            mount.rename(elsewhere)
            done.append("unplugged")

    def plug_in(tally: SweepTally) -> None:
        if tally.away and done == ["unplugged"]:
            elsewhere.rename(mount)
            done.append("plugged in")

    on_give(monkeypatch, unplug)
    watcher = Noted(plug_in)
    ending = go(small, order, mount, watcher=watcher)
    assert any("trying again later" in message for message in watcher.troubles)
    assert (ending.outcome, ending.tally.aside) == ("done", {})
    assert ending.tally.done == len(list(mount.iterdir())) == 2


def test_a_disk_that_is_away_keeps_no_other_waiting(small, order, clips, tmp_path, monkeypatch):
    monkeypatch.setattr("evidence.work.loop.MOST_AWAY", 10)
    pulled = (tmp_path / "pulled" / f"{n}" / "clip.mp4" for n in range(100))
    put(small, order, *pulled, priority=1)
    ending = go(small, replace(order, patience=1.0), clips / "clip-0.mp4")
    assert works(small)["clip-0.mp4"].state == "done"
    assert (ending.outcome, ending.tally.away, ending.tally.waiting) == ("away", 100, 100)


def test_what_cannot_be_read_to_its_end_is_set_aside_with_the_reason(
    small, order, tmp_path, monkeypatch
):
    monkeypatch.setattr("evidence.work.loop.AGAIN_SECONDS", 0.2)
    folder = tmp_path / "stills"
    folder.mkdir()
    Image.fromarray(draw_still(seed=1)[0]).save(folder / "1.jpg")
    # Reading it ends with an error, as reading a bad sector does.
    (folder / "2.jpg").symlink_to("/sys/class/net/lo/speed")
    ending = go(small, replace(order, patience=30.0), folder)
    assert (ending.outcome, ending.tally.aside) == ("done", {"missing": 1})
    aside = works(small)["stills"]
    assert aside.tries == MOST_TRIES
    assert f"{folder / '2.jpg'}: cannot be read (Invalid argument)" in str(aside.reason)


def test_a_task_that_fails_on_its_worker_is_not_given_out_for_ever(
    small, order, clips, monkeypatch
):
    def fail(*given: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("evidence.work.cluster.survey_on_cluster", fail)
    ending = go(small, order, clips / "clip-0.mp4")
    assert (ending.outcome, ending.tally.aside) == ("done", {"killed": 1})
    assert "its worker failed (PermissionError" in str(works(small)["clip-0.mp4"].reason)


def test_years_that_a_clip_declares_and_a_hollow_file_keep_nobody_waiting(small, order, tmp_path):
    folder = tmp_path / "odd"
    folder.mkdir()
    claim_length(write_clip(folder / "a.mkv", 50), 1e12)
    os.truncate(write_clip(folder / "b.mp4", 10), 1 << 40)
    watcher = Noted()
    ending = go(small, order, folder, watcher=watcher)
    assert (ending.tally.done, ending.tally.aside) == (1, {"unreadable": 1})
    assert ending.tally.seconds < 10
    assert any("were never written" in message for message in watcher.troubles)
