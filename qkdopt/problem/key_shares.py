r"""What every demand gets of the links' keys when all draw at once (``docs/shared_keys.md``).

Given the lightpaths and so the key rates :math:`k_e` of the links, and needs :math:`d_r`:

.. math:: \sum_{r:\, e \in p(r)} u_r \le k_e, \qquad u_r \ge 0

``key-factor`` and plans that are not about keys get max-min fair shares in proportion to the needs;
``key-delivered`` the most key of :math:`\sum_r u_r` with :math:`u_r \le d_r`; ``key-served`` the
most weight of demands with :math:`u_r = d_r`, then the most key. With ``relay = flow`` the key of a
demand may take several paths over any nodes (:mod:`qkdopt.problem.key_flows`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from qkdopt.instance import Instance
from qkdopt.problem.coefficients import BoolArray
from qkdopt.result.fair_shares import fair_shares
from qkdopt.units import FloatArray

KEY_OBJECTIVES = ("key-factor", "key-delivered", "key-served")
# A demand is met by this share of its need: what a linear program's tolerance may take from it.
MET = 1.0 - 1e-6
# A step is looked for where weights are whole multiples of one part in so many, and known where all
# of them together are no more steps than that.
MOST_PARTS, MOST_STEPS = 1_000, 1e6
# Most seconds in which the best choice of demands to be met is looked for, for one plan.
CHOICE_SECONDS = 5.0


@dataclass(frozen=True)
class Needs:
    """What the demands of an instance ask for.

    Parameters
    ----------
    rate_bps
        ``(R,)`` key that each demand asks for [bit/s]; 0 where it asks for none.
    weight
        ``(R,)`` what meeting it is worth; 0 where it asks for none.
    """

    rate_bps: FloatArray
    weight: FloatArray

    @classmethod
    def of(cls, instance: Instance) -> Needs:
        """Collect the needs of an instance."""
        rate_bps = np.array([demand.need_bps for demand in instance.demands], dtype=np.float64)
        weight = [0.0 if d.key is None else d.key.weight for d in instance.demands]
        return cls(rate_bps, np.array(weight, dtype=np.float64))

    @cached_property
    def total_bps(self) -> float:
        """Sum of all needs [bit/s]."""
        return float(self.rate_bps.sum())

    @property
    def shares(self) -> FloatArray:
        """``(R,)`` in what proportion demands share: by need, or equally where none is given."""
        return self.rate_bps if self.rate_bps.any() else np.ones(len(self.rate_bps))

    @cached_property
    def step_bps(self) -> float:
        """Values of ``key-served`` are whole multiples of this [bit/s]; 0 where none is known.

        Every weight is a whole multiple of the largest number of which all are.
        """
        weights = [float(w) for w in set(self.weight) if w]
        exact = [Fraction(weight).limit_denominator(MOST_PARTS) for weight in weights]
        if not exact or [float(part) for part in exact] != weights:
            return 0.0
        parts = math.lcm(*(part.denominator for part in exact))
        largest = math.gcd(*(int(part * parts) for part in exact)) / parts
        steps = float(self.weight.sum()) / largest
        # Of more, rounding might count one too few.
        return self.total_bps / steps if steps <= MOST_STEPS else 0.0

    def met(self, given_bps: FloatArray) -> BoolArray:
        """``(R,)`` whether each demand that asks for key has all of it."""
        return np.asarray((self.rate_bps > 0.0) & (given_bps >= MET * self.rate_bps))

    def objective_bps(self, objective: str, given_bps: FloatArray, served: BoolArray) -> float:
        """Value of a key objective [bit/s]: a share of all needs, times their sum.

        Parameters
        ----------
        objective
            One of ``KEY_OBJECTIVES``: the share is the least factor, the key delivered, or the
            weight of the needs that are met.
        given_bps
            ``(R,)`` key of each demand [bit/s].
        served
            ``(R,)`` which demands have lightpaths: the factor is over those that ask for key.
        """
        if objective == "key-delivered":
            return float(np.minimum(given_bps, self.rate_bps).sum())
        if objective == "key-served":
            weight = float(self.weight.sum())
            return self.total_bps * float(self.weight[self.met(given_bps)].sum()) / weight
        asking = served & (self.rate_bps > 0.0)
        factors = given_bps[asking] / self.rate_bps[asking]
        return self.total_bps * float(factors.min(initial=np.inf)) if len(factors) else 0.0


def most_delivered(
    crosses: csr_array, rate_bps: FloatArray, need_bps: FloatArray, least_bps: FloatArray
) -> FloatArray:
    """``(R,)`` key of each demand [bit/s] whose sum is the most: a linear program.

    Parameters
    ----------
    crosses
        ``(E, R)`` 1 where the key of a demand is relayed over a link.
    rate_bps
        ``(E,)`` key rate of each link [bit/s].
    need_bps, least_bps
        ``(R,)`` most and least key of each demand [bit/s].
    """
    scale = max(1.0, float(need_bps.max(initial=0.0)))
    limit = LinearConstraint(crosses, ub=rate_bps / scale)
    found = milp(
        -np.ones(len(need_bps)),
        constraints=limit,
        bounds=Bounds(least_bps / scale, need_bps / scale),
    )
    if found.x is None:
        return least_bps
    return within_links(crosses, rate_bps, np.clip(found.x * scale, least_bps, need_bps))


def most_met(
    crosses: csr_array, rate_bps: FloatArray, need_bps: FloatArray, weight: FloatArray
) -> BoolArray:
    """``(R,)`` which demands get their whole need, so that their weight is the most.

    An integer program, from the most valuable to the least where its time runs out.

    Parameters
    ----------
    crosses
        ``(E, R)`` 1 where the key of a demand is relayed over a link.
    rate_bps
        ``(E,)`` key rate of each link [bit/s].
    need_bps, weight
        ``(R,)`` need of each demand [bit/s], 0 where it can have none, and what meeting it is
        worth.
    """
    asking = need_bps > 0.0
    if not asking.any():
        return np.zeros(len(need_bps), dtype=np.bool_)
    scale = float(need_bps.max())
    drawn = crosses.multiply(need_bps / scale).tocsr()
    found = milp(
        -weight,
        constraints=LinearConstraint(drawn, ub=rate_bps / scale),
        bounds=Bounds(0.0, asking.astype(np.float64)),
        integrality=np.ones(len(need_bps)),
        options={"time_limit": CHOICE_SECONDS, "mip_rel_gap": 0.0},
    )
    chosen = np.zeros(len(need_bps)) if found.x is None else found.x
    # Rounded to whole demands, the most valuable first, none beyond what a link has.
    met = np.zeros(len(need_bps), dtype=np.bool_)
    left = rate_bps.copy()
    for r in np.lexsort((-weight, -np.round(chosen))):
        links = crosses[:, [r]].nonzero()[0]
        if asking[r] and (left[links] >= need_bps[r]).all():
            met[r] = True
            left[links] -= need_bps[r]
    return met


def within_links(crosses: csr_array, rate_bps: FloatArray, given_bps: FloatArray) -> FloatArray:
    """``(R,)`` key of each demand, lowered where a solver's tolerance exceeds a link's key.

    Parameters
    ----------
    crosses
        ``(E, R)`` 1 where the key of a demand is relayed over a link.
    rate_bps
        ``(E,)`` key rate of each link [bit/s].
    given_bps
        ``(R,)`` key of each demand before [bit/s].
    """
    drawn = crosses @ given_bps
    over = np.divide(rate_bps, drawn, out=np.ones_like(drawn), where=drawn > rate_bps)
    factor = np.ones(len(given_bps))
    for e in np.flatnonzero(over < 1.0):
        members = crosses[[e], :].nonzero()[1]
        factor[members] = np.minimum(factor[members], over[e])
    return given_bps * factor


def shares_on_routes(
    objective: str,
    needs: Needs,
    served: BoolArray,
    crosses: csr_array,
    rate_bps: FloatArray,
) -> FloatArray:
    """``(R,)`` what each demand gets [bit/s], its key on its own route, for an objective.

    Parameters
    ----------
    objective
        What counts: one of ``KEY_OBJECTIVES`` settles who gets how much; others share fairly.
    needs
        What is asked for.
    served
        ``(R,)`` which demands have lightpaths: others get nothing.
    crosses
        ``(E, R)`` 1 where the key of a demand is relayed over a link.
    rate_bps
        ``(E,)`` key rate of each link [bit/s].
    """
    if objective not in ("key-delivered", "key-served"):
        return fair_shares(crosses, rate_bps, np.where(served, needs.shares, 0.0))
    need = np.where(served, needs.rate_bps, 0.0)
    least = np.zeros(len(need))
    if objective == "key-served":
        least = np.where(most_met(crosses, rate_bps, need, needs.weight), need, 0.0)
    return most_delivered(crosses, rate_bps, need, least)


__all__ = [
    "KEY_OBJECTIVES",
    "MET",
    "Needs",
    "most_delivered",
    "most_met",
    "shares_on_routes",
    "within_links",
]
