"""Every kind of file that a command reads, with right ones to begin from and cheap commands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import qkdopt
from qkdopt.channel_sets.scenario import read_scenarios
from qkdopt.experiments.comparison import read_profile
from tests.command import exit_status
from tests.io.importers import writers

ROOT = Path(__file__).parent.parent.parent
SMALL = ROOT / "instances" / "small"
TOWNS = ROOT / "tests" / "io" / "importers" / "data"
# Where the broken file stands in a command.
INPUT = "{input}"

Words = tuple[str | Path, ...]
Command = Words | Callable[[Path], object]


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    Parameters
    ----------
    name
        What it is called.
    seeds
        Right files of it.
    commands
        What reads it: words of the command line, with :data:`INPUT` for the file, or a reader where
        the command behind it runs for minutes. The first is used as often as all others.
    file
        Name that the file must have; None for that of the seed.
    beside
        Folder whose files stand beside it; None for none.
    """

    name: str
    seeds: tuple[Path, ...]
    commands: tuple[Command, ...]
    file: str | None = None
    beside: Path | None = None


def kinds(folder: Path) -> list[Kind]:
    """Return every kind of input; files that no command ships with are written to a folder."""
    _write_made(folder)
    line = folder / "line.json"
    return [
        _instances(folder),
        Kind("instance of a plan", (line,), (("check", INPUT, folder / "result.json"),)),
        *_plans(folder, line),
        *_settings(folder, line),
        *_imports(folder),
    ]


def _instances(folder: Path) -> Kind:
    shipped = [path for path in SMALL.glob("*.json") if path.name != "nsfnet_8ch.json"]
    return Kind(
        "instance",
        tuple(sorted([*shipped, *(folder / "instances").iterdir()])),
        (
            ("instance", "validate", INPUT),
            ("instance", "info", INPUT),
            ("instance", "share-keys", INPUT, "-o", "shared.json", "--rate", "10"),
            ("solve", INPUT, "--strategy", "fixed", "--threads", "1", "-o", "result.json"),
            ("simulate", INPUT, "--requests", "20", "--warmup", "0", "--json"),
            ("rates", "--instance", INPUT, "--losses", "0:9:3", "--noises", "3", "-o", "r.json"),
            ("rates", "--instance", INPUT, "--system", "fast", "--noises", "3", "-o", "r.json"),
        ),
    )


def _plans(folder: Path, line: Path) -> list[Kind]:
    commands: tuple[Command, ...] = (
        ("check", line, INPUT),
        ("check", line, INPUT, "--json"),
        ("export", line, INPUT, "-o", "plan.geojson"),
        ("export", line, INPUT, "-o", "services.json", "--format", "gnpy"),
        ("solve", line, "--from", INPUT, "--strategy", "fixed", "--threads", "1"),
    )
    page = ("report", INPUT, "-o", "page.html", "--instance", line)
    update = ("instance", "best-known", "--update", INPUT, "--library", folder / "library")
    return [
        Kind("result", (folder / "result.json",), (*commands, update)),
        Kind("result of shared keys", (folder / "shared_result.json",), (
            ("check", folder / "shared.json", INPUT),
            ("solve", folder / "shared.json", "--from", INPUT, "--strategy", "fixed"),
        )),
        Kind("plan", (folder / "plan.json", folder / "around.json"), commands),
        Kind("result on a page", (folder / "result.json", folder / "simulated.json"), (page,)),
    ]  # fmt: skip


def _settings(folder: Path, line: Path) -> list[Kind]:
    instance = qkdopt.read_instance(line)
    trace = ("simulate", line, "--warmup", "0", "--trace", INPUT, "--json")
    return [
        Kind("study", tuple(sorted((folder / "studies").glob("*.toml"))),
             (("study", "status", INPUT),), beside=folder / "beside"),
        Kind("profile", tuple(sorted((ROOT / "solvers" / "profiles").glob("*.toml"))),
             (read_profile,)),
        Kind("scenarios", tuple(sorted((folder / "scenarios").glob("*.toml"))),
             (lambda path: read_scenarios(path, instance, 60.0),)),
        Kind("trace", (folder / "trace.csv",), (trace,)),
        Kind("surface", (folder / "surface.csv", folder / "surface.json"),
             (("rates", "--measured", INPUT), ("rates", "--measured", INPUT, "--json"))),
        Kind("table of best plans", (folder / "library" / "best_known.csv",),
             (("instance", "best-known", "--library", "."),), "best_known.csv",
             beside=folder / "library"),
    ]  # fmt: skip


