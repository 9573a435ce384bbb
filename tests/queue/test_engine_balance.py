"""The funnel of the engine balances at every moment, whatever users, workers and crashes do to it.

Through the door, on each database, with NATS before it and without. As many examples run as make the gate
quick; BOWERBIRD_TEST_EXAMPLES=200 runs that many, for a night or after a change of the engine.
"""

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal

import moody  # noqa: F401 - registers its runtime
import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Collector
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteCollectorsRequest,
    DeleteInputsRequest,
    DeleteKeyRequest,
    ListInputsRequest,
    PatchCollectorsRequest,
)
from clarifai_grpc.grpc.api.status.status_code_pb2 import COLLECTOR_ACTIVE, COLLECTOR_INACTIVE
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pond import KEPT, Pond
from stores import delete_streams
from world import SUCCESS, Tokens, World, world

from bowerbird.app import collecting, opened, poster
from bowerbird.proto import bowerbird_v1_pb2 as v1

EXAMPLES = int(os.environ.get("BOWERBIRD_TEST_EXAMPLES", "2"))
STEPS = 16
LATER_S = 61.0  # then leases have run out, and what waits for its collector to be mended is due
WORKER_DEATHS = 2  # of one capture; the third makes it poison
KINDS = ("keep", "drop", "fail")  # what the judge of "judged" does with it
Name = tuple[str, str, int]  # collector, request id, index of the input
CASES = st.lists(st.sampled_from(KINDS), min_size=1, max_size=4)
IDS = ("plain", "judged", "bobs")
ids = st.sampled_from(IDS)
RUNNING = ("watch", "keep_fresh", "keep_counting", "keep_supplied")  # what a process does by itself


class Killed(BaseException):
    """The process is gone: nothing after this line was run."""


@dataclass
class Mine:
    """What is to be true of one collector, by the plainest model of it."""

    key: str  # its name in the queue
    caller: str = ""
    is_active: bool = True
    is_blocked: bool = False
    state: dict[Name, Literal["waiting", "dead"]] = field(default_factory=dict)
    figures: Counter[str] = field(default_factory=Counter)  # taken, posted, purged
    skipped: Counter[str] = field(default_factory=Counter)


