"""The media of inputs, as files for whoever may get the input."""

from functools import partial

from bowerbird.api.rpc import Call, MediaFile
from bowerbird.errors import NotFound
from bowerbird.hosting import read
from bowerbird.store import media as rows
from bowerbird.store.media import ORIGINAL, SMALL


async def media_file(call: Call, input_id: str, name: str) -> MediaFile:
    """The hosted file of that size ("orig", "small") of an input. Raises NotFound."""
    async with call.read() as conn:
        files = await rows.find(conn, call.app.seq, input_id)
    # A picture that is small already has one file for both sizes.
    original = files.get(ORIGINAL)
    is_picture = original is not None and original.content_type.startswith("image/")
    file = files.get(name) or (original if name == SMALL and is_picture else None)
    if file is None:
        raise NotFound(f"media {name!r} of input {input_id!r}")
    return MediaFile(file.size, file.content_type, file.blob, partial(read, file, call.services.blobs))
