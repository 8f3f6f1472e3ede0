"""``qkdopt instance info``: what matters, in a planner's units."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from qkdopt.bounds.keyless import keyless_demands
from qkdopt.instance import Instance
from qkdopt.instance.generation import preset_lines, preset_name
from qkdopt.instance.qkd_systems import RATES
from qkdopt.problem import Problem, build_problem
from qkdopt.problem.coefficients import Tables, link_launch_dbm, link_loss_db
from qkdopt.units import dbm_to_w


def info_text(instance: Instance) -> str:
    """Describe network, light, key and demands of an instance."""
    # Nothing below depends on the objective; key objectives need demands that ask for key.
    shared = instance.qkd.key_accounting == "shared"
    problem = build_problem(instance, "link-sum" if shared else "mean")
    tables = problem.tables
    lines = [
        f"{instance.name}  (preset {preset_name(instance) or 'none'}, sha256 "
        f"{instance.sha256()[:12]})",
        *preset_lines(instance),
        *(f"note       {warning}" for warning in instance.warnings()),
        *_network_lines(instance),
        *_light_lines(instance),
        *_in_place_lines(instance),
        *_key_lines(instance, tables),
        *_demand_lines(problem),
        *_link_lines(instance, tables),
    ]
    return "\n".join(lines) + "\n"


def _network_lines(instance: Instance) -> Iterator[str]:
    network = instance.network
    lengths = [link.length_km for link in network.links]
    without = sum(not link.qkd for link in network.links)
    yield (
        f"network    {len(network.nodes)} nodes, {len(lengths)} links of {min(lengths):g} to "
        f"{max(lengths):g} km, {without} without QKD, fibre layout {instance.fibre.layout}"
    )
    for fibre in instance.fibres or ():
        count = sum(link.fibre == fibre.id for link in network.links)
        loss = fibre.loss_db_per_km or instance.fibre.loss_db_per_km
        yield (
            f"fibre      {fibre.id}: {count} links, {loss:g} dB/km, Raman scattering x "
            f"{fibre.raman_ratio:g}, effective area "
            f"{fibre.effective_area_um2 or instance.fibre.effective_area_um2:g} um2"
        )
    if network.source:
        yield f"source     {network.source}"


def _light_lines(instance: Instance) -> Iterator[str]:
    grid, classical, qkd = instance.grid, instance.classical, instance.qkd
    last = grid.frequency_thz(grid.channels - 1)
    yield (
        f"grid       {grid.channels} channels, {grid.first_thz:g} to {last:g} THz every "
        f"{grid.spacing_ghz:g} GHz"
    )
    if classical.launch_dbm is not None:
        product = 1e6 * float(dbm_to_w(classical.launch_dbm)) * qkd.filter_ghz
        yield (
            f"launch     {classical.launch_dbm:g} dBm per channel; power x filter "
            f"{product:.4g} uW GHz (with kappa {instance.fibre.raman_scale:g} this sets the noise)"
        )
    else:
        yield (
            f"launch     {classical.receiver_sensitivity_dbm:g} dBm + loss + "
            f"{classical.margin_db:g} dB at every link, filter {qkd.filter_ghz:g} GHz"
        )
    own = [link.launch_dbm for link in instance.network.links if link.launch_dbm is not None]
    if own:
        yield (
            f"           {len(own)} of {len(instance.network.links)} links have their own: "
            f"{min(own):.2f} to {max(own):.2f} dBm"
        )


def _in_place_lines(instance: Instance) -> Iterator[str]:
    """Yield a line about light in place and one about unavailable channels, where there are any."""
    paths = instance.lightpaths or ()
    kept = [path for path in paths if path.demand is not None]
    if paths:
        movable = sum(path.movable for path in kept)
        limit = "any number" if instance.moves_limit is None else f"at most {instance.moves_limit}"
        yield (
            f"in place   {len(kept)} demands, {len(paths) - len(kept)} foreign lightpaths"
            f"{f'; {movable} demands may move, {limit} of them' if movable else ''}"
        )
    closed = sum(bool(link.unavailable) for link in instance.network.links)
    if closed:
        yield f"           channels of {closed} links are unavailable"


def _key_lines(instance: Instance, tables: Tables) -> Iterator[str]:
    qkd = instance.qkd
    yield (
        f"qkd        {qkd.protocol}, {qkd.decoys} decoys, mu {qkd.mean_photon_number:g}, "
        f"{qkd.repetition_mhz:g} MHz, sifting {qkd.sifting:g}"
    )
    if qkd.surface is not None:
        losses, noises = qkd.surface.losses_db, qkd.surface.noises_per_gate
        yield (
            f"surface    {len(losses)} losses, {losses[0]:g} to {losses[-1]:g} dB, times "
            f"{len(noises)} noises, {noises[0]:g} to {noises[-1]:g} clicks per gate; "
            f"{qkd.surface.source or 'source not given'}"
        )
    yield from _system_lines(instance)
    counts = tables.candidate_count[tables.candidate_count > 0]
    if not len(counts):
        yield "candidates none: no link has QKD"
        return
    free = tables.usable[tables.candidate_count > 0].any(axis=1).sum(axis=1)
    yield (
        f"candidates {counts.min()} to {counts.max()} per link, reserve {qkd.reserve}, "
        f"{free.min()} to {free.max()} channels may be lit, relay {qkd.relay}"
    )
    spacing_ghz = instance.grid.spacing_ghz
    half_ghz = max(qkd.guard_ghz, spacing_ghz) / 2.0
    nearest_ghz = spacing_ghz * math.ceil(half_ghz / spacing_ghz - 1e-9)
    yield (
        f"guard      {qkd.guard_ghz:g} GHz full width around a QKD channel: channels "
        f"{nearest_ghz:g} GHz from one on the grid may be lit"
    )


def _system_lines(instance: Instance) -> Iterator[str]:
    """Yield a line per QKD system that links name, with what it has in place of the network's."""
    for system in instance.qkd_systems or ():
        count = sum(link.qkd_system == system.id for link in instance.network.links)
        given = [
            name if name in RATES else f"{name} {value:g}" if isinstance(value, float)
            else f"{name} {value}"
            for name, value in system.given().items()
        ]  # fmt: skip
        label = f" ({system.label})" if system.label else ""
        yield (
            f"system     {system.id}{label}: {count} links, {', '.join(given) or 'as the network'}"
        )


