"""Lets models that take images look at videos: frame by frame, each at its time."""

import io
from collections.abc import Iterator, Sequence
from itertools import islice

from clarifai_grpc.grpc.api.resources_pb2 import Data, FrameInfo

from bowerbird.errors import ApiError, OutOfRange, PredictionFailed
from bowerbird.runtimes.spec import Results, Runtime
from bowerbird.settings import Settings
from bowerbird.video import Frame, frames_of

SAMPLE_MS = 1000
LEAST_MS, MOST_MS = 100, 60_000
FRAMES_AT_ONCE = 16


def is_video(data: Data) -> bool:
    return data.HasField("video") and not data.HasField("image")


def check_sample_ms(sample_ms: int) -> None:
    """Raises OutOfRange; 0 is the default."""
    if sample_ms and not LEAST_MS <= sample_ms <= MOST_MS:
        raise OutOfRange(f"sample_ms is {sample_ms}; it can be {LEAST_MS} to {MOST_MS}")


def at_rate(data: Data, sample_ms: int) -> Data:
    """The data, saying how often the model is to look at its video; nothing else has to change."""
    if not is_video(data):
        return data
    copy = Data()
    copy.CopyFrom(data)
    copy.video.video_info.fps = 1000 / (min(MOST_MS, max(LEAST_MS, sample_ms)) if sample_ms else SAMPLE_MS)
    return copy


class FrameByFrame:
    """A model that is shown the frames of videos; everything else it is given as it is."""

    def __init__(self, runtime: Runtime, settings: Settings) -> None:
        self._runtime = runtime
        self._settings = settings

    @property
    def max_batch(self) -> int:
        return self._runtime.max_batch

    @property
    def parallel(self) -> int:
        return self._runtime.parallel

    def predict(self, inputs: Sequence[Data]) -> Results:
        stills = [data for data in inputs if not is_video(data)]
        answers = iter(self._runtime.predict(stills) if stills else ())
        return [self._watched(data) if is_video(data) else next(answers) for data in inputs]

    def close(self) -> None:
        self._runtime.close()

    def _watched(self, data: Data) -> Data | ApiError:
        seen = Data()
        try:
            for group in _groups(self._frames(data), min(FRAMES_AT_ONCE, self.max_batch)):
                self._look(group, seen)
        except ApiError as error:
            return error
        return seen

    def _frames(self, data: Data) -> Iterator[Frame]:
        fps = data.video.video_info.fps
        return frames_of(
            data.video.base64,
            sample_ms=round(1000 / fps) if fps > 0 else SAMPLE_MS,
            max_pixels=self._settings.max_image_pixels,
            timeout_s=self._settings.predict_timeout_s,
        )

    def _look(self, group: Sequence[Frame], seen: Data) -> None:
        """Add what the model says of these frames. Raises ApiError when it fails on one."""
        results = self._runtime.predict([_still(frame) for frame in group])
        if len(results) != len(group):
            raise PredictionFailed(f"{len(results)} results for {len(group)} frames")
        for frame, result in zip(group, results, strict=True):
            if isinstance(result, ApiError):
                raise type(result)(f"frame {frame.index}: {result.details or result.text()}")
            info = FrameInfo(index=frame.index, time=frame.time_ms)
            seen.frames.add(frame_info=info).data.CopyFrom(result)


def _groups(frames: Iterator[Frame], size: int) -> Iterator[list[Frame]]:
    while group := list(islice(frames, size)):
        yield group


def _still(frame: Frame) -> Data:
    out = io.BytesIO()
    frame.image.save(out, "BMP")  # the model decodes it at once: nothing is won by packing it
    data = Data()
    data.image.base64 = out.getvalue()
    return data
