"""Models: an app's own and the public ones, put in, looked at and tried."""

from bowerbird.portal.frame import modes, view
from bowerbird.portal.pages import page
from bowerbird.portal.visits import Visit


@page("/u/{user}/{app}/models", title="Models")
async def models(visit: Visit) -> None:
    view(visit, "models/add.vue" if "add" in visit.query else "models/list.vue", modes=modes())


@page("/u/{user}/{app}/models/{id}", title="{id}")
async def model(visit: Visit) -> None:
    view(visit, "models/detail.vue", model=visit.path["id"], modes=modes())
