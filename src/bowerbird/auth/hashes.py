"""Keyed hashes: how secrets that we made ourselves are kept."""

import hashlib
import hmac


class Hashes:
    """Hashes under this installation's pepper: of no use to whoever has the database without it."""

    def __init__(self, pepper: bytes) -> None:
        self._pepper = pepper

    def of(self, secret: str) -> bytes:
        return hmac.digest(self._pepper, secret.encode(), hashlib.sha256)

    def derived(self, purpose: str) -> bytes:
        """A key of this installation for one purpose, not to be had by showing it as a secret."""
        return self.of(f"\n{purpose}")
