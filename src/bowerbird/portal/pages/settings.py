"""Settings of an app: what it is, its keys, who works in it, and what runs on its inputs."""

from bowerbird.portal.frame import modes, view
from bowerbird.portal.pages import page
from bowerbird.portal.visits import Visit


@page("/u/{user}/{app}/settings", title="Settings")
async def settings(visit: Visit) -> None:
    view(visit, "settings/page.vue", modes=modes())
