"""The reckoning after a drill: what was posted, against what was sent and what was acknowledged."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import Collector, Data, Input
from clarifai_grpc.grpc.api.service_pb2 import ListAnnotationsRequest, StreamInputsRequest
from google.protobuf.json_format import MessageToDict
from place import COLLECTORS, KEPT
from traffic import Ledger, Name
from world import World

from bowerbird.app import Funnel
from bowerbird.collect.plans import plan_of
from bowerbird.collect.settle import POISON
from bowerbird.queue import Pick
from bowerbird.workflows.view import View

DRAIN_S = 30.0
PAGE = 1000


async def check(world: World, ledger: Ledger) -> None:
    """Once all is drained: every acknowledged input that was taken is there once, and nothing else is."""
    funnels = await drained(world)
    inputs = await _inputs(world)
    found = {id: Counter(_name(i) for i in inputs if _facts(i)["collector_id"] == id) for id in COLLECTORS}
    half = _coin("half", 0.5)
    _compare(found["every"], ledger, lambda name: True)
    _compare(found["half"], ledger, half)
    _compare(found["wanted"], ledger, ledger.sent.__getitem__)
    assert found["half"].total() not in (0, len(ledger.acknowledged))
    for id, funnel in funnels.items():
        _check_funnel(funnel, posted=found[id].total())
    assert await world.app.services.queue.dead(Pick()) == []
    annotated = Counter(await _annotated(world))
    every = Counter(i.id for i in inputs if _facts(i)["collector_id"] == "every")
    assert annotated == every, (annotated - every, every - annotated)


async def drained(world: World) -> dict[str, Funnel]:
    """The funnels of the collectors, as soon as nothing waits any more.

    What was in hand whenever the drill struck looks like the cause of it, and is tried once more.
    """
    queue = world.app.services.queue
    async with asyncio.timeout(DRAIN_S):
        while True:
            found = {id: await world.app.funnel("alice", "kept", id) for id in COLLECTORS}
            dead = await queue.dead(Pick())
            if not dead and not any(funnel.figures["waiting"] for funnel in found.values()):
                return found
            suspects = [one.capture.capture_id for one in dead if one.history[-1].text == POISON]
            await queue.redrive(Pick(ids=tuple(suspects)))
            await asyncio.sleep(0.1)


def _compare(found: Counter[Name], ledger: Ledger, is_taken: Callable[[Name], bool]) -> None:
    """Of what a collector takes, all that was acknowledged is there, once; and only what was sent is."""
    must = {name for name in ledger.acknowledged if is_taken(name)}
    may = {name for name in ledger.sent if is_taken(name)}
    twice = {name for name, n in found.items() if n > 1}
    wrong = {"twice": twice, "lost": must - set(found), "uncalled for": set(found) - may}
    assert not any(wrong.values()), {what: sorted(names)[:5] for what, names in wrong.items()}


def _check_funnel(funnel: Funnel, *, posted: int) -> None:
    """A request that was sent again after its inputs were posted counts anew, and adds no input."""
    assert funnel.balances, funnel
    assert funnel.figures["dead"] == 0, funnel
    assert funnel.figures["posted"] >= posted, funnel
    assert set(funnel.skipped) <= {"sampled_out", "filtered", "duplicate"}, funnel


def _coin(collector: str, share: float) -> Callable[[Name], bool]:
    """Whether the coin of a collector falls for an input of alice's."""
    plan = plan_of(Collector(pre_queue_random_sample=share), None, f"alice/kept/{collector}")

    def falls(name: Name) -> bool:
        view = View.of(Data(), input=Data(), caller="alice", key=f"{name[0]}:{name[1]}")
        return plan.decide(view).taken

    return falls


def _name(posted: Input) -> Name:
    """The request and index of a posted input, which its caller's metadata tell as well."""
    facts = _facts(posted)
    capture = facts["capture"]
    name = capture["request_id"], int(capture["input_index"])
    assert facts["sent"] == f"{name[0]}:{name[1]}"
    return name


def _facts(posted: Input) -> dict[str, Any]:
    return MessageToDict(posted.data.metadata)


async def _inputs(world: World) -> list[Input]:
    found: list[Input] = []
    while True:
        last = found[-1].id if found else ""
        request = StreamInputsRequest(user_app_id=KEPT, per_page=PAGE, last_id=last)
        page = (await world.ok("alice", "StreamInputs", request)).inputs
        found += page
        if len(page) < PAGE:
            return found


async def _annotated(world: World) -> list[str]:
    """For each annotation made of an output, the input that it belongs to."""
    found: list[str] = []
    page = 1
    while True:
        request = ListAnnotationsRequest(
            user_app_id=KEPT, list_all_annotations=True, page=page, per_page=PAGE
        )
        answer = await world.ok("alice", "ListAnnotations", request)
        found += [a.input_id for a in answer.annotations if a.model_version_id]
        if len(answer.annotations) < PAGE:
            return found
        page += 1
