"""Labelling: one item after the other, of a collector, a query or a selection."""

from bowerbird.portal.frame import view
from bowerbird.portal.pages import page
from bowerbird.portal.visits import Visit


@page("/u/{user}/{app}/label", title="Label")
async def label(visit: Visit) -> None:
    view(visit, "label/page.vue")