def _imports(folder: Path) -> list[Kind]:
    made = ("-o", "network.json", "--preset", "field", "--channels", "8")
    drawn = ("--lengths", "great-circle", "--demands", "3", "--zero-links", "merge")
    plain: Words = ("instance", "import", INPUT, *made)
    plane: Words = (*plain, "--lengths", "plane", "--length-scale", "0.5")
    ways: tuple[Command, ...] = (plain, (*plain, *drawn), plane)
    towns = TOWNS / "towns" / "links.csv"
    beside: Words = ("instance", "import", towns, *made)
    return [
        *(
            Kind(f"network as {path.name}", (path,), ways)
            for path in [*sorted(TOWNS.glob("*.*")), *sorted((folder / "networks").iterdir())]
            if path.name != "towns_services.json"
        ),
        Kind("links.csv", (towns,), ways),
        Kind("nodes.csv", (TOWNS / "towns" / "nodes.csv",), ((*beside, "--nodes", INPUT),)),
        Kind("demands.csv", (TOWNS / "towns" / "demands.csv",), (
            (*beside, "--demands-file", INPUT, "--per-lightpath", "100"),
            (*beside, "--demands-file", INPUT, "--demands", "3"),
        )),
        Kind("services", (TOWNS / "towns_services.json",), (
            ("instance", "import", TOWNS / "towns_gnpy.json", *made, "--demands-file", INPUT),
        )),
        Kind("fibre types", tuple(sorted((folder / "fibres").iterdir())), (
            (*beside, "--fibres", INPUT),
        )),
    ]  # fmt: skip


def _write_made(folder: Path) -> None:
    """Write what other files are made from, and what no command ships with."""
    for name in ("instances", "networks", "studies", "scenarios", "fibres", "beside", "library"):
        (folder / name).mkdir(exist_ok=True)
    line = folder / "line.json"
    shutil.copy(SMALL / "line.json", line)
    shutil.copy(line, folder / "beside")
    shutil.copy(line, folder / "library")
    _write_plans(folder, line)
    _write_instances(folder / "instances", qkdopt.read_instance(line))
    _write_settings(folder)
    _write_networks(folder)


def _write_plans(folder: Path, line: Path) -> None:
    instance = qkdopt.read_instance(line)
    result = qkdopt.solve(instance, node_limit=1, threads=1)
    qkdopt.write_result(folder / "result.json", result)
    qkdopt.write_plan(folder / "plan.json", result.plan())
    around = qkdopt.solve(instance, strategy="fixed", around=result.plan(), movable=2)
    qkdopt.write_plan(folder / "around.json", around.plan())
    shared = qkdopt.share_keys(instance, rate_bps=100.0)
    qkdopt.write_instance(folder / "shared.json", shared)
    qkdopt.write_result(folder / "shared_result.json", qkdopt.solve(shared, strategy="fixed"))
    record = qkdopt.simulate(instance, requests=20, warmup=0).to_json_dict()
    (folder / "simulated.json").write_text(json.dumps(record), encoding="utf-8")
    update = ("instance", "best-known", "--library", folder / "library", "--update")
    assert exit_status(*update, folder / "result.json") == 0


