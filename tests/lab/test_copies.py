"""Copies made on purpose: what lies where in them is as the truth says."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from datasets.errors import DataError
from datasets.maker.broadcast import Overlay
from datasets.maker.canvas import Picture
from datasets.maker.clip import Encoding, encode
from lab.world.copies import ClipSegment, make_copy

pytestmark = pytest.mark.nightly

SIZE = (160, 90)
SPOT = (0.3, 0.4)  # the middle of a red square, in shares of the source


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """Two seconds of grey that grows brighter, with a red square that stands."""
    path = tmp_path_factory.mktemp("copies") / "source.mp4"

    def picture(number: int) -> Picture:
        frame = np.full((SIZE[1], SIZE[0], 3), 40 + 3 * number, np.uint8)
        x, y = round(SPOT[0] * SIZE[0]), round(SPOT[1] * SIZE[1])
        frame[y - 6 : y + 6, x - 6 : x + 6] = (230, 20, 20)
        return frame

    encode(path, ((n, picture(n)) for n in range(50)), Encoding(size=SIZE, crf=16))
    return path


def decoded(path: Path) -> list[tuple[Fraction, Picture]]:
    with av.open(str(path)) as container:
        return [
            (frame.pts * frame.time_base, frame.to_ndarray(format="rgb24"))
            for frame in container.decode(video=0)
        ]


def spot(picture: Picture) -> tuple[float, float]:
    """The middle of what is red, in shares of the picture."""
    red = picture[..., 0].astype(int) - picture[..., 1] > 90
    rows, columns = np.nonzero(red)
    return (float(columns.mean() + 0.5) / picture.shape[1], float(rows.mean() + 0.5) / len(picture))


def brightness(picture: Picture) -> float:
    """Of the ground beside the square, as the number of the source's frame."""
    middle = picture[len(picture) // 2, picture.shape[1] // 2 :]
    return (float(np.median(middle)) - 40) / 3


@pytest.mark.parametrize(
    ("part", "size"),
    [
        pytest.param({}, SIZE, id="recompressed"),
        pytest.param({}, (96, 54), id="rescaled"),
        pytest.param({"crop": (0.1, 0.2, 0.9, 1.0)}, SIZE, id="cropped"),
        pytest.param({"mirrored": True}, SIZE, id="mirrored"),
        pytest.param({"mirrored": True, "crop": (0.1, 0.2, 0.9, 1.0)}, SIZE, id="both"),
        pytest.param({}, (120, 160), id="letterboxed"),
        pytest.param({"fill": 0.7}, SIZE, id="in a window"),
    ],
)
def test_a_point_lies_where_the_truth_says(source, tmp_path, part, size):
    copy = tmp_path / "copy.mp4"
    how = Encoding(size=size, crf=16)
    placed = make_copy(copy, ClipSegment(source, **part), how)  # type: ignore[arg-type]
    kx, tx, ky, ty = placed.place
    frames = decoded(copy)
    assert len(frames) == 50
    seen = spot(frames[0][1][:, : round(size[0])])
    assert seen == pytest.approx((kx * SPOT[0] + tx, ky * SPOT[1] + ty), abs=0.02)
    assert (kx < 0) == bool(part.get("mirrored"))


def test_the_overlay_lies_over_all_of_it(source, tmp_path):
    overlay = Overlay(bug="КАНАЛ", caption=("ЦЕХ", "Новый участок"))
    make_copy(tmp_path / "plain.mp4", ClipSegment(source), Encoding(size=(320, 180)))
    make_copy(tmp_path / "told.mp4", ClipSegment(source), Encoding(size=(320, 180)), overlay)
    plain, told = (decoded(tmp_path / name)[30][1] for name in ("plain.mp4", "told.mp4"))
    changed = np.abs(plain.astype(int) - told).max(axis=2) > 60
    assert changed[: 180 // 4].any()
    assert changed[180 * 3 // 4 :].any()
    assert not changed[180 * 2 // 5 : 180 * 3 // 5].any()


def test_another_rate_keeps_the_times(source, tmp_path):
    how = Encoding(size=SIZE, rate=Fraction(15), crf=16)
    placed = make_copy(tmp_path / "copy.mp4", ClipSegment(source), how)
    assert float(placed.end) == pytest.approx(2, abs=0.1)
    for time, picture in decoded(tmp_path / "copy.mp4")[::5]:
        assert brightness(picture) == pytest.approx(float(time * 25), abs=2)


def test_a_part_beyond_the_end_is_refused(source, tmp_path):
    with pytest.raises(DataError, match="no frame from 9 s on"):
        make_copy(
            tmp_path / "copy.mp4", ClipSegment(source, start=Fraction(9)), Encoding(size=SIZE)
        )
    with pytest.raises(DataError, match="cannot be decoded"):
        make_copy(tmp_path / "c.mp4", ClipSegment(tmp_path / "none.mp4"), Encoding(size=SIZE))
