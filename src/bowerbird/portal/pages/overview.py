"""An app at a glance: what it holds, what is wrong, what to do next."""

from bowerbird.portal.frame import modes, view
from bowerbird.portal.pages import page
from bowerbird.portal.visits import Visit


@page("/u/{user}/{app}", title="{app}")
async def overview(visit: Visit) -> None:
    view(visit, "home/overview.vue", modes=modes())
