"""The time that calls have, without a timer for each."""

import asyncio

import pytest

from bowerbird.api.deadlines import TimeLimit

pytestmark = pytest.mark.anyio
SHORT = 0.01
LONG = 60.0


async def forever() -> None:
    await asyncio.Event().wait()


async def test_work_gives_what_it_gives() -> None:
    async def answer() -> int:
        await asyncio.sleep(0)
        return 7

    assert await TimeLimit(LONG).run(answer()) == 7


async def test_what_the_work_raises_comes_through() -> None:
    async def fail() -> None:
        raise KeyError("it")

    with pytest.raises(KeyError):
        await TimeLimit(LONG).run(fail())


async def test_work_that_takes_too_long_is_ended() -> None:
    with pytest.raises(TimeoutError):
        await TimeLimit(SHORT).run(forever())


async def test_the_task_goes_on_after_its_work_was_ended() -> None:
    limit = TimeLimit(SHORT)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await limit.run(forever())
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_each_of_many_is_ended_in_its_own_time() -> None:
    limit = TimeLimit(SHORT)
    both = await asyncio.gather(limit.run(forever()), limit.run(forever()), return_exceptions=True)
    assert [type(error) for error in both] == [TimeoutError, TimeoutError]


async def test_work_that_began_later_is_looked_at_after_the_first_has_ended() -> None:
    limit = TimeLimit(SHORT)

    async def after_the_first() -> None:
        with pytest.raises(TimeoutError):
            await limit.run(forever())
        await limit.run(forever())

    with pytest.raises(TimeoutError):
        await after_the_first()


async def test_work_inside_work_has_a_time_of_its_own() -> None:
    outer = TimeLimit(LONG)

    async def inner() -> str:
        with pytest.raises(TimeoutError):
            await TimeLimit(SHORT).run(forever())
        return "went on"

    assert await outer.run(inner()) == "went on"


async def test_a_task_that_others_cancel_stays_cancelled() -> None:
    task = asyncio.create_task(TimeLimit(LONG).run(forever()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_work_that_ends_in_spite_of_being_late_has_its_answer() -> None:
    async def stubborn() -> str:
        try:
            await forever()
        except asyncio.CancelledError:
            return "done all the same"
        return ""

    assert await TimeLimit(SHORT).run(stubborn()) == "done all the same"
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()
