"""What survives degradations, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qkdopt.simulation import failure_state as d
from qkdopt.simulation.events import EventOptions
from qkdopt.simulation.options import SimulationOptions
from qkdopt.simulation.outcome import SimulationOutcome
from qkdopt.simulation.statistics import Estimate, ratio
from qkdopt.simulation.tally import SAMPLED_SKR
from qkdopt.units import FloatArray

# With events in fewer batches than this nothing is said about the spread between them.
FEWEST_BATCHES = 10
ROUND_OFF = 1e-12


@dataclass(frozen=True)
class Survival:
    """Batches of one simulation with events, and of the same requests without.

    A demand that an event leaves without light counts with no key. Sums over demands and events
    are divided by each other: an event that meets more key weighs more. Intervals are those of a
    ratio over batches; None where fewer than :data:`FEWEST_BATCHES` batches have anything to
    divide by, or where all of them agree to the last digit (no demand is affected, or every one):
    batches that do not spread say nothing about how wide the truth may lie.

    Parameters
    ----------
    options, events
        How requests are served, and what happens.
    healthy
        The same requests without events.
    tally
        ``(batches, COLUMNS)``, see :mod:`qkdopt.simulation.tally`.
    failed
        ``(batches, EVENT_COLUMNS)``, see :mod:`qkdopt.simulation.failure_state`.
    """

    options: SimulationOptions
    events: EventOptions
    healthy: SimulationOutcome
    tally: FloatArray
    failed: FloatArray

    @property
    def event_count(self) -> int:
        """Events after the warm-up."""
        return int(self.failed[:, d.HIT].sum())

    @property
    def before_bps(self) -> Estimate:
        """Key rate of the demands active just before an event, mean over them."""
        return self._ratio(d.BEFORE, d.DEMANDS)

    @property
    def after_bps(self) -> Estimate:
        """Key rate left to the same demands after the reaction."""
        return self._ratio(d.AFTER, d.DEMANDS)

    @property
    def survived_at_event(self) -> Estimate:
        """Share of the key rate just before that is left before any reaction."""
        return self._ratio(d.AT_EVENT, d.BEFORE)

    @property
    def survived_after_reaction(self) -> Estimate:
        """Share of the key rate just before that is left once the network has reacted."""
        return self._ratio(d.AFTER, d.BEFORE)

    @property
    def affected(self) -> Estimate:
        """Share of demands whose key rate the event lowers, before any reaction."""
        return self._ratio(d.AFFECTED, d.DEMANDS)

    @property
    def affected_survived_at_event(self) -> Estimate:
        """The same as ``survived_at_event``, over affected demands."""
        return self._ratio(d.AFFECTED_AT_EVENT, d.AFFECTED_BEFORE)

    @property
    def affected_survived_after_reaction(self) -> Estimate:
        """The same as ``survived_after_reaction``, over affected demands."""
        return self._ratio(d.AFFECTED_AFTER, d.AFFECTED_BEFORE)

    @property
    def affected_with_key(self) -> Estimate:
        """Share of affected demands with any key after the reaction."""
        return self._ratio(d.AFFECTED_WITH_KEY, d.AFFECTED)

    @property
    def outage(self) -> Estimate:
        """Share of the demands active just before without key after the reaction."""
        return self._ratio(d.WITHOUT_KEY, d.DEMANDS)

    @property
    def restored(self) -> Estimate:
        """Share of demands torn down that found room again; none where nothing is torn down."""
        return self._ratio(d.RESTORED, d.TORN)

    @property
    def time_average_survived(self) -> Estimate:
        """Key rate of all active demands averaged over time, over that without events.

        Paired by batch on the same requests; includes what events keep from being served.
        """
        healthy = np.asarray(self.healthy.tally[:, SAMPLED_SKR])
        # Batches without an event have a share too, of all: they do not count as seen.
        seen = int(np.count_nonzero(self.failed[:, d.HIT]))
        return _with_few(ratio(np.asarray(self.tally[:, SAMPLED_SKR]), healthy), seen)

    def _ratio(self, above: int, below: int) -> Estimate:
        denominator = np.asarray(self.failed[:, below])
        found = ratio(np.asarray(self.failed[:, above]), denominator)
        return _with_few(found, int(np.count_nonzero(denominator)))


def _with_few(found: Estimate, batches: int) -> Estimate:
    """Return an estimate without its interval where that would say more than is known."""
    if found.value is None or found.ci95 is None:
        return found
    alike = found.ci95 <= ROUND_OFF * abs(found.value)
    return Estimate(found.value, None) if alike or batches < FEWEST_BATCHES else found
