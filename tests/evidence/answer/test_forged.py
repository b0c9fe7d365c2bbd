"""A package that was made to say more than its case does is told of, whole as it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import bagit
import pymupdf
import pytest

from datasets.errors import UsageError
from datasets.registry import Registry, load_registry
from detector.settings import Settings
from evidence.answer.package import recompute, write_package
from evidence.answer.question import Question
from evidence.case.case import Case
from evidence.clip.record import dump
from tests.evidence.answer.conftest import Builder, add_recipe, judge_all


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    """Of a case with one confirmed machine, a Japanese one."""
    folder, registry = tmp_path_factory.mktemp("sound"), load_registry()
    with Case.new(folder / "case", "halls") as case:
        with case.session() as session, session.begin():
            builder = Builder(session, add_recipe(session, "aa" * 32, Settings(), registry))
            builder.add("Plant 1", claim="mazak", outcome="accept")
            judge_all(builder.session)
        write_package(case, Question(value="JP"), registry, folder / "package")
    assert recompute(folder / "package", registry).builders == []
    return folder / "package"


@pytest.fixture
def package(sound, tmp_path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "package"))


def rewrite(package: Path, name: str, change: Callable[[Any], None]) -> None:
    file = package / "data" / name
    said = json.loads(file.read_bytes())
    change(said)
    file.write_bytes(dump(said))
    close(package)


def close(package: Path) -> None:
    bagit.Bag(str(package)).save(manifests=True)


def test_a_registry_that_says_otherwise_of_a_builder_is_told_of(package):
    def move(known: Any) -> None:
        (mazak,) = [one for one in known["entries"] if one["id"] == "mazak"]
        mazak["origin"] = "CN"

    rewrite(package, "registry.json", move)
    rewrite(package, "answer.json", lambda said: said["answer"]["question"].update({"value": "CN"}))
    found, _, _, builders = recompute(package, load_registry())
    assert "Chinese make" in found.said.sentence
    assert builders == ["mazak: origin 'CN' in the package's registry, 'JP' here"]
    assert "mazak: name 'Mazak' in the package's registry, None here" in (
        recompute(package, Registry([])).builders
    )
    assert asdict(found)["question"]["value"] == "CN"


@pytest.mark.parametrize("name", ["report.html", "report.pdf", "README.txt", "tables/counted.csv"])
def test_what_people_read_says_what_is_computed(package, name):
    file = package / "data" / name
    if file.suffix == ".pdf":
        with pymupdf.open(file) as document:
            document[0].insert_text((40, 40), "Confirmed: 200 Chinese machines")
            document.saveIncr()
    else:
        told = file.read_text("utf-8")
        for one in ("mazak", "Mazak", "Japanese"):
            told = told.replace(one, "DMTG")
        file.write_text(told)
    close(package)
    assert recompute(package).differences == [
        f"{name}: not what this Nameplate writes of what is in the package"
    ]


def test_what_a_status_means_is_ours_to_say(package):
    rewrite(package, "answer.json", lambda said: said["statuses"].update(confirmed="Chinese"))
    (line,) = recompute(package).differences
    assert line.startswith("statuses.confirmed: 'Chinese' in the package")


SENSELESS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "a country in a list": ("answer", lambda said: asked(said).update(value=["CN"])),
    "a plant that is no text": ("answer", lambda said: asked(said).update(plants=[{}])),
    "a day that is no text": ("answer", lambda said: asked(said).update(since=5)),
    "a format that is no number": ("answer", lambda said: said.update(format="10")),
    "an edition without a digest": ("answer", lambda said: said.update(edition={"verdicts": 1})),
    "plants in no list": ("registry", lambda known: known.update(plants=5)),
    "a plant without a name": ("registry", lambda known: known.update(plants=[[]])),
    "a name that is no text": ("registry", lambda known: known.update(plants=[[1]])),
    "too deep": ("answer.json", None),
    "no text to read": ("README.txt", None),
}


def asked(said: Any) -> Any:
    return said["answer"]["question"]


@pytest.mark.parametrize("name", SENSELESS)
def test_what_makes_no_sense_is_refused(package, name):
    file, change = SENSELESS[name]
    if change is None:
        (package / "data" / file).write_bytes(b"[" * 100_000 + b"\xff" * (file == "README.txt"))
        close(package)
    else:
        rewrite(package, f"{file}.json", change)
    with pytest.raises(UsageError, match="makes no sense"):
        recompute(package)


@pytest.mark.parametrize("value", ["ZZ", "\ud800"])
def test_what_cannot_be_asked_is_refused(package, value):
    rewrite(package, "answer.json", lambda said: asked(said).update(by="owner", value=value))
    with pytest.raises(UsageError, match="no country code"):
        recompute(package)
