"""Noise budget: what makes the noise of each link, and which channels scatter most."""

from __future__ import annotations

from qkdopt.checker.noise_budget import ChannelNoise, LinkNoise
from qkdopt.report.facts import Facts
from qkdopt.report.frame import Section, render
from qkdopt.report.sections.spectrum import fibre_rows
from qkdopt.report.table import Column, Table, Value, noise_column, rate_column, share_column
from qkdopt.report.text import candidate_name, percent, shortened

# Channels that the table names.
LOUDEST = 3
NO_BREAK = "\u00a0"


def noise_section(facts: Facts) -> Section:
    """Build the noise budget of one result."""
    body = render("noise.html", budgets=noise_table(facts))
    return Section(name="noise", title="Noise budget", body=body, data=_data(facts))


def noise_table(facts: Facts) -> Table:
    """Return one row a link with QKD."""
    columns = (
        Column(key="link", title="Link"),
        Column(key="lit", title="Lit beside it", unit="channels"),
        noise_column("raman_co_per_gate", "Raman, co-propagating"),
        noise_column("raman_counter_per_gate", "Raman, counter-propagating"),
        noise_column("crosstalk_per_gate", "Crosstalk"),
        noise_column("mixing_per_gate", "Four-wave mixing"),
        noise_column("amplifier_per_gate", "Amplifier"),
        noise_column("noise_per_gate", "Noise"),
        noise_column("dark_per_gate", "Dark counts"),
        share_column("qber", "QBER"),
        rate_column("skr_bps", "Key rate"),
        rate_column("dark_skr_bps", "Key rate without light"),
        Column(key="scatter_most", title="Channels that scatter most", wide=True),
    )
    rows = [_row(name, budget) for name, budget in facts.budgets.items()]
    table = Table(name="noise", caption="Noise by source", columns=columns, rows=rows)
    sources = facts.instance.other_noise
    off = {
        "crosstalk_per_gate": sources.crosstalk is None,
        "mixing_per_gate": sources.four_wave_mixing is None,
        "amplifier_per_gate": sources.amplifier is None,
    }
    return table.without(*(key for key, is_off in off.items() if is_off))


def _row(name: str, budget: LinkNoise) -> tuple[Value, ...]:
    raman = {
        way: sum(one.raman_per_gate for one in budget.channels if one.co_propagating == way)
        for way in (True, False)
    }
    return (
        name, len(budget.channels), raman[True], raman[False],
        sum(one.crosstalk_per_gate for one in budget.channels),
        budget.mixing_per_gate, budget.amplifier_per_gate, budget.rate.noise_per_gate,
        budget.dark_per_gate, budget.rate.qber, budget.rate.skr_bps, budget.dark_rate.skr_bps,
        _loudest_words(budget),
    )  # fmt: skip


def loudest(budget: LinkNoise) -> list[ChannelNoise]:
    """Return the channels of a link, the one that adds most noise first."""
    return sorted(budget.channels, key=lambda one: (-one.per_gate, one.channel))


def _loudest_words(budget: LinkNoise) -> str | None:
    total = budget.rate.noise_per_gate
    if not total > 0.0:
        return None
    return ", ".join(
        f"{one.channel} ({percent(one.per_gate / total, 1)})".replace(" ", NO_BREAK)
        for one in loudest(budget)[:LOUDEST]
    )


def _data(facts: Facts) -> dict[str, object]:
    """Return each channel's noise, for the chart of one link."""
    # Carried by whom: the fibre rows know.
    demands: dict[tuple[str, int, bool], int] = {}
    for row in fibre_rows(facts):
        for channel, r in row.demands.items():
            demands[row.link.id, channel, row.kinds[channel] == ">"] = r
    position = {name: number for number, name in enumerate(facts.links)}
    links = []
    for name, budget in facts.budgets.items():
        link = facts.links[name]
        candidate = facts.working_candidate(link)
        assert candidate is not None  # it has a budget
        along = link.qkd_direction == "a->b"
        links.append(
            {
                "id": position[name],
                "name": shortened(name),
                "working": candidate_name(facts.instance, candidate),
                "channel": candidate if isinstance(candidate, int) else None,
                "noise": budget.rate.noise_per_gate,
                "other": budget.mixing_per_gate + budget.amplifier_per_gate,
                "lit": [
                    [
                        one.channel, int(one.co_propagating), one.per_gate,
                        demands[name, one.channel, one.co_propagating == along],
                    ]
                    for one in budget.channels
                ],
            }
        )  # fmt: skip
    return {"links": links, "channels": facts.instance.grid.channels}