class Life(RuleBasedStateMachine):
    """Alice's three collectors of one model, a worker that dies now and then, and an API that does."""

    def __init__(self, folder: Path, tokens: Tokens, **chosen: object) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder, self.tokens, self.chosen = folder, tokens, chosen
        self.requests: dict[str, list[str]] = {}
        self.mine: dict[str, Mine] = {}
        self.in_app: set[Name] = set()
        self.worker_deaths = 0
        self.ended: set[str] = set()  # requests of which something is over and done with
        self.run(self.begin())

    def run(self, work: Any) -> Any:  # whatever is awaited
        return self.runner.run(work)

    async def begin(self) -> None:
        self.stack = AsyncExitStack()
        self.world: World = await self.stack.enter_async_context(
            world(self.folder, self.tokens, **self.chosen)
        )
        self.pond = await Pond.of(self.world)
        await self.pond.add_model("judge", KEPT, runtime="moody")
        await self.pond.add_workflow("look", ("n", "judge", ()))
        for id in IDS:
            await self.make(id)

    async def make(self, id: str) -> None:
        fields = {"judged": {"post_queue_workflow_id": "look"}, "bobs": {"caller_user_id": "bob"}}.get(id, {})
        key = await self.world.add_key("alice", "kept")
        await self.pond.collect(id, pre_queue_random_sample=1.0, post_inputs_key_id=key, **fields)
        model = ("alice", "zoo", "said")
        [made] = [c for c in self.world.collecting.plans.by_model[model] if c.collector.message.id == id]
        self.mine[id] = Mine(made.key, caller="bob" if id == "bobs" else "")

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.runner.close()

    # what callers do

    @rule(kinds=CASES)
    def predict(self, kinds: list[str]) -> None:
        id = f"r{len(self.requests)}"
        self.requests[id] = [f"cat=0.9 {kind} {id}-{n}" for n, kind in enumerate(kinds)]
        self.send(id)

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def repeat(self, data: Any) -> None:
        id = data.draw(st.sampled_from(sorted(self.requests)))
        # JetStream takes an id once in its window, even when it was posted meanwhile.
        if not (self.chosen.get("queue_url") and id in self.ended):
            self.send(id)

    def send(self, id: str) -> None:
        answer = self.run(self.pond.predict(*self.requests[id], request_id=id))
        assert answer.status.code == SUCCESS
        for collector, mine in self.mine.items():
            for n in range(len(self.requests[id])):
                self.offered(mine, (collector, id, n))

    def offered(self, mine: Mine, name: Name) -> None:
        if not mine.is_active:
            mine.skipped["inactive"] += 1
        elif mine.caller == "bob":
            mine.skipped["caller"] += 1
        elif name in mine.state:
            mine.skipped["duplicate"] += 1
        else:
            mine.state[name] = "waiting"
            mine.figures["taken"] += 1

    # what the owner does

    @rule(id=ids, is_active=st.booleans())
    def pause_or_resume(self, id: str, is_active: bool) -> None:
        code = COLLECTOR_ACTIVE if is_active else COLLECTOR_INACTIVE
        self.patch(Collector(id=id, status=Status(code=code)))
        self.mine[id].is_active = is_active

    @rule(id=ids, caller=st.sampled_from(["alice", "bob"]))
    def edit(self, id: str, caller: str) -> None:
        self.patch(self.pond.collector(id, caller_user_id=caller, post_inputs_key_id=self.key_of(id)))
        self.mine[id].caller = caller
        self.mine[id].is_blocked = False

    @rule(id=ids)
    def revoke_its_key(self, id: str) -> None:
        mine = self.mine[id]
        if not mine.is_blocked:
            request = DeleteKeyRequest(key_id=self.handles()[mine.key])
            self.run(self.world.ok("alice", "DeleteKey", request, user_id="alice"))
            mine.is_blocked = True

    @rule(id=ids)
    def delete_and_make_anew(self, id: str) -> None:
        mine = self.mine[id]
        request = DeleteCollectorsRequest(user_app_id=KEPT, ids=[id])
        self.run(self.world.ok("alice", "DeleteCollectors", request))
        mine.figures["purged"] += len(mine.state)
        self.end(mine, list(mine.state))
        self.check_rows(mine)
        self.run(self.make(id))

    @rule()
    def redrive(self) -> None:
        request = v1.PostDeadLetterRedrivesRequest(user_app_id=KEPT, collector_id="judged", all=True)
        answer = self.run(self.world.ok("alice", "PostDeadLetterRedrives", request))
        dead = self.dead("judged")
        assert answer.count == len(dead)
        self.mine["judged"].state.update(dict.fromkeys(dead, "waiting"))

    @rule()
    def purge(self) -> None:
        request = v1.DeleteDeadLettersRequest(user_app_id=KEPT, collector_id="judged", all=True)
        answer = self.run(self.world.ok("alice", "DeleteDeadLetters", request))
        dead = self.dead("judged")
        assert answer.count == len(dead)
        self.mine["judged"].figures["purged"] += len(dead)
        self.end(self.mine["judged"], dead)

    @rule()
    def delete_an_input(self) -> None:
        found = self.inputs()
        for name in sorted(found)[:1]:
            request = DeleteInputsRequest(user_app_id=KEPT, ids=[found[name]])
            self.run(self.world.ok("alice", "DeleteInputs", request))
            self.in_app.remove(name)

    # what happens to processes

    @rule()
    def work(self) -> None:
        self.world.clock.advance(LATER_S)
        self.run(self.world.drain())
        for mine in self.mine.values():
            if mine.is_active and not mine.is_blocked:
                for name in [n for n, state in mine.state.items() if state == "waiting"]:
                    self.handled(mine, name)

    def handled(self, mine: Mine, name: Name) -> None:
        collector, id, n = name
        kind = self.requests[id][n].split()[1] if collector == "judged" else "keep"
        if kind == "fail":
            mine.state[name] = "dead"
            return
        self.end(mine, [name])
        if kind == "keep":
            mine.figures["posted"] += 1
            self.in_app.add(name)
        else:
            mine.figures["taken"] -= 1
            mine.skipped["filtered"] += 1

    @precondition(lambda self: self.worker_deaths < WORKER_DEATHS)
    @rule(stage=st.sampled_from(["leased", "judged", "posted", "acked", "settled"]))
    def a_worker_dies_and_another_takes_over(self, stage: str) -> None:
        self.worker_deaths += 1
        self.world.clock.advance(LATER_S)
        self.run(self.killed_at(stage))
        for mine in self.mine.values():  # also between the two
            [row] = self.run(self.world.app.services.queue.funnel(mine.key)) or [None]
            waiting = self.run(self.world.app.services.queue.waiting(mine.key)).count
            assert row is None or row.taken == row.posted + waiting + row.dead + row.purged
        self.work()

    async def killed_at(self, stage: str) -> None:
        def reached(now: str) -> None:
            if now == stage:
                raise Killed

        await self.world.collecting.flush()
        services = self.world.app.services
        before, services.reached = services.reached, reached
        try:
            await poster(self.world.app, "mortal").drain()
        except Killed:
            pass
        finally:
            services.reached = before

    @rule(kinds=CASES)
    def the_api_dies_after_it_answered(self, kinds: list[str]) -> None:
        """What it took is there; what it only counted since the last half second is not."""
        before = {id: Counter(mine.skipped) for id, mine in self.mine.items()}
        self.predict(kinds)
        self.run(self.replaced())
        for id, mine in self.mine.items():
            told = Counter(self.run(self.world.app.funnel("alice", "kept", id)).skipped)
            assert before[id] <= told <= mine.skipped
            mine.skipped = told

    async def replaced(self) -> None:
        """Another process instead of the old one, of which nothing runs on and nothing is flushed."""
        dying = [task for task in asyncio.all_tasks() if task.get_coro().__name__ in RUNNING]
        for task in dying:
            task.cancel()
        await asyncio.gather(*dying, return_exceptions=True)
        await self.world.collecting.writer.flush()  # its thread lives on here: it shall have nothing left
        forgotten = self.stack.pop_all()
        old = self.world
        app = await self.stack.enter_async_context(opened(old.app.settings, clock=old.clock))
        behind = await self.stack.enter_async_context(collecting(app))
        self.stack.push_async_callback(forgotten.aclose)  # at the very end
        self.world.app, self.world.collecting = app, behind

    # what has to hold

    @invariant()
    def the_funnel_balances(self) -> None:
        for id, mine in self.mine.items():
            funnel = self.run(self.pond.funnel(id))  # offered = taken + skipped; taken = posted + ...
            states = Counter(mine.state.values())
            assert funnel.figures == {
                "offered": mine.figures["taken"] + mine.skipped.total(),
                "taken": mine.figures["taken"],
                "posted": mine.figures["posted"],
                "waiting": states["waiting"],
                "dead": states["dead"],
                "purged": mine.figures["purged"],
            }, id
            assert Counter(funnel.skipped) == mine.skipped

    @invariant()
    def what_was_posted_is_in_the_app(self) -> None:
        assert set(self.inputs()) == self.in_app

    def check_rows(self, mine: Mine) -> None:
        """Of a collector that is gone; the API does not show it any more."""
        rows = self.run(self.world.app.services.queue.funnel(mine.key))
        figures = Counter[str]()
        for row in rows:
            figures.update(taken=row.taken, posted=row.posted, purged=row.purged, dead=row.dead)
            figures["waiting"] += row.waiting
        assert +figures == +mine.figures

    def inputs(self) -> dict[Name, str]:
        """Everything in the app, each once, with its id."""
        request = ListInputsRequest(user_app_id=KEPT, per_page=1000)
        found = {}
        for one in self.run(self.world.ok("alice", "ListInputs", request)).inputs:
            facts = one.data.metadata["capture"]
            name = one.data.metadata["collector_id"], facts["request_id"], int(facts["input_index"])
            assert name not in found
            found[name] = one.id
        return found

    def dead(self, id: str) -> list[Name]:
        return [name for name, state in self.mine[id].state.items() if state == "dead"]

    def end(self, mine: Mine, names: list[Name]) -> None:
        for name in names:
            del mine.state[name]
            self.ended.add(name[1])

    def handles(self) -> dict[str, str]:
        """The key with which each collector posts."""
        model = ("alice", "zoo", "said")
        plans = self.world.collecting.plans.by_model[model]
        return {one.key: one.collector.source.post_inputs_key_id for one in plans}

    def key_of(self, id: str) -> str:
        """A key that its collector may post with: a new one when that was revoked."""
        if self.mine[id].is_blocked:
            return str(self.run(self.world.add_key("alice", "kept")))
        return self.handles()[self.mine[id].key]

    def patch(self, collector: Collector) -> None:
        request = PatchCollectorsRequest(user_app_id=KEPT, collectors=[collector], action="overwrite")
        self.run(self.world.ok("alice", "PatchCollectors", request))
        self.run(self.pond.settle())


@pytest.fixture(params=["sqlite", "postgres", "nats", "nats and postgres"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Life]:
    """Makes lives on stores with nothing but the cast in them."""
    streams = request.getfixturevalue("queue_url") if "nats" in request.param else ""
    is_sqlite = "postgres" not in request.param
    stored = request.getfixturevalue("sqlite_cast" if is_sqlite else "postgres_with_cast")
    folders = (tmp_path / str(n) for n in count())

    def life() -> Life:
        folder = next(folders)
        if streams:
            asyncio.run(delete_streams(streams))
        if is_sqlite:
            shutil.copytree(stored[0], folder)
            return Life(folder, dict(stored[1]), queue_url=streams)
        url, tokens = stored()
        return Life(folder, tokens, queue_url=streams, database_url=url)

    return life


def test_the_funnel_balances_whatever_happens(fresh: Callable[[], Life]) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        fresh,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, suppress_health_check=checks
        ),
    )
