"""The second factor: codes of an authenticator app (TOTP), and recovery codes in their place."""

import base64
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, false, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.auth.hashes import Hashes
from bowerbird.store.identity_tables import recovery_codes, two_factor

if TYPE_CHECKING:
    from pyotp import TOTP

STEP_S = 30
WINDOW = 1  # steps that a clock may be off
RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_SECRET_BYTES = 20
_NONCE_BYTES = 16


def secret_of(hashes: Hashes, user_id: str, nonce: bytes) -> str:
    """The secret, in base 32. It is nowhere kept: nonce and pepper together make it."""
    derived = hashes.derived(f"second factor {user_id} {nonce.hex()}")
    return base64.b32encode(derived[:_SECRET_BYTES]).decode()


def uri_of(secret: str, name: str, issuer: str) -> str:
    """What an authenticator app reads from the QR code."""
    return _totp(secret).provisioning_uri(name=name, issuer_name=issuer)


async def begin(conn: AsyncConnection, hashes: Hashes, user_id: str) -> str:
    """The secret of a second factor that counts once it is confirmed, in place of one that never was."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql
    first = dialect.insert(two_factor).values(user_id=user_id, nonce=nonce, is_on=False, last_step=0)
    anew = {"nonce": nonce, "last_step": 0}
    await conn.execute(
        first.on_conflict_do_update(
            index_elements=["user_id"], set_=anew, where=two_factor.c.is_on == false()
        )
    )
    return secret_of(hashes, user_id, nonce)


async def is_on(conn: AsyncConnection, user_id: str) -> bool:
    query = select(two_factor.c.is_on).where(two_factor.c.user_id == user_id)
    return bool((await conn.execute(query)).scalar())


async def switch_on(conn: AsyncConnection, user_id: str) -> None:
    await conn.execute(update(two_factor).where(two_factor.c.user_id == user_id).values(is_on=True))


async def switch_off(conn: AsyncConnection, user_id: str) -> None:
    for table in (two_factor, recovery_codes):
        await conn.execute(delete(table).where(table.c.user_id == user_id))


async def takes(conn: AsyncConnection, hashes: Hashes, user_id: str, code: str, now: float) -> bool:
    """Whether it is a code of the app's or a recovery code. It is used up by this: none works twice."""
    shown = "".join(code.split()).lower().replace("-", "")
    return await takes_totp(conn, hashes, user_id, shown, now) or await _takes_recovery(
        conn, hashes, user_id, shown
    )


async def takes_totp(conn: AsyncConnection, hashes: Hashes, user_id: str, code: str, now: float) -> bool:
    """Whether it is a code of the app's, of this moment, and was not used before."""
    query = select(two_factor.c.nonce).where(two_factor.c.user_id == user_id)
    nonce = (await conn.execute(query)).scalar()
    step = _step(secret_of(hashes, user_id, nonce), "".join(code.split()), now) if nonce else None
    if step is None:
        return False
    unused = (two_factor.c.user_id == user_id) & (two_factor.c.last_step < step)
    used = await conn.execute(update(two_factor).where(unused).values(last_step=step))
    return used.rowcount == 1


def _totp(secret: str) -> "TOTP":
    from pyotp import TOTP  # seldom needed, and every command would wait for it

    return TOTP(secret)


def _step(secret: str, code: str, now: float) -> int | None:
    """The step whose code it is, among those near enough."""
    totp, current = _totp(secret), int(now) // STEP_S
    near = range(current - WINDOW, current + WINDOW + 1)
    found = [step for step in near if secrets.compare_digest(totp.generate_otp(step).encode(), code.encode())]
    return found[-1] if found else None


async def new_recovery_codes(conn: AsyncConnection, hashes: Hashes, user_id: str) -> list[str]:
    """Codes in place of those that the user had, shown only now."""
    codes = list(_codes(RECOVERY_CODES))
    await conn.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    rows = [{"hash": _hash(hashes, user_id, code.replace("-", "")), "user_id": user_id} for code in codes]
    await conn.execute(insert(recovery_codes), rows)
    return codes


async def recovery_codes_left(conn: AsyncConnection, user_id: str) -> int:
    query = select(func.count()).where(recovery_codes.c.user_id == user_id)
    return int((await conn.execute(query)).scalar_one())


async def _takes_recovery(conn: AsyncConnection, hashes: Hashes, user_id: str, code: str) -> bool:
    those = (recovery_codes.c.user_id == user_id) & (recovery_codes.c.hash == _hash(hashes, user_id, code))
    return (await conn.execute(delete(recovery_codes).where(those))).rowcount == 1


def _hash(hashes: Hashes, user_id: str, code: str) -> bytes:
    return hashes.derived(f"recovery {user_id} {code}")


def _codes(number: int) -> Iterator[str]:
    """As people can read them to each other: xxxx-xxxx-xxxx, of 59 random bits."""
    for _ in range(number):
        letters = "".join(secrets.choice(_ALPHABET) for _ in range(12))
        yield "-".join((letters[:4], letters[4:8], letters[8:]))
