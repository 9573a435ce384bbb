"""Whether a collector's captures may be tried just now: what stands in their way, and until when."""

from collections.abc import Iterable, Iterator, Sequence

import structlog

from bowerbird.collect.breakers import Breakers, State
from bowerbird.collect.failures import describe, is_of_destination
from bowerbird.collect.items import Item
from bowerbird.collect.roster import Known
from bowerbird.collect.stages import JUDGE, OUTPUTS, POST
from bowerbird.services import Clock

log = structlog.get_logger()
BLOCKED_S = 3.0  # after which it is looked whether a blocked collector still is
MOST_FAILURES = 5  # batches in a row, after which a destination is taken to be down
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0
_PAYLOADS = "store of large payloads"


class Gates:
    """Breakers of collectors that somebody has to mend, and of destinations that are down.

    A destination is an app, or a workflow with the models behind it: collectors may share it.
    """

    def __init__(self, clock: Clock) -> None:
        self.blocked = Breakers(clock, after=1, first_s=BLOCKED_S, longest_s=BLOCKED_S)
        self.down = Breakers(clock, after=MOST_FAILURES, first_s=FIRST_PAUSE_S, longest_s=LONGEST_PAUSE_S)

    def resting(self, collectors: Iterable[Known]) -> list[str]:
        """The keys of those whose captures are left alone just now."""
        if not (self.blocked.any_failed or self.down.any_failed):
            return []
        return [one.key for one in collectors if self.state(one) == "open"]

    def state(self, collector: Known) -> State:
        """The worst of all that its captures must pass."""
        states = {self.blocked.state(collector.key), *map(self.down.state, _destinations(collector))}
        return "open" if "open" in states else "half-open" if "half-open" in states else "closed"

    def payloads(self) -> State:
        """Whether the payloads that lie in the blob store may be asked for."""
        return self.down.state(_PAYLOADS)

    def reason(self, collector: Known) -> str:
        """Why its captures wait; empty: they need not."""
        if blocked := self.blocked.reason(collector.key):
            return blocked
        down = (f"{name}: {why}" for name in _destinations(collector) if (why := self.down.reason(name)))
        return next(down, "")

    def learn(self, collector: Known, items: Sequence[Item]) -> None:
        """Take note of how items fared."""
        before = self.reason(collector)
        if mend := next((i.error for i in items if i.failure == "configuration"), None):
            self.blocked.failed(collector.key, describe(mend))
        elif any(i.is_open or i.is_unwanted for i in items):
            self.blocked.succeeded(collector.key)
        self._learn(_PAYLOADS, [i for i in items if i.leased.capture.payload_key], ("read",))
        if workflow := _workflow(collector):
            self._learn(workflow, [i for i in items if i.stage not in ("read", "worker")], (JUDGE,))
        self._learn(
            _app(collector),
            [i for i in items if i.is_open or i.stage in (POST, OUTPUTS)],
            (POST, OUTPUTS),
        )
        if before != (after := self.reason(collector)):
            log.warning("captures wait" if after else "captures go on", collector=collector.name, why=after)

    def _learn(self, destination: str, tried: Sequence[Item], stages: Iterable[str]) -> None:
        failed = [i.error for i in tried if i.stage in stages and i.failure == "transient" and i.error]
        down = next((error for error in failed if is_of_destination(error)), None)
        if len(failed) < len(tried):
            self.down.succeeded(destination)
        elif down:
            self.down.failed(destination, describe(down))


def _destinations(collector: Known) -> Iterator[str]:
    yield _app(collector)
    if workflow := _workflow(collector):
        yield workflow


def _app(collector: Known) -> str:
    return f"app {collector.user_id}/{collector.app_id}"


def _workflow(collector: Known) -> str:
    id = collector.message.post_queue_workflow_id
    return f"workflow {collector.user_id}/{collector.app_id}/{id}" if id else ""
