"""The operator budget-sample."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated, NamedTuple

from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import PARAMS, Choice, Names, Number, invalid
from bowerbird.workflows.keys import top_concept
from bowerbird.workflows.operators import Look, Skip, Step, operator
from bowerbird.workflows.pacing import Account
from bowerbird.workflows.periods import Period
from bowerbird.workflows.state import Memory
from bowerbird.workflows.view import View

MOST = 1e9
MOST_ACCOUNTS = 1000
LONGEST_NAME = 200
CALLER, CONCEPT = "caller", "concept"


@operator("budget-sample", title="Budget Sampler", kind="sampler", amounts=["limit"])
def budget_sample(
    *,
    memory: Memory,
    limit: Annotated[float, Number("How many are kept in a period at most.", 1, MOST)],
    period: Annotated[Period, Choice("The period, of the calendar in UTC.", Period)] = Period.DAY,
    per: Annotated[
        tuple[str, ...], Names("A budget for each: caller, concept (the one with the greatest value).", 2)
    ] = (),
) -> Step:
    """Keep a random share that is adapted all the time, so that so many are kept in each period, spread
    evenly over it, and never more, however many processes there are. The share is fixed before the coin, so
    the inclusion probability is known. What comes while the limit is reached, or before anything could be
    reserved for it, has none: it is skipped for the reason "budget", and figures about production do not
    speak for it. Put it last in a workflow: it counts what is kept in the end."""
    if limit != int(limit):
        raise invalid(f"{PARAMS}limit", f"expected a whole number; it is {limit:g}")
    if set(per) - {CALLER, CONCEPT}:
        raise invalid(f"{PARAMS}per", "expected caller, concept or both")
    purse = memory.cell(lambda: Purse(memory, int(limit), period))
    against = f"{limit:,.0f} a {period}" + "".join(f", for each {name}" for name in per)
    return Budgeted(purse, _splitter(per), memory.state.clock, against)


class Purse:
    """The accounts of one node: one for each group, the least recently seen go when there are too many."""

    def __init__(self, memory: Memory, limit: int, period: Period) -> None:
        self.name = f"{memory.collector}\n{memory.node}"
        self._limit = limit
        self._period = period
        self._state = memory.state
        self._accounts: OrderedDict[str, Account] = OrderedDict()

    def account(self, group: str, now: float) -> Account:
        account = self._accounts.get(group)
        if account is None:
            account = Account(self._limit, self._period, now, self._need())
            self._accounts[group] = account
            if len(self._accounts) > MOST_ACCOUNTS:
                self._accounts.popitem(last=False)
        elif len(self._accounts) > 1:
            self._accounts.move_to_end(group)
        return account

    def accounts(self) -> dict[str, Account]:
        """All accounts, each under the name that other processes know it by too."""
        return {f"{self.name}\n{group}": account for group, account in self._accounts.items()}

    def _need(self) -> Callable[[], None] | None:
        state = self._state  # not self: a cell must be gone with the last step that uses it
        return (lambda: state.need()) if state.shares_budgets else None


class _Met(NamedTuple):
    account: Account
    now: float
    p: float
    passed: bool


class Budgeted:
    """π = p: the memo keeps with which p a prediction met an account, and 0 is a chance like any other."""

    def __init__(
        self, purse: Purse, group_of: Callable[[View], str], clock: Callable[[], float], against: str
    ) -> None:
        self._purse = purse
        self._against = against
        self._group_of = group_of
        self._clock = clock

    @property
    def reaches_all(self) -> bool:
        return True

    def __call__(self, view: View, draw: Draw) -> View | None:
        group = self._group_of(view)
        before = view.memo.get((self, group))
        if isinstance(before, _Met):
            account, now, p, _ = before
        else:
            now = self._clock()
            account = self._purse.account(group, now)
            p = account.chance(now)
        passed = draw.coin(p, view.digest)
        view.memo[self] = view.memo[self, group] = _Met(account, now, p, passed)
        return view if passed else None

    def look(self, view: View) -> Look:
        return Look(self._group_of(view).replace("\n", ", "), self._against)

    def why(self, view: View) -> Skip:
        met = view.memo.get(self)
        return "sampled_out" if isinstance(met, _Met) and met.p > 0 else "budget"

    def learn(self, view: View, taken: bool) -> None:
        met = view.memo.get(self)
        if isinstance(met, _Met):
            met.account.learn(met.now, is_spent=taken and met.passed)


def _splitter(per: tuple[str, ...]) -> Callable[[View], str]:
    if not per:
        return lambda view: ""
    if set(per) == {CALLER}:
        return lambda view: view.caller_user_id
    if set(per) == {CONCEPT}:
        return _concept
    return lambda view: f"{view.caller_user_id}\n{_concept(view)}"


def _concept(view: View) -> str:
    """As a name that every store takes: what models call their concepts is their affair."""
    return top_concept(view)[:LONGEST_NAME].replace("\0", " ")
