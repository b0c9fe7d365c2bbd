"""Where a machine comes from, once it is known or not known who built it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from datasets.entry import Entry
from datasets.registry import Registry, load_registry
from detector.claims.origin import makers_country
from detector.matching.match import matcher_of
from detector.naming.attribute import Attributor
from detector.settings import Attributing
from detector.types import Attribution, Origin, Reading
from tests.detector.claims.test_plate import plate, read

CHINESE = "滕州市金瑞达机床有限公司"


def seller(id: str, countries: Sequence[str], confidence: str = "high") -> Entry:
    """A Russian dealer's badge on machines made elsewhere."""
    return Entry.model_validate(
        {
            "id": id,
            "name": id.upper(),
            "type": "rebadger",
            "origin": "RU",
            "makers": [{"country": code, "confidence": confidence} for code in countries],
            "wordmarks": [{"text": f"{id.upper()}MARK", "script": "latin"}],
            "confidence": "high",
        }
    )


@pytest.fixture(scope="module")
def attributor() -> Attributor:
    sellers = [seller("onemaker", ["CN"]), seller("manymakers", ["CN", "TW"])]
    sellers += [seller("athome", ["RU", "CN"]), seller("nobodyknows", [])]
    registry = Registry([*load_registry(), *sellers])
    return Attributor(matcher_of(registry), registry, Attributing())


def attribute(attributor: Attributor, *lines: str) -> Attribution:
    """Each line at a place of its own, far from the others."""
    readings: list[Reading] = [read(line, y=200.0 * n) for n, line in enumerate(lines)]
    return attributor.attribute(readings)


def test_a_builders_home_is_the_origin(attributor: Attributor) -> None:
    assert attribute(attributor, "MAZAK").origin == Origin("JP", "builder", "B")


@pytest.mark.parametrize(
    ("lines", "builder", "home"),
    [
        ("EMCO MECOF", "mecof", "IT"),
        ("EMCO|FAMUP", "mecof", "IT"),
        ("EMCO|MECMILL", "emco", "AT"),
        ("PRIMA POWER|FINN-POWER", "finn-power", "FI"),
        ("HACO|SYNCHROMASTER", "haco", "BE"),
        ("FAT|HACO", "haco-fat", "PL"),
        ("BERTHIEZ", "berthiez", "FR"),
        ("MANURHIN", "manurhin", "FR"),
        ("PFAUTER", "pfauter", "DE"),
        ("GLEASON-PFAUTER", "gleason", "US"),
        ("AMADA PROMECAM", "promecam", "FR"),
        ("LVD|STRIPPIT", "strippit", "US"),
        ("DANOBAT OVERBECK", "overbeck", "DE"),
        ("SORALUCE|DANOBATGROUP", "soraluce", "ES"),
        ("KELLENBERGER|HARDINGE GROUP", "kellenberger", "CH"),
        ("BRIDGEPORT|HARDINGE", "bridgeport", "US"),
        ("CITIZEN|MIYANO", "miyano", "JP"),
        ("STARRAG|HECKERT", "heckert", "DE"),
        ("AMADA|WASINO", "wasino", "JP"),
        ("EWAG|EWAMATIC", "ewag", "CH"),
        ("USACH", "usach", "US"),
        ("GRAZIANO", "graziano", "IT"),
        ("TAIWAN TAKISAWA", "taiwan-takisawa", "TW"),
        ("台湾泷泽", "taiwan-takisawa", "TW"),
        ("KLINGELNBERG|OERLIKON|C 28", "klingelnberg", "DE"),
        ("OERLIKON|C 28", None, None),
    ],
)
def test_the_home_is_that_of_the_firm_named_not_of_the_one_that_bought_it(
    attributor: Attributor, lines: str, builder: str | None, home: str | None
) -> None:
    found = attribute(attributor, *lines.split("|"))
    assert (found.builder, found.origin and found.origin.code) == (builder, home)


