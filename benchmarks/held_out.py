"""Networks of others end to end: ``python benchmarks/held_out.py sndlib/polska mynetwork.graphml``.

Each network is imported with a preset and a few demands, solved, checked and reported on a page.
One that is refused is tried again with the options that its message names, as a user would; so
is one whose warning names ``--length-scale``. Without names: all of TopoHub's groups sndlib,
topozoo and backbone, and files of nine formats that the script writes from some of them
(``held_out_files.py``). Exits 1 on any failure: a refusal that says nothing to add, a traceback, a
fault of the checker, a network that is not the one written.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import qkdopt  # noqa: E402
from benchmarks.held_out_files import WRITERS, Topology, topology_of  # noqa: E402

GROUPS = ("sndlib", "topozoo", "backbone")
# Topologies that are written in every format: small and large, drawings and globes, odd names.
WRITTEN = (
    "sndlib/polska", "sndlib/germany50", "sndlib/pioro40", "sndlib/janos-us-ca", "topozoo/Abilene",
    "topozoo/Geant2012", "topozoo/Cesnet201006", "topozoo/Garr201201", "topozoo/TataNld",
    "backbone/africa_nosc",
)  # fmt: skip
# Options that a message can name, with the import's own word for each.
OPTION = re.compile(r"--(zero-links|lengths|directions|length-scale|length-field) ([\w.-]+)")
# What a user would put where a message leaves the number open.
OPEN_NUMBERS = {"KM": 1.0}
MOST_TRIES = 4
WAY_OUT = re.compile(r"expected|--\w|pip install|did you mean")
# A place in the instance, of which the file that was read knows nothing.
OURS = re.compile(r"network\.\w+\[|demands\[")
# Shares by which lengths of a file may differ, that is written with fewer digits.
LENGTH_TOLERANCE = 1e-3


@dataclass
class Outcome:
    """What became of one network.

    Parameters
    ----------
    name, kind
        Network, and its format or group.
    options
        What messages asked for, in their order.
    refusals
        How often it was refused.
    refused
        The last refusal; empty where the network was imported.
    helpful
        Whether each refusal said what to add.
    faults
        What went wrong, of any stage.
    """

    name: str
    kind: str
    options: list[str] = field(default_factory=list)
    refusals: int = 0
    refused: str = ""
    helpful: bool = True
    faults: list[str] = field(default_factory=list)
    served: int | None = None
    demands: int = 0
    with_key: int = 0
    checked: bool = False
    page_kb: float | None = None
    no_page: str = ""
    seconds: float = 0.0

    def line(self) -> str:
        """Return one line."""
        state = f"refused: {self.refused.splitlines()[-1].strip()}" if self.refused else "imported"
        if self.served is not None:
            state = f"{self.served} of {self.demands} served, {self.with_key} with key"
        page = f", no page: {self.no_page}" if self.no_page else ""
        page = page if self.page_kb is None else f", page {self.page_kb:.0f} KB"
        asked = f" [{' '.join(self.options)}]" if self.options else ""
        faults = "".join(f"\n    FAULT {fault}" for fault in self.faults)
        checked = ", checked" if self.checked else ""
        state += f"{checked}{page}, {self.seconds:.1f} s"
        return f"{self.name} ({self.kind}){asked}: {state}{faults}"


def run(
    source: str,
    kind: str,
    folder: Path,
    *,
    written: Topology | None = None,
    preset: str = "paper",
    demands: int = 6,
    time_limit: float = 2.0,
) -> Outcome:
    """Take one network from its source to a page.

    Parameters
    ----------
    source
        A name of TopoHub or a file.
    kind
        Its group or format.
    folder
        Where the page is written.
    written
        What the file was written from, which the imported network has to be.
    preset, demands
        Of the instance.
    time_limit
        Seconds to solve.
    """
    name = source if "/" in source and not Path(source).exists() else Path(source).name
    outcome, started = Outcome(name, kind), time.monotonic()
    try:
        instance = imported(source, outcome, preset=preset, demands=demands)
        if instance is not None and written is not None:
            outcome.faults += differences(instance, written, outcome)
        if instance is not None:
            solve_and_report(instance, outcome, folder, time_limit)
    except Exception:
        outcome.faults.append(f"traceback: {traceback.format_exc(limit=-3)}")
    outcome.seconds = time.monotonic() - started
    return outcome


def imported(source: str, outcome: Outcome, *, preset: str, demands: int) -> qkdopt.Instance | None:
    """Import a network; follow what refusals and warnings say, as long as they name options."""
    options: dict[str, Any] = {}
    network = None
    for _ in range(MOST_TRIES):
        try:
            network = qkdopt.import_network(source, preset=preset, demands=demands, **options)
        except qkdopt.QkdoptError as refusal:
            network = None
            outcome.refused = str(refusal)
            outcome.refusals += 1
            outcome.helpful = outcome.helpful and helpful(outcome.refused)
            named = named_options(outcome.refused, options)
        else:
            outcome.refused = ""
            named = named_options("\n".join(network.report.warnings), options)
        if not named:
            break
        options |= named
    outcome.options = [f"{key.replace('_', '-')}={value}" for key, value in options.items()]
    if not outcome.helpful:
        outcome.faults.append(f"a refusal that does not say what to add: {outcome.refused}")
    return None if network is None else network.instance


def named_options(message: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the first options that a message names and that were not given so yet.

    Options that stand together (``--lengths plane --length-scale KM``) are taken together.
    """
    named: dict[str, Any] = {}
    end = None
    for match in OPTION.finditer(message):
        if end is not None and message[end : match.start()].strip():
            break
        key, text = match[1].replace("-", "_"), match[2].rstrip(".")
        if key in given and (text in OPEN_NUMBERS or key != "length_scale"):
            continue
        number = OPEN_NUMBERS.get(text, text)
        value = float(number) if key == "length_scale" else number
        if given.get(key) == value:
            continue
        named[key] = value
        end = match.end()
    return named


