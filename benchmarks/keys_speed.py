"""Speed of the simulator where requests draw on the links' keys, beside requests without needs.

Prints requests per CPU second and core (traffic included, start-up left out) and the ratio to the
same requests without needs in the same run. Target: 1,000,000 at 100 and at 200 erlang, NSFNET,
4 candidates, from needs that nearly all links meet to needs that few do.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median

from qkdopt.io import read_instance
from qkdopt.simulation import SimulationOptions, simulate

INSTANCE = Path(__file__).parent.parent / "instances" / "nsfnet_100erl_4ch.json"
REQUESTS = 400_000
ROUNDS = 5
TARGET = 1e6
# Need of a request [bit/s], pool of a link [bit], and admission.
WAYS = {
    "100 bit/s": (100.0, 0.0, "light"),
    "300 bit/s": (300.0, 0.0, "light"),
    "300 bit/s, pools": (300.0, 1e7, "light"),
    "1500 bit/s": (1500.0, 0.0, "light"),
    "1500 bit/s, by key": (1500.0, 0.0, "key"),
}


def main() -> None:
    """Measure in turn, so that a drift of the machine's speed meets all."""
    plain = read_instance(INSTANCE)
    instances = {
        name: plain.replace(
            qkd={"key_accounting": "shared", "pool_bits": pool_bits},
            traffic={"key": {"rate_bps": need_bps}},
        )
        for name, (need_bps, pool_bits, _) in WAYS.items()
    }
    for load in (100.0, 200.0):
        speeds: dict[str, list[float]] = {name: [] for name in ("no needs", *WAYS)}
        delivered: dict[str, float | None] = {}
        for _ in range(ROUNDS):
            outcome = simulate(plain, load_erlang=load, requests=REQUESTS)
            speeds["no needs"].append(outcome.requests_per_second)
            for name, (_, _, admission) in WAYS.items():
                options = SimulationOptions(admission=admission)
                outcome = simulate(instances[name], options, load_erlang=load, requests=REQUESTS)
                speeds[name].append(outcome.requests_per_second)
                delivered[name] = outcome.key_delivered_share.value
        print(
            f"{load:g} erlang  no needs            {median(speeds['no needs']) / 1e6:.2f} million"
        )
        for name in WAYS:
            found = speeds[name]
            ratio = median(a / b for a, b in zip(found, speeds["no needs"], strict=True))
            print(
                f"{load:g} erlang  {name:19} {median(found) / 1e6:.2f} million a second "
                f"({min(found) / 1e6:.2f} to {max(found) / 1e6:.2f}), target {TARGET / 1e6:g}; "
                f"{ratio:.2f} of no needs; {100.0 * (delivered[name] or 0.0):.1f} % delivered"
            )


if __name__ == "__main__":
    main()
