"""Small videos for tests: each second of one grey, darker than the next."""

import io

import av
import numpy as np

STEP = 20  # of grey, from one second to the next


def film(
    seconds: int = 3,
    fps: int = 10,
    size: tuple[int, int] = (64, 48),
    format: str = "mp4",
    codec: str = "mpeg4",
) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format=format) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        for n in range(seconds * fps):
            pixels = np.full((size[1], size[0], 3), STEP * (n // fps + 1), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return out.getvalue()
