"""The bodies of requests, which end where they must."""

from collections.abc import AsyncIterator

from starlette.requests import Request

from bowerbird.errors import TooLarge


async def bounded(request: Request, most: int) -> AsyncIterator[bytes]:
    """The body as it comes, whether or not it says its length. Raises TooLarge beyond `most` bytes."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise TooLarge(f"at most {most} bytes")
        yield chunk
