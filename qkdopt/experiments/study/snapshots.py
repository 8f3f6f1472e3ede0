"""Distance of a policy from the best assignment of the demands that it has admitted.

For a snapshot A of active demands, B(A) limits the mean key rate of any assignment of A, with
rearrangement. Sampled over a simulation it bounds the time-average of the policy that produced the
snapshots; of other policies only where none blocks. It does not bound the mean at admission.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qkdopt.bounds.bound import LoadStateBound
from qkdopt.checker import check
from qkdopt.instance import Demand, Instance
from qkdopt.optimize.record import RunRecord, result_of
from qkdopt.problem import Problem, build_problem
from qkdopt.problem.plan import NO_QKD, Plan, assess
from qkdopt.simulation import Estimate, SimulationOptions
from qkdopt.simulation.simulation import default_warmup
from qkdopt.simulation.simulator import Simulator
from qkdopt.simulation.state import ACTIVE
from qkdopt.simulation.statistics import mean
from qkdopt.simulation.tally import COLUMNS, LINK_COLUMNS
from qkdopt.simulation.traffic import poisson_requests, widest_request
from qkdopt.units import FloatArray


@dataclass(frozen=True)
class SnapshotBounds:
    """Mean key rate of each snapshot's active demands, and the bound on it [bit/s]."""

    policy_bps: FloatArray
    bounds_bps: FloatArray
    checked: bool
    """Whether every snapshot passed the independent checker."""

    @property
    def policy(self) -> Estimate:
        """Return the mean over snapshots of the policy's own value [bit/s]."""
        return mean(self.policy_bps)

    @property
    def bound(self) -> Estimate:
        """Return the mean over snapshots of the bound [bit/s]."""
        return mean(self.bounds_bps)

    @property
    def gap(self) -> Estimate:
        """Return the mean of (bound - policy) / bound over snapshots with key."""
        with_key = self.bounds_bps > 0.0
        return mean(1.0 - self.policy_bps[with_key] / self.bounds_bps[with_key])


def snapshot_bounds(
    instance: Instance,
    options: SimulationOptions,
    *,
    load_erlang: float,
    seed: int,
    warmup: int | None,
    every: int,
    count: int,
    nodes: int = 0,
) -> SnapshotBounds:
    """Simulate, take snapshots at equal distances, and bound the rate of their demands.

    Parameters
    ----------
    instance, options, load_erlang, seed
        See :func:`qkdopt.simulation.simulate`.
    warmup
        Requests before the first snapshot's distance is counted; None: the simulator's default.
    every
        Requests between snapshots.
    count
        Number of snapshots; those without active demands are left out.
    nodes
        Branchings of each bound after its root.

    Raises
    ------
    UnsupportedError
        No bound covers the instance's relay.
    """
    simulator = Simulator.begin(
        instance, options, arrivals_per_time=load_erlang, widest_demand=widest_request(instance)
    )
    first = default_warmup(load_erlang) if warmup is None else warmup
    tally = np.zeros(COLUMNS)
    links = np.zeros((len(instance.network.links), LINK_COLUMNS))
    values, bounds, checked = [], [], True
    chunks = poisson_requests(instance, load_erlang, seed, 0, [first] + [every] * count)
    for number, requests in enumerate(chunks):
        simulator.serve(requests, tally, links)
        if number == 0 or simulator.active == 0:
            continue
        problem, plan = snapshot(simulator)
        exact = assess(problem, plan)
        checked = checked and _checks(problem, plan)
        bound = LoadStateBound(problem, exact.served, exact.demand_skr_bps)
        while not bound.closed and bound.nodes <= nodes:
            bound.tighten(exact.objective_bps, 0.0, lambda: False)
        assert bound.objective_bps is not None  # the root always leaves one
        values.append(exact.objective_bps)
        bounds.append(bound.objective_bps)
    return SnapshotBounds(np.array(values), np.array(bounds), checked)


def _checks(problem: Problem, plan: Plan) -> bool:
    result = result_of(problem, plan, None, RunRecord(strategy="snapshot"))
    return check(problem.instance, result).faults == ()


def snapshot(simulator: Simulator) -> tuple[Problem, Plan]:
    """Return the active demands as a static instance, and their lightpaths as a plan."""
    state, net = simulator.state, simulator.net
    nodes = [node.id for node in simulator.instance.network.nodes]
    demands, routes, channels = [], [], []
    # By slot, not by the order of the list, which departures shuffle.
    for number, slot in enumerate(np.sort(state.active_slot[: state.counters[ACTIVE]])):
        route = int(state.slot_route[slot])
        pair = int(np.searchsorted(net.group_route, route, side="right")) - 1
        source, target = divmod(pair, len(nodes))
        lightpath_count = int(state.slot_width[slot])
        lit = net.order[state.slot_position[slot, :lightpath_count]]
        demands.append(
            Demand(id=number, source=nodes[source], target=nodes[target], channels=lightpath_count)
        )
        routes.append(route - int(net.group_route[pair]))
        channels.append(tuple(sorted(int(channel) for channel in lit)))
    instance = simulator.instance.replace(demands=tuple(demands))
    working = np.where(net.candidates > 0, state.working, NO_QKD)
    plan = Plan(tuple(routes), tuple(channels), tuple(int(q) for q in working))
    return build_problem(instance, "mean"), plan
