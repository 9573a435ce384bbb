"""Why a collector took a recorded prediction, or did not."""

from collections.abc import Sequence
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import Workflow

from bowerbird.collect.inclusion import inclusion
from bowerbird.collect.plans import plan_of
from bowerbird.collect.recorded import Entry
from bowerbird.collect.roster import Known
from bowerbird.errors import ApiError
from bowerbird.store.kinds import seconds
from bowerbird.workflows.operators import Learner
from bowerbird.workflows.plan import Decision
from bowerbird.workflows.relations import Relations
from bowerbird.workflows.state import State
from bowerbird.workflows.trace import Traced, trace
from bowerbird.workflows.view import View


@dataclass(frozen=True, slots=True)
class Why:
    """What a collector did with a prediction, and what its rule says of it now, step by step."""

    taken: bool
    reason: str
    probability: float | None
    steps: Sequence[Traced] = ()
    note: str = ""


def why(collector: Known, workflow: Workflow | None, entry: Entry, relations: Relations | None = None) -> Why:
    """What was done is recorded; why is told by the rule as it is now, which has not met what came before."""
    took = entry.took()
    was_taken = collector.key in took
    source = collector.source
    if source.model_version_id and source.model_version_id != entry.version:
        return Why(was_taken, "version", None, note=f"It watches version {source.model_version_id!r} only.")
    if source.caller_user_id and source.caller_user_id != entry.caller:
        return Why(was_taken, "caller", None, note=f"It collects {source.caller_user_id!r}'s calls only.")
    try:
        if workflow is None and (id := collector.message.pre_queue_workflow_id):
            return Why(was_taken, "error", None, note=f"There is no workflow {id!r} any more.")
        plan = plan_of(collector.message, workflow, collector.name, State(lambda: entry.at), relations)
    except ApiError as error:
        return Why(was_taken, "error", None, note=error.details or error.text())
    view = View.recalled(
        entry.output,
        input=entry.input,
        values=entry.concept_values(),
        caller=entry.caller,
        key=entry.key,
    )
    view.input = entry.input_message().data
    decision, steps = trace(plan, view)
    remembers = any(isinstance(stop.step, Learner) for stop in plan.stops)
    probability = took[collector.key] if was_taken else None if remembers else inclusion(plan, view)
    note = _difference(collector, entry, was_taken, decision, remembers=remembers)
    return Why(was_taken, decision.reason, probability, steps, note)


def culprit(decision: Decision, steps: Sequence[Traced]) -> Traced | None:
    """The last step that dropped the prediction: one that threw a coin if it was sampled out, else one that
    threw none, if there is such a step."""
    dropped = [step for step in steps if step.verdict == "dropped"]
    is_lost = decision.reason == "sampled_out"
    fitting = [step for step in dropped if (step.coin is not None) == is_lost]
    return next(reversed(fitting or dropped), None)


def told(decision: Decision, steps: Sequence[Traced]) -> str:
    """A decision in one line: the reason, and the step that is to blame for it."""
    dropped = culprit(decision, steps)
    reason = decision.reason.replace("_", " ")
    if dropped is None:
        return f"{reason}: {decision.details}" if decision.details else reason
    words = [dropped.operator]
    if dropped.look.value:
        words.append(f"{dropped.look.value}, expected {dropped.look.against}")
    elif dropped.probability is not None:
        words.append(f"coin {dropped.coin:.3f}, probability {dropped.probability:.3g}")
    return f"{reason}: {': '.join(words)}"


def _difference(
    collector: Known, entry: Entry, was_taken: bool, decision: Decision, *, remembers: bool
) -> str:
    """Why what was done then and what the rule says now differ; empty when they do not."""
    if was_taken == decision.taken:
        return ""
    if not was_taken and seconds(collector.message.created_at) > entry.at:
        return "The collector was made after the prediction; now it would take it."
    if not was_taken and not collector.is_active:
        return "The collector is paused; else it would take it."
    if not was_taken and collector.options.shadow:
        return "The collector is in shadow: it decides and counts, but keeps nothing."
    if remembers:
        return "The rule goes by what came before, which is not recorded: here it started afresh."
    if was_taken:
        return "It was taken; by the rule as it is now it would not be."
    return "It was not taken, though by the rule as it is now it would be: the rule or its state was another."
