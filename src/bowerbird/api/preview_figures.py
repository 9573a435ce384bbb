"""The finer figures of a preview: node by node, what could be estimated, budgets and cost."""

from collections.abc import Iterator

from bowerbird.collect.preview import Draft, Preview, Trial
from bowerbird.collect.preview_nodes import OWN
from bowerbird.collect.preview_outlook import Budget, Outlook, budgets, outlook
from bowerbird.proto import bowerbird_v1_pb2 as v1
from bowerbird.store.kinds import stamp


def add_figures(response: v1.CollectorPreviewResponse, draft: Draft, trial: Trial, found: Preview) -> None:
    closely = trial.closely
    response.traced = closely.traced
    response.cost_us = closely.cost_us()
    response.nodes.extend(_nodes(trial, found))
    has_post_queue = bool(draft.collector.post_queue_workflow_id)
    response.outlook.CopyFrom(_outlook(outlook(trial, found, has_post_queue=has_post_queue)))
    response.budgets.extend(_budget(one) for one in budgets(draft.workflow, trial, found))


def _nodes(trial: Trial, found: Preview) -> Iterator[v1.NodeFigures]:
    """Scaled up to all that was recorded, where only a part was traced."""
    closely, caller = trial.closely, trial.skipped["caller"]
    scale = (found.recorded - caller) / closely.traced if closely.traced else 1.0

    def shown(node_id: str, operator: str, reached: int, passed: int) -> v1.NodeFigures:
        return v1.NodeFigures(
            node_id=node_id, operator=operator, reached=round(reached * scale), passed=round(passed * scale)
        )

    if trial.plan.fraction < 1:
        yield shown("", OWN, closely.traced, closely.own_passed)
    for place in closely.places:
        yield shown(place.node_id, place.operator, place.reached, place.passed)


def _outlook(one: Outlook) -> v1.EstimateOutlook:
    return v1.EstimateOutlook(
        inclusion_probability_low=one.low,
        inclusion_probability_high=one.high,
        effective_items_per_day=one.per_day,
        accuracy_half_width=one.half_width,
        days_until_figure=one.days,
        refused=one.refused,
    )


def _budget(one: Budget) -> v1.BudgetFigures:
    limit = one.limit
    shown = v1.BudgetFigures(node_id=limit.node_id, limit=limit.most, period=limit.period, used=one.used)
    if one.full_at is not None:
        shown.full_at.CopyFrom(stamp(one.full_at))
    return shown
