"""What stands in a line of text: PP-OCRv6's recogniser on OpenVINO, from inside RapidOCR's wheel.

It is asked without RapidOCR, which pads every line to 320 pixels; what is read best is narrower
(`detector.read`), and takes less time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.errors import ModelError
from detector.types import Picture

LINE_HEIGHT = 48
"""Pixels of a line as the network takes it (PP-OCRv6 `rec_img_shape`)."""


class LineReader:
    """Reads one line after the other.

    Args:
        file: the recogniser, an ONNX file that carries its letters.
        threads: threads of inference; as many as there are cores if None.

    Raises:
        ModelError: the file is missing, damaged or carries no letters.
    """

    def __init__(self, file: Path, threads: int | None = None) -> None:
        import openvino

        # Bound to a core it would wait for whatever else runs there.
        asked: dict[str, Any] = {"ENABLE_CPU_PINNING": False}
        if threads is not None:
            asked["INFERENCE_NUM_THREADS"] = threads
        try:
            network = openvino.Core().read_model(file)
            letters = network.get_rt_info(["framework", "character"]).astype(str).splitlines()
            self._request = openvino.compile_model(network, "CPU", asked).create_infer_request()
        except RuntimeError as error:
            raise ModelError(f"{file}: no reading model; reinstall rapidocr") from error
        # The first answer is "no letter", the last a space.
        self._letters = ["", *letters, " "]

    def read(self, line: Picture) -> tuple[str, float]:
        """The text of a BGR line (48, width, 3), and how sure it is of its letters, 0..1.

        The sureness is the mean of the letters' probabilities; 0 where there are none.
        """
        scaled = line.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1
        self._request.infer([scaled])
        return self._decode(self._request.get_output_tensor().data[0])

    def _decode(self, steps: NDArray[np.float32]) -> tuple[str, float]:
        """The likeliest letter of each step (steps, letters), less repeats and nones."""
        likeliest = steps.argmax(axis=1)
        before = np.concatenate(([0], likeliest[:-1]))
        starts = (likeliest != 0) & (likeliest != before)
        if not starts.any():
            return "", 0.0
        told = likeliest[starts]
        sure = steps[starts, told].mean()
        return "".join(self._letters[letter] for letter in told), float(sure)
