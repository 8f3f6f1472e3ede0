"""What a simulation found, with intervals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from qkdopt.errors import UsageError
from qkdopt.instance import KeyNeed
from qkdopt.result import Provenance
from qkdopt.simulation import tally as t
from qkdopt.simulation.options import SimulationOptions
from qkdopt.simulation.statistics import Estimate, paired_gain, ratio
from qkdopt.units import FloatArray

if TYPE_CHECKING:
    import pandas as pd

KEY_MEASURES = (
    "key_delivered_share", "key_delivered_bps", "key_needed_bps", "empty_pool_share", "key_blocked",
)  # fmt: skip
# Columns of the table of batches about keys.
KEY_COLUMNS = {
    "key_blocked": t.KEY_BLOCKED,
    "key_needed": t.KEY_NEEDED,
    "key_delivered": t.KEY_DELIVERED,
    "demand_time": t.DEMAND_TIME,
    "empty_pool_time": t.SHORT_TIME,
    "elapsed": t.ELAPSED,
}


@dataclass(frozen=True)
class SimulationOutcome:
    """Batches of one simulation and what follows from them.

    Parameters
    ----------
    instance, instance_sha256, preset
        What was simulated.
    options
        How requests were served.
    load_erlang
        Arrival rate x mean holding time.
    seed, replications
        Of the requests.
    requests, warmup
        Counted requests over all replications, and those left out of each.
    tally
        ``(batches, COLUMNS)``, see :mod:`qkdopt.simulation.tally`.
    links
        ``(batches, E, LINK_COLUMNS)``.
    link_ids, link_qkd
        Names of the links, and whether they have QKD.
    seconds
        Wall time of the simulation, start-up and compilation left out.
    requests_per_second
        Of one core, warm-up included.
    key, mean_holding_s
        What requests asked for, and the seconds that they held on average; None where they took
        part in light only.
    interrupted
        Whether Ctrl-C ended it; what was simulated by then is in the tallies.
    notes
        What a reader must know.
    environment
        Versions and machine.
    provenance
        Options and instance as given; None where they are not known.
    """

    instance: str
    instance_sha256: str
    preset: str | None
    options: SimulationOptions
    load_erlang: float
    seed: int
    replications: int
    requests: int
    warmup: int
    tally: FloatArray
    links: FloatArray
    link_ids: tuple[str, ...]
    link_qkd: tuple[bool, ...]
    seconds: float
    requests_per_second: float
    key: KeyNeed | None = None
    mean_holding_s: float | None = None
    interrupted: bool = False
    notes: tuple[str, ...] = ()
    environment: dict[str, Any] = field(default_factory=dict)
    provenance: Provenance | None = None

    @property
    def mean_skr_bps(self) -> Estimate:
        """End-to-end key rate at admission over served requests (the paper's k_R)."""
        return self._ratio(t.SKR, t.SERVED)

    @property
    def mean_skr_per_request_bps(self) -> Estimate:
        """The same, with 0 for blocked requests."""
        return self._ratio(t.SKR, t.OFFERED)

    @property
    def time_average_skr_bps(self) -> Estimate:
        """Key rate averaged over time and active demands, seen by arrivals (PASTA)."""
        return self._ratio(t.SAMPLED_SKR, t.SAMPLED_DEMANDS)

    @property
    def blocking(self) -> Estimate:
        """Share of requests that found no room."""
        return ratio(self.tally[:, t.OFFERED] - self.tally[:, t.SERVED], self.tally[:, t.OFFERED])

    @property
    def blocking_by_cause(self) -> dict[str, Estimate]:
        """The same by cause."""
        first = t.NO_FREE_CHANNEL
        light: dict[str, Estimate] = {
            cause: self._ratio(first + k, t.OFFERED) for k, cause in enumerate(t.CAUSES)
        }
        return light if self.key is None else light | {"key": self.key_blocked}

    @property
    def key_blocked(self) -> Estimate:
        """Share of requests refused for want of key, though there was light for them."""
        return self._ratio(t.KEY_BLOCKED, t.OFFERED)

    @property
    def key_needed_bps(self) -> Estimate:
        """Key that requests in service asked for in the whole network, averaged over time."""
        return self._ratio(t.KEY_NEEDED, t.ELAPSED)

    @property
    def key_delivered_bps(self) -> Estimate:
        """The same, as far as it was delivered."""
        return self._ratio(t.KEY_DELIVERED, t.ELAPSED)

    @property
    def key_delivered_share(self) -> Estimate:
        """Share of the key asked for that was delivered."""
        return self._ratio(t.KEY_DELIVERED, t.KEY_NEEDED)

    @property
    def empty_pool_share(self) -> Estimate:
        """Share of the time of all requests in which a pool on their route was empty."""
        return self._ratio(t.SHORT_TIME, t.DEMAND_TIME)

    @property
    def outage(self) -> Estimate:
        """Share of served requests without key at admission."""
        return self._ratio(t.NO_KEY, t.SERVED)

    @property
    def switches_per_request(self) -> Estimate:
        """Changes of a link's working candidate, per request."""
        return self._ratio(t.SWITCHED, t.OFFERED)

    @property
    def switches_per_holding_time(self) -> Estimate:
        """The same, in the whole network, per mean holding time."""
        found = self.switches_per_request
        scale = self.load_erlang
        return Estimate(
            None if found.value is None else found.value * scale,
            None if found.ci95 is None else found.ci95 * scale,
        )

    @property
    def moves_per_request(self) -> Estimate:
        """Demands moved by re-placement, per request."""
        return self._ratio(t.MOVED, t.OFFERED)

    def gain_over(self, base: SimulationOutcome, *, per_request: bool = False) -> Estimate:
        """Return the relative gain in mean SKR over a run on the same requests, paired by batch.

        Raises
        ------
        UsageError
            The two runs did not meet the same requests.
        """
        names = ("seed", "replications", "load_erlang", "warmup")
        same = all(getattr(self, name) == getattr(base, name) for name in names)
        # Batches of as many requests each: their number alone is 40 whatever the length.
        if not same or not np.array_equal(self.tally[:, t.OFFERED], base.tally[:, t.OFFERED]):
            raise UsageError("runs of different seed, load, warm-up or length cannot be paired")
        below = t.OFFERED if per_request else t.SERVED
        return paired_gain(
            self.tally[:, t.SKR], self.tally[:, below], base.tally[:, t.SKR], base.tally[:, below]
        )

    def links_frame(self) -> pd.DataFrame:
        """Per link: key rate, QBER, light and share of time without key, over all samples.

        The key rate has its 95 % interval from batches; a link without QKD has no QBER (NaN).
        Where requests ask for key there is also the share of time in which the link's pool was
        empty and more was drawn than its key rate.
        """
        import pandas as pd

        counts = self.tally[:, t.SAMPLES]
        sums = self.links.sum(axis=0) / max(1.0, float(counts.sum()))
        rates = [ratio(self.links[:, e, t.LINK_SKR], counts) for e in range(len(self.link_ids))]
        frame = pd.DataFrame(
            {
                "link": self.link_ids,
                "skr_bps": sums[:, t.LINK_SKR],
                "skr_bps_ci95": np.array([rate.ci95 for rate in rates], dtype=np.float64),
                "qber": np.where(self.link_qkd, sums[:, t.LINK_QBER], np.nan),
                "lightpaths": sums[:, t.LINK_LIGHT],
                "no_key_share": sums[:, t.LINK_NO_KEY],
            }
        )
        if self.key is not None:
            elapsed = max(1e-300, float(self.tally[:, t.ELAPSED].sum()))
            frame["empty_pool_share"] = self.links[:, :, t.LINK_EMPTY].sum(axis=0) / elapsed
        return frame

    def batches_frame(self) -> pd.DataFrame:
        """One row a batch: requests, served, sum of key rates at admission [bit/s].

        Where requests ask for key also those blocked by it, and sums over time: key asked for and
        delivered [bit/s x mean holding times], time of requests and of those beside an empty pool.
        """
        import pandas as pd

        columns = {
            "requests": t.OFFERED, "served": t.SERVED, "skr_sum_bps": t.SKR, "no_key": t.NO_KEY,
        }  # fmt: skip
        if self.key is not None:
            columns |= KEY_COLUMNS
        return pd.DataFrame({name: self.tally[:, k] for name, k in columns.items()})

    def to_json_dict(self) -> dict[str, Any]:
        """Plain data, with the names that users script against."""
        o = self.options
        return {
            "schema": "qkdopt/simulation/1",
            "instance": self.instance,
            "sha256": self.instance_sha256,
            "preset": self.preset,
            "strategy": o.strategy,
            "order": o.order,
            "policy": o.policy if o.strategy == "ds-qkd-synergistic" else None,
            "replacements": o.replacements,
            "retune": "never" if o.strategy == "fixed" else o.retune,
            "threshold": o.threshold if o.retune == "threshold" else None,
            "load_erlang": self.load_erlang,
            "seed": self.seed,
            "replications": self.replications,
            "requests": self.requests,
            "warmup": self.warmup,
            "mean_skr_bps": _plain(self.mean_skr_bps),
            "mean_skr_per_request_bps": _plain(self.mean_skr_per_request_bps),
            "time_average_skr_bps": _plain(self.time_average_skr_bps),
            "blocking": _plain(self.blocking),
            "blocking_by_cause": {k: _plain(v) for k, v in self.blocking_by_cause.items()},
            "outage": _plain(self.outage),
            "switches_per_request": _plain(self.switches_per_request),
            "switches_per_holding_time": _plain(self.switches_per_holding_time),
            "moves_per_request": _plain(self.moves_per_request),
            **self._key_dict(),
            "links": [
                {name: None if value != value else value for name, value in link.items()}  # noqa: PLR0124
                for link in self.links_frame().to_dict("records")
            ],
            "interrupted": self.interrupted,
            "notes": list(self.notes),
            "seconds": self.seconds,
            "requests_per_second": self.requests_per_second,
            "environment": self.environment,
            **({} if self.provenance is None else {"provenance": self.provenance.model_dump()}),
        }

    def _key_dict(self) -> dict[str, Any]:
        """Plain data about keys; nothing where requests take part in light only."""
        if self.key is None:
            return {}
        return {
            "key_need_bps": self.key.stated_bps,
            "key_per": "lightpath" if self.key.per == "lightpath" else "request",
            "mean_holding_s": self.mean_holding_s,
            "admission": self.options.admission,
            "bridge_s": self.options.bridge_s,
            **{name: _plain(getattr(self, name)) for name in KEY_MEASURES},
        }

    def _ratio(self, above: int, below: int) -> Estimate:
        return ratio(np.asarray(self.tally[:, above]), np.asarray(self.tally[:, below]))


def _plain(estimate: Estimate) -> dict[str, float | None]:
    return {"value": estimate.value, "ci95": estimate.ci95}
