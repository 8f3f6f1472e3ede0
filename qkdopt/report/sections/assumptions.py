"""What the numbers stand on: hardware, physics with its sources, the run that made the plan."""

from __future__ import annotations

from collections.abc import Iterator

from qkdopt.instance import Instance, Part
from qkdopt.report.facts import Facts
from qkdopt.report.frame import Section, render
from qkdopt.report.table import Column, Table
from qkdopt.report.text import counted, passage, shortened
from qkdopt.result import Result

PARTS = ("grid", "fibre", "classical", "qkd", "routes")
DS_QKD = (
    "Liu, Yu, Zhao and Zhang: the DS-QKD study, whose strategy is the baseline and whose rates "
    "preset paper fits."
)
MA = "X. Ma, B. Qi, Y. Zhao, H.-K. Lo, Phys. Rev. A 72, 012326 (2005): decoy-state key rate."
ERAERDS = (
    "P. Eraerds et al., New J. Phys. 12, 063027 (2010): Raman power in both directions, noise "
    "clicks, crosstalk, launch power from receiver sensitivity."
)
GAIN = (
    "A. D'Amico et al., J. Lightwave Technol. 40 (2022): Raman gain and its scaling; measured "
    "profile as shipped with GNPy (BSD-3-Clause)."
)
KUMAR = (
    "R. Kumar, H. Qin, R. Alleaume, New J. Phys. 17, 043027 (2015): measured Raman cross-sections."
)
HOLLENBECK = (
    "D. Hollenbeck, C. D. Cantrell, J. Opt. Soc. Am. B 19, 2886 (2002): shape of the Raman gain."
)
MIXING = (
    "N. Shibata, R. P. Braun, R. G. Waarts, IEEE J. Quantum Electron. 23, 1205 (1987), and "
    "K. Inoue, J. Lightwave Technol. 10, 1553 (1992): four-wave mixing."
)
AMPLIFIER = "E. Desurvire, Erbium-Doped Fiber Amplifiers, Wiley (1994): spontaneous emission."


def assumptions_section(facts: Facts) -> Section:
    """Build assumptions, sources and provenance of one result."""
    instance = facts.instance
    body = render(
        "assumptions.html",
        statements=[*hardware_statements(instance), *_plan_statements(facts)],
        citations=list(citations(instance)),
        source=passage(instance.network.source),
        description=passage(instance.description),
        changes=[shortened(change) for change in facts.result.preset_changes],
        parameters=parameters_table(instance),
        provenance=provenance_table(facts),
    )
    return Section(name="assumptions", title="Assumptions and sources", body=body)


def hardware_statements(instance: Instance) -> Iterator[str]:
    """Yield what key rates of an instance stand on."""
    yield (
        f"Hardware: preset {shortened(instance.preset)}." if instance.preset
        else "Hardware: no preset is named; every value is the instance's own."
    )  # fmt: skip
    yield (
        "The Raman cross-section is known to 2–3 dB in absolute terms; its shape is good to about "
        "10 % beyond 0.6 THz of offset, and 20 to 30 % high below. Compare plans under one preset; "
        "measure before promising rates."
    )
    yield (
        f"guard_ghz = {instance.qkd.guard_ghz:g} is the full width kept dark around a QKD "
        "channel; a channel on its edge may be lit."
    )
    yield (
        "Trusted relays: the key of a demand is the least of the links on its "
        + ("route." if instance.qkd.relay == "lightpath" else "widest relay route.")
    )
    yield "Classical light is regenerated at every node, at the launch power of the next link."


