"""What two results say of each other: no plan of one instance beats the bound of another.

An optimum lies between the value of a plan and its bound. So where a law says that the optimum of
one instance is no better than that of another, no plan of the first may exceed the bound of the
second, whatever gap is left; and where both are proved, the law is met within that gap.
"""

from __future__ import annotations

from collections.abc import Callable

from qkdopt.instance import Instance
from qkdopt.result import Result

# Sums in another order differ by this much, relatively; a rate is a difference of large terms.
ROUNDING, ROUNDING_BPS, ROUNDING_PER_PULSE = 1e-9, 1e-6, 1e-15

# Objective of a result [bit/s] in the unit in which a law compares.
Worth = Callable[[Result, float], float]


def as_it_is(result: Result, objective_bps: float) -> float:
    """Return an objective as it is."""
    return objective_bps


def beyond(instance: Instance, plan: Result, proof: Result, worth: Worth = as_it_is) -> list[str]:
    """List where a plan beats the proof of a result that has an optimum no worse.

    Parameters
    ----------
    instance
        Either instance: for its pulses.
    plan, proof
        Results of the two instances.
    worth
        In what unit objectives are compared.
    """
    assert plan.value is not None
    assert proof.value is not None
    if proof.bound is None:
        return []  # nothing was proved in time
    faults = []
    if plan.value.served > proof.bound.served:
        faults.append(f"{plan.value.served} served; proved at most {proof.bound.served}")
    limit = proof.bound.objective_bps
    if limit is not None and plan.value.served == proof.value.served:
        value, most = worth(plan, plan.value.objective_bps), worth(proof, limit)
        slack = ROUNDING_BPS + ROUNDING_PER_PULSE * 1e6 * instance.qkd.repetition_mhz
        if value > most * (1.0 + ROUNDING) + slack:
            faults.append(
                f"worth {value:.15g} with {plan.value.served} served; proved at most {most:.15g}"
            )
    return faults


def is_no_better(
    instance: Instance, lesser: Result, greater: Result, worth: Worth = as_it_is
) -> list[str]:
    """List what is wrong where the optimum of one instance is no better than that of another."""
    return beyond(instance, lesser, greater, worth)


def is_equal(
    instance: Instance, first: Result, second: Result, worth: Worth = as_it_is
) -> list[str]:
    """List what is wrong where two instances have one optimum."""
    return beyond(instance, first, second, worth) + beyond(instance, second, first, worth)


def per_need(result: Result, objective_bps: float) -> float:
    """Return an objective about keys as a share of all needs."""
    assert result.value is not None
    needed = result.value.key_needed_bps
    return objective_bps / needed if needed else 0.0
