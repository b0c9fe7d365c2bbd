"""Stills, frames, crops and the original over HTTP."""

from __future__ import annotations

import hashlib
import shutil

import numpy as np
import pytest

from api.web import pictures
from detector.analyze import cut_stills
from detector.footage.sniff import DEMUXERS
from evidence.case.tables import Location
from tests.api.conftest import table
from tests.api.web.looking.conftest import sha_of
from tests.api.web.looking.hall import Film, decoded

Films = tuple[Film, Film]


@pytest.fixture
def lost(site, films, tmp_path) -> str:
    """The hash of a clip whose only place is empty."""
    with site.session() as session, session.begin():
        place = session.get(Location, str(films[0].path))
        assert place is not None
        place.size, place.mtime_ns = 1, 1
        session.flush()
    return sha_of(films[0])


def frame(films: Films, pts: str) -> np.ndarray:
    from fractions import Fraction

    (found,) = cut_stills(films[0].survey.analysis.footage, [Fraction(pts)])
    return found.image


def test_a_frame_is_the_one_at_its_exact_time(client, films):
    answer = client.get(f"/api/v1/footage/{sha_of(films[0])}/frame", params={"pts": "13/10"})
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Frame-Pts"] == "13/10"
    shown = decoded(answer.content).astype(int)
    off = [np.abs(shown - picture).mean() for picture in films[0].pictures]
    assert int(np.argmin(off)) == 13
    between = client.get(f"/api/v1/footage/{sha_of(films[0])}/frame", params={"pts": "1.349"})
    assert between.headers["Frame-Pts"] == "13/10"  # between two it is the first


def test_a_frame_is_made_smaller_never_larger(client, films):
    root = f"/api/v1/footage/{sha_of(films[0])}/frame"
    assert decoded(client.get(root, params={"width": 160}).content).shape == (90, 160, 3)
    assert decoded(client.get(root, params={"width": 4000}).content).shape == (360, 640, 3)


def test_an_unaltered_crop_has_the_frames_own_pixels(client, films):
    asked = {"pts": "1", "box": "40.2,60,139.9,110"}
    answer = client.get(f"/api/v1/footage/{sha_of(films[0])}/crop", params=asked)
    picture = decoded(answer.content)
    assert picture.shape == (50 * 4, 100 * 4, 3)  # 480 // 100 times
    assert np.array_equal(picture[::4, ::4], frame(films, "1")[60:110, 40:140])
    assert np.array_equal(picture[3::4, 3::4], picture[::4, ::4])


def test_the_enhanced_crop_is_another_of_the_same_size(client, films):
    asked = {"pts": "1", "box": "40,60,140,110"}
    root = f"/api/v1/footage/{sha_of(films[0])}/crop"
    plain = decoded(client.get(root, params=asked).content)
    clear = decoded(client.get(root, params=asked | {"way": "enhanced"}).content)
    assert clear.shape == plain.shape
    assert clear.std() > plain.std()


@pytest.mark.parametrize(("asked", "status"), table("refused-crops"))
def test_a_crop_that_cannot_be_is_refused(client, films, asked, status):
    root = f"/api/v1/footage/{sha_of(films[0])}/crop"
    assert client.get(root, params=asked).status_code == status


def test_the_original_comes_whole_and_by_ranges(client, films):
    content = films[0].path.read_bytes()
    root = f"/api/v1/footage/{sha_of(films[0])}/video"
    whole = client.get(root)
    assert (whole.status_code, whole.headers["Content-Type"]) == (200, "video/mp4")
    assert whole.content == content
    part = client.get(root, headers={"Range": "bytes=100-299"})
    assert part.status_code == 206
    assert part.content == content[100:300]
    assert part.headers["Content-Range"] == f"bytes 100-299/{len(content)}"
    assert client.get(root, headers={"Range": "bytes=-50"}).content == content[-50:]
    beyond = client.get(root, headers={"Range": f"bytes={len(content)}-"})
    assert beyond.status_code == 416
    assert beyond.json()["error"]["kind"] == "range"
    assert client.get(root, headers={"Range": "bytes=9-3"}).status_code == 200


