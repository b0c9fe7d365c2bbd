"""Uploads as a program or a page makes them: resumed, refused, recognised, cancelled."""

from __future__ import annotations

import hashlib
import json
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient

from api.web.app import create_app
from api.web.site import Limits
from detector import Settings
from evidence.case.tables import FootageRow, Location, Work
from evidence.uploads import storage as part
from evidence.work.whole import depth_of
from tests.api.conftest import table
from tests.evidence.conftest import clip as clip

URL = "/api/v1/uploads"


def begin(client: httpx.Client, size: int, name: str = "цех №3.mp4", **said: str) -> dict[str, Any]:
    answer = client.post(URL, json={"name": name, "size": size, **said})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def send(client: httpx.Client, number: str, content: bytes, offset: int) -> httpx.Response:
    return client.patch(f"{URL}/{number}", content=content, headers={"Upload-Offset": str(offset)})


def whole(client: httpx.Client, content: bytes, *name: str, **said: str) -> httpx.Response:
    """A file sent in two calls."""
    return send(client, begin(client, len(content), *name, **said)["id"], content, 0)


def padded(clip: Path, size: int) -> bytes:
    """The clip with a `free` box behind it, so large as to make it of that size."""
    content = clip.read_bytes()
    rest = size - len(content)
    return content + rest.to_bytes(4, "big") + b"free" + bytes(rest - 8)


@pytest.fixture
def limited(site, request) -> Any:
    """A client of a server with the limits the test names."""
    served = replace(site, limits=replace(Limits(), **request.param))
    headers = {"Origin": "http://127.0.0.1"}
    with TestClient(create_app(served), "http://127.0.0.1", headers=headers) as made:
        yield made


def test_a_clip_is_kept_as_it_is_and_waits_to_be_looked_at(client, site, clip):
    content = clip.read_bytes()
    made = begin(client, len(content), publisher="Plant TV", plant_claimed="Plant 12")
    assert (made["offset"], made["state"]) == (0, "receiving")
    kept = send(client, made["id"], content, 0).json()
    sha256 = hashlib.sha256(content).hexdigest()
    assert (kept["state"], kept["footage"], kept["duplicate"]) == ("kept", sha256, False)
    assert kept["page"] == f"/footage/{sha256}"
    assert kept["analysis"]["state"] == "waiting"
    assert kept["analysis"]["seconds"] == pytest.approx(3.0)
    with site.session() as session:
        place = session.get_one(Location, f"footage/{sha256[:2]}/{sha256}.mp4")
        work = session.get_one(Work, (place.path, site.recipe.model, site.recipe.settings))
    assert site.case.find(place.path).read_bytes() == content
    assert (place.held, place.publisher, place.plant_claimed) == (True, "Plant TV", "Plant 12")
    assert work.state == "waiting"
    # It is looked at as `analyze` looks at a clip by itself.
    assert site.settings.sweeping != Settings().sweeping
    assert site.settings.sweeping.at(depth_of(work)) == Settings().sweeping
    assert not list((site.case.folder / "uploads").iterdir())


def test_interrupted_five_times_it_arrives_whole(client, site, clip):
    content = padded(clip, (2 << 20) + 12345)
    made = begin(client, len(content))
    borders = [0, 1, 70_000, 1 << 20, (1 << 20) + 1, 2 << 20]
    for start, end in zip(borders, [*borders[1:], len(content)], strict=True):
        offset = client.get(f"{URL}/{made['id']}").json()["offset"]
        assert offset == start
        kept = send(client, made["id"], content[start:end], offset).json()
    assert kept["footage"] == hashlib.sha256(content).hexdigest()
    held = site.case.held(kept["footage"], ".mp4")
    assert held.read_bytes() == content


def test_bytes_at_another_offset_are_refused(client, clip):
    content = clip.read_bytes()
    made = begin(client, len(content))
    send(client, made["id"], content[:100], 0)
    answer = send(client, made["id"], content[:100], 0)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (409, "conflict")
    assert client.get(f"{URL}/{made['id']}").json()["offset"] == 100


def test_more_bytes_than_announced_are_refused(client, clip):
    content = clip.read_bytes()
    made = begin(client, len(content))
    assert send(client, made["id"], content + b"x", 0).status_code == 413
    assert client.get(f"{URL}/{made['id']}").json()["offset"] == 0


def test_what_has_come_is_compared_by_its_crc_32(client, clip):
    content = padded(clip, (3 << 20) + 12345)
    made = begin(client, len(content))

    def ask(start: int, end: int) -> tuple[int, Any]:
        answer = client.get(f"{URL}/{made['id']}/crc32", params={"start": start, "end": end})
        return answer.status_code, answer.json().get("crc32")

    assert (ask(0, 0), ask(0, 1)) == ((200, 0), (409, None))
    send(client, made["id"], content[: 2 << 20], 0)
    middle, end = (1 << 20) + 17, 2 << 20
    assert ask(0, end) == (200, zlib.crc32(content[:end]))
    assert ask(middle, end) == (200, zlib.crc32(content[middle:end]))
    assert ask(middle, end + 1) == (409, None)
    send(client, made["id"], content[end:], end)
    assert ask(middle, len(content)) == (200, zlib.crc32(content[middle:]))
    assert ask(end, middle) == ask(0, 1 << 40) == (400, None)


