"""The mark embedder: its files, and a cut-out as the small grey picture that it looks at.

marks.xml, marks.bin   OpenVINO's network: float32 (2, 1, 32, 128), grey 0..255, to unit
                       vectors (2, 96)
prototypes.npz         vectors (m, 96) float16; owner (m,), a registry id, `x-...` for a
                       firm outside the registry, "" for what is no builder's mark; mark
                       (m,), the text or "logo"; kind (m,), drawn, logo or photo
marks.json             hashes of these, thresholds, weights, and what was measured
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.errors import ModelError
from datasets.registry import id_of_label
from detector.inference import PROCESSOR, Engine, core, open_session
from detector.model_card import read_files, read_json
from detector.types import Picture

Grey = NDArray[np.uint8]

HEIGHT, WIDTH = 32, 128
"""The embedder's input, pixels. Half of the legible builders' marks of the training photographs are
22 pixels high or less; three of four are at most four times as wide."""
_TALL = 1.5
"""A cut taller than so many widths may hold text that runs down (as in `detector.read.reader`)."""


def grey(picture: Picture) -> Grey:
    """A picture (height, width, 3) RGB or (height, width) as grey, (height, width)."""
    if picture.ndim == 2:
        return picture
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def fit(cut: Grey) -> Grey:
    """A grey cut of any size in the middle of (32, 128), its sides in proportion. The rest has the
    cut's mean, which the network's normalisation makes zero."""
    rows, columns = cut.shape
    scale = min(HEIGHT / rows, WIDTH / columns)
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(cut, size, interpolation=how)
    fitted = np.full((HEIGHT, WIDTH), round(float(small.mean())), np.uint8)
    top, left = (HEIGHT - size[1]) // 2, (WIDTH - size[0]) // 2
    fitted[top : top + size[1], left : left + size[0]] = small
    return fitted


def views(picture: Picture) -> list[Grey]:
    """The views of a cut, each (32, 128): upright, and if tall turned a quarter either way."""
    cut = grey(picture)
    turns = (0, 1, 3) if cut.shape[0] > _TALL * cut.shape[1] else (0,)
    return [fit(np.ascontiguousarray(np.rot90(cut, turn))) for turn in turns]


PACKAGED = Path(__file__).parents[1] / "marks_model"
NAMES = ("marks.xml", "marks.bin", "prototypes.npz")
CARD = "marks.json"
_COLUMNS = ("owner", "mark", "kind")
_ADVICE = (
    f"`nameplate train-marks` writes a folder of {', '.join((*NAMES, CARD))}; install it again"
)

Vectors = NDArray[np.float32]


def unit(vectors: Vectors) -> Vectors:
    """Vectors (n, d), each brought to length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-6), np.float32)


