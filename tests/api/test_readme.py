"""README's commands and its notebook, as it writes them, in a fresh folder."""

from __future__ import annotations

import re
import shlex
import shutil

import httpx2 as httpx

from datasets.maker.scene import draw_still
from tests.api.conftest import draw
from tests.api.test_serve import serving
from tests.evidence.work.helping import ROOT, Clip, write_clip
from tests.logo import write_registry

README = (ROOT / "README.md").read_text("utf-8")


def test_the_commands_of_the_readme_work_one_after_another(nameplate, tmp_path, capfdbinary):
    write_clip(tmp_path / "clip.mp4", Clip(draw_still(seed=4)[0], frames=4, size=(960, 540)))
    draw(tmp_path / "photo.jpg"), draw(tmp_path / "folder/photo.png", 1)
    (tmp_path / "archive").mkdir()
    shutil.copy(tmp_path / "clip.mp4", tmp_path / "archive")
    write_registry(tmp_path)
    commands = re.findall(r"^nameplate .+", README, re.MULTILINE)
    assert len(commands) == 11
    for command in commands:
        _, *words = shlex.split(command.replace("/archive", "archive"), comments=True)
        if words == ["serve", "plants"]:
            with serving(tmp_path / "plants") as (_, address):
                assert httpx.get(address).status_code == 200
        else:
            ended = nameplate(*words)
            assert ended.code == 0, (command, ended.err)
    assert {path.name for path in tmp_path.iterdir()} > {"results", "plants", "answer.html", "kept"}
    [notebook] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    capfdbinary.readouterr()
    exec(notebook, {})
    assert re.search(rb"^[\d.]+ \S+ [ABU]$", capfdbinary.readouterr().out, re.MULTILINE)
