"""The second factor: set up and switched off by its user, switched off for those who lost it by an admin."""

import io

from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse

from bowerbird.api.fields import text
from bowerbird.api.people import Person, audited, person_of
from bowerbird.api.proofs import attempt, prove_password
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.auth import second_factor
from bowerbird.errors import Invalid, WrongSignIn
from bowerbird.proto.identity_pb2 import (
    DeleteTwoFactorRequest,
    PatchTwoFactorRequest,
    PostRecoveryCodesRequest,
    PostTwoFactorRequest,
    RecoveryCodesResponse,
    TwoFactorResponse,
)

ISSUER = "Bowerbird"
LONGEST_CODE = 40


@rpc(transaction=Transaction.NONE)
async def post_two_factor(call: Call, req: PostTwoFactorRequest) -> TwoFactorResponse:
    person = await _person(call, has_it=False)
    await prove_password(call, person, req.password)
    async with call.write() as conn:
        secret = await second_factor.begin(conn, call.keyring.hashes, person.id)
    uri = second_factor.uri_of(secret, person.email, ISSUER)
    return TwoFactorResponse(secret=secret, uri=uri, qr_svg=_svg(uri))


@rpc(transaction=Transaction.NONE)
async def patch_two_factor(call: Call, req: PatchTwoFactorRequest) -> RecoveryCodesResponse:
    person, code = await _person(call, has_it=False), text("code", req.code, LONGEST_CODE)
    async with attempt(call, person.id), call.write() as conn:
        await _take(call, person.id, code)
        await second_factor.switch_on(conn, person.id)
        await audited(call, "two_factor.on", person.id)
        return RecoveryCodesResponse(recovery_codes=await _new_codes(call, person.id))


@rpc(transaction=Transaction.NONE)
async def delete_two_factor(call: Call, req: DeleteTwoFactorRequest) -> BaseResponse:
    person, code = await _person(call, has_it=True), text("code", req.code, LONGEST_CODE)
    async with attempt(call, person.id), call.write() as conn:
        if not await second_factor.takes(conn, call.keyring.hashes, person.id, code, call.services.clock()):
            raise WrongSignIn()
        await second_factor.switch_off(conn, person.id)
        await audited(call, "two_factor.off", person.id)
    return BaseResponse()


@rpc(transaction=Transaction.NONE)
async def post_recovery_codes(call: Call, req: PostRecoveryCodesRequest) -> RecoveryCodesResponse:
    person, code = await _person(call, has_it=True), text("code", req.code, LONGEST_CODE)
    async with attempt(call, person.id), call.write():
        await _take(call, person.id, code)
        await audited(call, "recovery_codes.made", person.id)
        return RecoveryCodesResponse(recovery_codes=await _new_codes(call, person.id))


async def _person(call: Call, *, has_it: bool) -> Person:
    """The caller. Raises Invalid unless the second factor is on, or off, as it has to be."""
    async with call.read() as conn:
        person = await person_of(conn, call.actor.user_id)
    if person.has_second_factor and not has_it:
        raise Invalid("the second factor is on already; switch it off first")
    if has_it and not person.has_second_factor:
        raise Invalid("the second factor is off")
    return person


async def _take(call: Call, user_id: str, code: str) -> None:
    """Raises WrongSignIn unless it is a code of the authenticator app's, not used before."""
    hashes, now = call.keyring.hashes, call.services.clock()
    if not await second_factor.takes_totp(call.conn, hashes, user_id, code, now):
        raise WrongSignIn()


async def _new_codes(call: Call, user_id: str) -> list[str]:
    return await second_factor.new_recovery_codes(call.conn, call.keyring.hashes, user_id)


def _svg(uri: str) -> str:
    """The QR code of an address, black on white in light and dark."""
    import segno  # seldom needed, and every command would wait for it

    drawn = io.BytesIO()
    segno.make(uri, micro=False).save(drawn, kind="svg", scale=4, border=4, light="#fff", xmldecl=False)
    return drawn.getvalue().decode()
