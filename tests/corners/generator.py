"""Seeded instances from the corners of what the schema allows, small enough to enumerate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from qkdopt.instance import SCHEMA, Instance
from qkdopt.result import Objective
from tests.corners.enumeration import assignment_count
from tests.corners.light import C_M_S, LinkLight, candidates, centre_thz

Data = dict[str, Any]
Rng = np.random.Generator

MOST_ASSIGNMENTS = 20_000
# An instance that is refused is drawn again with the next sub-seed, so many times at most.
ATTEMPTS = 200
# The same of what is added to a draw.
ADDITIONS = 60
# Those about shared keys are for `tests/corners/shared_keys.py`.
OBJECTIVES: tuple[Objective, ...] = ("mean", "max-min", "link-sum")


@dataclass(frozen=True)
class Corner:
    """One drawn instance.

    Parameters
    ----------
    instance
        Valid, and small enough to enumerate.
    objective
        What its plans are compared by.
    redraws
        How many draws were refused before it.
    """

    instance: Instance
    objective: Objective
    redraws: int


def corner_instance(seed: int) -> tuple[Instance, Objective]:
    """Draw an instance and an objective; the same seed gives the same ones."""
    drawn = draw(seed)
    return drawn.instance, drawn.objective


def draw(seed: int) -> Corner:
    """Draw an instance, and count how often the draw was refused."""
    for attempt in range(ATTEMPTS):
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, attempt])))
        objective: Objective = pick(rng, ("mean", *OBJECTIVES))
        try:
            return Corner(_draw_once(rng, f"corner_{seed}"), objective, attempt)
        except ValidationError:
            continue
    raise RuntimeError(f"seed {seed}: {ATTEMPTS} draws were refused; the generator is at fault")


def drawn_with(
    seed: int,
    first_seed: int,
    add: Callable[[Rng, Corner], tuple[Instance, Objective] | None],
    *,
    base: Callable[[int], Corner] = draw,
    attempts: int = ADDITIONS,
) -> Corner:
    """Draw an instance, and what a kind of corner adds to it, by a generator of its own.

    Draws to which nothing can be added are passed over.

    Parameters
    ----------
    seed, first_seed
        Seed of the kind, and of its first base.
    add
        Returns the instance with an addition, and the objective; None where it makes no difference.
    base
        Draws what is added to.
    attempts
        An addition that is refused, or makes no difference, is drawn again so many times at most.
    """
    redraws = 0
    for step in range(1000):
        drawn = base(first_seed + 1000 * seed + step)
        for attempt in range(attempts):
            sequence = np.random.SeedSequence([seed, step, attempt])
            try:
                found = add(np.random.Generator(np.random.PCG64(sequence)), drawn)
            except ValidationError:
                redraws += 1
                continue
            if found is not None:
                return Corner(*found, redraws)
    raise RuntimeError(f"seed {seed}: nothing can be added; the generator is at fault")


def pick(rng: Rng, values: Any) -> Any:
    """One of the values, each as likely."""
    return values[int(rng.integers(len(values)))]


def valid(data: Data) -> Instance:
    """Validate plain data as a file's."""
    return Instance.model_validate(data, strict=False)


def _draw_once(rng: Rng, name: str) -> Instance:
    data: Data = {
        "schema": SCHEMA,
        "name": name,
        "network": _network(rng),
        "grid": _grid(rng),
        "fibre": _fibre(rng),
        "classical": _classical(rng),
        "qkd": _qkd(rng),
        "routes": {"k": int(rng.integers(1, 6))},
    }
    _add_candidates(rng, data)
    _add_other_noise(rng, data)
    if rng.random() < 0.4:
        _add_rate_table(rng, data)
    if rng.random() < 0.15:
        add_raman_table(rng, data)
    kind = rng.random()
    if kind < 0.7:
        # Four in ten where one channel changes the rate; three where one leaves hardly any.
        tune_launch(rng, data, loud=kind > 0.4)
    data["demands"] = _demands(rng, data)
    if rng.random() < 0.6:
        add_minimum_rates(rng, data)
    return small_enough(rng, data)


# -- the network --------------------------------------------------------------------------


