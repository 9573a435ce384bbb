"""Media and model files, addressed by their content."""

from bowerbird.blobs.blobs import Blobs, key_of

__all__ = ["Blobs", "key_of"]
