"""The Explorer: what an app holds, and one input of it."""

from bowerbird.portal.frame import view
from bowerbird.portal.pages import page
from bowerbird.portal.visits import Visit


@page("/u/{user}/{app}/explorer", title="Explorer")
async def explorer(visit: Visit) -> None:
    view(visit, "explorer/page.vue")


@page("/u/{user}/{app}/explorer/{input}", title="{input}")
async def one_input(visit: Visit) -> None:
    view(visit, "explorer/one.vue", input=visit.path["input"])
