"""The registry: what it holds, what it refuses and how it is searched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from datasets.entry import TRADE, WeakCues, provenance_of, sources_text
from datasets.errors import RegistryError
from datasets.registry import DATA, Registry, load_registry, read_entries, read_folder
from detector.name.marks import GROUPS
from detector.name.match import Matcher
from tests.tables import cases

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "registry.md"
GOOD = """
- id: acme
  name: Acme
  type: builder
  origin: DE
  owner: {name: Acme Holding, country: "NO"}
  production: [DE, CN]
  kinds: [lathe]
  wordmarks:
    - {text: ACME, script: latin}
    - {text: АКМЕ, script: cyrillic}
  series: [TURNER 5]
  weak: {series: [T5], needs_second_cue: [ACME], too_short: [AC]}
  confidence: high
"""
BADGE = """
- id: badge
  name: Badge
  type: rebadger
  origin: RU
  makers:
    - {country: CN, builder: bochi, confidence: medium}
    - {country: TW, name: a works in Taichung, confidence: low}
  wordmarks:
    - {text: BADGE, script: latin}
  confidence: medium
  source: a catalogue of 2024
"""


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "own.yaml"


def test_the_packaged_registry_is_right():
    registry = load_registry()
    assert len(registry) == len(registry.builders) + len(registry.controls) > 380
    assert {entry.type for entry in registry.builders} == {"builder", "rebadger"}
    assert registry.get("mazak").origin == "JP"
    assert registry.get("dmg").owner is not None
    assert {"ctl-fanuc", "ctl-siemens"} <= {entry.id for entry in registry.controls}
    assert [entry.id for entry in registry if not entry.source] == []


def test_chinese_builders_are_known_by_the_name_they_paint():
    chinese = [entry for entry in load_registry().builders if entry.origin == "CN"]
    scripts = [{mark.script for mark in entry.wordmarks} for entry in chinese]
    assert len(chinese) >= 150
    assert sum("han" in found for found in scripts) >= 150
    assert sum("latin" in found for found in scripts) >= 120


def test_the_makers_of_packaged_rebadgers_build_where_it_is_said():
    registry = load_registry()
    rebadgers = [entry for entry in registry if entry.type == "rebadger"]
    assert sum(bool(entry.makers) for entry in rebadgers) >= 20
    assert not any(entry.production for entry in rebadgers)  # which says nothing of how sure it is
    named = [maker for entry in rebadgers for maker in entry.makers if maker.builder]
    assert named
    assert registry.get("pumori").owner is None, "Okuma designs what it sells, and owns none of it"
    for maker in named:
        builder = registry.get(maker.builder or "")
        assert maker.country in {builder.origin, *builder.production}


def test_what_a_group_owns_is_known_under_its_badge():
    owned = {
        entry.id
        for entry in load_registry().builders
        if entry.owner is not None and "Genertec" in entry.owner.name
    }
    assert owned - {"genertec"} <= GROUPS["genertec"]


@pytest.mark.parametrize(
    ("id", "owner", "made"),
    [("mcm", "IT", {"IT"}), ("ikegai", "TW", {"JP"}), ("leadwell", "TW", {"TW", "CN"})],
)
def test_owners_and_places_of_production_are_those_of_today(id, owner, made):
    entry = load_registry().get(id)
    assert entry.owner is not None
    assert (entry.owner.country, set(entry.production)) == (owner, made)


def test_the_document_counts_what_there_is():
    registry = load_registry()
    types = [entry.type for entry in registry]
    [row] = [
        line for line in DOCUMENT.read_text("utf-8").splitlines() if "`builders.yaml` |" in line
    ]
    said = [int(number) for number in re.findall(r"\d+", row)]
    assert said == [
        len(registry),
        types.count("builder"),
        sum(entry.origin == "CN" for entry in registry if entry.type == "builder"),
        types.count("rebadger"),
        types.count("control"),
        sum(len(entry.wordmarks) for entry in registry),
    ]


def test_a_rebadger_says_who_builds_its_machines(file):
    file.write_text(BADGE, "utf-8")
    entry = load_registry(file).get("badge")
    assert [(maker.country, maker.builder, maker.name) for maker in entry.makers] == [
        ("CN", "bochi", None),
        ("TW", None, "a works in Taichung"),
    ]
    assert load_registry().get("mazak").makers == ()


@pytest.mark.parametrize(
    ("line", "sources"),
    [
        ("source: one page", ("one page",)),
        ("source: [one page, another]", ("one page", "another")),
        ("", ()),
    ],
)
def test_a_source_is_a_text_or_several_or_left_out(file, line, sources):
    file.write_text(f"{GOOD}  {line}\n", "utf-8")
    [entry] = read_entries(file)
    assert entry.source == sources


def test_a_maker_that_is_no_entry_is_named_with_its_file(file, tmp_path):
    file.write_text(BADGE.replace("bochi", "acme"), "utf-8")
    with pytest.raises(RegistryError) as error:
        load_registry(file)
    assert f"{file}: entry badge: makers[0].builder: no entry 'acme'" in str(error.value)
    other = tmp_path / "other.yaml"
    other.write_text(GOOD, "utf-8")
    assert load_registry(file, other).get("badge").makers[0].builder == "acme"


def test_a_file_of_ones_own_adds_an_entry(file):
    file.write_text(GOOD, "utf-8")
    registry = load_registry(file)
    assert "acme" in registry and "acme" not in load_registry()
    assert registry.get("acme").owner.country == "NO"  # type: ignore[union-attr]
    assert registry.get("acme").weak.needs_second_cue == ("ACME",)
    assert registry.digest != load_registry().digest


def test_the_same_id_replaces_the_packaged_entry(file):
    file.write_text(GOOD.replace("id: acme", "id: mazak"), "utf-8")
    registry = load_registry(file)
    assert registry.get("mazak").name == "Acme"
    assert len(registry) == len(load_registry())
    assert load_registry().get("mazak").name == "Mazak"


def test_an_entry_copied_from_the_package_keeps_its_weak_cues(file):
    """They stand in weak_cues.yaml, and nobody who adds a series thinks of copying them as well."""
    packaged = load_registry().get("neway")
    assert packaged.weak.needs_second_cue == ("NEWAY", "纽威") and packaged.weak.series
    raw = yaml.safe_load((DATA / "builders.yaml").read_text("utf-8"))
    [copied] = [entry for entry in raw if entry["id"] == "neway"]
    copied["series"] += ["VM2000", packaged.weak.series[0]]

    def weak(**more: object) -> WeakCues:
        file.write_text(yaml.safe_dump([{**copied, **more}], allow_unicode=True), "utf-8")
        return load_registry(file).get("neway").weak

    kept = {"series": packaged.weak.series[1:], "needs_second_cue": ("NEWAY", "纽威")}
    assert weak().model_dump() == {**kept, "too_short": ()}
    assert weak(weak={"too_short": ["NW"]}).model_dump() == {**kept, "too_short": ("NW",)}
    spelt = weak(wordmarks=[{"text": "Neway", "script": "latin"}]).needs_second_cue
    assert spelt == ("Neway",)
    # A new value counts, and what is gone needs no cue.
    assert weak(weak={"needs_second_cue": []}).needs_second_cue == ()
    assert weak(wordmarks=[{"text": "NEWAY CNC", "script": "latin"}]).needs_second_cue == ()
    [match] = Matcher(load_registry(file)).match("NEWAY CNC")
    assert match.id == "neway"
    weak()
    [match] = Matcher(load_registry(file)).match("NEWAY")
    assert match.needs_second_cue


def test_the_digest_depends_on_content_alone(file):
    file.write_text(GOOD, "utf-8")
    [entry] = read_entries(file)
    others = list(load_registry())
    assert Registry([entry, *others]).digest == Registry([*others, entry]).digest
    changed = entry.model_copy(update={"note": "another"})
    assert Registry([changed]).digest != Registry([entry]).digest


@pytest.mark.parametrize(("old", "new", "says"), cases("registry", "faults"))
def test_a_fault_is_named_with_file_entry_and_field(file, old, new, says):
    whole = BADGE if "entry badge" in says else GOOD
    assert old in whole
    file.write_text(whole.replace(old, new, 1), "utf-8")
    with pytest.raises(RegistryError) as error:
        read_entries(file)
    assert str(error.value).startswith(str(file)) and says in str(error.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "expected a list of entries"),
        (b"[]", "expected a list of entries"),
        (b"id: acme", "expected a list of entries"),
        (b"- acme", "entry 1: expected fields, got 'acme'"),
        (b"\xff\xfe\x00", "not UTF-8 text"),
        (b"- [", "not valid YAML"),
        (b"- {id: &a [*a]}", "recursive"),
        (b"- {[1]: x}", "a field's name must be plain text"),
        (b"- {<<: x}", "not valid YAML"),
        (b"- {1: x}", "entry 1"),
        (b"- {id: 2020-13-45}", "not valid YAML"),
        ((GOOD + GOOD).encode(), "entry acme: id: listed twice in this file"),
    ],
)
def test_a_file_that_is_no_registry_is_refused(file, content, says):
    file.write_bytes(content)
    with pytest.raises(RegistryError, match=r"own\.yaml") as error:
        load_registry(file)
    assert says in str(error.value)


def test_every_fault_of_an_entry_is_told_at_once(file):
    with pytest.raises(RegistryError, match=r"own\.yaml: cannot be read: No such file"):
        load_registry(file)
    file.write_text(GOOD.replace("DE\n", "XX\n").replace("high", "sure"), "utf-8")
    with pytest.raises(RegistryError) as error:
        read_entries(file)
    assert len(str(error.value).splitlines()) == 2


def test_weak_cues_of_an_unknown_entry_are_refused(tmp_path):
    (tmp_path / "builders.yaml").write_text(GOOD.replace("  weak:", "  # weak:"), "utf-8")
    (tmp_path / "weak_cues.yaml").write_text("nobody: {series: [X1]}", "utf-8")
    with pytest.raises(RegistryError, match=r"weak_cues\.yaml: nobody: weak cues for an unknown"):
        read_folder(tmp_path)
    (tmp_path / "weak_cues.yaml").write_text("acme: {serie: [X1]}", "utf-8")
    with pytest.raises(RegistryError, match=r"entry acme: weak\.serie: no such field"):
        read_folder(tmp_path)


def test_an_unknown_id_is_answered_with_near_ones():
    with pytest.raises(RegistryError, match=r"'mazac'.*mazak"):
        load_registry().get("mazac")


@pytest.mark.parametrize(("word", "id"), cases("registry", "search"))
def test_search_is_blind_to_case_script_and_spaces(word, id):
    assert id in {entry.id for entry in load_registry().search(word)}
    assert not any(load_registry().search(none) for none in ("no such builder", "", "?!"))


def test_the_packaged_plants_are_right():
    plants = load_registry().plants
    assert len(plants) == len({name for name, *_ in plants}) >= 50
    assert all(len(writings) >= 2 and all(writings) for writings in plants)


PAGE = "a page of 2024"


@pytest.mark.parametrize(
    ("confidence", "source", "says"),
    [
        ("high", (PAGE, TRADE), "the registry is sure of this builder"),
        ("high", (TRADE,), "the registry has no document on this builder"),
        ("high", (), "the registry has no document on this builder"),
        ("medium", (TRADE,), "the registry is fairly sure of this builder"),
        ("low", (PAGE,), "the registry is not sure of this builder"),
    ],
)
def test_nobody_is_sure_without_a_document(confidence, source, says):
    entry = load_registry().get("smtcl")
    found = provenance_of(entry.model_copy(update={"confidence": confidence, "source": source}))
    assert (found.says, found.sources) == (says, source)
    assert found.documents == tuple(one for one in source if one == PAGE)


def test_general_knowledge_is_told_as_no_document():
    assert sources_text([PAGE, TRADE]) == (
        "a page of 2024; general knowledge of the trade, which is no document"
    )
    assert sources_text([PAGE]) == PAGE