def _write_instances(folder: Path, line: qkdopt.Instance) -> None:
    """Write instances of what the small ones that are shipped do not have."""
    full = json.loads(json.dumps(line.to_json_dict()))
    links = full["network"]["links"]
    links[0] |= {"loss_db": 3.1, "unavailable": [1, {"first_thz": 192.3, "last_thz": 192.4}]}
    links[1] |= {
        "loss_db_per_km": 0.22,
        "candidates": [2, {"frequency_thz": 228.9}],
        "pool_bits": 9.0,
    }
    links[2] |= {"fibre": "G.654.E", "launch_dbm": -10.0, "qkd_direction": "b->a"}
    full["fibres"] = [{"id": "G.654.E", "loss_db_per_km": 0.17, "effective_area_um2": 125.0}]
    full["routes"] = {"k": 2, "order": "hops", "given": [[1, 2], [3, 2, 1]]}
    full["qkd"] = {
        "key_accounting": "shared", "relay": "flow", "pool_bits": 1e6, "decoys": "vacuum+weak",
        "reserve": "all", "candidates": [5, 6], "guard_ghz": 100.0,
    }  # fmt: skip
    full["demands"][0]["key"] = {"bits": 256.0, "every_s": 60.0, "per": "lightpath", "weight": 2.0}
    full["traffic"] = {
        "load_erlang": 5.0, "matrix": [{"source": 0, "target": 3, "share": 1.0}],
        "widths": [{"channels": 2, "share": 0.5}], "key": {"rate_bps": 10.0},
        "profile": {"factors": [1.0, 0.2], "period_s": 86400.0}, "mean_holding_s": 60.0,
    }  # fmt: skip
    full["lightpaths"] = [
        {"route": [1, 2], "channels": [0], "demand": 0, "movable": True},
        {"route": [3, 2], "channels": [3], "launch_dbm": -8.0},
    ]
    full["moves_limit"] = 1
    measured = line.to_json_dict() | {
        "qkd": {"surface": {"losses_db": [0, 9], "noises_per_gate": [0, 1e-3, 1e-2],
                            "skr_bps": [[9e3, 5e3, 0], [900, 90, 0]]}},
        "other_noise": {"four_wave_mixing": {}, "crosstalk": {}, "amplifier": {}},
        "fibre": {"raman_profile": "hollenbeck-cantrell", "layout": "pair"},
        "classical": {"receiver_sensitivity_dbm": -30.0, "margin_db": 3.0},
    }  # fmt: skip
    systems = json.loads(json.dumps(line.to_json_dict()))
    for link, own in zip(systems["network"]["links"], ("fast", "table"), strict=False):
        link |= {"qkd_system": own, "loss_db": 3.0}
    systems["qkd_systems"] = [
        {"id": "fast", "label": "A", "protocol": "decoy-bb84", "decoys": "vacuum+weak",
         "weak_photon_number": 0.1, "repetition_mhz": 1000.0, "filter_ghz": 30.0,
         "insertion_loss_db": 2.0, "dark_count_per_gate": 1e-6},
        {"id": "table", "skr_table": {"noise_per_gate": [0, 1e-6, 1e-4], "skr_bps": [9e3, 5, 0]}},
        {"id": "surface", "surface": measured["qkd"]["surface"]},
    ]  # fmt: skip
    made = {"full": full, "measured": measured, "systems": systems}
    for name, data in made.items():
        (folder / f"{name}.json").write_text(json.dumps(data), encoding="utf-8")


def _write_settings(folder: Path) -> None:
    files = {
        "studies/study.toml": STUDY, "scenarios/listed.toml": SCENARIOS, "trace.csv": TRACE,
        "scenarios/factors.toml": (ROOT / "studies" / "scenarios_nsfnet.toml").read_text("utf-8"),
        "surface.csv": SURFACE,
        "surface.json": '{"losses_db": [3, 6], "noises_per_gate": [0, 1e-4], '
                        '"skr_bps": [[900, 0], [400, 0]]}',
        "fibres/fibres.csv": "id,loss_db_per_km,raman_ratio,effective_area_um2\nown,0.2,0.5,90\n",
        "fibres/fibres.json": '[{"id": "own", "loss_db_per_km": 0.2, "raman_ratio": 0.5}]',
        "fibres/equipment.json": EQUIPMENT,
    }  # fmt: skip
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def _write_networks(folder: Path) -> None:
    towns = qkdopt.import_network(TOWNS / "towns").instance
    writers.to_workbook(towns, folder / "networks" / "towns.xlsx")


STUDY = """
name = "study"
instances = ["line.json"]
loads = [3, 5.5]
seeds = [0, 1]
requests = 100
warmup = 10
replications = 2
baseline = "fixed"
bound_every = 50
snapshots = 2
sets = ["instance", { random = 2, draws = 3, seed = 1 }]
strategies = ["fixed", { strategy = "ds-qkd-synergistic", policy = "equalisation", name = "e" }]
"""
SCENARIOS = """
[[scenarios]]
name = "now"
load_erlang = 60
weight = 2
[[scenarios]]
raman_scale = 1.2
loss = 0.9
raman_profile = "gnpy"
"""
TRACE = """# recorded
arrival,holding,source,target,channels
0,1,0,1,1
0.5,2,1,3,2
0.7,0.25,3,0,
2,1,2,1,1
"""
SURFACE = """loss_db,noise_per_gate,skr_bps,note
3,0,900,x
3,1e-4,0,
6,0,400,
6,1e-4,0,
"""
EQUIPMENT = """{"Fiber": [{"type_variety": "SSMF", "dispersion": 1.67e-05,
"effective_area": 8.3e-11, "pmd_coef": 1.265e-15}], "Edfa": []}"""
