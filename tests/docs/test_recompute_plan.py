"""``docs/physics.md`` is enough to recompute a plan: a script written from it alone agrees."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from functools import cache
from importlib import import_module

import pytest

import qkdopt
from qkdopt.instance.hardware import OtherNoise
from qkdopt.result import Result
from tests.corners.brownfield import brownfield
from tests.corners.generator import corner_instance
from tests.corners.networks import networks
from tests.corners.shared_keys import shared_keys
from tests.shipped import LIBRARY
from tests.surface_instances import surface_instance

DOCS = LIBRARY.parent / "docs"
sys.path.insert(0, str(DOCS))
physics_tables, recompute_link, recompute_plan = map(
    import_module, ("physics_tables", "recompute_link", "recompute_plan")
)

SCRIPTS = ("recompute_link.py", "recompute_plan.py")
MAIN = LIBRARY / "nsfnet_100erl.json"


@cache
def solved() -> Result:
    return qkdopt.solve(qkdopt.read_instance(MAIN), strategy="ds-qkd")


def differences(result: dict) -> list[str]:
    instance = json.loads(MAIN.read_text(encoding="utf-8"))
    return list(recompute_plan.differences(instance, result))


def test_the_script_imports_nothing_but_the_standard_library():
    for name in SCRIPTS:
        for node in ast.walk(ast.parse((DOCS / name).read_text(encoding="utf-8"))):
            modules = [alias.name for alias in getattr(node, "names", [])]
            if isinstance(node, ast.ImportFrom):
                modules = [node.module]
            elif not isinstance(node, ast.Import):
                continue
            for module in modules:
                assert module.split(".")[0] in {*sys.stdlib_module_names, "recompute_link"}


def test_every_number_of_a_solved_plan_follows_from_the_page(tmp_path):
    path = tmp_path / "result.json"
    solved().save(path)
    # -S: without site-packages the script could not import qkdopt if it wanted to.
    run = subprocess.run(
        [sys.executable, "-S", DOCS / "recompute_plan.py", MAIN, path],
        capture_output=True, text=True, check=False, cwd=tmp_path, env={}, timeout=60,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "100 demands served" in run.stdout
    assert "0 differences" in run.stdout
    assert run.stdout.count("clicks/gate") == 21


@pytest.mark.parametrize(
    "plan", ["nsfnet_100erl.json", "bench/madqci_20.json", "small/mesh6_pair.json"]
)
def test_best_known_plans_are_worth_what_the_checker_says(plan):
    saved = qkdopt.read_plan(LIBRARY / "best_known" / plan)
    report = qkdopt.check(qkdopt.read_instance(LIBRARY / plan), saved)
    instance = json.loads((LIBRARY / plan).read_text(encoding="utf-8"))
    links, _, value = recompute_plan.recompute(instance, saved.to_json_dict())
    assert value["objective_bps"] == pytest.approx(report.objective_bps, rel=1e-9)
    assert {name: row["skr_bps"] for name, row in links.items()} == pytest.approx(
        report.link_skr_bps, rel=1e-9, abs=1e-6
    )


def corners() -> list[tuple[qkdopt.Instance, Result]]:
    drawn = [corner_instance(seed) for seed in range(40)]
    return [
        (instance, qkdopt.solve(instance, strategy="ds-qkd", objective=objective))
        for instance, objective in drawn
    ]


def test_the_page_covers_the_corners_of_the_schema():
    seen = set()
    for instance, result in corners():
        found = recompute_plan.differences(instance.to_json_dict(), result.to_json_dict())
        assert list(found) == [], instance.name
        seen |= {name for name in OtherNoise.model_fields if getattr(instance.other_noise, name)}
        seen |= {instance.fibre.layout, instance.qkd.decoys, instance.qkd.relay}
        seen |= {"table"} if instance.qkd.skr_table else set()
        seen.add(str(instance.fibre.raman_profile)[:10])
    assert {
        *OtherNoise.model_fields, "single", "pair", "infinite", "vacuum+weak", "lightpath",
        "widest", "table", "gnpy", "hollenbeck", "offset_nm=",
    } <= seen  # fmt: skip


def test_the_page_covers_light_in_place():
    foreign = 0
    for drawn in map(brownfield, range(40)):
        result = qkdopt.solve(drawn.instance, strategy="ds-qkd", objective=drawn.objective)
        instance = drawn.instance.to_json_dict()
        assert list(recompute_plan.differences(instance, result.to_json_dict())) == []
        paths = drawn.instance.lightpaths or ()
        foreign += any(path.demand is None and path.launch_dbm is not None for path in paths)
    assert foreign > 3


def test_the_page_covers_fibre_types_other_bands_and_an_amplified_network():
    seen = set()
    for drawn in map(networks, range(40)):
        result = qkdopt.solve(drawn.instance, strategy="ds-qkd", objective=drawn.objective)
        instance = drawn.instance.to_json_dict()
        assert list(recompute_plan.differences(instance, result.to_json_dict())) == []
        for own in instance.get("fibres", ()):
            seen |= own.keys()
        noise = instance.get("other_noise", {})
        seen |= noise.keys() | (noise.get("crosstalk") or {}).keys()
    assert {
        "loss_db_per_km", "raman_ratio", "effective_area_um2", "other_band_isolation_db",
        "amplifier",
    } <= seen  # fmt: skip


@pytest.mark.parametrize(
    ("part", "row", "name", "expected"),
    [
        ("qkd", 0, "noise_per_gate", "link 0-1 noise_per_gate"),
        ("qkd", 3, "qber", "link 1-2 qber"),
        ("qkd", 3, "skr_bps", "link 1-2 skr_bps"),
        ("demands", 7, "skr_bps", "demand 7 skr_bps"),
    ],
)
def test_a_number_that_is_off_by_a_part_in_1e8_is_found(part, row, name, expected):
    result = solved().to_json_dict()
    assert differences(result) == []
    result[part][row][name] *= 1.0 + 1e-8
    (found,) = differences(result)
    assert found.startswith(expected)


def test_light_in_a_guard_band_is_found():
    result = solved().to_json_dict()
    row = result["qkd"][0]
    crossing = next(path for path in result["lightpaths"] if row["link"] in path["links"])
    row["channel"] = crossing["channels"][0]
    assert any("is lit in a guard band" in line for line in differences(result))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"lasers": 3}, "instance.lasers"),
        ({"qkd": {"afterpulsing": 0.01}}, "qkd.afterpulsing"),
        ({"other_noise": {"crosstalk": {"third_isolation_db": 9.0}}}, "crosstalk.third"),
    ],
)
def test_a_field_that_the_page_does_not_know_ends_the_script(change, where):
    instance = json.loads(MAIN.read_text(encoding="utf-8"))
    with pytest.raises(SystemExit, match=where):
        recompute_link.Setting({**instance, **change})


def test_the_tables_of_the_page_are_those_of_package_and_script():
    text = physics_tables.PAGE.read_text(encoding="utf-8")
    assert physics_tables.page(text) == text, "run python docs/physics_tables.py"


# Fields of the page's table that no number depends on, or that are a link's.
WITHOUT_NUMBERS = ("qkd.protocol", "link.")


def test_the_defaults_of_the_script_are_those_of_the_page():
    page = physics_tables.PAGE.read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    table = {row[1].strip(" `"): row[3].strip() for row in rows if len(row) > 5}
    required = {name: "-" if value == "required" else value for name, value in table.items()}
    known = {}
    for part, fields in recompute_link.DEFAULTS.items():
        where = part if part in physics_tables.PARTS else f"other_noise.{part}"
        known |= {f"{where}.{name}": physics_tables.shown(value) for name, value in fields.items()}
    assert known == {
        name: value for name, value in required.items() if not name.startswith(WITHOUT_NUMBERS)
    }


@pytest.mark.parametrize("seed", range(0, 24, 6))
def test_shared_keys_follow_from_the_page(seed):
    layout, reserve = ("single", "pair")[seed % 2], ("working", "all")[seed // 12]
    drawn = shared_keys(seed, (layout, "lightpath", reserve, "key-factor"))
    result = qkdopt.solve(drawn.instance, strategy="ds-qkd", objective="key-factor")
    instance = json.loads(json.dumps(drawn.instance.to_json_dict()))
    assert list(recompute_plan.differences(instance, result.to_json_dict())) == []


def test_the_page_covers_a_surface_of_key_rates():
    positive = 0
    for seed in range(12):
        instance = surface_instance(seed)
        result = qkdopt.solve(instance, strategy="ds-qkd")
        found = recompute_plan.differences(instance.to_json_dict(), result.to_json_dict())
        assert list(found) == [], instance.name
        positive += result.value.mean_skr_bps > 0.0
    assert positive >= 6
