"""Make every shipped instance again, byte for byte: ``python instances/make.py [FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from qkdopt.instance import (
    Candidate,
    Classical,
    Fibre,
    Grid,
    Instance,
    Link,
    Network,
    Node,
    OffGridCandidate,
    Qkd,
)
from qkdopt.instance.generation import new_instance, random_demands
from qkdopt.instance.generation.new import hardware_of
from qkdopt.io import write_json_whole

PAPER_SET = (3, 13, 23, 33)
# Near the ends and in the middle of the grid, and 1310 nm, where G.652 has 0.33 dB/km.
AMONG_THE_DATA = (1, 20, 38)
O_BAND = OffGridCandidate(frequency_thz=228.85, loss_db_per_km=0.33)
CORONET_SCALE = 0.025
LOADS = (60, 100, 140, 180, 220, 260)

TRIANGLE = [(0, 1, 10.0), (1, 2, 15.0), (0, 2, 20.0)]
LINE = [(0, 1, 12.0), (1, 2, 18.0), (2, 3, 9.0)]
RING = [(0, 1, 8.0), (1, 2, 14.0), (2, 3, 11.0), (3, 4, 16.0), (4, 0, 10.0)]
MESH = [
    (0, 1, 10.0), (1, 2, 14.0), (2, 3, 9.0), (3, 4, 12.0),
    (4, 5, 16.0), (5, 0, 11.0), (0, 3, 20.0), (1, 4, 18.0),
]  # fmt: skip


def main_instances() -> dict[str, Instance]:
    """Return the paper's network at 100 erlang, with all channels and with its set of four."""
    common: dict[str, Any] = {"topology": "nsfnet", "demands": 100, "seed": 1, "load_erlang": 100.0}
    return {
        "nsfnet_100erl": new_instance(
            "nsfnet_100erl",
            description="NSFNET, 100 demands drawn at seed 1, every channel a QKD candidate",
            **common,
        ),
        "nsfnet_100erl_4ch": new_instance(
            "nsfnet_100erl_4ch",
            description="NSFNET, 100 demands drawn at seed 1, candidates 3, 13, 23, 33 kept dark",
            candidates=PAPER_SET,
            reserve="all",
            **common,
        ),
    }


def bench_instances() -> dict[str, Instance]:
    """Return the paper's two networks over load, two national ones and a metro one."""
    made = {
        f"bench/{topology}_{load}erl": new_instance(
            f"{topology}_{load}erl",
            topology=topology,
            demands=load,
            seed=1,
            load_erlang=float(load),
        )
        for topology in ("nsfnet", "usnet")
        for load in LOADS
    }
    # Without the matrix as traffic: the best plans known are of a file that has none.
    made["bench/germany50_100"] = new_instance(
        "germany50_100",
        description="germany50, 100 demands by its own matrix; lengths x 0.1 for key on every link",
        topology="germany50",
        demands=100,
        seed=1,
        length_scale=0.1,
        weighted=True,
    ).model_copy(update={"traffic": None})
    made["bench/germany50_1000"] = new_instance(
        "germany50_1000",
        description="germany50, 80 channels, 1000 demands by its own matrix; lengths x 0.1",
        topology="germany50",
        demands=1000,
        seed=1,
        channels=80,
        length_scale=0.1,
        weighted=True,
    ).replace(traffic=None)
    # No matrix is published with CORONET: uniform demands. Scaled to the mean link of USNET.
    for demands in (100, 300):
        made[f"bench/coronet_conus_{demands}"] = new_instance(
            f"coronet_conus_{demands}",
            description=f"CORONET CONUS, {demands} demands; lengths x {CORONET_SCALE:g} for USNET's"
            " mean link of 9.9 km",
            topology="coronet_conus",
            demands=demands,
            seed=1,
            length_scale=CORONET_SCALE,
        )
    made["bench/madqci_20"] = new_instance(
        "madqci_20",
        description="MadQCI with its measured losses, 20 demands, preset field",
        topology="madqci",
        demands=20,
        seed=1,
        preset="field",
        length_scale=1.0,
    )
    return made


def small_network(rows: list[tuple[int, int, float]]) -> Network:
    """Return a small network from (a, b, km) rows."""
    nodes = sorted({end for a, b, _ in rows for end in (a, b)})
    return Network(
        nodes=tuple(Node(id=node) for node in nodes),
        links=tuple(Link(id=f"{a}-{b}", a=a, b=b, length_km=km) for a, b, km in rows),
    )


