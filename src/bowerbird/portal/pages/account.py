"""One's own account: profile, password, second factor, sessions, tokens."""

from bowerbird.portal.frame import view
from bowerbird.portal.pages import page
from bowerbird.portal.visits import Visit


@page("/account", title="Your account")
async def account(visit: Visit) -> None:
    view(visit, "account/page.vue")
