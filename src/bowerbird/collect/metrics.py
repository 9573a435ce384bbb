"""What Prometheus is told of collecting. Each metric is described in docs/operations.md, too."""

from collections import Counter as Counts
from collections.abc import Callable, Container, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from bowerbird.collect.capture import Writer
from bowerbird.collect.plans import Plans
from bowerbird.collect.recording import Recorder
from bowerbird.collect.roster import Known
from bowerbird.collect.shedding import Shedding
from bowerbird.collect.watch import Watch
from bowerbird.queue.rows import Tally

Labels = tuple[str, str, str]  # user, app, collector
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Committed:
    """Counts what the writer has committed; called from its thread."""

    def __init__(self, registry: CollectorRegistry, labels_of: Callable[[str], Labels]) -> None:
        self._labels_of = labels_of
        self._outcomes = Counter(
            "bowerbird_collector_predictions",
            "What became of the predictions that collectors were offered.",
            ["user", "app", "collector", "outcome"],
            registry=registry,
        )
        self._captures = Counter(
            "bowerbird_captures_committed", "Captures written to the queue.", registry=registry
        )
        self._seconds = Histogram(
            "bowerbird_capture_commit_seconds",
            "Time of a commit of captures and counts, in seconds.",
            buckets=BUCKETS,
            registry=registry,
        )

    def __call__(self, outcomes: Tally, seconds: float) -> None:
        self._seconds.observe(seconds)
        for (key, _, outcome), n in outcomes.items():
            self._outcomes.labels(*self._labels_of(key), outcome).inc(n)
            if outcome == "taken":
                self._captures.inc(n)


class Engine:
    """How the collecting of this process is, asked for when Prometheus asks."""

    def __init__(
        self, plans: Plans, writer: Writer, recorder: Recorder, shedding: Shedding, watch: Watch
    ) -> None:
        self._plans = plans
        self._writer = writer
        self._recorder = recorder
        self._shedding = shedding
        self._watch = watch

    def collect(self) -> Iterable[Metric]:
        known = self._plans.known.values()
        yield _gauge("capture_ring_items", "Captures that wait for their commit.", self._writer.ring.items)
        yield _gauge("capture_ring_bytes", "Bytes that wait for their commit.", self._writer.ring.bytes)
        yield _gauge("capture_ring_fill", "How full the ring is, 0 to 1.", self._writer.fill)
        yield _gauge("capture_trouble", "1: nothing can be captured just now.", bool(self._writer.trouble))
        yield _refused(self._writer)
        yield self._parts(known)
        yield _states(known, self._plans.broken)
        yield _counter("plan_overruns", "Decisions dropped as they took too long.", self._watch.overruns)
        yield _counter("records_dropped", "Predictions that were to be recorded.", self._recorder.dropped)

    def _parts(self, collectors: Iterable[Known]) -> Metric:
        told = "The part that collectors of a priority take of what they would; 1: nothing is shed."
        parts = GaugeMetricFamily("bowerbird_shed_factor", told, labels=["priority"])
        for priority in sorted({one.options.priority for one in collectors}):
            parts.add_metric([str(priority)], self._shedding.part(priority))
        return parts


def labels_of(plans: Plans, *, by_collector: bool) -> Callable[[str], Labels]:
    """The labels of a collector by its key: empty for one that is gone, and for all unless asked for."""

    def labels(key: str) -> Labels:
        one = plans.known.get(key) if by_collector else None
        return (one.user_id, one.app_id, one.message.id) if one else ("", "", "")

    return labels


def _refused(writer: Writer) -> Metric:
    told = "Captures refused by the ring: full, no room on the disk, or stopped."
    refused = CounterMetricFamily("bowerbird_capture_refused", told, labels=["reason"])
    for reason in ("full", "disk", "stopped"):
        refused.add_metric([reason], writer.ring.refused[reason])
    return refused


def _states(known: Iterable[Known], broken: Container[str]) -> Metric:
    counts = Counts(_state(one, broken) for one in known)
    states = GaugeMetricFamily("bowerbird_collectors", "Collectors by state.", labels=["state"])
    for state in ("active", "inactive", "blocked", "broken"):
        states.add_metric([state], counts[state])
    return states


def _state(one: Known, broken: Container[str]) -> str:
    if one.key in broken:
        return "broken"
    if one.blocked:
        return "blocked"
    return "active" if one.is_active else "inactive"


def _counter(name: str, told: str, value: float) -> Metric:
    counter = CounterMetricFamily(f"bowerbird_{name}", told)
    counter.add_metric([], value)
    return counter


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(f"bowerbird_{name}", told, value)