@pytest.mark.databases
def test_a_second_sender_is_refused_while_the_first_sends(client, site, clip):
    content = clip.read_bytes()
    made = begin(client, len(content))
    uploads = client.app.state.site.uploads  # type: ignore[attr-defined]
    with uploads.receiving(made["id"], 0):
        assert send(client, made["id"], content, 0).status_code == 409
    assert send(client, made["id"], content, 0).json()["state"] == "kept"


@pytest.mark.databases
def test_ten_at_once_arrive_whole(client, site, clip):
    contents = [padded(clip, 1_500_000 + number) for number in range(10)]

    def one(content: bytes) -> str:
        made = begin(client, len(content))
        middle = len(content) // 2
        send(client, made["id"], content[:middle], 0)
        return str(send(client, made["id"], content[middle:], middle).json()["footage"])

    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(one, contents))
    assert found == [hashlib.sha256(content).hexdigest() for content in contents]
    for sha256, content in zip(found, contents, strict=True):
        assert site.case.held(sha256, ".mp4").read_bytes() == content


def test_the_same_bytes_again_are_recognised_and_what_is_said_of_them_kept(client, site, clip):
    content = clip.read_bytes()
    whole(client, content, publisher="Plant TV")
    kept = whole(client, content, "copy.mp4", publisher="Other", plant_claimed="Plant 9").json()
    assert (kept["state"], kept["duplicate"]) == ("kept", True)
    assert kept["page"] == f"/footage/{hashlib.sha256(content).hexdigest()}"
    with site.session() as session:
        (place,) = session.query(Location).all()
    assert (place.publisher, place.plant_claimed) == ("Plant TV", "Plant 9")
    assert place.provenance is not None
    said = [(one["name"], one["publisher"]) for one in place.provenance["uploads"]]
    assert said == [("цех №3.mp4", "Plant TV"), ("copy.mp4", "Other")]
    assert len([p for p in (site.case.folder / "footage").rglob("*") if p.is_file()]) == 1


def test_footage_that_lies_elsewhere_is_not_kept_twice(client, site, clip):
    content = clip.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    with site.session() as session, session.begin():
        session.add(FootageRow(sha256=sha256, size=len(content), kind="video", container="mp4"))
        session.flush()
        session.add(Location(path=str(clip), footage=sha256))
    made = begin(client, len(content))
    assert send(client, made["id"], content, 0).json()["duplicate"]
    assert not site.case.held(sha256, ".mp4").exists()


def test_an_original_that_is_gone_is_kept_when_it_comes_again(client, site, clip):
    content = clip.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    with site.session() as session, session.begin():
        session.add(FootageRow(sha256=sha256, size=len(content), kind="video", container="mp4"))
        session.flush()
        session.add(Location(path="/gone/hall.mp4", footage=sha256))
    assert not whole(client, content).json()["duplicate"]
    assert site.case.held(sha256, ".mp4").read_bytes() == content


WRONG = {
    "a page": (b"<!doctype html><html></html>" * 9000, "disguised"),
    "an archive": (b"PK\x03\x04" + bytes(200_000), "disguised"),
    "sound": (b"ID3" + bytes(1000), "no-pictures"),
    "noise": (bytes(range(1, 256)) * 400, "unreadable"),
    "a torn clip": (b"\x00\x00\x00\x18ftypmp42" + bytes(100_000), "unreadable"),
}


@pytest.mark.parametrize(("content", "kind"), WRONG.values(), ids=WRONG)
def test_what_is_no_footage_is_refused_whatever_it_is_called(client, site, content, kind):
    made = begin(client, len(content), "hall.mp4")
    answer = send(client, made["id"], content, 0)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (422, kind)
    told = client.get(f"{URL}/{made['id']}").json()
    assert told["state"] == "refused"
    assert told["reason"].startswith("hall.mp4: ")
    assert not list((site.case.folder / "uploads").iterdir())


def test_what_is_no_footage_is_refused_before_the_rest_has_come(client):
    made = begin(client, 1 << 30, "hall.mp4")
    answer = send(client, made["id"], b"PK\x03\x04" + bytes(1 << 17), 0)
    assert answer.json()["error"]["kind"] == "disguised"


@pytest.mark.parametrize(
    ("limited", "status", "kind"),
    [({"file_bytes": 1000}, 413, "too-large"), ({"free_bytes": 1 << 60}, 507, "no-room")],
    indirect=["limited"],
)
def test_what_there_is_no_room_for_is_refused_before_it_comes(limited, status, kind):
    answer = limited.post(URL, json={"name": "hall.mp4", "size": 1001})
    assert (answer.status_code, answer.json()["error"]["kind"]) == (status, kind)


