"""Concepts: what an app's inputs can be, in which languages, and how they relate."""

from bowerbird.portal.frame import modes, view
from bowerbird.portal.pages import page
from bowerbird.portal.visits import Visit


@page("/u/{user}/{app}/concepts", title="Concepts")
async def concepts(visit: Visit) -> None:
    view(visit, "concepts/list.vue", modes=modes())