def _network(rng: Rng) -> Data:
    nodes = int(rng.integers(2, 6))
    pairs: list[tuple[int, int]] = []
    if rng.random() < 0.75:
        # A tree first: connected.
        pairs = [(int(rng.integers(n)), n) for n in range(1, nodes)]
    count = max(len(pairs), int(rng.integers(1, 7)))
    while len(pairs) < count:
        a, b = (int(n) for n in rng.choice(nodes, size=2, replace=False))
        pairs.append((a, b))
    name = (lambda n: f"n{n}") if rng.random() < 0.1 else (lambda n: n)
    length = pick(rng, LENGTHS)
    return {
        "nodes": [{"id": name(n)} for n in range(nodes)],
        "links": [_link(rng, number, pair, name, length) for number, pair in enumerate(pairs)],
    }


def _any_length(rng: Rng) -> float:
    return float(10.0 ** rng.uniform(-2.0, np.log10(300.0)))


LENGTHS: tuple[Callable[[Rng], float], ...] = (
    lambda rng: rng.uniform(2.0, 60.0),
    lambda rng: rng.uniform(2.0, 60.0),
    lambda rng: rng.uniform(2.0, 20.0),
    lambda rng: rng.uniform(2.0, 20.0),
    lambda rng: pick(rng, (5.0, 10.0, 20.0)),
    lambda rng: rng.uniform(0.01, 1.0),
    lambda rng: rng.uniform(80.0, 300.0),
    _any_length,
)


def _link(
    rng: Rng,
    number: int,
    pair: tuple[int, int],
    name: Callable[[int], Any],
    length: Callable[[Rng], float],
) -> Data:
    a, b = pair if rng.random() < 0.5 else pair[::-1]
    km = max(0.01, round(float(length(rng)), 3))
    link: Data = {"id": f"{a}-{b}/{number}", "a": name(a), "b": name(b), "length_km": km}
    if rng.random() < 0.5:
        link["qkd_direction"] = pick(rng, ("a->b", "b->a"))
    kind = rng.random()
    if kind < 0.1:
        link["loss_db"] = float(min(100.0, km * pick(rng, (0.011, 0.2, 0.3, 1.0, 5.0))))
    elif kind < 0.2:
        link["loss_db_per_km"] = pick(rng, (0.1, 0.33, 0.5, 1.5))
    if rng.random() < 0.1:
        link["launch_dbm"] = pick(rng, (-60.0, -30.0, -10.0, 0.0, 10.0, 30.0))
    if rng.random() < 0.1:
        link["qkd"] = False
    return link


# -- grid, fibre, light -------------------------------------------------------------------


def _grid(rng: Rng) -> Data:
    return {
        "channels": int(rng.choice([1, 2, 3, 4, 5], p=[0.06, 0.14, 0.3, 0.3, 0.2])),
        "spacing_ghz": pick(rng, (12.5, 25.0, 50.0, 75.0, 100.0, 100.0, 100.0, 200.0)),
        "first_thz": pick(rng, (192.1, 192.1, 193.05, 186.0, 220.0)),
    }


def _fibre(rng: Rng) -> Data:
    fibre: Data = {"layout": pick(rng, ("single", "pair"))}
    if rng.random() < 0.2:
        fibre["raman_profile"] = "hollenbeck-cantrell"
    _sometimes(rng, fibre, 0.25, "raman_scale", (0.01, 0.1, 0.62, 10.0))
    _sometimes(rng, fibre, 0.2, "temperature_k", (200.0, 400.0))
    _sometimes(rng, fibre, 0.15, "effective_area_um2", (20.0, 50.0, 300.0))
    _sometimes(rng, fibre, 0.25, "loss_db_per_km", (0.1, 0.16, 0.33, 1.5))
    return fibre


def _sometimes(rng: Rng, data: Data, share: float, name: str, values: tuple) -> None:
    """Set a field in a share of the draws; its default in the others."""
    if rng.random() < share:
        data[name] = pick(rng, values)


def _classical(rng: Rng) -> Data:
    if rng.random() < 0.2:
        return {
            "receiver_sensitivity_dbm": float(round(rng.uniform(-60.0, -10.0), 2)),
            "margin_db": pick(rng, (0.0, 0.0, 3.0, 40.0)),
        }
    usual = (-60.0, -20.0, -12.4, -10.0, -5.0, 0.0, 10.0, 30.0)
    dbm = pick(rng, usual) if rng.random() < 0.6 else float(rng.uniform(-60.0, 30.0))
    return {"launch_dbm": dbm}


