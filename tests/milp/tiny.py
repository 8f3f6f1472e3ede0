"""The smallest instance in which every rule of the joint MILP has a row."""

from __future__ import annotations

import re
from pathlib import Path

import pyomo.environ as pyo

from qkdopt.instance import Instance
from qkdopt.milp import constraints, installation, objectives, sets, shared_keys, textbook
from qkdopt.milp.linearise import linearise_links
from qkdopt.milp.strengthen import load_states
from qkdopt.milp.variables import (
    JointModel,
    declare_lightpaths,
    declare_moves,
    declare_rates,
    declare_working,
)
from qkdopt.problem import build_problem
from qkdopt.result.dimensioning import EquipmentPrices

RULES = {
    "one_route": constraints.one_route,
    "channels_of_route": constraints.channels_of_route,
    "one_lightpath": constraints.one_lightpath,
    "one_working": constraints.one_working,
    "one_piece": constraints.one_piece,
    "piece_range": constraints.piece_range,
    "noise_of_link": constraints.noise_of_link,
    "rate_of_link": constraints.rate_of_link,
    "rate_on_route": constraints.rate_on_route,
    "relay_on_lightpath": constraints.relay_on_lightpath,
    "relay_widest": constraints.relay_widest,
    "least_rate": constraints.least_rate,
    "no_slow_link": constraints.no_slow_link,
    "key_where_asked": constraints.key_where_asked,
    "number_served": lambda m: constraints.number_served(m, 1),
    "serves_in_place": constraints.serves_in_place,
    "moved_from_place": constraints.moved_from_place,
    "number_moved": constraints.number_moved,
    "load_states": load_states,
    "no_clash": textbook.no_clash,
    "dark_guard_band": textbook.dark_guard_band,
    "noise_if_working": textbook.noise_if_working,
    "piece_if_chosen": textbook.piece_if_chosen,
    "rate_if_chosen": textbook.rate_if_chosen,
    "relay_if_chosen": textbook.relay_if_chosen,
    "size_of_set": lambda m: sets.size_of_set(m, 2),
    "working_in_set": sets.working_in_set,
    "dark_around_set": sets.dark_around_set,
    "light_where_left": sets.light_where_left,
    "some_channel_left": sets.some_channel_left,
    "another_set": lambda m: sets.another_set(m, [(0, 1), (1, 3)]),
    "key_of_link": shared_keys.key_of_link,
    "key_flows": shared_keys.key_flows,
    "at_most_needed": shared_keys.at_most_needed,
    "delivered": shared_keys.delivered,
    "needs_met": shared_keys.needs_met,
    "least_factor": shared_keys.least_factor,
    "installed_candidate": installation.installed_candidate,
    "site_of_link": installation.site_of_link,
    "needs_in_full": installation.needs_in_full,
    "key_where_installed": installation.key_where_installed,
    "key_paths": installation.key_paths,
    "least_price": installation.least_price,
    "most_served": objectives.most_served,
    "total_rate": objectives.total_rate,
    "link_sum": objectives.link_sum,
    "worst_rate": objectives.worst_rate,
}


# Light in place of both demands: the first may be moved, if any may, and the second stays.
IN_PLACE = [
    {"demand": 0, "route": [0, 1], "channels": [1, 2], "movable": True},
    {"demand": 1, "route": [2, 0], "channels": [1]},
]


def tiny_instance(
    relay: str = "lightpath",
    *,
    all_channels: bool = False,
    in_place: bool = False,
    shared: bool = False,
) -> Instance:
    """Two demands on a triangle: one has two lightpaths, the other a minimum rate.

    With ``shared`` keys both ask for key instead, the second's being worth twice the first's.
    """
    first, second = {}, {"min_skr_bps": 1000.0}
    if shared:
        first = {"key": {"rate_bps": 500.0, "per": "lightpath"}}
        second = {"key": {"rate_bps": 2000.0, "weight": 2.0}}
    links = [("0-1", 0, 1, 10.0), ("1-2", 1, 2, 5.0), ("0-2", 0, 2, 5.0)]
    return Instance.model_validate(
        {
            "schema": "qkdopt/instance/1",
            "name": "tiny",
            "network": {
                "nodes": [{"id": n} for n in range(3)],
                "links": [
                    {"id": name, "a": a, "b": b, "length_km": km, "qkd": name != "1-2"}
                    for name, a, b, km in links
                ],
            },
            "grid": {"channels": 4},
            "classical": {"launch_dbm": 1.0},
            "qkd": {
                "candidates": "all" if all_channels else [0, 3],
                "guard_ghz": 300.0 if all_channels else 200.0,
                "relay": relay,
                "key_accounting": "shared" if shared else "per-demand",
            },
            "routes": {"k": 2},
            "demands": [
                {"id": 0, "source": 0, "target": 1, "channels": 2, **first},
                {"id": 1, "source": 2, "target": 0, **second},
            ],
            **({"lightpaths": IN_PLACE, "moves_limit": 0} if in_place else {}),
        },
        strict=False,
    )