def small(
    name: str,
    rows: list[tuple[int, int, float]],
    *,
    demands: int,
    channels: int,
    seed: int = 1,
    width: int = 1,
    layout: str = "single",
    launch_dbm: float = -12.4,
    **qkd: Any,
) -> Instance:
    """Return a small instance in the paper's preset but for what is named."""
    network = small_network(rows)
    return Instance(
        name=name,
        preset="paper",
        network=network,
        grid=Grid(channels=channels),
        fibre=Fibre.model_validate({"layout": layout}),
        classical=Classical(launch_dbm=launch_dbm),
        qkd=Qkd.model_validate(qkd, strict=False),
        demands=random_demands(network, demands, seed=seed, channels=width),
    )


def small_instances() -> dict[str, Instance]:
    """Return instances that solve to proof in seconds, one trait each."""
    made = [
        small("triangle", TRIANGLE, demands=6, channels=8),
        small("triangle_pair", TRIANGLE, demands=6, channels=8, layout="pair"),
        small("triangle_two_channels", TRIANGLE, demands=4, channels=10, width=2),
        small("line", LINE, demands=6, channels=8),
        small("line_1to2_reserved", LINE, demands=5, channels=10, candidates=(2, 7), reserve="all"),
        small("ring", RING, demands=8, channels=8, candidates=(1, 4, 6)),
        small("ring_pair_1to3", RING, demands=8, channels=8, layout="pair", candidates=(0, 3, 7)),
        small("ring_blocks", RING, demands=14, channels=4, candidates=(1,)),
        small("mesh6", MESH, demands=8, channels=8, candidates=(1, 4, 6)),
        small("mesh6_1to4_reserved", MESH, demands=10, channels=12, candidates=(1, 4, 7, 10),
              reserve="all"),
        small("mesh6_pair", MESH, demands=10, channels=8, layout="pair", candidates=(2, 5)),
        small("mesh6_no_key", MESH, demands=8, channels=8, launch_dbm=10.0, candidates=(1, 4)),
        _long_ring(),
        _ring_of_two_systems(),
        _amplified_line("line_dwdm", AMONG_THE_DATA),
        _amplified_line("line_dwdm_o_band", (*AMONG_THE_DATA, O_BAND)),
        new_instance("nsfnet_8ch", topology="nsfnet", demands=10, seed=2, channels=8,
                     candidates=(1, 5), k=2),
    ]  # fmt: skip
    return {f"small/{instance.name}": instance for instance in made}


def _long_ring() -> Instance:
    """Return a ring on which no link has key even in the dark."""
    rows = [(a, b, 40.0 * km) for a, b, km in RING]
    return small("ring_without_key", rows, demands=6, channels=8, candidates=(1, 6))


def _ring_of_two_systems() -> Instance:
    """Return a ring of which two links have a system with more pulses a second."""
    ring = small("ring_two_systems", RING, demands=8, channels=8, candidates=(1, 4, 6))
    fast = {
        "id": "fast", "label": "100 MHz, detectors of 20 %", "repetition_mhz": 100.0,
        "detector_efficiency": 0.2, "gate_ps": 500.0,
    }  # fmt: skip
    links = [link.id for link in ring.network.links][:2]
    return ring.replace(
        qkd_systems=[fast], network={"links": {name: {"qkd_system": "fast"} for name in links}}
    )


def _amplified_line(name: str, candidates: tuple[Candidate, ...]) -> Instance:
    """Return a line in the preset for amplified networks, crowded enough to drown C-band keys."""
    network = small_network(LINE)
    return Instance(
        name=name,
        description="40 demands over a line at 0 dBm a channel: docs/presets.md",
        preset="dwdm",
        network=network,
        demands=random_demands(network, 40, seed=1),
        **hardware_of("dwdm", None, candidates, "working", None, None),
    )


def all_instances() -> dict[str, Instance]:
    """Return every shipped instance by its path below ``instances/``, without the suffix."""
    return {**main_instances(), **bench_instances(), **small_instances()}


def main() -> None:
    """Write every instance."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, instance in all_instances().items():
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json_whole(path, instance.to_json_dict())
        print(path)


if __name__ == "__main__":
    main()
