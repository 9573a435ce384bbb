"""What admins look after: people, roles, teams, and the log of who changed what."""

from bowerbird.errors import InsufficientScopes
from bowerbird.portal.frame import view
from bowerbird.portal.pages import page
from bowerbird.portal.visits import Visit


@page("/admin", title="People")
async def admin(visit: Visit) -> None:
    _show(visit, "users")


@page("/admin/users", title="People")
async def users(visit: Visit) -> None:
    _show(visit, "users")


@page("/admin/roles", title="Roles")
async def roles(visit: Visit) -> None:
    _show(visit, "roles")


@page("/admin/teams", title="Teams")
async def teams(visit: Visit) -> None:
    _show(visit, "teams")


@page("/admin/audit", title="Audit log")
async def audit(visit: Visit) -> None:
    _show(visit, "audit")


def _show(visit: Visit, section: str) -> None:
    if not visit.me.is_admin:
        raise InsufficientScopes("People, roles and teams are for the admins of this installation.")
    view(visit, "admin/page.vue", section=section)
