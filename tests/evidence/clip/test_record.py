"""The record is what other programs read: its shape is fixed by the schema."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from datasets.errors import FootageEmpty
from detector.types import Evidence, Observation
from evidence.clip.record import dump, to_failure, to_record
from tests.evidence.conftest import SCHEMA, doubted, lone_mark, plated, rebadged

ROOT = Path(__file__).parents[3]
VALIDATOR = Draft202012Validator(SCHEMA)


@pytest.fixture
def record(analysis, registry) -> dict[str, Any]:
    return to_record(replace(analysis, lone_marks=(lone_mark(),)), registry)


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object in a schema, with what is in it."""
    if isinstance(schema, dict):
        yield schema
    inner = schema.values() if isinstance(schema, dict) else schema
    for one in inner if isinstance(schema, dict | list) else ():
        yield from parts(one)


def parsed(record: dict[str, Any]) -> dict[str, Any]:
    return json.loads(dump(record))


def test_a_record_satisfies_the_schema_and_holds_nothing_that_it_does_not_name(record):
    Draft202012Validator.check_schema(SCHEMA)
    VALIDATOR.validate(parsed(record))
    closed = json.loads(json.dumps(SCHEMA))
    for part in parts(closed):
        if part.get("type") == "object" and "properties" in part:
            part["additionalProperties"] = False
    Draft202012Validator(closed).validate(parsed(record))


def test_the_fields_that_scripts_depend_on_are_there(record):
    named, concealed, other = record["machines"]
    assert record["footage"].endswith("цех №3.mp4")
    assert (record["frames_expected"], record["frames_decoded"]) == (12, 11)
    assert (named["id"], named["first"], named["last"]) == ("m1", 0.0, 2.5)
    place = {"box": [40.0, 50.5, 300.2, 260.0], "confidence": 0.9}
    assert named["best"] == {"pts": 1.0, "exact": "1", **place}
    told = [named["builder"][name] for name in ("id", "name", "origin", "grade")]
    assert told == ["mazak", "Mazak", "JP", "A"]
    assert named["readings"][0]["text"] == "MAZAK"
    assert named["readings"][0]["score"] == 0.9877
    assert concealed["builder"] is None and concealed["concealed"] is True
    assert other["builder"] is None and other["control"]["id"] == "ctl-fanuc"
    assert other["first"] == 0.333
    assert named["builder"]["probability"] == 0.9999  # never rounded up to certainty
    assert named["builder"]["registry"] == {
        "confidence": "high",
        "says": "the registry has no document on this builder",
        "sources": ["general knowledge of the trade"],
        "documents": [],
    }
    # Text of the broadcast is no reading of a machine.
    assert "ЗВЕЗДА" not in [part["text"] for part in named["readings"]]
    assert [part["text"] for part in named["set_aside"]] == ["ЗВЕЗДА"]


def test_every_time_is_there_exactly_too(analysis, registry):
    """By milliseconds alone a frame of a broadcast is not found again."""
    first, *others = analysis.sightings
    said = Evidence("plate", None, "MADE IN JAPAN", 0.0, None)
    first = replace(first, attribution=replace(first.attribution, evidence=(said,)))
    found = replace(analysis, sightings=(first, *others), lone_marks=(lone_mark(),))
    record = parsed(to_record(found, registry))
    VALIDATOR.validate(record)
    told: list[tuple[object, object]] = []
    for machine in record["machines"]:
        told += [(machine[name], machine[f"{name}_exact"]) for name in ("first", "last")]
        told += [(part["pts"], part["exact"]) for part in (machine["best"], *machine["evidence"])]
        told += [(part["pts"], part["exact"]) for part in machine["readings"]]
    for shot in record["shots"]:
        told += [(shot[name], shot[f"{name}_exact"]) for name in ("start", "end")]
    told += [(mark["pts"], mark["exact"]) for mark in record["lone_marks"]]
    assert {str(exact) for _, exact in told} >= {"1/3", "None"}
    for rounded, exact in told:
        assert rounded == (None if exact is None else round(float(Fraction(str(exact))), 3))