@pytest.mark.parametrize("limited", [{"seconds": 2.0}], indirect=True)
def test_footage_too_long_is_refused(limited, clip):
    content = clip.read_bytes()
    made = begin(limited, len(content))
    answer = send(limited, made["id"], content, 0)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (413, "too-large")
    assert limited.get(f"{URL}/{made['id']}").json()["state"] == "refused"


@pytest.mark.parametrize("limited", [{"uploads": 2}], indirect=True)
def test_only_so_many_are_under_way(limited):
    begin(limited, 1000)
    second = begin(limited, 1000)
    answer = limited.post(URL, json={"name": "hall.mp4", "size": 1000})
    assert (answer.status_code, answer.json()["error"]["kind"]) == (429, "too-many")
    limited.delete(f"{URL}/{second['id']}")
    begin(limited, 1000)


def test_a_disk_that_fills_loses_nothing_that_came(client, clip, monkeypatch):
    content = padded(clip, 4 << 20)
    made = begin(client, len(content))
    uploads = client.app.state.site.uploads  # type: ignore[attr-defined]
    roomy = uploads.bounds
    monkeypatch.setattr(part, "LOOK_BYTES", 1 << 20)
    came = iter([5 << 30, 5 << 30])
    uploads.bounds = replace(roomy, free=lambda folder: next(came, 0))
    answer = send(client, made["id"], content, 0)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (507, "no-room")
    offset = client.get(f"{URL}/{made['id']}").json()["offset"]
    assert 0 < offset < len(content)
    uploads.bounds = roomy
    kept = send(client, made["id"], content[offset:], offset).json()
    assert kept["footage"] == hashlib.sha256(content).hexdigest()


def test_cancelling_removes_what_has_come(client, site, clip):
    made = begin(client, 1_000_000)
    send(client, made["id"], clip.read_bytes()[:500], 0)
    told = client.delete(f"{URL}/{made['id']}").json()
    assert (told["state"], told["offset"]) == ("cancelled", 0)
    assert not list((site.case.folder / "uploads").iterdir())
    assert send(client, made["id"], b"x", 0).status_code == 409


def test_what_was_refused_or_cancelled_is_forgotten(client):
    refused = begin(client, 1000, "hall.mp4")
    assert send(client, refused["id"], b"<!doctype html>".ljust(1000), 0).status_code == 422
    cancelled = begin(client, 1000)
    client.delete(f"{URL}/{cancelled['id']}")
    for one, state in ((refused, "refused"), (cancelled, "cancelled")):
        assert client.delete(f"{URL}/{one['id']}").json()["state"] == state
        assert client.get(f"{URL}/{one['id']}").status_code == 404
    assert client.get(URL).json()["items"] == []


def test_an_analysis_is_called_off_and_asked_for_again(client, site, clip):
    content = clip.read_bytes()
    made = begin(client, len(content))
    send(client, made["id"], content, 0)
    off = client.delete(f"{URL}/{made['id']}").json()["analysis"]
    assert (off["state"], off["kind"], off["reason"]) == ("aside", "cancelled", "cancelled by anna")
    assert client.delete(f"{URL}/{made['id']}").status_code == 409
    again = client.post(f"{URL}/{made['id']}/analysis")
    assert (again.status_code, again.json()["analysis"]["state"]) == (202, "waiting")
    assert client.post(f"{URL}/{made['id']}/analysis").status_code == 409


def test_a_program_sends_a_file_in_one_request(client, clip):
    content = clip.read_bytes()
    answer = client.post(
        "/api/v1/footage", params={"name": "hall.mp4", "publisher": "Plant TV"}, content=content
    )
    assert answer.status_code == 201
    told = answer.json()
    assert (told["state"], told["publisher"]) == ("kept", "Plant TV")
    assert told["footage"] == hashlib.sha256(content).hexdigest()


@pytest.mark.databases
def test_the_list_goes_on_from_page_to_page(client):
    numbers = [begin(client, 1000 + number)["id"] for number in range(5)]
    seen: list[str] = []
    after = None
    while True:
        params = {"limit": "2"} | ({"after": after} if after else {})
        told = client.get(URL, params=params).json()
        seen += [one["id"] for one in told["items"]]
        after = told["next"]
        if after is None:
            break
    assert seen == numbers[::-1]


ODD = [body for (body,) in table("odd-uploads")]


@pytest.mark.parametrize("body", ODD)
def test_odd_values_are_refused(client, body):
    content = json.dumps(body).encode()
    answer = client.post(URL, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["kind"]) == (422, "fields")


def test_a_name_never_becomes_a_path(client):
    assert begin(client, 10, "../../etc/passwd")["name"] == "passwd"
    assert begin(client, 10, "C:\\films\\hall.mp4")["name"] == "hall.mp4"


def test_a_date_is_kept_as_it_is_compared_and_what_is_none_is_refused(client):
    assert begin(client, 9, published="31.12.2023")["published"] == "2023-12-31"
    answer = client.post(URL, json={"name": "a.mp4", "size": 9, "published": "yesterday"})
    assert answer.status_code == 422
    told = answer.json()["error"]["message"]
    assert told.startswith("cannot be used: published: no date: write a year, a month or a day")
