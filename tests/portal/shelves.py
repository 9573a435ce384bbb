"""Apps of alice with something in them, made by calls in JSON."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import httpx2
import scripted  # noqa: F401 - registers its runtime
from house import House
from PIL import Image

from bowerbird.jobs.worker import drain

Json = dict[str, Any]
EVIL = '<img src=x onerror="window.hacked=1">'


class Shelf:
    """An app of alice's, and the calls that fill it."""

    def __init__(self, house: House, app: str) -> None:
        self.house = house
        self.app = app
        self._key = house.do(self._made(app))
        self._headers = {"authorization": f"Key {house.world.tokens['alice']}"}

    async def _made(self, app: str) -> str:
        await self.house.world.add_app("alice", app)
        return await self.house.world.add_key("alice", app)

    @property
    def page(self) -> str:
        return f"/u/alice/{self.app}"

    def call(self, verb: str, path: str, body: Json | None = None, version: int = 2) -> Json:
        """The answer to a call in the app."""
        address = f"{self.house.api}/v{version}/users/alice/apps/{self.app}{path}"
        with httpx2.Client(headers=self._headers, trust_env=False, timeout=30) as client:
            answer = client.request(verb, address, json=body)
        told: Json = answer.json()
        assert told["status"]["code"] == 10000, told
        return told

    def post(self, *inputs: Json) -> list[str]:
        """Post inputs, and let the worker see to them; their ids."""
        made = self.call("POST", "/inputs", {"inputs": list(inputs)})["inputs"]
        self.settle()
        return [one["id"] for one in made]

    def settle(self) -> None:
        """Let the worker post what was captured, and see to what was posted."""
        self.house.do(self.house.world.drain())
        self.house.do(drain(self.house.world.app.services))

    def annotations(self, input_id: str) -> list[Json]:
        path = f"/annotations?input_ids={input_id}&list_all_annotations=true"
        found: list[Json] = self.call("GET", path).get("annotations", [])
        return found

    def labels(self, input_ids: Sequence[str]) -> list[list[tuple[str, float]]]:
        """For each input the concepts that people gave it as a whole, of all their annotations."""
        return [
            [(c["id"], c.get("value", 0)) for a in self.annotations(i) for c in a["data"].get("concepts", [])]
            for i in input_ids
        ]

    def concepts(self, *ids: str) -> None:
        self.call("POST", "/concepts", {"concepts": [{"id": id} for id in ids]})

    def add_model(self, id: str = "said") -> None:
        """A model that answers a text with the concepts that this names."""
        self.call("POST", "/models", {"models": [{"id": id, "model_type_id": "text-classifier"}]})
        version = {"import_info": {"params": {"runtime": "scripted"}}}
        self.call("POST", f"/models/{id}/versions", {"model_versions": [version]})

    def collect(self, id: str, model: str = "said") -> None:
        """A collector that keeps all that it sees by a coin, so that what it keeps can be measured."""
        self.call(
            "POST",
            "/collectors",
            {
                "collectors": [
                    {
                        "id": id,
                        "pre_queue_random_sample": 1,
                        "collect_outputs": True,
                        "collector_source": {
                            "api_post_model_outputs_collector_source": {
                                "model_user_id": "alice",
                                "model_app_id": self.app,
                                "model_id": model,
                                "post_inputs_key_id": self._key,
                            }
                        },
                    }
                ]
            },
        )
        self.house.do(self.house.world.collecting.plans.refresh())

    def predict(self, *texts: str, model: str = "said") -> None:
        """Ask the model, and let the worker post what is kept of it."""
        self.call("POST", f"/models/{model}/outputs", {"inputs": [text(t) for t in texts]})
        self.settle()


def drawn(colour: str, size: int = 64) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (size, size * 3 // 4), colour).save(made, "PNG")
    return made.getvalue()


def image(colour: str, **metadata: Any) -> Json:
    content = base64.b64encode(drawn(colour)).decode()
    return {"data": {"image": {"base64": content}, "metadata": metadata}}


def text(words: str, **metadata: Any) -> Json:
    return {"data": {"text": {"raw": words}, "metadata": metadata}}
