"""`nameplate case moved` and `lost`: what a person types, and what the next sweep says then."""

from __future__ import annotations

from api.cli.sweep import _tell
from datasets.registry import load_registry
from detector.settings import Settings
from evidence.case.case import Case
from evidence.case.queue import FootageSource, add_work, set_aside, take
from evidence.case.summary import add_recipe
from evidence.work.progress import SweepTally
from evidence.work.sources import Feed
from evidence.work.sweep import Ending


def test_a_folder_is_said_to_lie_elsewhere(nameplate, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    with Case.new(tmp_path / "plant", "Plant") as case, case.session() as session, session.begin():
        recipe = add_recipe(session, "aa" * 32, Settings(), load_registry())
        names = [f"{number:02}.mp4" for number in range(23)]
        add_work(session, recipe, [FootageSource(str(old / name), 5, 7) for name in names])
        add_work(session, recipe, [FootageSource(str(new / "00.mp4"), 5, 8)])
    ended = nameplate("case", "moved", "plant", "old", "new", "--author", "Anna")
    assert ended.code == 1
    assert f"1 file of {old} on the list at {new} alone" in ended.out.decode()
    assert f"{old / '01.mp4'}: no sweep has read it at its new place" in ended.err
    assert "and 2 more" in ended.err
    ended = nameplate("case", "moved", "plant", tmp_path / "elsewhere", new)
    assert ended.code == 2 and "nothing on a list of the case lies there" in ended.err
    ended = nameplate("case", "moved", "plant", "new", "new")
    assert ended.code == 2 and "named twice" in ended.err


def test_a_sweep_says_how_what_waits_in_a_pack_is_settled(capsys, tmp_path):
    for kinds, told in (({"packed": 2}, True), ({"empty": 2}, False)):
        ending = Ending("done", SweepTally(aside=kinds))
        _tell(Feed([]), ending, load_registry(), tmp_path, 0, 0)
        out = capsys.readouterr().out
        for command in (f"case moved {tmp_path} OLD NEW", f"case lost {tmp_path} PATH"):
            assert (f"`nameplate {command}`" in out) is told


def test_footage_is_said_to_be_lost(nameplate, tmp_path):
    old = tmp_path / "old"
    old.mkdir()
    with Case.new(tmp_path / "plant", "Plant") as case, case.session() as session, session.begin():
        recipe = add_recipe(session, "aa" * 32, Settings(), load_registry())
        add_work(session, recipe, [FootageSource(str(old / f"{n}.mp4"), 5, 7) for n in range(3)])
        for work in take(session, recipe, 9):
            set_aside(session, work, "packed", "it came with a pack and lies outside the case")
    (old / "1.mp4").write_bytes(b"there")
    ended = nameplate("case", "lost", "plant", "old", "--author", "Anna")
    assert ended.code == 1
    assert f"2 files of {old} lost for good" in ended.out.decode()
    assert f"{old / '1.mp4'}: lies there still; sweep it there" in ended.err
    (old / "1.mp4").unlink()
    assert nameplate("case", "lost", "plant", "old").code == 0
    ended = nameplate("case", "lost", "plant", "old")
    assert ended.code == 2 and "nothing there has waited since the case was packed" in ended.err
