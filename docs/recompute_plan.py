"""Recompute noise, QBER and key rates of a result from docs/physics.md alone.

``python docs/recompute_plan.py INSTANCE.json RESULT.json`` reads both files as plain JSON and the
Raman profile as plain CSV. It imports the standard library and no part of qkdopt, so that the page
is held to what it says. Exit status 1 where a number differs, or a guard band is lit.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from math import fsum, isclose
from pathlib import Path
from typing import Any

from recompute_link import Fields, Setting, clicks_per_gate, power_w, qber_and_skr

RELATIVE = 1e-9
# Below these a number is the difference of two large terms (section 7).
ABSOLUTE = {"noise_per_gate": 1e-18, "qber": 1e-12}
ABSOLUTE_BPS = 1e-6


# -- sections 2 and 8: a result -----------------------------------------------------------------


Light = list[tuple[int, bool, float | None]]


def light_of(s: Setting, paths: list[Fields]) -> dict[str, Light]:
    """Return channel, whether co-propagating, and own power, of each link's quantum fibre."""
    lit: dict[str, Light] = {name: [] for name in s.links}
    for path in paths:
        for name, start in zip(links_of(s, path), path["route"], strict=False):
            link = s.links[name]
            along = link.get("qkd_direction", "a->b") == "a->b"
            co = (start == link["a"]) == along
            if co or s.fibre["layout"] == "single":
                lit[name] += [(channel, co, path.get("launch_dbm")) for channel in path["channels"]]
    return lit


def links_of(s: Setting, path: Fields) -> list[str]:
    """Return the links of a lightpath: those it names, or the one between each two nodes."""
    if path.get("links") is not None:
        return list(path["links"])
    joined = {frozenset((link["a"], link["b"])): name for name, link in s.links.items()}
    return [joined[frozenset(ends)] for ends in pairwise(path["route"])]


def lit_channels(s: Setting, result: Fields) -> dict[str, Light]:
    """Return the light of a result's lightpaths and the foreign light beside it."""
    foreign = [path for path in s.in_place if path.get("demand") is None]
    return light_of(s, [*result["lightpaths"], *foreign])


def reserved_candidates(s: Setting, row: Fields) -> list[Any]:
    """Return the candidates of a link around which channels are dark."""
    if s.qkd["reserve"] != "all":
        return [working_candidate(s, row)]
    standing = light_of(s, s.in_place)[row["link"]]
    return [
        candidate
        for candidate in s.candidates(s.links[row["link"]])
        if not any(s.in_guard(channel, s.candidate_thz(candidate)) for channel, _, _ in standing)
    ]


def working_candidate(s: Setting, row: Fields) -> Any:
    """Return the candidate that a row of the result names."""
    if row.get("channel") is not None:
        return row["channel"]
    own = [c for c in s.candidates(s.links[row["link"]]) if isinstance(c, dict)]
    return min(own, key=lambda c: abs(c["frequency_thz"] - row["frequency_thz"]))


def lit_guard_bands(s: Setting, result: Fields) -> Iterator[str]:
    """Yield each channel that is lit where it must be dark."""
    lit = lit_channels(s, result)
    for row in result["qkd"]:
        for candidate in reserved_candidates(s, row):
            for channel, _, _ in lit[row["link"]]:
                if s.in_guard(channel, s.candidate_thz(candidate)):
                    yield f"link {row['link']}: channel {channel} is lit in a guard band"


def link_numbers(s: Setting, result: Fields) -> dict[str, Fields]:
    """Return noise, QBER and key rate by link."""
    lit, numbers = lit_channels(s, result), {}
    for row in result["qkd"]:
        link, candidate = s.links[row["link"]], working_candidate(s, row)
        nu_q = s.candidate_thz(candidate)
        light = [(s.channel_thz(w), co, own_dbm) for w, co, own_dbm in lit[row["link"]]]
        noise = clicks_per_gate(s, power_w(s, link, candidate, nu_q, light), nu_q)
        qber, skr = qber_and_skr(s, noise, s.losses_db(link, candidate)[1])
        numbers[row["link"]] = {"noise_per_gate": noise, "qber": qber, "skr_bps": skr}
    return numbers


def widest(s: Setting, skr: dict[str, float], source: object, target: object) -> float:
    """Return the largest rate such that links of at least this rate connect two nodes."""
    group = {node: {node} for node in s.nodes}
    for name in sorted(s.links, key=lambda name: -skr[name]):
        joined = group[s.links[name]["a"]] | group[s.links[name]["b"]]
        group.update(dict.fromkeys(joined, joined))
        if target in group[source]:
            return skr[name]
    return 0.0


def demand_rates(s: Setting, result: Fields, skr: dict[str, float]) -> dict[Any, float]:
    """Return the key rate of every served demand [bit/s]."""
    if s.qkd["key_accounting"] == "shared":
        return fair_shares(s, result, skr)
    if s.qkd["relay"] == "widest":
        return {
            path["demand"]: widest(s, skr, path["route"][0], path["route"][-1])
            for path in result["lightpaths"]
        }
    return {
        path["demand"]: min(skr[name] for name in path["links"]) for path in result["lightpaths"]
    }


def need_bps(demand: Fields) -> float:
    """Return the key that a demand asks for [bit/s]."""
    key = demand.get("key")
    if key is None:
        return 0.0
    each = key["rate_bps"] if "rate_bps" in key else key["bits"] / key["every_s"]
    return each * (demand.get("channels", 1) if key.get("per") == "lightpath" else 1)


