"""A collector as the tap knows it."""

from dataclasses import dataclass

from bowerbird.collect.roster import Known
from bowerbird.queue import Reason
from bowerbird.workflows.plan import Plan

Tally = dict[Reason, int]  # how many were skipped, by reason, since it was last looked at


@dataclass(frozen=True, slots=True)
class Compiled:
    """A collector, ready to decide. `plan` is None when it cannot: then `broken` says why."""

    key: str
    collector: Known
    version_id: str  # empty: every version
    caller_user_id: str  # empty: every caller
    is_active: bool
    is_shadow: bool
    keeps_outputs: bool
    tally: Tally  # shared by all compilations of the collector
    plan: Plan | None
    broken: str = ""
