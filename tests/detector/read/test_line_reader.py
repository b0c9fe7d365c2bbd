"""Where lines of text stand: the very lines that RapidOCR finds with the same network."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from datasets.errors import ModelError
from datasets.fonts import font
from detector.inference import Engine
from detector.read import line_reader as find_lines
from detector.read.line_reader import DETECTION, MODELS, LineFinder
from detector.settings import TextRecognition
from detector.types import Picture

SIDES = (640, 480)  # multiples of the finder's step: nothing is padded, nor scaled as it is


def sheet(seed: int) -> Picture:
    """Words and codes of several sizes, askew, over each other and cut off by the edge; RGB."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", SIDES, (205, 207, 210))
    for text in ("MAZAK", "大连机床", "VF-2", "ЗВЕЗДА", "1", "СТАН 16К20", "NAKAMURA-TOME", "三"):
        size = int(rng.integers(12, 60))
        mark = Image.new("L", (size * len(text), size * 2))
        ImageDraw.Draw(mark).text((4, 4), text, font=font(size), fill=255)
        mark = mark.rotate(float(rng.uniform(-25, 25)), expand=True)
        at = (int(rng.integers(-40, 560)), int(rng.integers(-20, 460)))
        image.paste((25, 30, 60), at, mark)
    return np.asarray(image)


@pytest.fixture(scope="module")
def finder() -> LineFinder:
    return LineFinder(TextRecognition(), engine=Engine(1))


@pytest.mark.parametrize("scale", [1.0, 0.5], ids=["as it is", "shrunk"])
def test_the_lines_are_those_of_rapidocr(finder, scale, monkeypatch):
    from rapidocr import EngineType, RapidOCR
    from rapidocr.inference_engine.openvino.device_config import CPUConfig

    # Where a processor computes in bfloat16 by itself, RapidOCR would find other lines there.
    asked = CPUConfig.get_config
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    monkeypatch.setattr(CPUConfig, "get_config", lambda self: asked(self) | exact)
    engine = RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.use_rec": False,
            "Det.engine_type": EngineType.OPENVINO,
            "Det.model_path": str(MODELS / DETECTION),
            "Det.limit_side_len": 32,
            "EngineConfig.openvino.inference_num_threads": 1,
        }
    )
    found = 0
    for seed in range(6):
        picture = sheet(seed)
        bgr = np.ascontiguousarray(picture[:, :, ::-1])
        looked_at = bgr
        if scale < 1:  # 320 x 240, padded to a whole step
            small = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            grey = (127, 127, 127)
            looked_at = cv2.copyMakeBorder(small, 0, 80, 0, 0, cv2.BORDER_CONSTANT, value=grey)
        said = engine(looked_at, use_det=True, use_cls=False, use_rec=False)
        cuts = engine.crop_text_regions(bgr, said.boxes / np.float32(scale))
        lines = finder.find_lines(picture, round(SIDES[0] * scale))
        assert len(lines) == len(cuts)
        for line, quad, cut in zip(lines, said.boxes / scale, cuts, strict=True):
            assert line.box == pytest.approx((*quad.min(axis=0), *quad.max(axis=0)))
            assert np.array_equal(line.picture, cut)
        found += len(lines)
    assert found > 30


def test_they_are_the_same_where_memory_is_spared(finder):
    usual, spared = (finder.find_quads(sheet(1), sparing) for sparing in (False, True))
    assert len(usual) > 5
    np.testing.assert_array_equal(spared, usual)


def test_a_model_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(find_lines, "MODELS", tmp_path)
    with pytest.raises(ModelError, match=r"PP-OCRv6_det_small\.onnx.*reinstall rapidocr"):
        LineFinder(TextRecognition())
