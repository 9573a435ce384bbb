"""Passwords: kept as argon2id hashes alone, and checked at the same cost whether or not there is a user."""

import asyncio
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.errors import PasswordRefused
from bowerbird.store.identity_tables import passwords

SHORTEST, LONGEST_BYTES = 10, 1024
FEWEST_DIFFERENT = 5
# Of those that are tried first, the ones that are long enough to pass otherwise.
_COMMON = """
1234567890 0123456789 0987654321 9876543210 12345678910 123456789a 123456789q a123456789 q123456789
1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc qwertyuiop qwertyuiop1 qwerty12345 qwerty123456 qwerty1234
qwertyuiopasdfghjkl asdfghjkl1 zaq12wsxcde3 password12 password123 password1234 password12345
password123456 passw0rd123 p@ssw0rd123 p@ssword123 mypassword mypassword1 newpassword newpassword1
changeme123 changemenow letmein123 letmein1234 welcome123 welcome1234 iloveyou12 iloveyou123
administrator admin12345 admin123456 adminadmin rootroot123 sunshine123 princess123 football123
baseball123 superman123 trustno1trustno1 computer123 internet123 monkey12345 dragon12345
abcdefghij abcdefghijk abcd123456 abc1234567 abc123456789 aa12345678 1234567891 1234554321 1122334455
bowerbird1 bowerbird12 bowerbird123 clarifai123 testtest123 test1234567 secret12345 guest123456
"""
COMMON = frozenset(_COMMON.split())


def plain(password: str) -> str:
    """The password as it is hashed: keyboards differ in how they write the same letters."""
    return unicodedata.normalize("NFKC", password)


def check_new(field: str, password: str, user_id: str, email: str) -> None:
    """Raises PasswordRefused, saying why, when somebody could guess it."""
    if len(password.encode()) > LONGEST_BYTES:
        raise PasswordRefused(f"{field}: expected at most {LONGEST_BYTES} bytes")
    chosen = plain(password).casefold()
    if len(chosen) < SHORTEST:
        raise PasswordRefused(f"{field}: {len(chosen)} characters; expected at least {SHORTEST}")
    if chosen in {user_id.casefold(), email.casefold(), email.partition("@")[0].casefold()}:
        raise PasswordRefused(f"{field}: it is the user's id or email; choose one that nobody can look up")
    if chosen in COMMON or len(set(chosen)) < FEWEST_DIFFERENT:
        raise PasswordRefused(f"{field}: it is among those that are tried first; choose another")


class Passwords:
    """Hashes and checks, in a thread: a check takes as much time and memory as is meant to hurt."""

    def __init__(self, memory_kib: int) -> None:
        self._hasher = PasswordHasher(memory_cost=memory_kib, parallelism=1)
        self._nobodys = cache(lambda: self._hasher.hash("of nobody"))

    async def hash(self, password: str) -> str:
        return await asyncio.to_thread(self._hasher.hash, plain(password))

    async def is_right(self, stored: str | None, password: str) -> bool:
        """Whether it is the password of this hash; with none, it takes as long and is not."""
        tried = plain(password[: LONGEST_BYTES + 1])  # no password is longer
        return await asyncio.to_thread(self._check, stored, tried)

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made at another cost than one made now."""
        return self._hasher.check_needs_rehash(stored)

    def _check(self, stored: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(stored or self._nobodys(), password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


async def keep_password(conn: AsyncConnection, user_id: str, hashed: str, now: float) -> None:
    """Put the hash in the place of the one that the user had, if any."""
    await conn.execute(delete(passwords).where(passwords.c.user_id == user_id))
    await conn.execute(insert(passwords).values(user_id=user_id, hash=hashed, changed_at=now))
