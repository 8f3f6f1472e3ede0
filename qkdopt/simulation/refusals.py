"""What the simulator refuses, in the same words for everyone who asks it to run."""

from __future__ import annotations

import math

from qkdopt.instance import Instance

FOUR_WAVE_MIXING = (
    "other_noise.four_wave_mixing is on; expected off: the simulator adds the noise of "
    "lightpaths one by one, and four-wave mixing is not a sum over them"
)


SPLIT_RELAY = (
    "qkd.relay = 'flow'; expected 'lightpath': the simulator relays the key of a request along its "
    "own route, and splits none over several paths"
)


def validate_network(instance: Instance) -> list[str]:
    """Return what is wrong with an instance: noise that is no sum over lightpaths, split keys."""
    faults = [] if instance.other_noise.four_wave_mixing is None else [FOUR_WAVE_MIXING]
    return [*faults, *([SPLIT_RELAY] if instance.qkd.relay == "flow" else [])]


def validate_requests(
    *, load_erlang: float | None, requests: int, seed: int, fewest: int = 1
) -> list[str]:
    """Return what is wrong with the requests of a run.

    Parameters
    ----------
    load_erlang
        None where the load is the instance's own, which is in range.
    requests, seed
        Counted requests, and what they are drawn from.
    fewest
        Requests that a run has at least.
    """
    faults = []
    if requests < fewest:
        faults.append(f"requests = {requests}; expected at least {fewest} after the warm-up")
    if seed < 0:
        faults.append(f"seed = {seed}; expected 0 or more")
    if load_erlang is not None and not (load_erlang > 0.0 and math.isfinite(load_erlang)):
        faults.append(f"load = {load_erlang:g} erlang; expected a finite number, more than 0")
    return faults