def helpful(message: str) -> bool:
    """Whether each fault of a refusal says where, in the file's words, and what was expected."""
    faults = [line for line in message.splitlines() if line.lstrip().startswith("- ")]
    faults = faults or [message]
    return all(WAY_OUT.search(fault) and not OURS.search(fault) for fault in faults)


def differences(instance: qkdopt.Instance, written: Topology, outcome: Outcome) -> Iterator[str]:
    """Yield where an imported network is not the one that was written."""
    merged = any(option.startswith("zero-links") for option in outcome.options)
    if merged:
        return
    joined = {site for span in written.spans for site in (span.a, span.b)}
    nodes = len(joined if outcome.kind == "CSV table" else written.sites)
    found = len(instance.network.nodes), len(instance.network.links)
    if found != (nodes, len(written.spans)):
        yield f"{found[0]} nodes, {found[1]} links; written {nodes} and {len(written.spans)}"
    if any(option.startswith("lengths") for option in outcome.options):
        return  # the file has none
    scale = next((float(o.split("=")[1]) for o in outcome.options if "length-scale" in o), 1.0)
    read = sorted(link.length_km for link in instance.network.links)
    for km, expected in zip(read, sorted(span.km * scale for span in written.spans), strict=False):
        if abs(km - expected) > LENGTH_TOLERANCE * max(expected, 1.0):
            yield f"a link of {km} km; written {expected}"
            return


def solve_and_report(
    instance: qkdopt.Instance, outcome: Outcome, folder: Path, time_limit: float
) -> None:
    """Solve, check and write the page."""
    result = qkdopt.solve(instance, time_limit=time_limit, threads=1)
    outcome.demands = len(instance.demands)
    outcome.served = 0 if result.value is None else result.value.served
    outcome.with_key = sum(1 for demand in result.demands if demand.skr_bps)
    verdict = qkdopt.check(instance, result)
    outcome.faults += [f"check: {fault}" for fault in verdict.faults]
    outcome.checked = not verdict.faults
    page = folder / "page.html"
    try:
        qkdopt.write_report(page, result, instances=instance)
    except qkdopt.UnsupportedError as refusal:
        outcome.no_page = str(refusal)
        return
    outcome.page_kb = page.stat().st_size / 1000.0
    page.unlink()


def topohub_names() -> list[str]:
    """Return the names of all networks of the groups."""
    data = files("topohub").joinpath("data")
    return [
        f"{group}/{entry.name.removesuffix('.json')}"
        for group in GROUPS
        for entry in sorted(data.joinpath(group).iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".json")
    ]


def written_files(names: Sequence[str], folder: Path) -> Iterator[tuple[str, str, Topology]]:
    """Write topologies of TopoHub in every format; yield file, format and topology."""
    for name in names:
        text = files("topohub").joinpath("data", f"{name}.json").read_text(encoding="utf-8")
        net = topology_of(json.loads(text), name)
        for kind, (ending, write) in WRITERS.items():
            path = folder / f"{name.replace('/', '_')}.{ending}"
            write(net, path)
            yield str(path), kind, net


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the account by group and format, in Markdown."""
    titles = (
        "source", "networks", "imported at once", "with the options named", "refused",
        "solved", "checked without fault", "with key", "pages", "page [KB]",
    )  # fmt: skip
    rows = [titles, ("---",) * len(titles)]
    kinds = list(dict.fromkeys(outcome.kind for outcome in outcomes))
    for kind in kinds:
        some = [outcome for outcome in outcomes if outcome.kind == kind]
        solved = [outcome for outcome in some if outcome.served is not None]
        pages = sorted(o.page_kb for o in some if o.page_kb is not None)
        rows.append(
            (
                kind,
                str(len(some)),
                str(sum(1 for o in solved if not o.refusals)),
                str(sum(1 for o in solved if o.refusals)),
                str(sum(1 for o in some if o.refused)),
                str(len(solved)),
                str(sum(o.checked for o in some)),
                str(sum(1 for o in some if o.with_key)),
                str(len(pages)),
                f"{pages[0]:.0f} to {pages[-1]:.0f}" if pages else "",
            )
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Run the networks, print a line each and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="*", help="Names of TopoHub, files; all where none.")
    parser.add_argument("--preset", default="paper", help="Preset of the instances.")
    parser.add_argument("--demands", type=int, default=6, help="Demands to draw.")
    parser.add_argument("--time-limit", type=float, default=2.0, help="Seconds to solve each.")
    parser.add_argument("--written", default=",".join(WRITTEN), help="Topologies to write.")
    options = parser.parse_args()
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        jobs: list[tuple[str, str, Topology | None]] = [
            (name, name.split("/")[0] if not Path(name).exists() else "file", None)
            for name in options.sources or topohub_names()
        ]
        if not options.sources:
            jobs += written_files(list(filter(None, options.written.split(","))), folder)
        for source, kind, net in jobs:
            outcome = run(
                source, kind, folder, written=net, preset=options.preset,
                demands=options.demands, time_limit=options.time_limit,
            )  # fmt: skip
            outcomes.append(outcome)
            print(outcome.line(), flush=True)
    print(f"\n{table(outcomes)}\n")
    asked = Counter(option for outcome in outcomes for option in outcome.options)
    for option, times in asked.most_common():
        print(f"{times} x --{option.replace('=', ' ')}")
    failed = sum(1 for outcome in outcomes if outcome.faults)
    print(f"{failed} of {len(outcomes)} with faults")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
