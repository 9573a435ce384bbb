"""Teams: users who are given roles together."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.fields import LONGEST_NAME, batch, choice, distinct, text
from bowerbird.api.ids import check_id, shown
from bowerbird.api.pages import page_of
from bowerbird.api.people import audited
from bowerbird.api.rpc import Call, rpc
from bowerbird.api.users import find_user
from bowerbird.errors import Duplicate, NotFound
from bowerbird.proto.identity_pb2 import (
    DeleteTeamsRequest,
    ListTeamsRequest,
    MultiTeamResponse,
    PatchTeamsRequest,
    PostTeamsRequest,
    Team,
)
from bowerbird.store.bulk import insert_missing
from bowerbird.store.identity_tables import team_members, teams
from bowerbird.store.kinds import stamp


@rpc
async def post_teams(call: Call, req: PostTeamsRequest) -> MultiTeamResponse:
    await call.changes("apps")  # first: its lock lets no two take an id at once
    ids = distinct("teams.id", (team.id for team in batch("teams", req.teams)))
    for i, given in enumerate(req.teams):
        team = Team(id=check_id(f"teams[{i}].id", given.id), created_at=stamp(call.services.clock()))
        if await find_team(call.conn, team.id):
            raise Duplicate(f"team {team.id!r} exists already; choose another id, or patch it")
        team.name = text(f"teams[{i}].name", given.name, LONGEST_NAME)
        row = {"id": team.id, "message": team.SerializeToString()}
        added = await call.conn.execute(insert(teams).values(row).returning(teams.c.seq))
        await _set_members(call, added.scalar_one(), "merge", given.member_ids)
        await audited(call, "team.made", team.id, " ".join(given.member_ids))
    return MultiTeamResponse(teams=await _teams(call.conn, ids))


@rpc
async def list_teams(call: Call, req: ListTeamsRequest) -> MultiTeamResponse:
    rows = await call.conn.execute(page_of(req).cut(select(teams).order_by(teams.c.seq)))
    return MultiTeamResponse(teams=await _with_members(call.conn, rows.all()))


@rpc
async def patch_teams(call: Call, req: PatchTeamsRequest) -> MultiTeamResponse:
    await call.changes("apps")
    action = choice("action", req.action, "merge", "overwrite", "remove")
    ids = distinct("teams.id", (team.id for team in batch("teams", req.teams)))
    for i, given in enumerate(req.teams):
        row = await team_row(call.conn, given.id)
        if given.name:
            team = Team.FromString(row.message)
            team.name = text(f"teams[{i}].name", given.name, LONGEST_NAME)
            named = update(teams).where(teams.c.seq == row.seq)
            await call.conn.execute(named.values(message=team.SerializeToString()))
        await _set_members(call, row.seq, action, given.member_ids)
        await audited(call, "team.changed", given.id, f"{action} {' '.join(given.member_ids)}")
    return MultiTeamResponse(teams=await _teams(call.conn, ids))


@rpc
async def delete_teams(call: Call, req: DeleteTeamsRequest) -> BaseResponse:
    await call.changes("apps")
    for id in distinct("ids", batch("ids", req.ids)):
        row = await team_row(call.conn, id)
        await call.conn.execute(delete(teams).where(teams.c.seq == row.seq))
        await audited(call, "team.deleted", id)
    return BaseResponse()


async def find_team(conn: AsyncConnection, id: str) -> Row[Any] | None:
    if "\0" in id:
        return None
    return (await conn.execute(select(teams).where(teams.c.id == id))).first()


async def team_row(conn: AsyncConnection, id: str) -> Row[Any]:
    """Raises NotFound."""
    row = await find_team(conn, id)
    if row is None:
        raise NotFound(f"team {shown(id)}")
    return row


async def _set_members(call: Call, team: int, action: str, ids: Iterable[str]) -> None:
    """Raises NotFound for who is no user; who is no member can be removed none the less."""
    named = list(dict.fromkeys(ids))
    members = team_members.c.team == team
    if action == "remove":
        gone = members & team_members.c.user_id.in_([id for id in named if "\0" not in id])
        await call.conn.execute(delete(team_members).where(gone))
        return
    for id in named:
        await find_user(call.conn, id)
    if action == "overwrite":
        await call.conn.execute(delete(team_members).where(members))
    await insert_missing(call.conn, team_members, [{"team": team, "user_id": id} for id in named])


async def _teams(conn: AsyncConnection, ids: Sequence[str]) -> list[Team]:
    return await _with_members(conn, [await team_row(conn, id) for id in ids])


async def _with_members(conn: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Team]:
    members = defaultdict(list)
    query = select(team_members).where(team_members.c.team.in_([row.seq for row in rows]))
    for member in await conn.execute(query.order_by(team_members.c.user_id)):
        members[member.team].append(member.user_id)
    found = []
    for row in rows:
        team = Team.FromString(row.message)
        team.member_ids.extend(members[row.seq])
        found.append(team)
    return found