def _add_other_noise(rng: Rng, data: Data) -> None:
    noise: Data = {}
    if rng.random() < 0.2:
        near, far = pick(
            rng,
            ((80.0, 85.0), (25.0, 30.0), (40.0, 60.0), (0.0, 0.0), (100.0, 100.0), (90.0, 70.0)),
        )
        noise["crosstalk"] = {"adjacent_isolation_db": near, "isolation_db": far}
    if rng.random() < 0.2:
        noise["amplifier"] = {
            "gain_db": pick(rng, (0.0, 15.0, 30.0, 100.0)),
            "rejection_db": pick(rng, (0.0, 60.0, 80.0, 100.0, 200.0)),
            "spontaneous_emission_factor": pick(rng, (1.0, 1.5, 20.0)),
        }
    if rng.random() < 0.06:
        noise["four_wave_mixing"] = pick(
            rng, ({}, {"gamma_per_w_km": 20.0}, {"dispersion_ps_nm_km": 0.0})
        )
    if noise:
        data["other_noise"] = noise


# -- the quantum side ---------------------------------------------------------------------


def _qkd(rng: Rng) -> Data:
    qkd: Data = {
        "reserve": pick(rng, ("working", "all")),
        "relay": pick(rng, ("lightpath", "lightpath", "lightpath", "widest")),
        "decoys": pick(rng, ("infinite", "infinite", "vacuum+weak")),
    }
    _sometimes(rng, qkd, 0.2, "mean_photon_number", (0.1, 0.3, 0.9, 2.0))
    _sometimes(rng, qkd, 0.2, "weak_photon_number", (1e-3, 0.01, 0.09))
    _sometimes(rng, qkd, 0.3, "misalignment", (0.0, 0.0, 1e-3, 0.033, 0.033, 0.05, 0.1, 0.49))
    _sometimes(rng, qkd, 0.3, "detector_efficiency", (0.001, 0.01, 0.045, 0.5, 0.9, 1.0))
    _sometimes(rng, qkd, 0.35, "dark_count_per_gate", (0.0, 0.0, 1e-12, 1e-7, 1e-6, 1e-5, 1e-4))
    _sometimes(rng, qkd, 0.3, "gate_ps", (1.0, 10.0, 1e3, 1e4, 1e6))
    _sometimes(rng, qkd, 0.35, "repetition_mhz", (1e-3, 0.1, 50.0, 1e3, 1e5))
    _sometimes(rng, qkd, 0.2, "error_correction_efficiency", (1.0, 1.5, 2.0))
    _sometimes(rng, qkd, 0.25, "sifting", (1e-3, 0.5))
    _sometimes(rng, qkd, 0.25, "insertion_loss_db", (1.0, 3.0, 3.0, 10.0, 30.0))
    _sometimes(rng, qkd, 0.25, "filter_ghz", (0.1, 15.0, 2e3))
    return qkd


def _add_candidates(rng: Rng, data: Data) -> None:
    qkd, spacing = data["qkd"], data["grid"]["spacing_ghz"]
    shares = (0.0, 0.0, 0.75, 1.0, 1.5, 2.0, 2.0, 3.0, 4.0)
    guards = (37.5, 75.0, 100.0, 150.0, 200.0)
    if data["grid"]["channels"] < 4:
        # Wider ones leave hardly any such grid a channel for classical light.
        shares, guards = (0.0, 0.0, 0.75, 1.0, 1.5, 2.0), (37.5, 75.0, 100.0)
    qkd["guard_ghz"] = pick(rng, shares) * spacing if rng.random() < 0.7 else pick(rng, guards)
    qkd["candidates"] = _set(rng, data["grid"])
    for link in data["network"]["links"]:
        if link.get("qkd", True) and rng.random() < 0.15:
            own = _set(rng, data["grid"])
            if own != "all":
                link["candidates"] = own


