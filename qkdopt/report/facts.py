"""Everything that the page of one result is made of, recomputed by the checker."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from qkdopt.checker import CheckReport, check
from qkdopt.checker.lightpaths import Lit, lit_channels
from qkdopt.checker.noise_budget import LinkNoise, noise_budgets
from qkdopt.checker.rates import working_candidate
from qkdopt.errors import RefusedError
from qkdopt.instance import Candidate, Demand, Instance, Link, NodeId
from qkdopt.problem.routes import Route, RouteFinder
from qkdopt.report.text import shortened
from qkdopt.result import Lightpath, Result, ServedDemand, WorkingChannel


@dataclass(frozen=True)
class Facts:
    """One result beside its instance.

    Parameters
    ----------
    label
        What the page calls the result.
    instance, result
        Both belong together; the result has no fault.
    report
        What the checker recomputed.
    saved
        Whether the result is a saved plan: it has no bound, no history and no run.
    """

    label: str
    instance: Instance
    result: Result
    report: CheckReport
    saved: bool = False

    @cached_property
    def budgets(self) -> dict[str, LinkNoise]:
        """Noise of every link with QKD by its sources; empty without a plan."""
        return noise_budgets(self.instance, self.result) if self.result.value else {}

    @cached_property
    def lit(self) -> Lit:
        """Lit channels by link, and whether each travels a -> b."""
        return lit_channels(self.instance, self.result)

    @cached_property
    def links(self) -> dict[str, Link]:
        """Links by id."""
        return {link.id: link for link in self.instance.network.links}

    @cached_property
    def demands(self) -> dict[NodeId, Demand]:
        """Demands by id."""
        return {demand.id: demand for demand in self.instance.demands}

    @cached_property
    def lightpaths(self) -> dict[NodeId, Lightpath]:
        """Lightpaths by demand."""
        return {path.demand: path for path in self.result.lightpaths}

    @cached_property
    def outcomes(self) -> dict[NodeId, ServedDemand]:
        """What became of each demand."""
        return {row.demand: row for row in self.result.demands}

    @cached_property
    def working(self) -> dict[str, WorkingChannel]:
        """Working channel of each link with QKD."""
        return {row.link: row for row in self.result.qkd}

    @cached_property
    def _route_finder(self) -> RouteFinder:
        return RouteFinder(self.instance)

    def routes_of(self, demand: Demand) -> tuple[Route, ...]:
        """Return the candidate routes of a demand."""
        return self._route_finder.shortest(demand.source, demand.target, self.instance.routes.k)

    @cached_property
    def crossing(self) -> Counter[str]:
        """How many served demands cross each link."""
        return Counter(name for path in self.result.lightpaths for name in path.links)

    @cached_property
    def node_names(self) -> dict[NodeId, str]:
        """Label of each node, or its id where it has none."""
        return {node.id: shortened(node.label or node.id) for node in self.instance.network.nodes}

    def working_candidate(self, link: Link) -> Candidate | None:
        """Return the candidate that a link works on; None without QKD."""
        row = self.working.get(link.id)
        return None if row is None else working_candidate(self.instance, link, row)

    def shared_skr_bps(self, demand: NodeId) -> float | None:
        """Return a demand's key rate when all draw at once, in max-min fair shares [bit/s].

        None where the demand is blocked, or where the key may leave the lightpath's route.
        """
        if self.instance.qkd.relay != "lightpath":
            return None
        return self._fair_shares.get(demand)

    @cached_property
    def _fair_shares(self) -> dict[NodeId, float]:
        return self.result.fair_shares_bps()

    @property
    def shares_keys(self) -> bool:
        """Whether key rates of demands are what they get when all draw at once."""
        return self.instance.qkd.key_accounting == "shared"


def checked_facts(label: str, instance: Instance, result: Result) -> Facts:
    """Recompute a result.

    Parameters
    ----------
    label
        Name of the result on the page.
    instance
        Its instance.
    result
        The result.

    Raises
    ------
    RefusedError
        The checker finds a fault: no page shows such numbers.
    """
    if result.value is None and not (result.lightpaths or result.qkd):
        # Without a plan there is no number to recompute.
        return Facts(label, instance, result, CheckReport(instance=instance.name, faults=()))
    report = check(instance, result)
    if not report.ok:
        raise RefusedError(label, report.faults)
    return Facts(label, instance, result, report)
