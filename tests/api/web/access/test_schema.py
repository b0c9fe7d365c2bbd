"""The API does what its OpenAPI document says, whatever it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from api.web.app import create_app
from api.web.overview import document
from detector.look.model_files import model_digest
from evidence.case.case import Case
from evidence.case.summary import add_recipe
from tests.api.web.access.asking import HOST
from tests.api.web.access.conftest import Team, team_of
from tests.api.web.access.routes import all_routes, parameters

CHECKS: list[Any] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.allow_header_conformance,
]
STREAM = "text/event-stream"
pytestmark = pytest.mark.sqlite


def is_stream(operation: dict[str, Any]) -> bool:
    return any(STREAM in answer.get("content", ()) for answer in operation["responses"].values())


@pytest.fixture
def empty(team, secret, tmp_path) -> Iterator[Team]:
    """The same people, on a case in which nothing is."""
    with Case.new(tmp_path / "empty", "Plant 13") as case:
        with case.session() as session, session.begin():
            recipe = add_recipe(session, model_digest(None), team.site.settings, team.site.registry)
        yield team_of(replace(team.site, case=case, recipe=recipe), secret)


@pytest.mark.parametrize("examples", [1, pytest.param(4, marks=pytest.mark.nightly)])
def test_no_answer_that_is_not_written_down(team, empty, fill, packed_here, examples):
    """Where something was found, and where a case is empty. To think of what may be sent takes
    longer than to send it to both. The `examples` of each operation: as it should be called
    and as it should not."""
    fill(team.site)
    schema = schemathesis.openapi.from_dict(document(team.app))
    schema.app = team.app
    answers: tuple[set[int], set[int]] = set(), set()
    with (
        TestClient(team.app, headers=team.bearer("admin")) as full,
        TestClient(empty.app, headers=empty.bearer("admin")) as bare,
    ):
        for found in schema.get_all_operations():
            operation = found.ok()
            if is_stream(operation.definition.raw):
                continue
            known = parameters(team.site, operation.path)
            strategies = [operation.as_strategy(path_parameters=known or None)]
            if operation.body or any(operation.iter_parameters()):  # else nothing can be wrong
                strategies += [operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)]
            for cases in strategies:
                _try(cases, examples, (full, bare), answers)
    assert {200, 201, 204, 404, 422} <= answers[0]
    assert {200, 404, 422} <= answers[1]


def _try(
    cases: Any, examples: int, clients: tuple[TestClient, ...], answers: tuple[set[int], ...]
) -> None:
    """Sends some of `cases` to each, holds each answer against the document, adds its status."""

    @seed(5)
    @settings(
        max_examples=examples,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def call(case: Any) -> None:
        # On a busy machine a package takes longer than the ten seconds it waits by itself.
        for client, statuses in zip(clients, answers, strict=True):
            answer = case.call(f"http://{HOST}", client, app=client.app, timeout=120)
            statuses.add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

    call()


def test_the_document_is_for_reviewers_and_says_who_may_call_what(team, asking):
    assert asking("GET", "/api/v1/openapi.json").status == 401
    whole = document(team.app)
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in whole["paths"].items()
        for method, operation in methods.items()
    }
    ours = {str(route): route for route in all_routes() if route.path.startswith("/api/")}
    assert operations.keys() == ours.keys()
    for name, operation in operations.items():
        assert operation["x-role"] == ours[name].role
        assert operation["summary"] and not operation["summary"].endswith("."), name
        assert (operation.get("security") == []) == (operation["x-role"] == "anyone")
        for answer, facts in operation["responses"].items():
            if answer >= "400" and answer != "416":  # which HTTP itself has an answer for
                [content] = facts["content"].values()
                assert content["schema"] == {"$ref": "#/components/schemas/Problems"}


def test_the_page_of_routes_lists_them_all(team, asking):
    text = asking("GET", "/api", team.bearer("reviewer")).body.decode()
    missing = [
        str(route)
        for route in all_routes()
        if route.path.startswith("/api/") and f"<code>{route.path}</code>" not in text
    ]
    assert missing == []


def test_the_document_does_not_depend_on_who_serves(team):
    other = create_app(replace(team.site, local="anna"))
    assert document(other) == document(team.app)
