"""Collectors: the list, a new one, and one of them."""

from bowerbird.portal.client import segment
from bowerbird.portal.frame import modes, view
from bowerbird.portal.pages import page
from bowerbird.portal.visits import Visit


@page("/u/{user}/{app}/collectors", title="Collectors")
async def collectors(visit: Visit) -> None:
    view(visit, "collectors/list.vue", modes=modes())


@page("/u/{user}/{app}/collectors/new", title="New collector")
async def new_collector(visit: Visit) -> None:
    view(visit, "collectors/edit.vue", collector="", modes=modes())


@page("/u/{user}/{app}/collectors/{id}/edit", title="Edit {id}")
async def edit_collector(visit: Visit) -> None:
    id = visit.path["id"]
    found = await visit.api.get(f"{visit.place}/collectors/{segment(id)}")
    view(visit, "collectors/edit.vue", collector=id, first=found["collector"], modes=modes())


@page("/u/{user}/{app}/collectors/{id}", title="{id}")
async def collector(visit: Visit) -> None:
    id = visit.path["id"]
    found = await visit.api.get(f"{visit.place}/collectors/{segment(id)}")
    view(visit, "collectors/detail.vue", collector=id, first=found["collector"], modes=modes())
