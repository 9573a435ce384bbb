"""The audit log, for admins."""

from sqlalchemy import or_, select

from bowerbird.api.fields import LONGEST_NAME, text
from bowerbird.api.pages import page_of
from bowerbird.api.rpc import Call, rpc
from bowerbird.proto.identity_pb2 import AuditEntry, ListAuditEntriesRequest, MultiAuditEntryResponse
from bowerbird.store.identity_tables import audit


@rpc
async def list_audit_entries(call: Call, req: ListAuditEntriesRequest) -> MultiAuditEntryResponse:
    query = select(audit.c.message).order_by(audit.c.seq.desc())
    if req.user_id:
        user_id = text("user_id", req.user_id, LONGEST_NAME)
        query = query.where(or_(audit.c.by == user_id, audit.c.target == user_id))
    if req.action:
        query = query.where(audit.c.action == text("action", req.action, LONGEST_NAME))
    rows = (await call.conn.execute(page_of(req).cut(query))).scalars()
    return MultiAuditEntryResponse(entries=[AuditEntry.FromString(message) for message in rows])
