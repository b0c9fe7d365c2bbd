"""What stands in a line of text: PP-OCRv6's recogniser on OpenVINO, from RapidOCR's wheel.

RapidOCR would pad every line to 320 pixels. Narrower lines are read better (`detector.read.reader`)
and faster, so the network runs without it. A head of our own reads lines in Cyrillic from what the
network sees (`detector.read.cyrillic`).
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.cache import cache_key, load_or_make
from datasets.errors import ModelError
from detector.inference import core, load_compiled
from detector.read.cyrillic import CyrillicHead, decode, is_believed, spell
from detector.types import Picture

LINE_HEIGHT = 48
"""Pixels of a line as the network takes it (PP-OCRv6 `rec_img_shape`)."""


class RecogniserNetwork:
    """The recogniser's network: what it says of a line, and what it saw.

    Args:
        file: the recogniser, an ONNX file that carries its letters.
        threads: threads of inference; as many as there are cores if None.

    Attributes:
        letters: what its answers stand for; the first is none, the last a space.
        sha256: of the file.

    Raises:
        ModelError: the file is missing, damaged, carries no letters or is another network.
    """

    def __init__(self, file: Path, threads: int | None = None) -> None:
        try:
            self.sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
            compiled, letters = _compiled(file, self.sha256, threads)
            self._request = compiled.create_infer_request()
        except (OSError, RuntimeError, StopIteration) as error:
            raise ModelError(f"{file}: no reading model; reinstall rapidocr") from error
        self.letters = ["", *letters, " "]

    def look(self, line: Picture) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Chances (steps, letters) and what was seen (steps, 504) of a BGR line (48, width, 3)."""
        scaled = line.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1
        self._request.infer([scaled])
        said, pooled, mixed = (self._request.get_output_tensor(i).data[0] for i in range(3))
        return said, np.concatenate([pooled[:, 0].T, mixed], axis=1)


@lru_cache(maxsize=2)
def _compiled(file: Path, sha256: str, threads: int | None) -> tuple[Any, list[str]]:
    """The network of that hash, and its letters; one serves all of a process."""
    compiled = load_compiled(sha256, lambda: _prepared(file), threads)
    letters = load_or_make(
        "letters", cache_key(sha256), lambda: _letters_of(core().read_model(file))
    )
    return compiled, letters


def _letters_of(network: Any) -> list[str]:
    letters: list[str] = network.get_rt_info(["framework", "character"]).astype(str).splitlines()
    return letters


def _prepared(file: Path) -> Any:
    """The network, made to answer also with what it saw.

    That is the line's columns after the convolutions (1, 384, 1, steps), and the input of its last
    product (1, steps, 120).
    """
    network = core().read_model(file)
    operations = network.get_ordered_ops()
    pooled = next(op for op in reversed(operations) if op.get_type_name() == "AvgPool")
    product = next(op for op in reversed(operations) if op.get_type_name() == "MatMul")
    for number, output in enumerate((pooled.output(0), product.input_value(0))):
        output.get_tensor().set_names({f"seen_{number}"})
        network.add_outputs(f"seen_{number}")
    return network


class LineReader:
    """Reads one line after the other.

    Args:
        file: the recogniser, an ONNX file that carries its letters.
        threads: threads of inference; as many as there are cores if None.
        cyrillic: least sureness of a line in Cyrillic.

    Raises:
        ModelError: the file is missing, damaged or carries no letters; the head for Cyrillic is
            missing or belongs to another file.
    """

    def __init__(self, file: Path, threads: int | None = None, cyrillic: float = 0.8) -> None:
        self._network = RecogniserNetwork(file, threads)
        self._head = CyrillicHead(self._network.sha256, threads)
        self._cyrillic = cyrillic

    def read(self, line: Picture) -> tuple[str, float]:
        """The text of a BGR line (48, width, 3), and how sure it is of its letters, 0..1.

        The sureness is the mean of the letters' probabilities; 0 where there are none.
        """
        said, seen = self._network.look(line)
        text, sure = decode(said, self._network.letters)
        shapes, as_sure = self._head.read(seen)
        if as_sure >= self._cyrillic and is_believed(shapes, as_sure, text, sure):
            return spell(shapes), as_sure
        return text, sure