def _demand_lines(problem: Problem) -> Iterator[str]:
    instance, routes = problem.instance, problem.routes
    lightpaths = sum(demand.channels for demand in instance.demands)
    stranded = sum(not candidates for candidates in routes)
    shortest = "fewest-hop" if instance.routes.order == "hops" else "shortest"
    yield (
        f"demands    {len(routes)} with {lightpaths} lightpaths, {instance.routes.k} {shortest} "
        f"routes each, {stranded} without a route, {len(keyless_demands(problem))} without key in "
        "every plan"
    )
    given = sum(
        bool(instance.routes.given_between(demand.source, demand.target))
        for demand in instance.demands
    )
    if given:
        yield f"routes     {given} demands have the candidate routes that the instance gives"
    if instance.traffic is not None:
        key = instance.traffic.key
        per = "lightpath" if key is not None and key.per == "lightpath" else "request"
        drawn = "" if key is None else f", {key.stated_bps:g} bit/s of key for each {per}"
        yield f"traffic    {instance.traffic.load_erlang:g} erlang for the simulator{drawn}"


def _link_lines(instance: Instance, tables: Tables) -> Iterator[str]:
    """Yield one line per link: the rate with no light, and what one channel costs."""
    width = max(len(link.id) for link in instance.network.links)
    named = any(link.qkd_system for link in instance.network.links)
    yield (
        f"{'link':{width}}     km     dB  launch dBm  dark SKR kbit/s  one lit kbit/s"
        f"{'  QKD system' if named else ''}"
    )
    for e, link in enumerate(instance.network.links):
        text = f"{link.id:{width}} {link.length_km:6.4g} {link_loss_db(instance, link):6.3g}"
        launch = link_launch_dbm(instance, link)
        count = tables.candidate_count[e]
        if not count:
            yield f"{text}  without QKD"
            continue
        eta, floor = tables.transmittance[e, :count], tables.background_noise[e, :count]
        dark = float(tables.skr_bps(e, floor, eta).max())
        reach = np.where(tables.blocks[e, :count].T, np.inf, tables.noise[e, 0, :, :count])
        one = float(
            tables.skr_bps(e, floor + np.max(np.where(np.isinf(reach), 0.0, reach)), eta).max()
        )
        own = f"  {link.qkd_system or '-'}" if named else ""
        yield f"{text}  {launch:10.2f}  {dark / 1e3:15.3f}  {one / 1e3:14.3f}{own}"
