"""Budgets: how much may still be spent in a period, and with which chance to spend it evenly."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from bowerbird.workflows.periods import Period, Rate, Window, window_at

SMOOTHED = 1 / 200  # of the period: how soon a small lag is made up for
REMEMBERED = 1 / 40  # of the period: over which the rate of predictions fades
SHORTEST_S = 1.5  # but no sooner than this
IDLE = 1 / 10  # of the period: after so long a silence nothing is held any more
SLOWEST, FASTEST = 0.1, 4.0  # bounds of the pace, as multiples of what would spend the rest evenly
HELD = 1 / 200  # of the limit: what a process holds, so that it need not ask at once
SOON_S = 2.0  # what may be spent within this time is held in any case


@dataclass(frozen=True, slots=True)
class Report:
    """What a process asks of the store for one window of a budget, and what it tells."""

    window: Window
    want: int  # to reserve; negative: to give back
    spent: int = 0  # since the last report
    offered: int = 0  # since the last report


@dataclass(frozen=True, slots=True)
class Answer:
    """What was reserved just now, and what all processes together have told."""

    given: int
    spent: int
    offered: int


@dataclass(slots=True)
class Ledger:
    """What a process knows of one window of a budget.

    The line that spending follows begins where the process came in: `line_at`, in seconds, with what the
    others had spent by then.
    """

    window: Window
    held: int
    line_at: float
    line_from: int = 0
    spent: int = 0
    offered: int = 0
    told_spent: int = 0
    told_offered: int = 0
    spent_by_others: int = 0
    offered_by_others: int = 0
    has_heard: bool = False

    @property
    def spent_by_all(self) -> int:
        return self.spent + self.spent_by_others

    def report(self, want: int) -> Report:
        """What is given back must not be spent meanwhile."""
        self.held += min(want, 0)
        report = Report(self.window, want, self.spent - self.told_spent, self.offered - self.told_offered)
        self.told_spent, self.told_offered = self.spent, self.offered
        return report

    def hear(self, answer: Answer) -> int:
        """How many predictions the others had since the last time."""
        self.held += max(answer.given, 0)
        self.spent_by_others = max(answer.spent - self.told_spent, 0)
        before, self.offered_by_others = self.offered_by_others, max(answer.offered - self.told_offered, 0)
        if self.has_heard:
            return max(self.offered_by_others - before, 0)
        self.has_heard = True
        self.line_from = self.spent_by_others
        return 0

    def pace(self, limit: int, now: float) -> float:
        """Predictions to take a second, so that all is spent at the end of the window and spent evenly.

        A small lag behind the line is made up for soon, a large one slowly.
        """
        left = max(self.window.end - now, 1e-3)
        evenly = max(limit - self.spent_by_all, 1) / left
        slope = (limit - self.line_from) / max(self.window.end - self.line_at, 1e-3)
        lag = self.line_from + slope * (now - self.line_at) - self.spent_by_all
        pace = slope + lag / min(SMOOTHED * self.window.length, left)
        return min(max(pace, SLOWEST * evenly), FASTEST * evenly)


class Account:
    """A budget as one process sees it.

    It spends only what it holds. A process holds what it has reserved; so the limit is kept whatever the
    processes do, and what a dead one held is lost until the window ends. An account that is not shared holds
    its whole limit from the beginning of each window.
    """

    def __init__(self, limit: int, period: Period, now: float, need: Callable[[], None] | None) -> None:
        """`need` is called when there is little left to spend; None: the account is not shared."""
        self.limit = limit
        self.period = period
        self._need = need
        self._is_asking = False
        self._seen_at = now
        self._ahead: Report | None = None  # what was reserved for the next window
        self._closed: list[Report] = []
        self._ledger = self._open(now)
        horizon = max(REMEMBERED * self._ledger.window.length, SHORTEST_S)
        self._own, self._others = Rate(horizon, now), Rate(horizon, now)

    def chance(self, now: float) -> float:
        """With which probability to take what comes now: 0 only when nothing is held."""
        ledger = self._current(now)
        if ledger.held <= 0:
            self._ask()
            return 0.0
        rate = self._own.at(now) + self._others.at(now)
        return min(1.0, ledger.pace(self.limit, now) / rate) if rate > 0 else 1.0

    def learn(self, now: float, *, is_spent: bool) -> None:
        """A prediction came; whether it was taken at the expense of this budget."""
        ledger = self._ledger
        self._own.add(1, now)
        self._seen_at = now
        ledger.offered += 1
        if is_spent:
            ledger.held -= 1
            ledger.spent += 1
            if ledger.held < self._enough // 2:
                self._ask()

    def reports(self, now: float, ahead_s: float) -> list[Report]:
        """What to ask and tell now; for the next window too when it begins within `ahead_s`."""
        ledger = self._current(now)
        reports, self._closed = self._closed, []
        is_idle = now - self._seen_at > max(IDLE * ledger.window.length, SOON_S)
        self._enough = 0 if is_idle else self._enough_at(now)
        missing = self._enough - ledger.held
        # A little too much is kept, or each round would give and take.
        want = missing if missing > 0 or is_idle or -missing > self._enough + 2 else 0
        if want or ledger.offered > ledger.told_offered:
            reports.append(ledger.report(want))
        if not is_idle and self._ahead is None and ledger.window.end - now < ahead_s:
            reports.append(Report(window_at(self.period, ledger.window.end), self._cushion()))
        return reports

    def settle(self, report: Report, answer: Answer | None, now: float) -> None:
        """What became of a report; None: whether it got through is not known.

        Then nothing is taken for given, and what was given back stays so.
        """
        ledger = self._current(now)
        if report.window == ledger.window:
            if answer is None:
                ledger.told_spent -= report.spent
                ledger.told_offered -= report.offered
                return
            self._others.add(ledger.hear(answer), now)
            self._is_asking = ledger.held <= 0  # nothing is to be had: the next round will see
        elif answer is not None and report.window.start == ledger.window.end:
            self._ahead = Report(report.window, answer.given)

    def close(self, now: float) -> list[Report]:
        """Give back everything."""
        ledger = self._current(now)
        reports, self._closed = [*self._closed, ledger.report(-ledger.held)], []
        if self._ahead is not None:
            reports.append(Report(self._ahead.window, -self._ahead.want))
            self._ahead = None
        return reports

    def _current(self, now: float) -> Ledger:
        ledger = self._ledger
        if ledger.window.start <= now < ledger.window.end:
            return ledger
        if self._need is not None:
            self._closed = [*self._closed[-3:], ledger.report(-ledger.held)]
        self._ledger = self._open(now)
        return self._ledger

    def _open(self, now: float) -> Ledger:
        window = window_at(self.period, now)
        reserved = self._ahead.want if self._ahead is not None and self._ahead.window == window else 0
        self._ahead = None
        self._is_asking = False
        self._enough = self._cushion()
        return Ledger(window, self.limit if self._need is None else reserved, now)

    def _enough_at(self, now: float) -> int:
        """What this process should hold."""
        ledger = self._ledger
        own, others = self._own.at(now), self._others.at(now)
        rest = max(self.limit - ledger.spent_by_all, 0)
        soon = SOON_S * FASTEST * rest / max(ledger.window.end - now, 1.0)
        share = own / (own + others) if own else 1.0
        return min(math.ceil(rest * share) + 1, max(self._cushion(), math.ceil(soon)))

    def _cushion(self) -> int:
        return min(math.ceil(HELD * self.limit) + 2, self.limit)

    def _ask(self) -> None:
        if self._need is not None and not self._is_asking:
            self._is_asking = True
            self._need()
