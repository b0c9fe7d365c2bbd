"""A film of labelled photographs, the camera moving over each: where is a machine reported?

python -m bench.pans DATA DIR [--split val] [--seconds 8]

A photograph is one look, a machine in film has some fifteen, of which one or another is sure of
what is none. The film is made once, in DIR, and looked at as a sweep does.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np

from bench import arguments
from datasets.annotations import Photograph, read_photographs, split_folder
from detector import Analyst, Settings
from detector.types import Sighting
from training.evaluate.evaluation import open_picture

WIDTH, HEIGHT, RATE = 640, 360, 25
CLOSER = 1.15
"""Of the least size that fills the frame."""


def main() -> None:
    parser = arguments("bench.pans", __doc__)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--split", default="val")
    parser.add_argument("--seconds", type=int, default=8, help="of each picture")
    given = parser.parse_args()
    pictures = read_photographs(split_folder(given.data, given.split))
    film = given.folder / f"{given.split}.mp4"
    if not film.exists():
        given.folder.mkdir(parents=True, exist_ok=True)
        draw(pictures, film, given.seconds)
    found = Analyst(Settings.archive()).analyze(film).sightings
    print(table(pictures, found, given.seconds))


def draw(pictures: Sequence[Photograph], film: Path, seconds: int) -> None:
    """Writes the film; in parts and renamed, so that what is broken off is not taken for it."""
    part = film.with_suffix(".part.mp4")
    with av.open(str(part), "w") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "24"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number, picture in enumerate(pictures):
            image = open_picture(picture)
            grown = CLOSER * max(WIDTH / image.shape[1], HEIGHT / image.shape[0])
            way = cv2.INTER_AREA if grown < 1 else cv2.INTER_LINEAR
            image = cv2.resize(image, None, fx=grown, fy=grown, interpolation=way)
            room = np.array([image.shape[1] - WIDTH, image.shape[0] - HEIGHT], float)
            for i in range(RATE * seconds):
                at = i / (RATE * seconds - 1)
                at = 1 - at if number % 2 else at  # there, and on the next one back
                left, top = np.round(room * (0.2 + 0.6 * at)).astype(int)
                cut = np.ascontiguousarray(image[top : top + HEIGHT, left : left + WIDTH])
                out.mux(stream.encode(av.VideoFrame.from_ndarray(cut, "rgb24")))
        out.mux(stream.encode())
    part.rename(film)


def table(pictures: Sequence[Photograph], found: tuple[Sighting, ...], seconds: int) -> str:
    """Of negatives and of pictures with a CNC machine: how many have a sighting, how many there
    are, and how many name a builder that is not labelled there."""
    rows = ["| pictures | of | with a sighting | sightings | named | not as labelled |"]
    rows.append("|---|---|---|---|---|---|")
    for name, negative in (("negatives", True), ("with a CNC machine", False)):
        some = {
            number: {(one.builder or "").removeprefix("x-") for one in picture.machines}
            for number, picture in enumerate(pictures)
            if (picture.scene == "negative") == negative
            and (negative or any(one.cnc for one in picture.machines))
        }
        at = [(_middle(one) // seconds, one.attribution.builder) for one in found]
        here = [(number, builder) for number, builder in at if number in some]
        named = [(number, builder) for number, builder in here if builder is not None]
        wrong = sum(builder not in some[number] for number, builder in named)
        seen = len({number for number, _ in here})
        rows.append(f"| {name} | {len(some)} | {seen} | {len(here)} | {len(named)} | {wrong} |")
    return "\n".join(rows)


def _middle(one: Sighting) -> int:
    return int((one.track.first + one.track.last) / 2)


if __name__ == "__main__":
    main()
