"""Home: the apps."""

from bowerbird.portal.frame import view
from bowerbird.portal.pages import page
from bowerbird.portal.visits import Visit


@page("/", title="Apps")
async def home(visit: Visit) -> None:
    view(visit, "home/apps.vue")
