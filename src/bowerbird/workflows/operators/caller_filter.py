"""The operator caller-filter."""

from typing import Annotated

from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import PARAMS, Names, invalid
from bowerbird.workflows.operators import Look, Step, operator, telling
from bowerbird.workflows.view import View


@operator("caller-filter", title="Caller Filter", kind="filter")
def caller_filter(
    *,
    allow: Annotated[tuple[str, ...], Names("Users whose predictions are kept; everybody's if empty.")] = (),
    deny: Annotated[tuple[str, ...], Names("Users whose predictions are dropped, even if allowed.")] = (),
) -> Step:
    """Keep the predictions of some callers."""
    if not allow and not deny:
        raise invalid(f"{PARAMS}allow", "expected at least one user in allow or in deny")
    allowed, denied = frozenset(allow), frozenset(deny)

    def step(view: View, draw: Draw) -> View | None:
        caller = view.caller_user_id
        return view if caller not in denied and (not allowed or caller in allowed) else None

    rules = [f"{word} {', '.join(users)}" for word, users in (("allow", allow), ("deny", deny)) if users]
    return telling(step, lambda view: Look(view.caller_user_id, "; ".join(rules)))
