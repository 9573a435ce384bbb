"""The media of inputs, as files for whoever may get the input."""

from functools import partial

from bowerbird.api.rpc import Call, MediaFile
from bowerbird.errors import NotFound
from bowerbird.hosting import read, small_of
from bowerbird.store import media as rows
from bowerbird.store.media import SMALL


async def media_file(call: Call, input_id: str, name: str) -> MediaFile:
    """The hosted file of that size ("orig", "small") of an input. Raises NotFound."""
    async with call.read() as conn:
        files = await rows.find(conn, call.app.seq, input_id)
    file = files.get(name) or (small_of(files) if name == SMALL else None)
    if file is None:
        raise NotFound(f"media {name!r} of input {input_id!r}")
    return MediaFile(file.size, file.content_type, file.blob, partial(read, file, call.services.blobs))
