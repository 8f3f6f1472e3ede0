"""Compiled work on the linear pieces of :mod:`qkdopt.bounds.cuts`: entries, products, room."""

from __future__ import annotations

import numpy as np

from qkdopt.runtime.compiled import njit, njit_inline, njit_noalloc

# In place of a route's number: a path that is none of the listed routes.
UNLISTED = -2


@njit
def add_all(
    blocks, item_start, item_class, route_start, route_item, route_key, class_route, class_count,
    class_channels, level_widths, share, state_value, taken, chosen_state, prices, sigma, limited,
    start, item, own, drawn, filled, level, gram, sigma_slope, constant, weight, state, route,
    last_used, count,
):  # fmt: skip
    """Write the new cut of every block in the last place, and enter it unless it is there."""
    links, latest, new = len(item_start), last_used.max(), weight.shape[1] - 1
    for b in range(blocks):
        constant[b, new], sigma_slope[b, new] = 0.0, 0.0
        state[b, new], route[b, new], filled[b, new] = -1, -1, 0
        level[b, new, :] = 0.0
        if b < links:
            s = chosen_state[b]
            state[b, new], constant[b, new] = s, state_value[s]
            level[b, new, :] = share[s, :]
            filled[b, new] = _link_entries(
                start[b], item_start[b, 0], item_start[b, 2], item_class, class_channels, taken,
                item[new], own[new], drawn[new],
            )  # fmt: skip
        else:
            c = b - links
            p, best = _best_route(
                route_start, route_item, route_key, class_route, class_channels, level_widths, c,
                prices,
            )  # fmt: skip
            if not limited or best > sigma:
                route[b, new] = p
                sigma_slope[b, new] = -float(class_count[c]) if limited else 0.0
                constant[b, new], filled[b, new] = _class_entries(
                    start[b], np.sort(route_item[route_start[p] : route_start[p + 1]]),
                    route_key[p], float(class_count[c]), class_channels[c], level_widths, prices,
                    item[new], own[new], drawn[new], level[b, new],
                )  # fmt: skip
        enter_unless_there(
            b, new, latest, start, item, own, drawn, filled, level, gram, sigma_slope, constant,
            weight, state, route, last_used, count,
        )  # fmt: skip


@njit_inline
def enter_unless_there(
    b, new, latest, start, item, own, drawn, filled, level, gram, sigma_slope, constant, weight,
    state, route, last_used, count,
):  # fmt: skip
    """Enter the cut in place ``new`` of a block unless the block has an equal one."""
    if not _is_there(b, new, start, item, own, filled, level, sigma_slope, constant, state, route,
                     count):  # fmt: skip
        enter(b, new, latest, start, item, own, drawn, filled, level, gram, sigma_slope, constant,
               weight, state, route, last_used, count)  # fmt: skip


@njit_inline
def _link_entries(first, item_first, item_end, item_class, class_channels, taken, item, own, drawn):
    """Write the entries of a link's cut: the lightpaths it takes; return how many."""
    n = 0
    for i in range(item_first, item_end):
        if taken[i] > 0.0:
            item[first + n], own[first + n] = i, taken[i]
            drawn[first + n] = taken[i] / class_channels[item_class[i]]
            n += 1
    return n


@njit_inline
def _class_entries(
    first, items, with_key, demands, channels, level_widths, prices, item, own, drawn, level
):
    """Write the entries of a class's cut: its best route; return its constant and how many."""
    constant = 0.0
    for n in range(len(items)):
        item[first + n], own[first + n] = items[n], -demands * channels
        drawn[first + n] = -demands
    if with_key:
        for j in range(len(level_widths)):
            if _left(level_widths[j], items, prices, j) > 0.0:
                constant += demands * level_widths[j]
                level[j] = 1.0
    return constant, len(items)


@njit_noalloc
def _left(width, items, prices, level):
    """Return what the prices along a route leave of a level's width."""
    for i in items:
        width -= prices[i, 1 + level]
    return width