def scaled(picture: Grey, scale: float, how: int = cv2.INTER_AREA) -> Grey:
    """A grey picture so many times as large, 4 pixels at least each way."""
    size = max(4, round(picture.shape[1] * scale)), max(4, round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


@dataclass(frozen=True, slots=True)
class Prototypes:
    """Unit vectors (m, d), each with its owner, the mark it shows and its kind (`names`)."""

    vectors: Vectors
    names: tuple[tuple[str, str, str], ...]

    @property
    def owner(self) -> tuple[str, ...]:
        """(m,): whose mark each is."""
        return tuple(owner for owner, _, _ in self.names)

    @classmethod
    def of(cls, vectors: Vectors, owner: str, mark: str, kind: str) -> Self:
        """Unit vectors (m, d), all of one mark of one owner."""
        return cls(vectors, ((owner, mark, kind),) * len(vectors))

    def __len__(self) -> int:
        return len(self.names)

    def where(self, keep: Sequence[bool]) -> Prototypes:
        """The prototypes at the places that are true."""
        chosen = np.flatnonzero(np.asarray(keep, np.bool_))
        return Prototypes(self.vectors[chosen], tuple(self.names[i] for i in chosen))

    def owned_by(self, ids: Collection[str]) -> Prototypes:
        """The same, with owners that have since become entries under their new ids."""
        names = ((id_of_label(owner, ids), mark, kind) for owner, mark, kind in self.names)
        return replace(self, names=tuple(names))

    def joined(self, others: Iterable[Prototypes]) -> Prototypes:
        """These, then the others."""
        parts = [self, *others]
        vectors = np.concatenate([part.vectors for part in parts])
        return Prototypes(vectors, tuple(name for part in parts for name in part.names))


def pack_prototypes(prototypes: Prototypes) -> bytes:
    """The bytes of `prototypes.npz`; the same prototypes give the same bytes."""
    packed = io.BytesIO()
    texts = (np.array(column, np.str_) for column in zip(*prototypes.names, strict=True))
    columns: dict[str, Any] = dict(zip(_COLUMNS, texts, strict=True))
    np.savez_compressed(packed, vectors=prototypes.vectors.astype(np.float16), **columns)
    return packed.getvalue()


def read_folder(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The card, and the files it vouches for. Raises ModelError: a file is missing, or its hash is
    not the one in the card."""
    card = read_json(folder / CARD, _ADVICE)
    return card, read_files(folder, card, NAMES, _ADVICE)


def read_prototypes(content: bytes, file: Path) -> Prototypes:
    """Prototypes out of the bytes of a file, which errors name. Raises ModelError: it holds none,
    or of another shape."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            vectors = held["vectors"].astype(np.float32)
            names = [tuple(map(str, held[key])) for key in _COLUMNS]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(f"{file}: no prototypes of marks ({error}); install it again") from error
    if vectors.ndim != 2 or {len(part) for part in names} != {len(vectors)} or not len(vectors):
        raise ModelError(f"{file}: its columns are of unequal length; install it again")
    return Prototypes(unit(vectors), tuple(zip(*names, strict=True)))


class Embedder:
    """The network: marks in, unit vectors out. From one thread.

    xml, weights: the bytes of `marks.xml` and `marks.bin`. engine: what it computes on. file: where
    the network lies; errors name it.
    Raises ModelError: OpenVINO cannot read the network, or it takes another input.
    """

    def __init__(
        self, xml: bytes, weights: bytes, engine: Engine = PROCESSOR, file: Path = Path(NAMES[0])
    ) -> None:
        digest = hashlib.sha256(xml + weights).hexdigest()
        try:
            self._session = open_session(
                digest,
                lambda: _prepared(xml, weights),
                engine,
                PERFORMANCE_HINT="LATENCY",
                CPU_RUNTIME_CACHE_CAPACITY=0,
            )
            blank = np.zeros((2, 1, HEIGHT, WIDTH), np.float32)
            self.dimensions = int(self._session.infer(blank)[0].shape[1])
        except (RuntimeError, IndexError) as error:
            raise ModelError(
                f"{file}: OpenVINO cannot read the mark model ({error}); install or train it again"
            ) from error

    def embed(self, pictures: Sequence[Grey]) -> Vectors:
        """Unit vectors (n, d) of pictures (32, 128) from `detector.read.logo_files.fit`.

        Each is the mean over a picture and its negative, so light letters on dark metal and dark
        ones on light give the same.
        """
        vectors = np.empty((len(pictures), self.dimensions), np.float32)
        for row, picture in enumerate(pictures):
            both = np.stack([picture, 255 - picture])[:, None].astype(np.float32)
            vectors[row] = self._session.infer(both)[0].sum(axis=0)
        return unit(vectors)


def _prepared(xml: bytes, weights: bytes) -> Any:
    network = core().read_model(xml, weights)
    # One mark at a time, as it is and inverted: its vector then does not depend on what it came
    # along with.
    network.reshape([2, 1, HEIGHT, WIDTH])
    return network