def test_nothing_read_has_no_origin(attributor: Attributor) -> None:
    assert attribute(attributor).origin is None


def test_an_unknown_builders_plate_is_the_origin(attributor: Attributor) -> None:
    found = attribute(attributor, CHINESE)
    assert (found.builder, found.grade) == (None, "U")
    assert found.origin == Origin("CN", "plate", "B")
    assert [(line.kind, line.text, line.weight) for line in found.evidence] == [
        ("plate", CHINESE, 0.0)
    ]
    assert found.evidence[0].box == read(CHINESE).box


def test_a_plate_that_claims_nothing_is_kept_as_evidence(attributor: Attributor) -> None:
    found = attribute(attributor, "MADE IN CHINA")
    assert found.origin is None
    assert [(line.kind, line.text) for line in found.evidence] == [("plate", "MADE IN CHINA")]


def test_a_plate_overrides_no_builder(attributor: Attributor) -> None:
    found = attribute(attributor, "MAZAK", CHINESE)
    assert found.builder == "mazak"
    assert found.origin == Origin("JP", "builder", "B")
    assert [line.kind for line in found.evidence] == ["wordmark", "plate"]


def test_a_chinese_builder_is_not_named_on_a_machine_whose_plate_is_of_elsewhere(
    attributor: Attributor,
) -> None:
    sides = [read("SMTCL", y=0.0), read("SMTCL", y=900.0)]
    assert attributor.attribute(sides).builder == "smtcl"
    for line in ("MADE IN POLAND", "СДЕЛАНО В СИНГАПУРЕ", "COUNTRY OF ORIGIN VIETNAM"):
        other = attributor.attribute([*sides, *plate("CNC LATHE", line, y=400.0)])
        assert other.builder is None
    found = attributor.attribute([*sides, *plate("CNC LATHE", "MADE IN GERMANY", y=400.0)])
    assert (found.builder, found.grade, found.series, found.origin) == (None, "U", None, None)
    assert found.probability < 0.05
    assert {("wordmark", "SMTCL"), ("plate", "MADE IN GERMANY")} <= {
        (line.kind, line.text) for line in found.evidence
    }


@pytest.mark.parametrize(
    "lines",
    [
        # Of itself it is a part's as well; the machine's own says the same as its badge.
        ("MADE IN JAPAN",),
        ("SERVO MOTOR", "MADE IN GERMANY"),
        ("CNC LATHE", "MADE IN CHINA"),
    ],
)
def test_a_parts_plate_or_its_own_takes_no_chinese_builder_away(
    attributor: Attributor, lines: tuple[str, ...]
) -> None:
    sides = [read("SMTCL", y=0.0), read("SMTCL", y=900.0)]
    assert attributor.attribute([*sides, *plate(*lines, y=400.0)]).builder == "smtcl"


def test_a_builder_of_no_origin_under_test_stands_against_any_plate(
    attributor: Attributor,
) -> None:
    sides = [read("MAZAK", y=0.0), *plate("CNC LATHE", "MADE IN CHINA", y=400.0)]
    assert attributor.attribute(sides).origin == Origin("JP", "builder", "B")


@pytest.mark.parametrize("mark", ["BROTHER", "INDEX", "兄弟"])
def test_a_weak_mark_of_another_country_leaves_the_plate_in_doubt(
    attributor: Attributor, mark: str
) -> None:
    found = attribute(attributor, mark, CHINESE)
    assert (found.builder, found.origin) == (None, None)
    assert "plate" in [line.kind for line in found.evidence]


def test_a_controls_badge_leaves_the_plate_alone(attributor: Attributor) -> None:
    found = attribute(attributor, "FANUC", CHINESE)
    assert (found.control, found.origin) == ("ctl-fanuc", Origin("CN", "plate", "B"))