@njit
def _best_route(
    route_start, route_item, route_key, class_route, class_channels, level_widths, c, prices
):
    """Return the route of class c with the highest reward, and the reward."""
    best, chosen = -np.inf, -1
    for p in range(class_route[c], class_route[c + 1]):
        items = route_item[route_start[p] : route_start[p + 1]]
        reward = 0.0
        for i in items:
            reward -= class_channels[c] * prices[i, 0]
        if route_key[p]:
            for level in range(len(level_widths)):
                reward += max(_left(level_widths[level], items, prices, level), 0.0)
        if reward > best:
            best, chosen = reward, p
    return chosen, best


@njit_noalloc
def _is_there(b, new, start, item, own, filled, level, sigma_slope, constant, state, route, count):
    """Whether a block has a cut equal to that in place ``new``."""
    for k in range(count[b]):
        if (
            state[b, k] != state[b, new] or route[b, k] != route[b, new]
            or constant[b, k] != constant[b, new] or sigma_slope[b, k] != sigma_slope[b, new]
            or filled[b, k] != filled[b, new]
        ):  # fmt: skip
            continue
        same = True
        for j in range(level.shape[2]):
            same = same and level[b, k, j] == level[b, new, j]
        for n in range(start[b], start[b] + filled[b, k]):
            same = same and item[k, n] == item[new, n] and own[k, n] == own[new, n]
        if same:
            return True
    return False


@njit_noalloc
def enter(
    b, new, latest, start, item, own, drawn, filled, level, gram, sigma_slope, constant, weight,
    state, route, last_used, count,
):  # fmt: skip
    """Copy the cut in place ``new`` beyond the others, or over the longest idle one."""
    place = count[b]
    if place == new:
        place = -1
        for k in range(count[b]):
            if weight[b, k] <= 0.0 and (place < 0 or last_used[b, k] < last_used[b, place]):
                place = k
        if place < 0:
            return
    else:
        count[b] += 1
    for n in range(start[b], start[b] + filled[b, new]):
        item[place, n], own[place, n], drawn[place, n] = item[new, n], own[new, n], drawn[new, n]
    for j in range(level.shape[2]):
        level[b, place, j] = level[b, new, j]
    filled[b, place] = filled[b, new]
    constant[b, place], sigma_slope[b, place] = constant[b, new], sigma_slope[b, new]
    state[b, place], route[b, place] = state[b, new], route[b, new]
    weight[b, place] = 1.0 if place == 0 and count[b] == 1 else 0.0
    last_used[b, place] = latest
    for k in range(count[b]):
        gram[b, place, k] = _product(
            b, place, k, start, item, own, drawn, filled, level, sigma_slope
        )
        gram[b, k, place] = gram[b, place, k]


@njit
def fill_gram(start, item, own, drawn, filled, level, sigma_slope, count, gram):
    """Write the inner products of all cuts of every block."""
    for b in range(len(count)):
        for k in range(count[b]):
            for other in range(k + 1):
                gram[b, k, other] = _product(
                    b, k, other, start, item, own, drawn, filled, level, sigma_slope
                )
                gram[b, other, k] = gram[b, k, other]


@njit_noalloc
def _product(b, k, other, start, item, own, drawn, filled, level, sigma_slope):
    """Return the inner product of the slopes of two cuts of a block."""
    levels = 0.0
    for j in range(level.shape[2]):
        levels += level[b, k, j] * level[b, other, j]
    total = sigma_slope[b, k] * sigma_slope[b, other]
    n, n_end = start[b], start[b] + filled[b, k]
    m, m_end = start[b], start[b] + filled[b, other]
    while n < n_end and m < m_end:
        if item[k, n] < item[other, m]:
            n += 1
        elif item[k, n] > item[other, m]:
            m += 1
        else:
            total += own[k, n] * own[other, m] + drawn[k, n] * drawn[other, m] * levels
            n += 1
            m += 1
    return total