def fair_shares(s: Setting, result: Fields, skr: dict[str, float]) -> dict[Any, float]:
    """Return what every served demand gets of shared keys, by progressive filling [bit/s]."""
    if s.qkd["relay"] != "lightpath" or result["objective"] not in ("key-factor", "link-sum"):
        sys.exit(
            f"shares with relay = {s.qkd['relay']!r} and objective {result['objective']!r} come "
            "out of a linear program, which this page has not"
        )
    needs = {demand["id"]: need_bps(demand) for demand in s.demands}
    equal = not any(needs.values())
    paths = {path["demand"]: path["links"] for path in result["lightpaths"]}
    share = {demand: 1.0 if equal else needs[demand] for demand in paths}
    rates = dict.fromkeys(paths, 0.0)
    growing = {demand for demand in paths if share[demand] > 0.0}
    while growing:
        level = {}
        for name in {name for demand in growing for name in paths[demand]}:
            own = [demand for demand in paths if name in paths[demand]]
            taken = fsum(rates[demand] for demand in own if demand not in growing)
            level[name] = (skr[name] - taken) / fsum(share[d] for d in own if d in growing)
        least = max(0.0, min(level.values()))
        full = {name for name in level if level[name] <= least * (1 + 1e-12)}
        for demand in [d for d in growing if full.intersection(paths[d])]:
            rates[demand] = least * share[demand]
            growing.discard(demand)
    return rates


def value_of_shared(
    s: Setting, result: Fields, skr: dict[str, float], rates: dict[Any, float]
) -> Fields:
    """Return the value block of a result whose demands share keys."""
    needs = {demand["id"]: need_bps(demand) for demand in s.demands}
    equal, total = not any(needs.values()), fsum(needs.values())
    counted = [rates[d] for d in rates if equal or needs[d]]
    factors = [rates[d] / needs[d] for d in rates if needs[d]]
    factor = min(factors, default=None)
    asking = len(needs) if equal else sum(need > 0.0 for need in needs.values())
    objective = fsum(skr.values()) if result["objective"] == "link-sum" else total * (factor or 0.0)
    return {
        "objective_bps": objective,
        "served": len(rates),
        "without_key": sum(rate <= 0.0 for rate in counted),
        "mean_skr_bps": fsum(counted) / max(len(counted), 1),
        "mean_skr_per_request_bps": fsum(counted) / max(asking, 1),
        "worst_skr_bps": min(counted, default=0.0),
        "key_needed_bps": total,
        "key_delivered_bps": fsum(min(rates[d], needs[d]) for d in rates),
        "key_met": sum(rates[d] >= (1 - 1e-6) * needs[d] > 0.0 for d in rates),
        **({} if factor is None else {"key_factor": factor}),
    }


def value_of(s: Setting, result: Fields, skr: dict[str, float], rates: dict[Any, float]) -> Fields:
    """Return the value block of a result."""
    if s.qkd["key_accounting"] == "shared":
        return value_of_shared(s, result, skr, rates)
    served = list(rates.values())
    mean, worst = fsum(served) / max(len(served), 1), min(served, default=0.0)
    objective = {"mean": mean, "max-min": worst, "link-sum": fsum(skr.values())}
    return {
        "objective_bps": objective[result["objective"]],
        "served": len(served),
        "without_key": sum(rate <= 0.0 for rate in served),
        "mean_skr_bps": mean,
        "mean_skr_per_request_bps": fsum(served) / max(len(s.demands), 1),
        "worst_skr_bps": worst,
    }


def setting_of(instance: Fields, result: Fields) -> Setting:
    """Return the instance; with ``solve --from``, with the light in place that the result names."""
    around = result.get("around")
    light = {} if around is None else {"lightpaths": around["lightpaths"]}
    return Setting({**instance, **light})


def recompute(
    instance: Fields, result: Fields
) -> tuple[dict[str, Fields], dict[Any, float], Fields]:
    """Return the numbers of every link, the key rate of every served demand, and the value."""
    s = setting_of(instance, result)
    links = link_numbers(s, result)
    skr = {name: links[name]["skr_bps"] if name in links else 0.0 for name in s.links}
    rates = demand_rates(s, result, skr)
    return links, rates, value_of(s, result, skr, rates)


def differences(instance: Fields, result: Fields) -> Iterator[str]:
    """Yield every number of a result that differs, and every lit guard band."""
    links, rates, value = recompute(instance, result)
    pairs = [
        (f"link {row['link']} {name}", row[name], links[row["link"]][name], ABSOLUTE.get(name))
        for row in result["qkd"]
        for name in links[row["link"]]
    ]
    pairs += [
        (f"demand {row['demand']} skr_bps", row["skr_bps"], rates.get(row["demand"], 0.0), None)
        for row in result["demands"]
    ]
    pairs += [(f"value {name}", result["value"][name], value[name], None) for name in value]
    for what, read, computed, absolute in pairs:
        nearest = ABSOLUTE_BPS if absolute is None else absolute
        if not isclose(read, computed, rel_tol=RELATIVE, abs_tol=nearest):
            yield f"{what}: {read!r} in the result, {computed!r} by the page"
    yield from lit_guard_bands(setting_of(instance, result), result)


def main(instance_path: str, result_path: str) -> int:
    """Compare a result with the page; return the exit status."""
    instance, result = (
        json.loads(Path(path).read_text("utf-8")) for path in (instance_path, result_path)
    )
    found = list(differences(instance, result))
    links, rates, value = recompute(instance, result)
    for name, row in links.items():
        noise, qber, skr = row["noise_per_gate"], row["qber"], row["skr_bps"]
        print(f"{name:12} {noise:.6e} clicks/gate  QBER {qber:.6f}  {skr:.3f} bit/s")
    mean = value["mean_skr_bps"]
    print(f"{len(rates)} demands served, mean {mean:.6f} bit/s; {len(found)} differences")
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python docs/recompute_plan.py INSTANCE.json RESULT.json")
    sys.exit(main(*sys.argv[1:]))
