"""Workflows: graphs of models and operators, drawn, checked and run."""

from bowerbird.portal.frame import modes, view
from bowerbird.portal.pages import page
from bowerbird.portal.visits import Visit


@page("/u/{user}/{app}/workflows", title="Workflows")
async def workflows(visit: Visit) -> None:
    view(visit, "workflows/editor.vue" if "new" in visit.query else "workflows/list.vue", modes=modes())


@page("/u/{user}/{app}/workflows/{id}", title="{id}")
async def workflow(visit: Visit) -> None:
    view(visit, "workflows/editor.vue", workflow=visit.path["id"], modes=modes())
