"""Examples at the end of each command's help; ``tests/cli/test_comfort.py`` parses every one."""

from __future__ import annotations

INSTANCE = "instances/nsfnet_100erl.json"
SMALL = "instances/small/ring.json"

EXAMPLES: dict[str, tuple[str, ...]] = {
    "solve": (
        f"qkdopt solve {SMALL} -o result.json",
        f"qkdopt solve {INSTANCE} --time-limit 300 --start result.json -o better.json",
        f"cat {SMALL} | qkdopt solve - --quiet -o - > result.json",
    ),
    "bound": (f"qkdopt bound {SMALL}", f"qkdopt bound {INSTANCE} --routes all --time-limit 600"),
    "explain": (f"qkdopt explain {SMALL}", f"qkdopt explain {SMALL} --demand 0 --min-skr 50000"),
    "check": (f"qkdopt check {SMALL} result.json", f"qkdopt check {SMALL} - < result.json"),
    "rerun": (
        "qkdopt rerun result.json",
        f"qkdopt rerun result.json --instance {SMALL} -o again.json",
        "qkdopt rerun design",
    ),
    "report": (
        f"qkdopt report result.json -o page.html --instance {SMALL}",
        "qkdopt report before.json after.json -o both.html",
    ),
    "export": (
        f"qkdopt export {SMALL} result.json -o tables --format csv",
        f"qkdopt export {SMALL} result.json -o plan.graphml",
        f"qkdopt export {SMALL} result.json -o services.json --format gnpy",
    ),
    "compare": (f"qkdopt compare {SMALL} --solvers highs,scip --time-limit 60 -o comparison",),
    "solvers": ("qkdopt solvers",),
    "dimension": (
        "qkdopt dimension shared.json --transmitter 60 --receiver 40 --site 10 -o dimensioned.json",
        "qkdopt dimension shared.json --transmitter 60 --receiver 40 --link 0-1=250 --frontier",
    ),
    "doctor": ("qkdopt doctor", "qkdopt doctor --json"),
    "simulate": (
        f"qkdopt simulate {INSTANCE} --requests 100000",
        f"qkdopt simulate {INSTANCE} --strategy ds-qkd-synergistic --load 140 --json",
    ),
    "reproduce": ("qkdopt reproduce fig3 --requests 100000 -o figures",),
    "resilience": (f"qkdopt resilience {INSTANCE} --requests 100000",),
    "sensitivity": (f"qkdopt sensitivity {INSTANCE} --requests 100000",),
    "rates": (
        "qkdopt rates --protocol decoy-bb84-finite --set block_size=1e7 --optimise -o surface.csv",
        "qkdopt rates --protocol cv-gaussian --losses 0:20:41 --plot rates.png",
        f"qkdopt rates --protocol one-decoy-bb84-finite --instance {SMALL} -o finite.json",
    ),
    "calibrate": (
        "qkdopt calibrate studies/made_up_lab.csv --preset field -o calibration.json",
        f"qkdopt calibrate measured.csv --instance {INSTANCE} --fit raman_scale,misalignment",
        f"qkdopt calibrate measured.csv --preset field --apply {INSTANCE} --calibrated network.json"
        " --scenarios intervals.toml",
    ),
    "instance new": (
        "qkdopt instance new --topology nsfnet --demands 100 --preset dwdm -o nsfnet.json",
        "qkdopt instance new --topology madqci --preset field --candidates 3,13 -o madrid.json",
        "qkdopt instance new --preset dwdm --candidates 1,20,228.85THz@0.33 -o o_band.json",
    ),
    "instance import": (
        "qkdopt instance import my_network -o network.json --preset dwdm --per-lightpath 100",
        "qkdopt instance import my_network -o network.json --fibre-type SSMF --route-order hops",
        "qkdopt instance import backbone.graphml -o network.json --lengths great-circle",
    ),
    "instance share-keys": (
        f"qkdopt instance share-keys {INSTANCE} -o shared.json --rate 1000",
        f"qkdopt instance share-keys {SMALL} -o aes.json --bits 256 --every 60 --per lightpath",
    ),
    "instance info": (f"qkdopt instance info {SMALL}",),
    "instance validate": (f"qkdopt instance validate {SMALL} {INSTANCE}",),
    "instance export": (f"qkdopt instance export {SMALL} -o ring.mps",),
    "instance best-known": (
        "qkdopt instance best-known",
        "qkdopt instance best-known --update better.json",
    ),
    "study run": ("qkdopt study run studies/fig4.toml --workers 4",),
    "study status": ("qkdopt study status studies/fig4.toml",),
    "study plot": ("qkdopt study plot studies/fig4.toml -o figures",),
    "design rank": (f"qkdopt design rank {INSTANCE} --channels 4 -o design",),
    "design prove": (f"qkdopt design prove {SMALL} --channels 2",),
    "design protect": (
        f"qkdopt design protect {SMALL} --channels 2 --min-skr 1000",
        "qkdopt design protect shared.json --channels 4",
    ),
}


def examples_text(path: str) -> str:
    """Return the examples of a command, such as ``instance new``; empty where it has none.

    The first line keeps click from filling the others up into one paragraph.
    """
    lines = EXAMPLES.get(path, ())
    word = "Example:" if len(lines) == 1 else "Examples:"
    return "\n".join(["\b", word, *(f"  {line}" for line in lines)]) if lines else ""
