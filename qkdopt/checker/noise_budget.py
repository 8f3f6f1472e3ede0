"""Where the noise of a plan's quantum channels comes from, link by link and channel by channel."""

from __future__ import annotations

from dataclasses import dataclass

from qkdopt.checker.lightpaths import lit_channels
from qkdopt.checker.noise_power import NoisePower, noise_power
from qkdopt.checker.qkd_systems import link_qkd
from qkdopt.checker.rates import LinkRate, link_rates, working_candidate
from qkdopt.instance import Candidate, Instance, Link
from qkdopt.physics import noise
from qkdopt.result import AnyPlan


@dataclass(frozen=True, slots=True)
class ChannelNoise:
    """Noise that one lit channel makes at the working channel of a link.

    Parameters
    ----------
    channel
        Channel of the grid.
    co_propagating
        Whether its light travels with the quantum signal.
    raman_per_gate, crosstalk_per_gate
        Clicks per gate, by Raman scattering and by crosstalk.
    """

    channel: int
    co_propagating: bool
    raman_per_gate: float
    crosstalk_per_gate: float

    @property
    def per_gate(self) -> float:
        """Return the sum of both [clicks per gate]."""
        return self.raman_per_gate + self.crosstalk_per_gate


@dataclass(frozen=True, slots=True)
class LinkNoise:
    """Noise of one link by its sources; all in clicks per gate.

    Parameters
    ----------
    channels
        Noise of every channel lit in the quantum fibre.
    mixing_per_gate, amplifier_per_gate
        Four-wave mixing, and emission of an amplifier.
    dark_per_gate
        Dark counts of both detectors: part of the background yield, not of the noise.
    rate
        Noise, QBER and key rate of the link as it is.
    dark_rate
        The same with no channel lit.
    """

    channels: tuple[ChannelNoise, ...]
    mixing_per_gate: float
    amplifier_per_gate: float
    dark_per_gate: float
    rate: LinkRate
    dark_rate: LinkRate


def noise_budgets(instance: Instance, plan: AnyPlan) -> dict[str, LinkNoise]:
    """Compute the noise of every link with QKD by its sources.

    Parameters
    ----------
    instance
        The instance.
    plan
        A result or a saved plan of it that keeps every rule.

    Examples
    --------
    >>> import qkdopt
    >>> from qkdopt.checker.noise_budget import noise_budgets
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> result = qkdopt.solve(line, strategy="ds-qkd")
    >>> sorted(noise_budgets(line, result))
    ['0-1', '1-2', '2-3']
    """
    lit = lit_channels(instance, plan)
    links = {link.id: link for link in instance.network.links}
    rates = link_rates(instance, plan, lit)
    dark_rates = link_rates(instance, plan, {name: [] for name in links})
    budgets = {}
    for row in plan.qkd:
        link = links[row.link]
        candidate = working_candidate(instance, link, row)
        assert candidate is not None  # the plan keeps every rule
        power = noise_power(instance, link, candidate, lit[link.id])
        budgets[link.id] = _budget(
            instance, link, candidate, power, rates[link.id], dark_rates[link.id]
        )
    return budgets


def _budget(
    instance: Instance,
    link: Link,
    candidate: Candidate,
    power: NoisePower,
    rate: LinkRate,
    dark_rate: LinkRate,
) -> LinkNoise:
    qkd = link_qkd(instance, link)

    def clicks(power_w: float) -> float:
        return float(
            noise.noise_clicks_per_gate(
                power_w,
                instance.candidate_thz(candidate),
                insertion_loss_db=qkd.insertion_loss_db,
                detector_efficiency=qkd.detector_efficiency,
                gate_ps=qkd.gate_ps,
            )
        )

    return LinkNoise(
        channels=tuple(
            ChannelNoise(
                one.channel, one.co_propagating, clicks(one.raman_w), clicks(one.crosstalk_w)
            )
            for one in power.channels
        ),
        mixing_per_gate=clicks(power.mixing_w),
        amplifier_per_gate=clicks(power.amplifier_w),
        dark_per_gate=2.0 * qkd.dark_count_per_gate,
        rate=rate,
        dark_rate=dark_rate,
    )
