"""Ranking of finalists on fresh requests, paired with a baseline and with the best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qkdopt.channel_sets.criterion import per_request
from qkdopt.channel_sets.paired import bonferroni, jackknife
from qkdopt.channel_sets.placement import Placement, Pool
from qkdopt.channel_sets.race import Comparator
from qkdopt.channel_sets.sums import NO_KEY, OFFERED, SERVED, SKR
from qkdopt.instance import Instance
from qkdopt.simulation import Estimate
from qkdopt.units import FloatArray

if TYPE_CHECKING:
    import pandas as pd


def rank(
    comparator: Comparator,
    finalists: Sequence[Placement],
    blocks: int,
    *,
    instance: Instance,
    pool: Pool,
    origin: dict[Placement, str],
) -> pd.DataFrame:
    """Rank finalists by the criterion on fresh requests.

    Parameters
    ----------
    comparator
        Evaluates and compares the sets.
    finalists
        Sets to rank; the baseline joins them.
    blocks
        Number of blocks of the ranking.
    instance, pool
        Network, and channels that sets are numbers of.
    origin
        Method that first proposed each set.

    Returns
    -------
    DataFrame
        One row a set, the best first. Rates are weighted means over scenarios [bit/s];
        ``paired_gain_percent`` (+- ``paired_ci95``) and ``loss_to_best_percent`` compare by the
        criterion, whose own value is ``criterion``. ``verdict`` is ``above``, ``below`` or ``not
        significant`` against the baseline, and ``as_good_as_best`` is True where a set is not
        significantly below the best; each holds for all rows together with 95 %. Gains over a
        baseline without key are empty.
    """
    import pandas as pd

    placements = list(dict.fromkeys([*finalists, comparator.baseline]))
    comparator.evaluations.extend(placements, blocks, f"ranking {len(placements)} sets", "ranking")
    placements.sort(key=lambda placement: -comparator.value(placement, blocks, "ranking"))
    rows = [
        {
            "rank": number + 1,
            "name": pool.title(placement),
            "channels": pool.spelled(placement, instance),
            "receivers": placement.receivers(instance),
            "found_by": origin.get(placement, "baseline"),
            **_measures(comparator, placement, blocks),
            **_compared(comparator, placement, placements[0], blocks, len(placements) - 1),
        }
        for number, placement in enumerate(placements)
    ]
    table = pd.DataFrame(rows)
    table.insert(len(table.columns), "placement", placements)
    return table


def _measures(comparator: Comparator, placement: Placement, blocks: int) -> dict[str, Any]:
    sums = comparator.evaluations.sums(placement, blocks, "ranking")

    def weighted(above: int, below: int) -> Estimate:
        def statistic(part: FloatArray) -> FloatArray:
            under = part[..., below]
            shares = np.divide(part[..., above], under, out=np.zeros_like(under), where=under > 0.0)
            return np.asarray(shares @ comparator.weights)

        return jackknife(statistic, sums)

    requests = jackknife(lambda part: per_request(part) @ comparator.weights, sums)
    served, share = weighted(SKR, SERVED), weighted(SERVED, OFFERED)
    assert share.value is not None  # requests were offered
    return {
        "mean_skr_bps": served.value,
        "mean_skr_bps_ci95": served.ci95,
        "mean_skr_per_request_bps": requests.value,
        "ci95": requests.ci95,
        "blocking": 1.0 - share.value,
        "blocking_ci95": share.ci95,
        "outage": weighted(NO_KEY, SERVED).value,
    }


def _compared(
    comparator: Comparator, placement: Placement, best: Placement, blocks: int, comparisons: int
) -> dict[str, Any]:
    gain = comparator.gain(placement, comparator.baseline, blocks, stream="ranking")
    joint = bonferroni(gain, blocks, comparisons)
    to_best = bonferroni(
        comparator.gain(placement, best, blocks, stream="ranking"), blocks, comparisons
    )
    own = comparator.estimate(placement, blocks, stream="ranking")
    over_no_key = gain.value is None and bool(own.value)
    return {
        "criterion": own.value,
        "criterion_ci95": own.ci95,
        "paired_gain_percent": _percent(gain.value),
        "paired_ci95": _percent(gain.ci95),
        "verdict": (
            "baseline"
            if placement == comparator.baseline
            else "above"
            if over_no_key
            else comparison(joint)
        ),
        "loss_to_best_percent": None if to_best.value is None else -100.0 * to_best.value + 0.0,
        "loss_ci95": _percent(to_best.ci95),
        "as_good_as_best": placement == best or comparison(to_best) != "below",
    }


def comparison(gain: Estimate) -> str:
    """Return ``above``, ``below`` or ``not significant``: the side on which zero is excluded."""
    if gain.value is None or gain.ci95 is None or abs(gain.value) <= gain.ci95:
        return "not significant"
    return "above" if gain.value > 0.0 else "below"


def by_scenario(
    comparator: Comparator, table: pd.DataFrame, titles: Sequence[str], blocks: int
) -> pd.DataFrame:
    """Return key rate per request, blocking and paired gain by set and scenario.

    ``paired_ci95`` and ``verdict`` hold for all scenarios of a set together with 95 %.

    Parameters
    ----------
    comparator
        Has evaluated the sets.
    table
        Ranking of :func:`rank`.
    titles
        Of the scenarios.
    blocks
        Number of blocks of the ranking.
    """
    import pandas as pd

    base = comparator.evaluations.sums(comparator.baseline, blocks, "ranking")
    rows = []
    for _, line in table.iterrows():
        sums = comparator.evaluations.sums(line["placement"], blocks, "ranking")
        for s, title in enumerate(titles):
            scenario_sums, scenario_base = sums[:, s : s + 1], base[:, s : s + 1]
            rate = jackknife(lambda part: per_request(part)[..., 0], scenario_sums)
            key = float(scenario_base[..., SKR].sum()) > 0.0
            gain = (
                jackknife(_quotient, scenario_sums, scenario_base) if key else Estimate(None, None)
            )
            gain = bonferroni(gain, blocks, len(titles))
            offered = float(scenario_sums[..., OFFERED].sum())
            rows.append(
                {
                    "name": line["name"],
                    "scenario": title,
                    "mean_skr_per_request_bps": rate.value,
                    "ci95": rate.ci95,
                    "blocking": 1.0 - float(scenario_sums[..., SERVED].sum()) / offered,
                    "paired_gain_percent": _percent(gain.value),
                    "paired_ci95": _percent(gain.ci95),
                    "verdict": comparison(gain),
                }
            )
    return pd.DataFrame(rows)


def _quotient(sums: FloatArray, base: FloatArray) -> FloatArray:
    above, below = per_request(sums)[..., 0], per_request(base)[..., 0]
    return np.divide(above, below, out=np.ones_like(above), where=below > 0.0) - 1.0


def _percent(value: float | None) -> float | None:
    return None if value is None else 100.0 * value
