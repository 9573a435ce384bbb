"""Bodies that were packed for the way are unpacked, within bounds."""

import gzip

import pytest

from bowerbird.errors import BadFormat, TooLarge
from bowerbird.wire.gateway import unpacked

LIMIT = 1000


def test_a_packed_body_is_what_it_was() -> None:
    assert unpacked(b"gzip", gzip.compress(b'{"a": 1}'), LIMIT) == b'{"a": 1}'
    assert unpacked(b"identity", b"{}", LIMIT) == b"{}"


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(TooLarge):
        unpacked(b"gzip", gzip.compress(bytes(10_000_000)), LIMIT)


@pytest.mark.parametrize(
    "body", [b"petals", gzip.compress(b"petals" * 50)[:-9], b""], ids=["not packed", "cut off", "empty"]
)
def test_what_is_damaged_is_refused(body: bytes) -> None:
    with pytest.raises(BadFormat):
        unpacked(b"gzip", body, LIMIT)


def test_another_packing_is_refused_by_name() -> None:
    with pytest.raises(BadFormat, match="content-encoding"):
        unpacked(b"br", b"x", LIMIT)
