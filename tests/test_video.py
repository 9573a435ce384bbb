"""Videos: the frames that are wanted, at their times, and bounds for what strangers send."""

import itertools
import sys
from typing import Any

import numpy as np
import pytest
from films import STEP, film

from bowerbird import video
from bowerbird.errors import ApiError, DeadlineExceeded, InputTooLarge, InputUnsupported
from bowerbird.video import Frame, frames_of


def frames(content: bytes, sample_ms: int = 1000, **bounds: Any) -> list[Frame]:
    chosen = {"max_pixels": 1_000_000, "timeout_s": 60.0, **bounds}
    return list(frames_of(content, sample_ms=sample_ms, **chosen))


@pytest.mark.parametrize(
    ("format", "codec"),
    [
        ("mp4", "mpeg4"),
        ("mov", "mpeg4"),
        ("matroska", "mpeg4"),
        ("webm", "libvpx"),
        ("avi", "mpeg4"),
        ("gif", "gif"),
    ],
)
def test_a_frame_of_each_second_is_seen(format: str, codec: str) -> None:
    found = frames(film(3, format=format, codec=codec))
    assert [(f.index, f.time_ms) for f in found] == [(0, 0), (10, 1000), (20, 2000)]
    greys = [float(np.asarray(f.image).mean()) for f in found]
    assert greys == pytest.approx([STEP, 2 * STEP, 3 * STEP], abs=17)


def test_frames_are_taken_as_often_as_asked() -> None:
    content = film(2)
    assert len(frames(content, 100)) == 20
    assert [f.time_ms for f in frames(content, 300)] == [0, 300, 600, 900, 1200, 1500, 1800]
    assert len(frames(content, 60_000)) == 1


def test_large_frames_are_made_smaller() -> None:
    (frame,) = frames(film(1, fps=1, size=(2400, 1200)), max_pixels=10_000_000)
    assert frame.image.size == (1920, 960)


PLAYLIST = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"


@pytest.mark.parametrize(
    "content", [b"", b"hello", PLAYLIST, film(1)[:200], b"GIF89a", b"\x1a\x45\xdf\xa3" + b"\0" * 50]
)
def test_what_is_no_video_is_refused(content: bytes) -> None:
    with pytest.raises(InputUnsupported):
        frames(content)


def test_too_many_pixels_are_refused() -> None:
    with pytest.raises(InputTooLarge, match="64 × 48 pixels"):
        frames(film(1), max_pixels=1000)


@pytest.mark.parametrize(
    ("bound", "value", "says"),
    [
        ("MOST_SECONDS", 1, "longer than 1 s"),
        ("MOST_DECODED", 5, "more than 5 frames"),
        ("MOST_FRAMES", 1, "raise"),
    ],
)
def test_what_never_ends_is_refused(
    monkeypatch: pytest.MonkeyPatch, bound: str, value: int, says: str
) -> None:
    monkeypatch.setattr(video, bound, value)
    with pytest.raises(InputTooLarge, match=says):
        frames(film(3))


def test_what_takes_too_long_is_given_up() -> None:
    with pytest.raises(DeadlineExceeded):
        frames(film(1), timeout_s=3.0, clock=itertools.count().__next__)


def test_a_missing_package_says_which_extra_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ApiError, match=r"bowerbird\[video\]"):
        frames(b"GIF89a")