def test_the_origin_stands_beside_the_builder(analysis, registry):
    found = replace(analysis, sightings=(*analysis.sightings[:1], plated(), rebadged()))
    record = parsed(to_record(found, registry))
    VALIDATOR.validate(record)
    assert [machine["origin"] for machine in record["machines"]] == [
        {"code": "JP", "basis": "builder", "grade": "A"},
        {"code": "CN", "basis": "plate", "grade": "B"},
        {"code": None, "basis": "rebadger", "grade": "B"},
    ]
    assert record["machines"][1]["builder"] is None
    assert record["machines"][1]["grade"] == "U"


def test_what_is_withheld_stands_beside_an_unknown_builder(analysis, registry):
    record = parsed(to_record(replace(analysis, sightings=(doubted(),)), registry))
    VALIDATOR.validate(record)
    (machine,) = record["machines"]
    assert (machine["builder"], machine["origin"], machine["grade"]) == (None, None, "U")
    assert machine["withheld"]["reads_as"]["id"] == "smtcl"
    assert machine["withheld"]["origin"] == {"code": "CN", "basis": "builder", "grade": "B"}
    assert machine["withheld"]["doubt"] == "machine"
    assert machine["withheld"]["reads_as"]["registry"]["confidence"] == "high"


def test_a_mark_without_a_machine_is_told_apart(analysis, registry):
    marks = (lone_mark(), replace(lone_mark("СДЕЛАНО В КИТАЕ", None, "CN"), id="k2"))
    told = parsed(to_record(replace(analysis, sightings=(), lone_marks=marks), registry))
    VALIDATOR.validate(told)
    assert told["machines"] == []
    one, other = told["lone_marks"]
    registry_says = one["reads_as"].pop("registry")["says"]
    assert registry_says == "the registry has no document on this builder"
    assert one["reads_as"] == {"id": "hurco", "name": "Hurco", "type": "builder", "origin": "US"}
    assert (one["plate"], one["text"], one["kind"]) == (None, "HURCO", "wordmark")
    assert one["exact"] == "2"
    assert [read["text"] for read in one["readings"]] == ["HURCO", "CAUTION"]
    assert (other["reads_as"], other["plate"], other["kind"]) == (None, "CN", "plate")
    del told["lone_marks"]  # as results from before have it
    VALIDATOR.validate(told)


def test_a_failure_satisfies_the_schema():
    failure = to_failure("plant/clip.mp4", FootageEmpty("plant/clip.mp4: the file is empty"))
    VALIDATOR.validate(parsed(failure))
    assert failure["error"] == {"kind": "empty", "message": "plant/clip.mp4: the file is empty"}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_json_never_holds_nan(analysis, registry, value):
    first = analysis.sightings[0]
    broken = Observation(first.best.pts, (value, 0.0, 5.0, 5.0), value)
    broken_reading = replace(first.readings[0], score=value)
    found = replace(first, best=broken, readings=(broken_reading,))
    line = dump(to_record(replace(analysis, sightings=(found,)), registry))
    assert b"NaN" not in line and b"Infinity" not in line
    VALIDATOR.validate(json.loads(line))


def test_a_line_is_one_line_of_utf8_and_any_name_comes_back_byte_for_byte(analysis, registry):
    line = dump(to_record(analysis, registry))
    assert line.count(b"\n") == 1 and line.endswith(b"\n")
    assert "马扎克" in line.decode("utf-8")
    odd = os.fsdecode(b"plant/\xff\xfeclip.mp4")
    line = dump(to_record(analysis, registry, odd))
    line.decode("utf-8")
    assert os.fsencode(json.loads(line)["footage"]) == b"plant/\xff\xfeclip.mp4"


def test_hostile_text_stays_text(hostile, registry):
    text, analysis = hostile
    record = parsed(to_record(analysis, registry))
    VALIDATOR.validate(record)
    assert record["machines"][0]["readings"][0]["text"] == text


def test_every_field_is_documented():
    words = (ROOT / "docs/results.md").read_text("utf-8")
    named = (part.get("properties", {}) for part in parts(SCHEMA["$defs"]))
    fields = {field for properties in named for field in properties}
    assert {field for field in fields if f"`{field}`" not in words} == set()
