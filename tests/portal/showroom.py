"""An app in which every text that people may choose is hostile, and every page there is to show it."""

import re

from house import House
from shelves import Shelf, image, text

from bowerbird.portal.pages import found
from bowerbird.queue import Failure

RUNS = "hacked=1"
EVIL = (
    f"<img src=x onerror={RUNS}>",
    f'"><svg onload={RUNS}>',
    f"'-({RUNS})-'</script><script>{RUNS}</script>",
    f"javascript:{RUNS}//",
    "{{ constructor.constructor('" + RUNS + "')() }}",
)
ALL = " ".join(EVIL)
FLOW = "flow"
ADMIN = "/admin"


class Showroom(Shelf):
    """The shelf with something on it for each page; made once."""

    def __init__(self, house: House, app: str = "showroom") -> None:
        super().__init__(house, app)
        self._ids = {"collectors": "all", "models": "said", "workflows": FLOW}
        self._name_the_models()
        self._name_the_concepts()
        self.collect("all")
        self._change("collectors", id="all", description=ALL)
        self.predict(f"cat=0.9 | {ALL}")
        self._ids["explorer"] = self.post(image("teal", **{ALL: ALL, "filename": ALL}), text(ALL, note=ALL))[
            0
        ]
        self.call(
            "POST",
            "/annotations",
            {"annotations": [{"input_id": self._ids["explorer"], "data": {"concepts": [{"id": "evil-0"}]}}]},
        )
        self._bury()

    async def _made(self, app: str) -> str:
        await self.house.world.add_app("alice", app, name=ALL, description=ALL)
        return await self.house.world.add_key("alice", app)

    def _name_the_models(self) -> None:
        self.add_model()
        self.call(
            "PATCH",
            "/models",
            {
                "action": "overwrite",
                "models": [{"id": "said", "name": ALL, "notes": ALL, "description": ALL}],
            },
        )
        node = {"id": "first", "model": {"id": "said", "user_id": "alice", "app_id": self.app}}
        self.call("POST", "/workflows", {"workflows": [{"id": FLOW, "description": ALL, "nodes": [node]}]})

    def _change(self, what: str, **fields: str) -> None:
        self.call("PATCH", f"/{what}", {"action": "overwrite", what: [fields]})

    def _name_the_concepts(self) -> None:
        made = [{"id": f"evil-{n}", "name": evil} for n, evil in enumerate(EVIL)]
        self.call("POST", "/concepts", {"concepts": made})

    def _bury(self) -> None:
        """A dead letter whose error is hostile as well."""
        self.call("POST", "/models/said/outputs", {"inputs": [text("cat=1")]})
        self.house.do(self._buried())

    async def _buried(self) -> None:
        await self.house.world.collecting.flush()
        queue, now = self.house.world.app.services.queue, self.house.world.clock()
        leased = await queue.lease(10, now=now, ttl=60, worker="w")
        await queue.bury(leased, error=Failure("post", ALL, now))

    def addresses(self) -> list[str]:
        """One for each page that there is, and for its tabs and panels."""
        made = [self._address(page.path) for page in found() if not page.path.startswith(ADMIN)]
        return made + [f"{self.page}/{more}" for more in self._more()]

    def _address(self, pattern: str) -> str:
        mode = pattern.split("/")[4] if pattern.count("/") > 3 else ""
        values = {"user": "alice", "app": self.app, "id": self._ids.get(mode), "input": self._ids["explorer"]}
        return re.sub(r"{(\w+)(?::path)?}", lambda m: str(values[m[1]]), pattern)

    def _more(self) -> list[str]:
        tabs = [f"collectors/all?tab={tab}" for tab in ("quality", "dead", "revisions", "settings")]
        tabs += [f"settings?tab={tab}" for tab in ("keys", "collaborators", "workflow")]
        return [
            *tabs,
            "models?add=1",
            "workflows?new=1",
            f"explorer?i={self._ids['explorer']}",
            "concepts?i=evil-0",
        ]
