"""The ranking: finalists on fresh requests, paired with a baseline and with the best."""

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
    judge: Comparator,
    finalists: Sequence[Placement],
    blocks: int,
    *,
    instance: Instance,
    pool: Pool,
    origin: dict[Placement, str],
) -> pd.DataFrame:
    """Rank finalists by the criterion on fresh requests.

    Returns
    -------
    DataFrame
        One row a set, the best first. Rates are weighted means over scenarios [bit/s];
        ``paired_gain_percent`` (+- ``paired_ci95``) and ``loss_to_best_percent`` compare by the
        criterion, whose own value is ``criterion``. ``verdict`` is ``above``, ``below`` or ``not
        significant`` against the baseline, and ``as_good_as_best`` says that a set is not
        significantly below the best; each holds for all rows together with 95 %. Gains over a
        baseline without key are empty.
    """
    import pandas as pd

    everyone = list(dict.fromkeys([*finalists, judge.baseline]))
    judge.evaluations.extend(everyone, blocks, f"ranking {len(everyone)} sets", "ranking")
    everyone.sort(key=lambda one: -judge.value(one, blocks, "ranking"))
    rows = [
        {
            "rank": number + 1,
            "name": pool.title(one),
            "channels": pool.spelled(one, instance),
            "receivers": one.receivers(instance),
            "found_by": origin.get(one, "baseline"),
            **_measures(judge, one, blocks),
            **_compared(judge, one, everyone[0], blocks, len(everyone) - 1),
        }
        for number, one in enumerate(everyone)
    ]
    table = pd.DataFrame(rows)
    table.insert(len(table.columns), "placement", everyone)
    return table


def _measures(judge: Comparator, one: Placement, blocks: int) -> dict[str, Any]:
    sums = judge.evaluations.sums(one, blocks, "ranking")

    def weighted(above: int, below: int) -> Estimate:
        def statistic(some: FloatArray) -> FloatArray:
            under = some[..., below]
            shares = np.divide(some[..., above], under, out=np.zeros_like(under), where=under > 0.0)
            return np.asarray(shares @ judge.weights)

        return jackknife(statistic, sums)

    requests = jackknife(lambda some: per_request(some) @ judge.weights, sums)
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
    judge: Comparator, one: Placement, best: Placement, blocks: int, comparisons: int
) -> dict[str, Any]:
    gain = judge.gain(one, judge.baseline, blocks, stream="ranking")
    joint = bonferroni(gain, blocks, comparisons)
    behind = bonferroni(judge.gain(one, best, blocks, stream="ranking"), blocks, comparisons)
    own = judge.estimate(one, blocks, stream="ranking")
    against_nothing = gain.value is None and bool(own.value)
    return {
        "criterion": own.value,
        "criterion_ci95": own.ci95,
        "paired_gain_percent": _percent(gain.value),
        "paired_ci95": _percent(gain.ci95),
        "verdict": (
            "baseline" if one == judge.baseline else "above" if against_nothing else verdict(joint)
        ),
        "loss_to_best_percent": None if behind.value is None else -100.0 * behind.value + 0.0,
        "loss_ci95": _percent(behind.ci95),
        "as_good_as_best": one == best or verdict(behind) != "below",
    }


def verdict(gain: Estimate) -> str:
    """Say whether an interval excludes zero, and on which side."""
    if gain.value is None or gain.ci95 is None or abs(gain.value) <= gain.ci95:
        return "not significant"
    return "above" if gain.value > 0.0 else "below"


def by_scenario(
    judge: Comparator, table: pd.DataFrame, titles: Sequence[str], blocks: int
) -> pd.DataFrame:
    """Per set and scenario: key rate per request, blocking, paired gain over the baseline.

    ``paired_ci95`` and ``verdict`` hold for all scenarios of a set together with 95 %.
    """
    import pandas as pd

    base = judge.evaluations.sums(judge.baseline, blocks, "ranking")
    rows = []
    for _, line in table.iterrows():
        sums = judge.evaluations.sums(line["placement"], blocks, "ranking")
        for s, title in enumerate(titles):
            here, there = sums[:, s : s + 1], base[:, s : s + 1]
            rate = jackknife(lambda some: per_request(some)[..., 0], here)
            key = float(there[..., SKR].sum()) > 0.0
            gain = jackknife(_quotient, here, there) if key else Estimate(None, None)
            gain = bonferroni(gain, blocks, len(titles))
            offered = float(here[..., OFFERED].sum())
            rows.append(
                {
                    "name": line["name"],
                    "scenario": title,
                    "mean_skr_per_request_bps": rate.value,
                    "ci95": rate.ci95,
                    "blocking": 1.0 - float(here[..., SERVED].sum()) / offered,
                    "paired_gain_percent": _percent(gain.value),
                    "paired_ci95": _percent(gain.ci95),
                    "verdict": verdict(gain),
                }
            )
    return pd.DataFrame(rows)


def _quotient(here: FloatArray, there: FloatArray) -> FloatArray:
    above, below = per_request(here)[..., 0], per_request(there)[..., 0]
    return np.divide(above, below, out=np.ones_like(above), where=below > 0.0) - 1.0


def _percent(value: float | None) -> float | None:
    return None if value is None else 100.0 * value