def _set(rng: Rng, grid: Data) -> Any:
    width = grid["channels"]
    kind = rng.random()
    if width == 1:
        # A channel of the grid would leave none for classical light.
        return [{**_off_grid(rng, grid), "frequency_thz": 228.8}]
    if kind < 0.25:
        return "all"
    if kind < 0.4:
        return [_off_grid(rng, grid) for _ in range(int(rng.integers(1, 3)))]
    size = int(rng.integers(1, min(3, width) + 1))
    chosen: list[Any] = sorted(int(c) for c in rng.choice(width, size=size, replace=False))
    if kind < 0.65:
        chosen.append(_off_grid(rng, grid))
    return chosen


def _off_grid(rng: Rng, grid: Data) -> Data:
    """In the O band, or between and beside the channels of the grid."""
    if rng.random() < 0.4:
        thz = pick(rng, (228.8, 228.8, 231.0, 235.0))
    else:
        steps = int(rng.integers(-2, grid["channels"] + 2)) + pick(rng, (0.25, 0.4, 0.5, 0.5, 0.7))
        thz = round(grid["first_thz"] + steps * grid["spacing_ghz"] * 1e-3, 6)
    candidate: Data = {"frequency_thz": thz}
    if rng.random() < 0.6:
        candidate["loss_db_per_km"] = pick(rng, (0.1, 0.2, 0.33, 0.4, 1.0, 1.5))
    return candidate


# -- measured tables ----------------------------------------------------------------------


def _add_rate_table(rng: Rng, data: Data) -> None:
    """A measured rate: all links then have one loss, and candidates none of their own."""
    first, last = 10.0 ** rng.uniform(-12.0, -6.0), 10.0 ** rng.uniform(-6.0, -3.0)
    inner = np.exp(rng.uniform(np.log(first), np.log(last), size=int(rng.integers(0, 7))))
    noise = apart([first, *sorted(inner), max(last, 2.0 * first)])
    if rng.random() < 0.8:
        noise = [0.0, *noise]
    rates = [float(10.0 ** rng.uniform(2.0, 6.0))]
    for _ in noise[2:]:
        # A plateau, a gentle slope, or a cliff.
        rates.append(rates[-1] * pick(rng, (1.0, 1.0, 0.99, 0.8, 0.5, 0.1, 1e-3)))
    table = {"noise_per_gate": noise, "skr_bps": [*rates, 0.0]}
    if rng.random() < 0.2:
        table = {name: [float(f"{x:.3g}") for x in values] for name, values in table.items()}
    data["qkd"]["skr_table"] = table
    _equal_loss(rng, data)


def apart(noise: list[float]) -> list[float]:
    """Leave out samples less than 2 per cent above the one before."""
    kept = [float(noise[0])]
    for value in noise[1:]:
        if value > 1.02 * kept[-1]:
            kept.append(float(value))
    return kept


def _equal_loss(rng: Rng, data: Data) -> None:
    links = data["network"]["links"]
    longest = max(link["length_km"] for link in links)
    loss_db = min(100.0, longest * pick(rng, (0.011, 0.2, 0.2, 0.33)))
    for link in links:
        link.pop("loss_db_per_km", None)
        link["loss_db"] = float(loss_db)
    sets = [data["qkd"]["candidates"], *(link.get("candidates", ()) for link in links)]
    for candidate in (c for some in sets if some != "all" for c in some):
        if isinstance(candidate, dict):
            candidate.pop("loss_db_per_km", None)


def add_raman_table(rng: Rng, data: Data) -> None:
    """A measured cross-section over the offsets of the grid and all candidates, no more."""
    instance = valid(data)
    channels = [centre_thz(instance, w) for w in range(instance.grid.channels)]
    quantum = [
        centre_thz(instance, c)
        for link in instance.network.links
        for c in (*candidates(instance, link), *_shared(instance))
    ]
    nm = C_M_S * 1e-3
    offsets = [nm / q - nm / w for q in (*quantum, *channels) for w in channels]
    spare = pick(rng, (0.0, 0.1, 5.0))
    ends = min(offsets) - spare, max(offsets) + spare
    if ends[1] - ends[0] < 1e-3:
        ends = ends[0] - 1.0, ends[1] + 1.0
    inner = sorted(rng.uniform(*ends, size=int(rng.integers(0, 5))))
    offset_nm = [float(x) for x in sorted({ends[0], *inner, ends[1]})]
    rho = [float(10.0 ** rng.uniform(-12.0, -7.0)) for _ in offset_nm]
    if rng.random() < 0.3:
        rho[int(rng.integers(len(rho)))] = 0.0
    data["fibre"]["raman_profile"] = {"offset_nm": offset_nm, "rho_per_km_nm": rho}


