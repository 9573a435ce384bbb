"""The caller's own sessions: which there are, and ending them."""

from sqlalchemy import ColumnElement, delete, select

from bowerbird.api.fields import batch
from bowerbird.api.people import audited, person_of
from bowerbird.api.rpc import Call, rpc
from bowerbird.api.session_views import session_view, shown_session
from bowerbird.api.users import find_user
from bowerbird.auth.actors import SESSION
from bowerbird.auth.second_factor import recovery_codes_left
from bowerbird.errors import Invalid
from bowerbird.proto.identity_pb2 import (
    DeleteSessionsRequest,
    DeleteSessionsResponse,
    GetSessionRequest,
    ListSessionsRequest,
    MultiSessionResponse,
    SessionResponse,
)
from bowerbird.store.identity_tables import sessions


@rpc
async def get_session(call: Call, req: GetSessionRequest) -> SessionResponse:
    user_id = call.actor.user_id
    person = await person_of(call.conn, user_id)
    answer = SessionResponse(
        user=await find_user(call.conn, user_id),
        is_admin=person.is_admin,
        has_password=person.password_hash is not None,
        two_factor=person.has_second_factor,
        recovery_codes_left=await recovery_codes_left(call.conn, user_id),
    )
    if call.actor.kind == SESSION:
        answer.session.CopyFrom(
            await session_view(call.conn, call.keyring.sessions.lasting, call.actor.handle)
        )
        answer.session.is_current = True
    return answer


@rpc
async def list_sessions(call: Call, req: ListSessionsRequest) -> MultiSessionResponse:
    lasting, now = call.keyring.sessions.lasting, call.services.clock()
    own = select(sessions).where(sessions.c.user_id == call.actor.user_id)
    rows = await call.conn.execute(own.order_by(sessions.c.last_used_at.desc()))
    return MultiSessionResponse(
        sessions=[
            shown_session(row, lasting, call.actor.handle)
            for row in rows
            if lasting.end(row.created_at, row.last_used_at) > now
        ]
    )


@rpc
async def delete_sessions(call: Call, req: DeleteSessionsRequest) -> DeleteSessionsResponse:
    """Ids that are not there, or no longer, are passed over: they have ended."""
    those = (sessions.c.user_id == call.actor.user_id) & _chosen(call, req)
    ended = (await call.conn.execute(delete(sessions).where(those))).rowcount
    await audited(call, "session.ended", call.actor.user_id, f"{ended} ended")
    await call.changes("sessions")
    return DeleteSessionsResponse(deleted=ended)


def _chosen(call: Call, req: DeleteSessionsRequest) -> ColumnElement[bool]:
    if req.all_others:
        if req.ids:
            raise Invalid("ids: leave them out with all_others")
        return sessions.c.id != call.actor.handle
    return sessions.c.id.in_([id for id in batch("ids", req.ids) if "\0" not in id])