@pytest.mark.parametrize(
    ("badge", "code"),
    [
        ("ONEMAKERMARK", "CN"),
        ("MANYMAKERSMARK", None),
        ("ATHOMEMARK", None),
        ("NOBODYKNOWSMARK", None),
        ("СТАНКОИМПОРТ", None),
    ],
)
def test_a_sellers_badge_is_of_its_makers_never_of_the_seller(
    attributor: Attributor, badge: str, code: str | None
) -> None:
    found = attribute(attributor, badge)
    assert found.builder is not None
    assert found.origin == Origin(code, "rebadger", "B")


def test_a_plate_says_more_than_a_sellers_badge(attributor: Attributor) -> None:
    found = attribute(attributor, "NOBODYKNOWSMARK", CHINESE)
    assert found.builder == "nobodyknows"
    assert found.origin == Origin("CN", "plate", "B")


@pytest.mark.parametrize("badge", ["NOBODYKNOWSMARK", "STALEX"])
@pytest.mark.parametrize("mark", ["BROTHER", "INDEX", "兄弟"])
def test_a_weak_mark_of_another_country_leaves_it_in_doubt_under_a_sellers_badge_too(
    attributor: Attributor, badge: str, mark: str
) -> None:
    found = attribute(attributor, badge, mark, CHINESE)
    assert found.builder is not None
    assert found.origin == Origin(None, "rebadger", "B")


@pytest.mark.parametrize("line", ["NOZZLE", "КУЛАЧКИ", "MADE IN TAIWAN", "+7 495 123-45-67"])
def test_a_sellers_badge_that_says_china_takes_as_much_as_a_chinese_one(
    attributor: Attributor, line: str
) -> None:
    badge = plate("ONEMAKERMARK", line)
    assert attributor.attribute(badge[:1]).origin == Origin("CN", "rebadger", "B")
    assert attributor.attribute(badge).origin is None
    unsure = attributor.attribute([read("ONEMAKERMARK", score=0.7)])
    assert (unsure.builder, unsure.origin) == (None, None)


def test_a_sellers_badge_that_says_china_is_not_named_where_the_plate_is_of_elsewhere(
    attributor: Attributor,
) -> None:
    lathe = plate("CNC LATHE", "MADE IN TAIWAN", y=400.0)
    found = attributor.attribute([read("ONEMAKERMARK"), *lathe])
    assert (found.builder, found.origin) == (None, Origin("TW", "plate", "B"))
    both = [*lathe, *plate("CNC LATHE", "MADE IN JAPAN", y=900.0)]
    found = attributor.attribute([read("ONEMAKERMARK"), *both])
    assert (found.builder, found.origin) == (None, None)
    other = attributor.attribute([read("NOBODYKNOWSMARK"), *lathe])
    assert (other.builder, other.origin) == ("nobodyknows", Origin("TW", "plate", "B"))


def test_a_sellers_own_plate_does_not_make_it_the_maker(attributor: Attributor) -> None:
    works = plate("ИВАНОВСКИЙ СТАНКОСТРОИТЕЛЬНЫЙ ЗАВОД", "МОДЕЛЬ ИР500", y=400.0)
    alone = attributor.attribute(works)
    assert alone.origin == Origin("RU", "plate", "B")
    found = attributor.attribute([read("NOBODYKNOWSMARK"), *works])
    assert found.origin == Origin(None, "rebadger", "B")


def test_what_the_registry_is_unsure_of_is_not_known() -> None:
    assert makers_country(seller("sure", ["CN"])) == "CN"
    assert makers_country(seller("unsure", ["CN"], "medium")) is None
    assert makers_country(seller("home", ["RU"])) is None


def test_no_packaged_seller_is_of_russian_origin() -> None:
    sellers = [entry for entry in load_registry() if entry.type == "rebadger"]
    russian = [entry for entry in sellers if entry.origin == "RU"]
    assert russian
    assert [entry.id for entry in russian if makers_country(entry) == "RU"] == []
