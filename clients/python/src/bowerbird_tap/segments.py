"""The records of a spool file: each checks itself, so damage costs only what it touched.

A record is a line feed, the payload's CRC-32 and length as 8 hexadecimal digits each, a space, and the
payload: JSON in ASCII, which holds no line feed of its own. So every line feed starts a record or is damage.
"""

from __future__ import annotations

from zlib import crc32

_HEADER = 17  # of a record behind its line feed


def record(payload: bytes) -> bytes:
    return b"\n%08x%08x %s" % (crc32(payload), len(payload), payload)


def payloads(data: bytes) -> tuple[list[bytes], int]:
    """Every intact payload in its order, and the number of damaged pieces."""
    intact: list[bytes] = []
    broken = 0
    for piece in data.split(b"\n"):
        payload = _payload(piece)
        if payload is not None:
            intact.append(payload)
        elif piece:
            broken += 1
    return intact, broken


def _payload(piece: bytes) -> bytes | None:
    """None if damaged. What follows the payload is not its own: zeros that a crash of the machine left."""
    try:
        crc, length = int(piece[:8], 16), int(piece[8:16], 16)
    except ValueError:
        return None
    payload = piece[_HEADER : _HEADER + length]
    return payload if len(payload) == length and length > 0 and crc32(payload) == crc else None
