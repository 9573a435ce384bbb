"""What Prometheus is told of collecting."""

import re
from pathlib import Path

import pytest
from clarifai_grpc.grpc.api.service_pb2 import DeleteKeyRequest
from pond import Pond
from prometheus_client import CollectorRegistry
from world import World

from bowerbird.app import poster
from bowerbird.collect.backlog import Backlog
from bowerbird.collect.metered import metered
from bowerbird.collect.metrics import labels_of
from bowerbird.errors import Busy
from bowerbird.queue import Failure

pytestmark = pytest.mark.anyio


def told(pond: Pond, name: str, **labels: str) -> float | None:
    return pond.world.app.registry.get_sample_value(f"bowerbird_{name}", labels)


def outcome(pond: Pond, outcome: str) -> float | None:
    names = {"user": "alice", "app": "kept", "collector": "c"}
    return told(pond, "collector_predictions_total", outcome=outcome, **names)


async def test_every_prediction_is_counted_by_what_became_of_it(pond: Pond) -> None:
    await pond.add_doubt()
    await pond.collect(pre_queue_workflow_id="doubt")
    await pond.predict("cat=0.9", "cat=0.5", "cat=0.6", "cat=0.7")
    await pond.predict("cat=0.5", request_id="again")
    await pond.predict("cat=0.5", request_id="again")
    await pond.funnel()
    assert [outcome(pond, o) for o in ("taken", "filtered", "duplicate", "shed")] == [3, 2, 1, None]
    assert told(pond, "captures_committed_total") == 3
    assert (told(pond, "capture_commit_seconds_count") or 0) >= 3


async def test_the_ring_and_what_it_refused_are_shown(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    pond.world.collecting.writer.ring.pause(True)
    await pond.predict("a=1", "b=1")
    await pond.funnel()
    assert told(pond, "capture_refused_total", reason="disk") == 2
    assert told(pond, "capture_refused_total", reason="full") == 0
    assert outcome(pond, "overflow") == 2
    assert [told(pond, f"capture_ring_{of}") for of in ("items", "bytes", "fill")] == [0, 0, 0]
    assert told(pond, "capture_trouble") == 0


async def test_the_shed_factor_is_shown_for_each_priority_in_use(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    assert told(pond, "shed_factor", priority="0") == 1
    pond.world.clock.advance(60)
    pond.world.collecting.shedding.look(0.7)
    assert told(pond, "shed_factor", priority="0") == 0.5


async def test_collectors_are_counted_by_state(pond: Pond) -> None:
    await pond.collect("posts", pre_queue_random_sample=1.0)
    pond.key = await pond.world.add_key("alice", "kept")
    await pond.collect("blocked", pre_queue_random_sample=1.0)
    await pond.world.ok("alice", "DeleteKey", DeleteKeyRequest(key_id=pond.key), user_id="alice")
    await pond.predict("a=1")
    await pond.world.drain()
    await pond.settle()
    states = ("active", "inactive", "blocked", "broken")
    assert [told(pond, "collectors", state=s) for s in states] == [1, 0, 1, 0]


async def test_the_backlog_tells_what_waits_its_age_and_what_is_dead(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    backlog, queue, clock = pond.world.collecting.backlog, pond.world.app.services.queue, pond.world.clock
    assert told(pond, "backlog_known") == 0
    await pond.predict("a=1", "b=1", "c=1")
    await pond.world.collecting.flush()
    clock.advance(7)
    one = await queue.lease(1, now=clock(), ttl=60, worker="test")
    await queue.bury(one, error=Failure("post", "no", clock()))
    await backlog.look()
    names = ("captures_waiting", "captures_oldest_age_seconds", "dead_letters", "backlog_known")
    assert [told(pond, name) for name in names] == [2, 7, 1, 1]
    await pond.world.drain()
    await backlog.look()
    assert [told(pond, name) for name in names] == [0, 0, 1, 1]


async def test_a_queue_that_does_not_answer_makes_the_backlog_unknown(world: World) -> None:
    class Gone:
        def __getattr__(self, name: str) -> object:
            raise Busy("gone")

    registry = CollectorRegistry()
    backlog = Backlog(Gone(), world.clock, registry)
    await backlog.look()
    assert registry.get_sample_value("bowerbird_backlog_known") == 0
    assert str(registry.get_sample_value("bowerbird_captures_waiting")) == "nan"


async def test_the_worker_counts_how_its_items_end(pond: Pond) -> None:
    app = pond.world.app
    app.services.queue = metered(app.services.queue, app.registry)
    await pond.collect(pre_queue_random_sample=1.0)
    await pond.predict("a=1", "b=1")
    await pond.world.collecting.flush()
    await poster(app, "test").drain()
    await pond.world.ok("alice", "DeleteKey", DeleteKeyRequest(key_id=pond.key), user_id="alice")
    await pond.predict("a=1")
    await pond.world.drain()
    outcomes = ("posted", "unwanted", "retried", "postponed", "dead")
    assert [told(pond, "worker_items_total", outcome=o) for o in outcomes] == [2, 0, 0, 1, 0]


async def test_collectors_need_not_be_told_apart(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=1.0)
    plans = pond.world.collecting.plans
    [key] = plans.known
    assert labels_of(plans, by_collector=True)(key) == ("alice", "kept", "c")
    assert labels_of(plans, by_collector=False)(key) == ("", "", "")
    assert labels_of(plans, by_collector=True)("gone") == ("", "", "")


async def test_the_table_of_metrics_is_that_of_the_code(world: World) -> None:
    app = world.app
    metered(app.services.queue, app.registry)
    families = list(app.registry.collect())
    served = {f"{one.name}_total" if one.type == "counter" else one.name for one in families}
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| `(bowerbird_\w+)(?:{([\w,]+)})?` \|", page, re.MULTILINE)
    assert served == {name for name, _ in rows}
    assert len(rows) == len(served)
    labels = {name: set(listed.split(",")) for name, listed in rows if listed}
    for one in families:
        for sample in one.samples:
            found = set(sample.labels) - {"le"}
            assert found <= labels.get(re.sub(r"_(bucket|sum|count|created)$", "", sample.name), found)
