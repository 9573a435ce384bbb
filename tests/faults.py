"""A destination that can be taken down, made to hang, and mended: the worker's way in, with a switch."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import Input, UserAppIDSet
from google.protobuf.message import Message
from world import World

from bowerbird.errors import ApiError, InputInvalid, Unreachable
from bowerbird.services import Client, Verdict


class Destination:
    """Stands before the real one. Apps and workflows that are `down` fail; those in `hangs` do not return.

    A call with one of the inputs that it `chokes_on` is refused as a whole.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self.down: set[str] = set()
        self.hangs: set[str] = set()
        self.chokes_on: set[str] = set()  # texts
        self.mended = asyncio.Event()  # lets what hangs go on
        self.called: Counter[str] = Counter()  # by app
        self.sent: list[list[str]] = []  # the ids of each PostInputs that arrived

    @classmethod
    def of(cls, world: World) -> "Destination":
        services = world.app.services
        services.client = made = cls(services.client)
        return made

    async def call(self, rpc: str, request: Any, handle: str) -> Message:
        await self._arrive(request.user_app_id.app_id)
        if rpc == "PostInputs":
            if self.chokes_on & {i.data.text.raw for i in request.inputs}:
                raise InputInvalid("one of all these")
            self.sent.append([i.id for i in request.inputs])
        return await self._client.call(rpc, request, handle)

    async def judge(
        self, app: UserAppIDSet, workflow_id: str, inputs: Sequence[Input], handle: str
    ) -> list[Verdict | ApiError]:
        await self._arrive(workflow_id)
        return await self._client.judge(app, workflow_id, inputs, handle)

    async def _arrive(self, where: str) -> None:
        self.called[where] += 1
        if where in self.hangs:
            await self.mended.wait()
        if where in self.down:
            raise Unreachable("it was taken down")