def _plan_statements(facts: Facts) -> Iterator[str]:
    """Yield which numbers of a plan were recomputed."""
    result = facts.result
    if facts.saved:
        yield (
            "The file holds routes, channels and working QKD channels alone. Rates, noise, QBER "
            "and every count of this page were recomputed from the instance when the page was made "
            "(qkdopt check)."
        )
        return
    yield (
        "Rates, noise, QBER and every count of this page were recomputed from the instance when "
        "the page was made (qkdopt check). The baseline, the bound, its proof and the history are "
        "as the run stated them; the check makes sure that no bound lies below the plan."
    )
    if result.bound is not None and result.bound.tolerance_bps > 0.0:
        yield (
            f"The bound contains an error of at most {result.bound.tolerance_bps:g} bit/s of the "
            "linearised key rate."
        )


def citations(instance: Instance) -> Iterator[str]:
    """Yield the sources of the equations in use."""
    noise = instance.other_noise
    yield MA
    yield ERAERDS
    if isinstance(instance.fibre.raman_profile, str):
        yield GAIN
        if instance.fibre.raman_profile == "hollenbeck-cantrell":
            yield HOLLENBECK
    if instance.fibre.raman_scale != 1.0:
        yield KUMAR
    if noise.four_wave_mixing is not None:
        yield MIXING
    if noise.amplifier is not None:
        yield AMPLIFIER
    yield DS_QKD


def parameters_table(instance: Instance) -> Table:
    """Return one row a hardware parameter; units stand in the names."""
    rows: list[tuple[str, str]] = []
    for name in PARTS:
        rows.extend(_fields(name, getattr(instance, name)))
    for system in instance.qkd_systems or ():
        links = [link.id for link in instance.network.links if link.qkd_system == system.id]
        rows.append((f"qkd_systems.{system.id}: links", shortened(", ".join(links) or "none")))
        rows.extend(_fields(f"qkd_systems.{system.id}", system))
    for name, part in instance.other_noise:
        rows.extend([(f"other_noise.{name}", "off")] if part is None else _fields(name, part))
    columns = (Column(key="parameter", title="Parameter"), Column(key="value", title="Value"))
    return Table(
        name="parameters", caption="Parameters, the unit in each name", columns=columns, rows=rows
    )


def _fields(name: str, part: Part) -> Iterator[tuple[str, str]]:
    for field, value in part:
        if value is not None:
            yield f"{name}.{field}", _shown(value)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, Part):
        return "a measured table"
    if isinstance(value, tuple):
        return shortened(", ".join(_candidate(one) for one in value))
    return str(value)


def _candidate(value: object) -> str:
    frequency = getattr(value, "frequency_thz", None)
    return str(value) if frequency is None else f"{frequency:g} THz"


def provenance_table(facts: Facts) -> Table:
    """Return where the result comes from, a fact a row; of a saved plan nothing of its run."""
    result = facts.result
    rows = [
        ("instance", result.instance.name),
        ("instance.sha256", result.instance.sha256),
        ("network", f"{counted(len(facts.instance.network.nodes), 'node')}, "
                    f"{counted(len(facts.links), 'link')}"),
        ("objective", result.objective),
        *(() if facts.saved else _run_facts(result)),
        ("processor", result.environment.cpu),
        ("platform", result.environment.platform),
        *((f"version of {name}", text) for name, text in result.environment.versions.items()),
    ]  # fmt: skip
    caption = "Where the numbers were recomputed" if facts.saved else "The run"
    columns = (Column(key="fact", title="Fact"), Column(key="value", title="Value"))
    return Table(name="provenance", caption=caption, columns=columns, rows=rows)


def _run_facts(result: Result) -> Iterator[tuple[str, str]]:
    """Yield how the result was found."""
    limits = result.limits
    yield "strategy", result.strategy
    yield "solver", " ".join(filter(None, (result.solver.name, result.solver.version))) or "none"
    yield "status", result.status
    yield "stopped by", result.stopped_by or "not recorded"
    seconds = None if limits is None else limits.time_limit_s
    yield "time limit", "none" if seconds is None else f"{seconds:g} s"
    yield "gap limit", "not recorded" if limits is None else f"{limits.gap:g}"
    yield "seconds", f"{result.seconds:.1f}"
    yield "threads", str(result.threads)
    yield "seed", str(result.seed)
