"""Generated archives: the same machines in several clips, and whose are known to be whose."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import av
import pytest

from datasets.maker.archive import ArchiveSpec, ArchiveTruth, make_archive

SPEC = ArchiveSpec(
    seed=1, clips=3, halls=2, shots=2, seconds=Fraction(1, 4), size=(192, 108), copies=1.0
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ArchiveTruth]:
    folder = tmp_path_factory.mktemp("archive")
    return folder, make_archive(folder, SPEC)


def test_the_truth_is_beside_the_clips(archive: tuple[Path, ArchiveTruth]) -> None:
    folder, truth = archive
    told = json.loads((folder / "archive.json").read_text("utf-8"))
    assert told == json.loads(json.dumps(asdict(truth)))
    assert [clip.file for clip in truth.clips] == sorted(
        path.name for path in folder.iterdir() if path.suffix in (".mp4", ".webm")
    )


def test_machines_turn_up_in_several_clips_inside_the_frame(
    archive: tuple[Path, ArchiveTruth],
) -> None:
    _, truth = archive
    files: dict[str, set[str]] = defaultdict(set)
    for clip in truth.clips:
        for one in clip.machines:
            assert one.machine in truth.machines and one.start <= one.end
            files[one.machine].add(clip.file)
            for _, (x1, y1, x2, y2) in one.boxes:
                assert 0 <= x1 < x2 <= clip.size[0] and 0 <= y1 < y2 <= clip.size[1]
    assert max(map(len, files.values())) > 1


def test_a_row_is_of_one_model_and_several_machines(archive: tuple[Path, ArchiveTruth]) -> None:
    _, truth = archive
    row = [about for about in truth.machines.values() if about["hall"] == "hall0"]
    assert len(row) >= 3 and len({about["model"] for about in row}) == 1


def test_a_copy_shows_what_its_original_shows(archive: tuple[Path, ArchiveTruth]) -> None:
    folder, truth = archive
    files = {clip.file: clip for clip in truth.clips}
    copies = [clip for clip in truth.clips if clip.copy_of is not None]
    assert copies
    for clip in copies:
        assert clip.copy_of is not None
        original = files[clip.copy_of]
        assert original.copy_of is None
        assert {m.machine for m in clip.machines} == {m.machine for m in original.machines}
        with av.open(str(folder / clip.file)) as stored:
            stream = stored.streams.video[0]
            assert (stream.width, stream.height) == clip.size


def test_equal_specs_give_equal_archives(
    archive: tuple[Path, ArchiveTruth], tmp_path: Path
) -> None:
    _, truth = archive
    assert make_archive(tmp_path, SPEC) == truth
