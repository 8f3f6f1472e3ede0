"""The candidate that each link works on, and its key rate there."""

from __future__ import annotations

import math

from qkdopt.physics.compiled_keyrate import key_rate_of
from qkdopt.runtime.compiled import njit_inline, njit_noalloc
from qkdopt.simulation.options import RETUNING
from qkdopt.simulation.state import SWITCHES

ALWAYS = RETUNING.index("always")
ARRIVAL = RETUNING.index("arrival")
THRESHOLD = RETUNING.index("threshold")


@njit_inline
def retune(net, mode, state, e, arrived):
    """Let a link whose light has changed change its candidate, as the policy of retuning says.

    Parameters
    ----------
    net, mode, state
        See :class:`qkdopt.simulation.network.CompiledNetwork`, and ``Mode`` and ``State`` in
        :mod:`qkdopt.simulation.state`; the state changes in place.
    e
        Position of the link; one without candidates is left as it is.
    arrived
        Whether a demand has just been placed over the link: ``arrival`` retunes then alone.
    """
    if net.candidates[e] == 0:
        return
    if mode.retune == ALWAYS or (mode.retune == ARRIVAL and arrived):
        _work_on_best(net, mode, state, e)
    elif mode.retune == THRESHOLD:
        working = state.working[e]
        left = net.threshold * net.dark_skr[e, working]
        if state.blockers[e, working] > 0 or rate_at(net, state, e, working) < left:
            _work_on_best(net, mode, state, e)


@njit_inline
def rate_at(net, state, e, q):
    """Return the key rate [bit/s] of a link were it to work on a candidate.

    Light in the candidate's guard band is not looked at.

    Parameters
    ----------
    net, state
        See :class:`qkdopt.simulation.network.CompiledNetwork` and
        :class:`qkdopt.simulation.state.State`.
    e, q
        Positions of link and candidate.
    """
    return key_rate_of(
        state.noise[e, q], net.transmittance[e, q], net.signal[e, q], net.rate[e], net.table
    )


@njit_inline
def link_skr(net, state, e):
    """Return the key rate of a link [bit/s], computed anew when its light has changed since.

    It is 0 without a working candidate, and where that has light in its guard band or has failed.

    Parameters
    ----------
    net
        See :class:`qkdopt.simulation.network.CompiledNetwork`.
    state
        See :class:`qkdopt.simulation.state.State`; ``skr`` and ``fresh`` change in place.
    e
        Position of the link.
    """
    if state.fresh[e] == 0:
        q = state.working[e]
        state.skr[e] = 0.0
        if q >= 0 and state.blockers[e, q] == 0:
            state.skr[e] = rate_at(net, state, e, q)
        state.fresh[e] = 1
    return state.skr[e]


@njit_inline
def on_curve(net, e, q, noise):
    """Return a tabulated key rate [bit/s], interpolated between its points.

    Parameters
    ----------
    net
        See :class:`qkdopt.simulation.network.CompiledNetwork`.
    e
        Position of the link.
    q
        Column of ``net.curve``: the candidate, or 0 where there is one column.
    noise
        Noise of the candidate [clicks per gate].
    """
    place = noise * net.curve_steps[e, q]
    if place >= net.curve.shape[2] - 1:
        return 0.0
    k = int(place)
    left = net.curve[e, q, k]
    return left + (place - k) * (net.curve[e, q, k + 1] - left)


@njit_inline
def about(net, state, e):
    """Return the key rate of a link by table, and how far that may be off, both [bit/s].

    Both are 0 without a working candidate, and where that has light in its guard band or has
    failed.

    Parameters
    ----------
    net, state
        See :class:`qkdopt.simulation.network.CompiledNetwork` and
        :class:`qkdopt.simulation.state.State`.
    e
        Position of the link.
    """
    q = state.working[e]
    if q < 0 or state.blockers[e, q] > 0:
        return 0.0, 0.0
    column = 0 if net.curve.shape[1] == 1 else q
    return on_curve(net, e, column, state.noise[e, q]), net.curve_error[e, column]


@njit_inline
def _work_on_best(net, mode, state, e):
    """Tune to the legal candidate of highest rate; stay when none is better."""
    working = state.working[e]
    if not net.alike[e]:
        best = _highest_rate(net, state, e)
    elif mode.working_only:
        best = _least_noise(state, e, net.candidates[e])
    else:
        best, least = working, state.noise[e, working]
        for q in range(net.candidates[e]):
            noise = state.noise[e, q]
            if noise < least:
                best, least = q, noise
    if best != working:
        state.working[e] = best
        state.counters[SWITCHES] += 1
        state.fresh[e] = 0


@njit_noalloc
def _least_noise(state, e, candidates):
    """Legal candidate with the least noise; the working one among equals, or without any."""
    best = state.working[e]
    least = state.noise[e, best] if state.blockers[e, best] == 0 else math.inf
    for q in range(candidates):
        if state.blockers[e, q] == 0 and state.noise[e, q] < least:
            best, least = q, state.noise[e, q]
    return best


@njit_noalloc
def _highest_rate(net, state, e):
    """Legal candidate with the highest rate; the working one among equals, or without any."""
    best = state.working[e]
    highest = rate_at(net, state, e, best) if state.blockers[e, best] == 0 else -1.0
    for q in range(net.candidates[e]):
        if state.blockers[e, q] == 0:
            rate = rate_at(net, state, e, q)
            if rate > highest:
                best, highest = q, rate
    return best