def test_footage_in_every_container_comes_as_video():
    kinds = {pictures._VIDEO.get(container, "") for container in DEMUXERS}
    assert all(kind.startswith("video/") for kind in kinds)


def test_pictures_are_kept_by_browsers(client, films):
    still = films[0].survey.stills[0].picture
    for path in (
        f"/api/v1/stills/{hashlib.sha256(still).hexdigest()}",
        f"/api/v1/footage/{sha_of(films[0])}/frame?pts=1",
        f"/api/v1/footage/{sha_of(films[0])}/crop?pts=1&box=0,0,9,9",
        f"/api/v1/footage/{sha_of(films[0])}/video",
    ):
        answer = client.get(path)
        assert "immutable" in answer.headers["Cache-Control"]
        again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_a_still_is_the_bytes_that_were_kept(client, films):
    for still in films[0].survey.stills:
        answer = client.get(f"/api/v1/stills/{hashlib.sha256(still.picture).hexdigest()}")
        assert answer.content == still.picture


@pytest.mark.parametrize("gone", [False, True], ids=["altered", "gone"])
def test_a_still_that_is_no_longer_what_it_was_is_not_shown(client, site, films, gone):
    picture = films[0].survey.stills[0].picture
    sha256 = hashlib.sha256(picture).hexdigest()
    (file,) = (site.case.folder / "stills").glob(f"*/{sha256}.*")
    if gone:
        file.unlink()
    else:
        file.write_bytes(picture + b"more")
    answer = client.get(f"/api/v1/stills/{sha256}")
    assert answer.status_code == 404
    assert "gone, or no longer what it was" in answer.json()["error"]["message"]


def test_a_hash_of_a_file_the_case_does_not_know(client, site):
    secret = hashlib.sha256((site.case.folder / "case.json").read_bytes()).hexdigest()
    assert client.get(f"/api/v1/stills/{secret}").status_code == 404
    assert client.get(f"/api/v1/footage/{secret}/video").status_code == 404


def test_an_original_that_was_changed_is_not_shown(client, lost):
    for path in ("video", "frame?pts=1", "crop?pts=1&box=0,0,9,9"):
        answer = client.get(f"/api/v1/footage/{lost}/{path}")
        assert answer.status_code == 404
        assert "at none of its" in answer.json()["error"]["message"]
    page = client.get(f"/footage/{lost}")
    assert page.status_code == 200
    assert "The original is no longer where it was." in page.text


def test_a_folder_of_pictures_is_looked_at_picture_by_picture(client, site, films, tmp_path):
    from PIL import Image

    from detector.footage.files import open_footage
    from evidence.case.tables import FootageRow

    folder = tmp_path / "stills"
    folder.mkdir()
    for at in (0, 20):
        Image.fromarray(films[0].pictures[at]).save(folder / f"{at:02d}.png")
    footage = open_footage(folder)
    with site.session() as session, session.begin():
        row = FootageRow(sha256=footage.sha256, size=footage.size, kind="stills")
        row.container, row.width, row.height = "folder", 640, 360
        session.add(row)
        session.flush()
        session.add(Location(path=str(folder), footage=footage.sha256, held=False))
    root = f"/api/v1/footage/{footage.sha256}"
    shown = decoded(client.get(f"{root}/crop?pts=1&box=0,0,640,360").content)
    assert np.array_equal(shown, films[0].pictures[20])
    assert client.get(f"{root}/video").status_code == 404
    assert client.get(f"/footage/{footage.sha256}").status_code == 200
    shutil.rmtree(folder)
    assert client.get(f"{root}/crop?pts=0&box=0,0,9,9").status_code == 404
