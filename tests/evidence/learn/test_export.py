"""Judged frames written as a data set, and back."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from datasets.errors import UsageError
from datasets.exchange.conversion import import_data
from datasets.photographs.annotations import Photograph
from datasets.photographs.splits import check_data, labels_of, read_splits
from detector.footage.decoder import Decoder
from detector.footage.files import open_footage
from detector.settings import Decoding
from detector.types import Reading
from evidence.case.case import Case
from evidence.case.verdicts import verify
from evidence.learn.annotations import judged_lines
from evidence.learn.export import export_judged
from tests.datasets.sets import dumped, files
from tests.judged import LEFT, RIGHT, Filler, film, machine
from tests.rows import look


def exported(case: Case, out: Path, **more: Any) -> dict[str, Photograph]:
    """The pictures by `FOOTAGE/PTS`."""
    export_judged(case, out, **more)
    return by_name(out / "data")


def by_name(data: Path) -> dict[str, Photograph]:
    return {
        one.image.removeprefix("images/").removesuffix(".jpg"): one
        for photographs in read_splits(data).values()
        for one in photographs
    }


def test_each_outcome_becomes_what_it_says(case, judged, tmp_path):
    pictures = exported(case, tmp_path / "out")
    gate = pictures[f"{judged['gate'][:16]}/1-2"]
    assert [(m.cnc, m.builder, m.by) for m in gate.machines] == [
        (True, "mazak", "wordmark"),
        (True, None, None),
    ]
    [mark] = gate.marks
    assert (mark.text, mark.role, mark.of, mark.id, mark.legible) == (
        "MAZAK", "builder", 0, "mazak", True,
    )  # fmt: skip
    hall = pictures[f"{judged['hall'][:16]}/1-2"]
    assert [(m.box, m.builder, m.by) for m in hall.machines] == [(LEFT, "haas", None)]
    # The mark that was read speaks for another builder: what it says is not known.
    assert [(m.role, m.id, m.ignore) for m in hall.marks] == [("other", None, True)]
    assert hall.more["not_machines"] == [list(RIGHT)]
    fair = pictures[f"{judged['fair'][:16]}/1-2"]
    assert [m.ignore for m in fair.machines] == [False, True]
    assert len(labels_of(fair)) == 2  # the machine that was judged and its mark
    assert pictures[f"{judged['fair'][:16]}/11-4"].scene == "negative"


def test_what_it_rests_on_is_named_and_authors_only_where_asked(case, judged, tmp_path):
    name = f"{judged['hall'][:16]}/1-2"
    plain = exported(case, tmp_path / "out")[name]
    assert plain.more["origin"] == {"case": case.id, "footage": judged["hall"], "pts": "1/2"}
    assert not look(case, verify)
    assert [v["number"] for v in plain.more["verdicts"]] == [3, 4]
    assert all(len(v["digest"]) == 64 for v in plain.more["verdicts"])
    assert "anna" not in (tmp_path / "out/data/train/annotations.jsonl").read_text("utf-8")
    named = exported(case, tmp_path / "named", authors=True)[name]
    assert {v["author"] for v in named.more["verdicts"]} == {"anna"}


def test_the_picture_is_the_frame_at_its_time(case, judged, tmp_path):
    clip = tmp_path / "clips" / "fair.mp4"
    before = clip.read_bytes()
    pictures = exported(case, tmp_path / "out")
    with Decoder(open_footage(clip), Decoding()) as decoder:
        frames = list(decoder.at([Fraction(1, 2), Fraction(11, 4)]))
    for frame in frames:
        name = f"{judged['fair'][:16]}/{str(frame.pts).replace('/', '-')}"
        with Image.open(pictures[name].path) as image:
            off = np.abs(np.asarray(image).astype(int) - frame.image.astype(int))
        # Next frames differ by four levels; what JPEG rounds is less than one in the mean.
        assert off.mean() < 1.5
    assert clip.read_bytes() == before


def test_no_source_is_on_both_sides(case, judged, tmp_path, registry):
    done = export_judged(case, tmp_path / "out", "yolo")
    record = json.loads((tmp_path / "out" / "judged.json").read_text("utf-8"))
    assert record["verdicts"]["number"] == 6 and record["pictures"] == done.counts
    splits = read_splits(tmp_path / "out/data")
    sides = {one.source: split for split, some in splits.items() for one in some}
    assert set(sides.values()) == {"train", "val"} and len(sides) == 3
    assert sum(len({p.source for p in some}) for some in splits.values()) == 3
    assert check_data(tmp_path / "out/data", registry).faults == ()


def test_a_round_trip_loses_nothing(case, judged, tmp_path):
    export_judged(case, tmp_path / "out", "cvat", authors=True)
    import_data(tmp_path / "out" / "cvat", tmp_path / "back")
    assert dumped(tmp_path / "back") == dumped(tmp_path / "out/data")
    wanted = {n: c for n, c in files(tmp_path / "out/data").items() if not n.endswith(".jsonl")}
    back = files(tmp_path / "back")
    assert {n: c for n, c in back.items() if not n.endswith(".jsonl")} == wanted


def test_what_was_corrected_in_another_tool_is_never_replaced(case, judged, tmp_path):
    out = tmp_path / "out"
    export_judged(case, out, "cvat")
    for file in out.glob("cvat/*/annotations.xml"):
        text = file.read_text("utf-8")
        file.write_text(text.replace('xbr="130.0"', 'xbr="124.5"'), "utf-8")
    before = files(out)
    with pytest.raises(UsageError, match=r"cvat: is there already, .* bring it back"):
        export_judged(case, out, "cvat")
    assert files(out) == before
    import_data(out / "cvat", tmp_path / "back")
    gate = by_name(tmp_path / "back")[f"{judged['gate'][:16]}/1-2"]
    assert gate.machines[0].box == (20, 40, 124.5, 160)
    assert gate.machines[0].more["verdicts"] == [1]
    assert gate.more["origin"]["footage"] == judged["gate"]


def test_a_second_run_cuts_nothing_again_and_adds_what_is_new(case, judged, tmp_path, registry):
    out = tmp_path / "out"
    export_judged(case, out)
    first = files(out)
    stamps = {p: p.stat().st_mtime_ns for p in (out / "pictures").rglob("*.jpg")}
    # As a killed run leaves it.
    (out / ".data.0123abcd.partial").mkdir()
    (out / ".data.0123abcd.partial" / "half").write_bytes(b"")
    Filler(case, registry).judge(judged["fair"], "m2", "not-cnc")
    export_judged(case, out)
    assert {p: p.stat().st_mtime_ns for p in stamps} == stamps
    assert {n: c for n, c in files(out).items() if n.startswith("pictures")} == {
        n: c for n, c in first.items() if n.startswith("pictures")
    }
    fair = by_name(out / "data")[f"{judged['fair'][:16]}/1-2"]
    assert [(m.cnc, m.ignore) for m in fair.machines] == [(True, False), (False, False)]


def test_footage_that_is_gone_is_named_and_the_rest_is_written(case, judged, tmp_path):
    (tmp_path / "clips" / "fair.mp4").unlink()
    done = export_judged(case, tmp_path / "out")
    [left] = done.left_out
    assert left.footage == judged["fair"] and left.frames == 2
    assert "at none of its 1 places" in left.reason
    assert sum(done.counts.values()) == 2
    film(tmp_path / "clips" / "fair.mp4", seed=99)  # another file is not taken for it
    [left] = export_judged(case, tmp_path / "other").left_out
    assert left.footage == judged["fair"] and "was changed" in left.reason


@pytest.mark.parametrize("state", ["open", "partial", "disputed"])
def test_only_what_is_settled_counts(state, case, filler, tmp_path):
    clip = filler.clip(film(tmp_path / "a.mp4", 1), [machine("m1", LEFT, "mazak")])
    filler.judge(clip, "m1", "accept", "mazak", state=state)
    with pytest.raises(UsageError, match="nothing has been judged"):
        export_judged(case, tmp_path / "out")


def test_a_machine_that_is_only_pictured_is_learnt_neither_as_one_nor_as_none(
    case, filler, tmp_path
):
    found = [machine("m1", LEFT, "mazak"), machine("m2", RIGHT)]
    clip = filler.clip(film(tmp_path / "a.mp4", 1), found)
    filler.judge(clip, "m1", "accept", "mazak")
    filler.judge(clip, "m2", "pictured")
    [picture] = exported(case, tmp_path / "out").values()
    assert [(m.box, m.ignore) for m in picture.machines] == [(LEFT, False), (RIGHT, True)]
    assert not picture.more.get("not_machines")


def test_a_missed_machine_is_drawn_in_and_one_drawn_twice_is_one(case, filler, tmp_path):
    at = Fraction(11, 4)
    clip = filler.clip(film(tmp_path / "a.mp4", 1), [machine("m1", LEFT)])
    filler.judge(clip, None, "missed", "dmg-mori", pts=at, box=RIGHT)
    again = (RIGHT[0] + 4, *RIGHT[1:])
    filler.judge(clip, None, "missed", "dmg-mori", pts=at, box=again, author="boris")
    picture = exported(case, tmp_path / "out")[f"{clip[:16]}/11-4"]
    # The model that ships may see the machine that nobody found, and more: it is ignored then.
    [machine_] = [m for m in picture.machines if not m.ignore]
    assert (machine_.box, machine_.builder, machine_.cnc) == (RIGHT, "dmg-mori", True)
    assert machine_.more["verdicts"] == [1, 2]


@pytest.mark.parametrize("where", [RIGHT, (140.0, 5.0, 172.0, 35.0)])
def test_who_was_overruled_names_no_machine_that_was_missed(case, filler, tmp_path, where):
    """A Chinese builder, say, whom only the first of three named."""
    at = Fraction(11, 4)
    clip = filler.clip(film(tmp_path / "a.mp4", 1), [machine("m1", LEFT)])
    filler.judge(clip, None, "missed", "dmtg", pts=at, box=where)
    for author in ("boris", "clara"):
        filler.judge(clip, None, "missed", "mazak", pts=at, box=RIGHT, author=author)
    picture = exported(case, tmp_path / "out")[f"{clip[:16]}/11-4"]
    [told] = [m for m in picture.machines if not m.ignore]
    assert (told.box, told.builder, told.more["verdicts"]) == (RIGHT, "mazak", [2, 3])
    assert [one["number"] for one in picture.more["verdicts"]] == [2, 3]
    # Whether one stands where he drew his nobody settled.
    assert where == RIGHT or any(m.ignore and m.box == where for m in picture.machines)


def test_a_text_is_what_it_was_evidence_of_anywhere_on_the_track(case, filler, tmp_path):
    """The mark proves the builder at 1/2; where the machine is best seen, at 1, it stands too."""
    one = machine("m1", LEFT, "mazak")
    best = next(o for o in one.track.observations if o.pts == 1)
    lower, proof = (40.0, 100.0, 90.0, 115.0), one.attribution.evidence[0]
    texts = [
        Reading("MAZAK", 0.9, (42.0, 61.0, 92.0, 76.0), Fraction(1), "latin"),
        Reading("NEXUS 510", 0.9, lower, Fraction(1), "latin"),
        Reading("NEXUS S10", 0.7, (41.0, 100.0, 90.0, 115.0), Fraction(1), "latin"),
    ]
    rival = replace(proof, id="mazatrol", weight=3.0)
    said = replace(one.attribution, evidence=(proof, rival))
    one = replace(one, best=best, readings=(*one.readings, *texts), attribution=said)
    clip = filler.clip(film(tmp_path / "a.mp4", 1), [one])
    filler.judge(clip, "m1", "accept", "mazak")
    picture = exported(case, tmp_path / "out")[f"{clip[:16]}/1"]
    marks = [mark for mark in picture.marks if "by_model" not in mark.more]
    assert [(m.text, m.role, m.id, m.ignore) for m in marks] == [
        ("MAZAK", "builder", "mazak", False),
        ("NEXUS 510", "other", None, True),
    ]


def test_the_same_picture_of_two_copies_is_there_once(case, filler, tmp_path):
    first = film(tmp_path / "a.mp4", 1)
    second = tmp_path / "b.mp4"
    # A byte behind the last box: another file with the same pictures.
    second.write_bytes(first.read_bytes() + b"\0\0\0\x09free\0")
    for path in (first, second):
        clip = filler.clip(path, [machine("m1", LEFT, "mazak")], publisher="A")
        filler.judge(clip, "m1", "accept", "mazak")
    done = export_judged(case, tmp_path / "out")
    assert (done.counts, done.twice) == ({"train": 1}, 1)


def test_somebody_elses_folder_is_left_alone(case, judged, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("x")
    with pytest.raises(UsageError, match=r"holds thesis\.txt already"):
        export_judged(case, tmp_path / "out")
    other = tmp_path / "other"
    export_judged(case, other)
    record = json.loads((other / "judged.json").read_text("utf-8"))
    (other / "judged.json").write_text(json.dumps(record | {"case": "ab" * 16}), "utf-8")
    with pytest.raises(UsageError, match="of another case"):
        export_judged(case, other)


@pytest.mark.parametrize("kind", ["photograph", "folder"])
def test_photographs_are_cut_as_well(kind, case, filler, tmp_path):
    noise = np.random.default_rng(3).integers(0, 255, (18, 32, 3), dtype=np.uint8)
    picture = noise.repeat(10, axis=0).repeat(10, axis=1)
    folder = tmp_path / "photographs"
    folder.mkdir()
    Image.fromarray(picture).save(folder / "a.png")
    path = folder / "a.png" if kind == "photograph" else folder
    clip = filler.clip(path, [machine("m1", LEFT, times=["0"])])
    filler.judge(clip, "m1", "unknown")
    made = exported(case, tmp_path / "out")[f"{clip[:16]}/0"]
    assert (made.width, made.height) == (320, 180)
    with Image.open(made.path) as image:
        off = np.abs(np.asarray(image).astype(int) - picture.astype(int))
    assert off.mean() < 5


def test_annotations_without_pictures_are_none_where_a_size_would_be_guessed(
    case, filler, tmp_path
):
    """By the size of a folder's first picture the machines of a larger one were cut or lost."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name, size, shade in (("a.png", (320, 180), 60), ("b.png", (640, 480), 90)):
        Image.new("RGB", size, (shade, shade, shade)).save(folder / name)
    far = (400.0, 250.0, 600.0, 450.0)
    clip = filler.clip(folder, [machine("m1", LEFT, times=["0"]), machine("m2", far, times=["1"])])
    filler.judge(clip, "m1", "unknown")
    filler.judge(clip, "m2", "unknown")
    assert look(case, lambda session: [*judged_lines(session, case.id)]) == []
    pictures = exported(case, tmp_path / "out")
    [large] = [one for one in pictures[f"{clip[:16]}/1"].machines if not one.ignore]
    assert (large.box, pictures[f"{clip[:16]}/1"].width) == (far, 640)
