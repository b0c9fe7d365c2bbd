"""Values of an upload that are odd: refused, or kept as they are compared."""

from __future__ import annotations

import json
from typing import Any

import httpx2 as httpx
import pytest

from tests.api.web.test_uploads import URL, begin

ODD: dict[str, dict[str, Any]] = {
    "no name": {"name": "", "size": 1},
    "a name of nothing but folders": {"name": "a/b/", "size": 1},
    "a NUL": {"name": "a\0b", "size": 1},
    "half a pair": {"name": "a\ud800", "size": 1},
    "no bytes": {"name": "a", "size": 0},
    "a size beyond every number": {"name": "a", "size": 10**30},
    "a field nobody knows": {"name": "a", "size": 1, "path": "/etc/passwd"},
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_odd_values_are_refused(client: httpx.Client, body: dict[str, Any]) -> None:
    content = json.dumps(body).encode()
    answer = client.post(URL, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["kind"]) == (422, "fields")


def test_a_name_never_becomes_a_path(client: httpx.Client) -> None:
    assert begin(client, 10, "../../etc/passwd")["name"] == "passwd"
    assert begin(client, 10, "C:\\films\\hall.mp4")["name"] == "hall.mp4"


def test_a_date_is_kept_as_it_is_compared_and_what_is_none_is_refused(
    client: httpx.Client,
) -> None:
    assert begin(client, 9, published="31.12.2023")["published"] == "2023-12-31"
    answer = client.post(URL, json={"name": "a.mp4", "size": 9, "published": "yesterday"})
    assert answer.status_code == 422
    told = answer.json()["error"]["message"]
    assert told.startswith("cannot be used: published: no date: write a year, a month or a day")