def _shared(instance: Instance) -> tuple:
    return () if instance.qkd.candidates == "all" else tuple(instance.qkd.candidates)


# -- where the interesting rates are ------------------------------------------------------


def _lights(rng: Rng, instance: Instance) -> LinkLight | None:
    """One link with one of its candidates; None when no link has QKD."""
    links = [link for link in instance.network.links if link.qkd]
    if not links:
        return None
    link = pick(rng, links)
    return LinkLight(instance, link, pick(rng, candidates(instance, link)))


def tune_launch(rng: Rng, data: Data, *, loud: bool) -> None:
    """Set the launch power where one lit channel makes a difference to the rate.

    A loud one drowns it: by up to four decades, as long as the power is one that the schema has.
    """
    data["classical"] = {"launch_dbm": 0.0}
    light = _lights(rng, valid(data))
    if light is None:
        return
    clicks = float(np.median([max(0.0, noise) for noise in light.by_channel.values()]))
    qkd = light.instance.qkd
    if qkd.skr_table is not None:
        known = [noise for noise in qkd.skr_table.noise_per_gate if noise > 0.0]
        low, high = np.log10(known[0]) - 1.0, np.log10(known[-1])
    else:
        signal = qkd.detector_efficiency * 10.0 ** (
            -(light.quantum_db + qkd.insertion_loss_db) / 10.0
        )
        low, high = np.log10(max(signal, 1e-30)) - 3.0, np.log10(max(signal, 1e-30))
    if loud:
        low, high = high, high + 4.0
    if clicks > 0.0:
        dbm = 10.0 * (rng.uniform(low, high) - np.log10(clicks))
        data["classical"]["launch_dbm"] = float(np.clip(dbm, -80.0, 30.0))


# -- demands ------------------------------------------------------------------------------


def _demands(rng: Rng, data: Data) -> list[Data]:
    nodes, width = data["network"]["nodes"], data["grid"]["channels"]
    demands = []
    for r in range(int(rng.choice([0, 1, 2, 3, 4], p=[0.05, 0.2, 0.3, 0.3, 0.15]))):
        source, target = (int(n) for n in rng.choice(len(nodes), size=2, replace=False))
        if demands and rng.random() < 0.25:
            # The same ends again: one class of demands.
            source, target = demands[-1]["ends"]
        demand = {"id": r, "ends": (source, target)}
        demand["source"], demand["target"] = nodes[source]["id"], nodes[target]["id"]
        demand["channels"] = min(width, pick(rng, (1, 1, 1, 1, 2, 3)))
        demands.append(demand)
    for demand in demands:
        del demand["ends"]
    return demands


def add_minimum_rates(rng: Rng, data: Data) -> None:
    """Give some demands a minimum rate: any, or one that a link has with a few channels lit."""
    instance = valid(data)
    for demand in data["demands"]:
        kind = rng.random()
        if kind < 0.2:
            demand["min_skr_bps"] = pick(rng, (0.0, 1e-3, 1.0, 1e3, 1e4, 1e6))
        elif kind < 0.3:
            light = _lights(rng, instance)
            if light is not None:
                demand["min_skr_bps"] = _attainable_bps(rng, light)


def _attainable_bps(rng: Rng, light: LinkLight) -> float:
    """A rate that a link has with a few channels lit."""
    cells = sorted(light.by_channel)
    size = int(rng.integers(0, min(3, len(cells)) + 1))
    lit = frozenset(cells[i] for i in rng.choice(len(cells), size=size, replace=False))
    return light.skr_bps(light.noise(lit))


def small_enough(rng: Rng, data: Data) -> Instance:
    """Take out routes or demands until the assignments can be listed."""
    instance = valid(data)
    while assignment_count(instance) > MOST_ASSIGNMENTS:
        if data["routes"]["k"] > 1 and rng.random() < 0.7:
            data["routes"]["k"] -= 1
        else:
            data["demands"].pop()
        instance = valid(data)
    return instance
