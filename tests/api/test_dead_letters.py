"""Dead letters and the funnel through the door."""

from typing import Any

import pytest
from pond import KEPT, Pond
from world import World

from bowerbird.errors import Code
from bowerbird.proto import bowerbird_v1_pb2 as v1
from bowerbird.queue import Failure

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pond(world: World, pond: Pond) -> Pond:
    """With three predictions that were taken, two of which are dead letters."""
    await pond.collect(pre_queue_random_sample=1.0)
    await pond.predict("a=1", "b=1", "c=1", request_id="r")
    await world.collecting.flush()
    queue, now = world.app.services.queue, world.clock()
    leased = await queue.lease(2, now=now, ttl=60, worker="w")
    await queue.bury(leased, error=Failure("post", "no such app", now))
    return pond


async def call(pond: Pond, rpc: str, request: Any, who: str = "alice") -> Any:
    request.user_app_id.CopyFrom(KEPT)
    request.collector_id = request.collector_id or "c"
    return await pond.world.call(who, rpc, request)


async def test_the_funnel_tells_what_became_of_everything(pond: Pond) -> None:
    answer = await call(pond, "GetCollectorFunnel", v1.GetCollectorFunnelRequest())
    total = answer.total
    assert (total.offered, total.taken, total.waiting, total.dead) == (3, 3, 1, 2)
    assert [hour.offered for hour in answer.hours] == [3]
    assert answer.oldest_waiting.seconds == int(pond.world.clock.now)


async def test_dead_letters_are_listed_page_by_page_with_their_errors(pond: Pond) -> None:
    first = await call(pond, "ListDeadLetters", v1.ListDeadLettersRequest(per_page=1))
    [letter] = first.dead_letters
    assert [(e.stage, e.text) for e in letter.errors] == [("post", "no such app")]
    assert not letter.HasField("input")
    rest = await call(pond, "ListDeadLetters", v1.ListDeadLettersRequest(after=letter.cursor))
    assert len(rest.dead_letters) == 1
    assert rest.dead_letters[0].capture_id != letter.capture_id


async def test_one_letter_shows_what_it_holds(pond: Pond) -> None:
    listed = await call(pond, "ListDeadLetters", v1.ListDeadLettersRequest())
    id = listed.dead_letters[0].capture_id
    one = await call(pond, "GetDeadLetter", v1.GetDeadLetterRequest(capture_id=id))
    assert one.dead_letter.input.data.text.raw in ("a=1", "b=1", "c=1")


async def test_redriven_letters_are_posted_and_purged_ones_are_gone(pond: Pond) -> None:
    listed = await call(pond, "ListDeadLetters", v1.ListDeadLettersRequest())
    one, other = (letter.capture_id for letter in listed.dead_letters)
    redrive = v1.PostDeadLetterRedrivesRequest(capture_ids=[one])
    assert (await call(pond, "PostDeadLetterRedrives", redrive)).count == 1
    purge = v1.DeleteDeadLettersRequest(capture_ids=[other])
    assert (await call(pond, "DeleteDeadLetters", purge)).count == 1
    assert {i.id for i in await pond.kept()} > {one}
    figures = (await pond.funnel()).figures
    assert (figures["posted"], figures["dead"], figures["purged"]) == (2, 0, 1)


async def test_what_is_wrong_is_refused_by_name(pond: Pond) -> None:
    cases = [
        ("PostDeadLetterRedrives", v1.PostDeadLetterRedrivesRequest(), "capture_ids"),
        ("DeleteDeadLetters", v1.DeleteDeadLettersRequest(all=True, capture_ids=["x"]), "capture_ids"),
        ("ListDeadLetters", v1.ListDeadLettersRequest(after="nonsense"), "after"),
        ("ListDeadLetters", v1.ListDeadLettersRequest(per_page=5000), "per_page"),
    ]
    for rpc, request, field in cases:
        status = (await call(pond, rpc, request)).status
        assert status.code in (Code.CONN_INVALID_REQUEST, Code.CONN_INVALID_RANGE), status
        assert field in status.details
    gone = await call(pond, "GetDeadLetter", v1.GetDeadLetterRequest(capture_id="none"))
    assert gone.status.code == Code.CONN_DOES_NOT_EXIST
    lost = await call(pond, "ListDeadLetters", v1.ListDeadLettersRequest(collector_id="none"))
    assert lost.status.code == Code.COLLECTOR_MISSING


async def test_letters_of_another_collector_are_out_of_reach(pond: Pond) -> None:
    await pond.collect("other", pre_queue_random_sample=1.0)
    listed = await call(pond, "ListDeadLetters", v1.ListDeadLettersRequest())
    ids = [letter.capture_id for letter in listed.dead_letters]
    redrive = v1.PostDeadLetterRedrivesRequest(collector_id="other", capture_ids=ids)
    assert (await call(pond, "PostDeadLetterRedrives", redrive)).count == 0
