"""Light on and off: occupancy, noise, guard bands, and the candidate each link works on."""

from __future__ import annotations

from qkdopt.compiled import njit
from qkdopt.search.rate import key_rate
from qkdopt.simulate.layout import WORD
from qkdopt.simulate.options import RETUNING
from qkdopt.simulate.state import SWITCHES

ALWAYS = RETUNING.index("always")
ARRIVAL = RETUNING.index("arrival")
THRESHOLD = RETUNING.index("threshold")
NEVER = RETUNING.index("never")


@njit
def switch(net, mode, state, e, side, position, sign):
    """Light (sign 1) or darken (sign -1) a position on one link."""
    bit = 1 << (position % WORD)
    state.free[e, net.fibre[side], position // WORD] ^= bit
    state.usage[position] += sign
    if not mode.keys:
        return
    state.light[e] += sign
    state.fresh[e] = 0
    candidates = net.candidates[e]
    if state.light[e] == 0:
        # A dark link starts again from its floor: round-off does not add up.
        for q in range(candidates):
            state.noise[e, q] = net.floor[e, q]
    else:
        for q in range(candidates):
            state.noise[e, q] += sign * net.noise[e, side, position, q]
    if mode.working_only:
        for q in range(candidates):
            state.blockers[e, q] += sign * net.blocks[e, side, position, q]
        update_receivable(net, mode, state, e)


@njit
def retune(net, mode, state, e, arrived):
    """Let a link whose light has changed change its candidate, as the policy says."""
    if net.candidates[e] == 0:
        return
    if mode.retune == ALWAYS or (mode.retune == ARRIVAL and arrived):
        _work_on_best(net, state, e)
    elif mode.retune == THRESHOLD:
        working = state.working[e]
        left = net.threshold * net.dark_skr[e, working]
        if state.blockers[e, working] > 0 or rate_at(net, state, e, working) < left:
            _work_on_best(net, state, e)


@njit
def rate_at(net, state, e, q):
    """Key rate [bit/s] of a link were it to work on candidate q."""
    return key_rate(state.noise[e, q], net.transmittance[e, q], net.rate, net.table)


@njit
def link_skr(net, state, e):
    """Key rate of a link [bit/s], computed when its light has changed since."""
    if state.fresh[e] == 0:
        q = state.working[e]
        state.skr[e] = 0.0
        if q >= 0 and state.blockers[e, q] == 0:
            state.skr[e] = rate_at(net, state, e, q)
        state.fresh[e] = 1
    return state.skr[e]


@njit
def _work_on_best(net, state, e):
    """Tune to the legal candidate of highest rate; stay when none is better."""
    best = state.working[e]
    legal = state.blockers[e, best] == 0
    if net.alike[e]:
        for q in range(net.candidates[e]):
            if state.blockers[e, q] == 0 and (
                not legal or state.noise[e, q] < state.noise[e, best]
            ):
                best, legal = q, True
    else:
        highest = rate_at(net, state, e, best) if legal else -1.0
        for q in range(net.candidates[e]):
            if state.blockers[e, q] == 0:
                rate = rate_at(net, state, e, q)
                if rate > highest:
                    best, highest = q, rate
    if best != state.working[e]:
        state.working[e] = best
        state.counters[SWITCHES] += 1
        state.fresh[e] = 0


@njit
def update_receivable(net, mode, state, e):
    """Find the positions that leave the link a candidate to work on."""
    words = state.receivable.shape[1]
    if mode.retune == NEVER:
        for k in range(words):
            state.receivable[e, k] = net.outside[e, state.working[e], k]
        return
    for k in range(words):
        state.receivable[e, k] = 0
    for q in range(net.candidates[e]):
        if state.blockers[e, q] > 0:
            continue
        complete = True
        for k in range(words):
            state.receivable[e, k] |= net.outside[e, q, k]
            complete = complete and state.receivable[e, k] == net.full[k]
        if complete:
            return
