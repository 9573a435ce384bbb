"""The runtime ocr: lines of printed text in a picture, read by the PP-OCR models that rapidocr carries."""

from typing import Any

import numpy as np
from clarifai_grpc.grpc.api.resources_pb2 import Data
from pydantic import Field

from bowerbird.runtimes.boxes import place
from bowerbird.runtimes.each import Each, picture_of, reduced
from bowerbird.runtimes.fields import Fields, read_fields
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec


class Reading(Fields):
    """How closely a picture is read."""

    longest_side: int = Field(1280, ge=64, le=4096)  # it is reduced to
    least_value: float = Field(0.5, ge=0, le=1)  # of a line


@runtime("ocr", install="pip install 'bowerbird[ocr]'")
def load(spec: ModelSpec, environment: Environment) -> Each:
    """Needs no file: the models come with the package."""
    from rapidocr import RapidOCR

    reading = read_fields(Reading, spec.config)
    engine = RapidOCR(params=_parameters(reading))

    def answer(data: Data) -> Data:
        pixels = reduced(picture_of(data, environment.settings), "RGB", reading.longest_side)
        found = engine(np.ascontiguousarray(pixels[..., ::-1]))
        return _answer(found, (pixels.shape[1], pixels.shape[0]))

    return Each(answer, max_batch=1)


def _parameters(reading: Reading) -> dict[str, Any]:  # a tree of settings, by path
    return {
        "Global.log_level": "critical",
        "Global.text_score": reading.least_value,
        "Global.use_cls": False,  # whether lines stand on their heads
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        "Det.limit_type": "max",  # its own default makes small pictures large, at a hundred times the price
        "Det.limit_side_len": reading.longest_side,
    }


def _answer(found: Any, size: tuple[int, int]) -> Data:  # rapidocr has no types
    """A region for each line, from top to bottom, and all lines as the text."""
    data = Data()
    if found.boxes is None or found.txts is None:
        return data
    for corners, text, value in zip(found.boxes, found.txts, found.scores, strict=True):
        across, down = corners[:, 0], corners[:, 1]
        region = data.regions.add(value=float(value))
        place(region, (across.min(), down.min(), across.max(), down.max()), size)
        region.data.text.raw = text
    data.text.raw = "\n".join(found.txts)
    return data