def tiny_model(
    relay: str = "lightpath",
    *,
    link_noise: bool = False,
    all_channels: bool = False,
    in_place: bool = False,
    shared: bool = False,
    installation_of: EquipmentPrices | None = None,
) -> JointModel:
    """Declare every variable and no rule; two segments a curve are enough to read.

    ``one_noise`` declares the textbook's variables, with one noise a link. ``all_channels`` are
    candidates for the MILP over sets, whose variables are declared too. ``in_place`` has both
    demands lit already, ``shared`` keys.
    """
    instance = tiny_instance(relay, all_channels=all_channels, in_place=in_place, shared=shared)
    problem = build_problem(instance)
    m = JointModel(problem, linearise_links(problem, 600.0))
    declare_lightpaths(m)
    declare_working(m)
    if link_noise:
        textbook.declare_noise(m)
    else:
        declare_rates(m)
    if all_channels:
        sets.declare_set(m)
    if in_place:
        declare_moves(m)
    if installation_of is not None:
        installation.declare_installation(m, installation_of)
    return m


# Rules about light in place.
OF_PLACES = ("serves_in_place", "moved_from_place", "number_moved")
# Rules about keys that demands share.
OF_SHARED_KEYS = (
    "key_of_link",
    "key_flows",
    "at_most_needed",
    "delivered",
    "needs_met",
    "least_factor",
)
# Rules of the MILP that chooses links with QKD equipment, and what that costs.
OF_INSTALLATION = (
    "installed_candidate",
    "site_of_link",
    "needs_in_full",
    "key_where_installed",
    "key_paths",
    "least_price",
)
PRICES = EquipmentPrices(transmitter=3.0, receiver=2.0, site=1.0, links={"0-2": 4.0})
# Rules of the MILP over sets: every channel is a candidate.
OF_SETS = (
    "size_of_set",
    "working_in_set",
    "dark_around_set",
    "light_where_left",
    "some_channel_left",
    "another_set",
)


def with_rule(name: str) -> JointModel:
    """Declare every variable and one rule (or objective) of ``RULES``."""
    link_noise = getattr(RULES[name], "__module__", "") == textbook.__name__
    relay = {"relay_widest": "widest", "key_flows": "flow", "key_paths": "flow"}.get(
        name, "lightpath"
    )
    m = tiny_model(
        relay, link_noise=link_noise, all_channels=name in OF_SETS, in_place=name in OF_PLACES,
        shared=name in OF_SHARED_KEYS + OF_INSTALLATION,
        installation_of=PRICES if name in OF_INSTALLATION else None,
    )  # fmt: skip
    m.name = name
    m.rule = RULES[name](m)
    return m


def holds(m: JointModel) -> bool:
    """Whether every row holds at the variables' values."""
    rows = m.component_data_objects(pyo.Constraint, descend_into=True)
    return all(row.slack() >= -1e-9 for row in rows)


def clear(m: JointModel) -> None:
    """Set every variable to zero."""
    for variable in m.component_data_objects(pyo.Var, descend_into=True):
        variable.set_value(0.0)


def lp_text(m: pyo.ConcreteModel, folder: Path) -> str:
    """Write a model's rows as text that can be read and compared."""
    if not list(m.component_data_objects(pyo.Objective)):
        m.nothing = pyo.Objective(expr=0.0)
    path = folder / "model.lp"
    m.write(str(path), io_options={"symbolic_solver_labels": True})
    text = path.read_text(encoding="utf-8")
    # Bounds and kinds of all variables would bury the rows, and digits differ by machine.
    text = re.split(r"^(?:bounds|Bounds)\b", text, flags=re.MULTILINE)[0]
    return re.sub(r"-?\d+\.\d{4,}(?:e-?\d+)?", lambda m: f"{float(m[0]):.6g}", text)
