"""A saved plan as a page shows it: every number from the checker, nothing of the run."""

from __future__ import annotations

from qkdopt.checker import check
from qkdopt.checker.in_place import planned_instance
from qkdopt.checker.lightpaths import lit_channels
from qkdopt.checker.numbers import DemandRates, value_of
from qkdopt.checker.rates import LinkRate, demand_rates, link_rates
from qkdopt.errors import RefusedError
from qkdopt.instance import Demand, Instance
from qkdopt.io.environment import environment
from qkdopt.report.facts import Facts
from qkdopt.result import Result, SavedPlan, ServedDemand, WorkingChannel

# In the place of a strategy, which a saved plan does not have.
STRATEGY = "saved plan"


def saved_plan_facts(label: str, instance: Instance, plan: SavedPlan) -> Facts:
    """Recompute a saved plan.

    Parameters
    ----------
    label
        What the page calls the plan.
    instance, plan
        Both belong together.

    Raises
    ------
    RefusedError
        The checker finds a fault: no page shows such a plan.
    """
    report = check(instance, plan)
    if not report.ok:
        raise RefusedError(label, report.faults)
    planned = planned_instance(instance, plan)
    return Facts(label, planned, recomputed_result(planned, plan), report, saved=True)


def recomputed_result(instance: Instance, plan: SavedPlan) -> Result:
    """Return a saved plan with the numbers that the checker computes; no bound and no history.

    Parameters
    ----------
    instance
        The instance.
    plan
        A plan of it that keeps every rule.
    """
    links = link_rates(instance, plan, lit_channels(instance, plan))
    demands = demand_rates(instance, plan, links)
    return Result(
        instance=plan.instance,
        strategy=STRATEGY,
        seed=0,
        threads=1,
        objective=plan.objective,
        status="feasible",
        value=value_of(instance, plan, links, demands),
        bound=None,
        gap=None,
        served_proved=False,
        baseline=None,
        lightpaths=plan.lightpaths,
        qkd=_working_channels(plan, links),
        demands=_outcomes(instance, plan, demands),
        around=plan.around,
        seconds=0.0,
        environment=environment(),
    )


def _working_channels(plan: SavedPlan, links: dict[str, LinkRate]) -> tuple[WorkingChannel, ...]:
    return tuple(
        WorkingChannel(
            link=row.link,
            channel=row.channel,
            frequency_thz=row.frequency_thz,
            noise_per_gate=links[row.link].noise_per_gate,
            qber=links[row.link].qber,
            skr_bps=links[row.link].skr_bps,
        )
        for row in plan.qkd
    )


def _outcomes(instance: Instance, plan: SavedPlan, rates: DemandRates) -> tuple[ServedDemand, ...]:
    """Return what became of each demand; of several bottlenecks the first on its route."""
    links = {path.demand: path.links for path in plan.lightpaths}
    network = [link.id for link in instance.network.links]

    def need(demand: Demand) -> float | None:
        return demand.need_bps if instance.qkd.key_accounting == "shared" else None

    def outcome(demand: Demand) -> ServedDemand:
        if demand.id not in rates:
            return ServedDemand(demand=demand.id, served=False, skr_bps=0.0, need_bps=need(demand))
        rate, bottlenecks = rates[demand.id]
        places = (*links[demand.id], *network)
        first = next((name for name in places if name in bottlenecks), None)
        return ServedDemand(
            demand=demand.id, served=True, skr_bps=rate, bottleneck=first, need_bps=need(demand)
        )

    return tuple(outcome(demand) for demand in instance.demands)
