"""What commands print, word for word; seconds, cores and versions are masked.

``QKDOPT_REWRITE=1 pytest tests/cli/test_golden.py`` writes the texts anew: read the difference
before committing it.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.command import exit_status

ROOT = Path(__file__).parent.parent.parent
GOLDEN = Path(__file__).parent / "golden"
MASKS = [
    (r"\b\d+\.\d+ s\b", "#.# s"),
    (r"\b\d+ threads?\b", "# threads"),
    (r"\b\d+\.\d+\.\d+\b", "#.#.#"),
    (r'("seconds":) [0-9.e-]+', r"\1 0"),
    (r"(?m)^(highs +yes +)\S+ +", r"\1#.#.#     "),
    # Which of the other solvers are installed depends on the machine.
    (
        r"(?m)^((?!highs)[a-z-]+ +)(?:yes|no ) +(?:[\d#]\S*|-) +(?=yes|no)",
        r"\1?         ?          ",
    ),
    (r"\b\d+\.\d+ million", "#.# million"),
    (r'("requests_per_second":) [0-9.e+-]+', r"\1 0"),
    (r'"environment": \{.*?\n \}', '"environment": "#"'),
    (r'"written_at": "[^"]*"', '"written_at": "#"'),
    # A result with its times in it.
    (r'("file": "plan\.json",\s+"sha256":) "[^"]*"', r'\1 "#"'),
]
COMMANDS = {
    "solve_fixed": "solve instances/bench/nsfnet_260erl.json --strategy fixed",
    "solve_ds_qkd": "solve instances/nsfnet_100erl.json --strategy ds-qkd",
    "solve_synergistic": (
        "solve instances/small/ring_blocks.json --strategy ds-qkd-synergistic --seed 3"
    ),
    "solve_no_key": "solve instances/small/ring_without_key.json --strategy ds-qkd",
    "solve_json": "solve instances/small/line.json --strategy ds-qkd --json",
    "solve_milp": "solve instances/small/triangle.json --strategy milp --node-limit 1000",
    "bound": "bound instances/small/line.json",
    "bound_json": "bound instances/small/line.json --served 4 --json",
    "bound_max_min": "bound instances/small/line.json --objective max-min",
    "info": "instance info instances/nsfnet_100erl.json",
    "validate": "instance validate instances/small/line.json",
    "validate_bad": "instance validate tests/bad/length_in_metres.json",
    "solvers": "solvers",
    "simulate": "simulate instances/nsfnet_100erl_4ch.json --requests 20000",
    "simulate_json": (
        "simulate instances/small/mesh6.json --requests 5000 --load 6 --seed 2 --json "
        "--strategy ds-qkd-synergistic --replacements 1"
    ),
    "simulate_bad": "simulate instances/small/line.json --threshold 7 --replacements -1",
    "check_missing": "check instances/small/line.json missing.json",
}


def compare(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("QKDOPT_REWRITE"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def masked(text: str) -> str:
    text = text.replace(f"{ROOT}{os.sep}", "")
    for pattern, mask in MASKS:
        text = re.sub(pattern, mask, text, flags=re.DOTALL)
    # The last digits belong to the processor.
    text = re.sub(r"\d+\.\d{7,}(e-\d+)?", lambda number: f"{float(number[0]):.6g}", text)
    # Progress depends on the clock; what is said of a fault does not.
    return "".join(
        line
        for line in text.splitlines(keepends=True)
        if not line.lstrip().startswith(("#.# s", "compiling"))
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_prints_as_reviewed(name, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    status = exit_status(*COMMANDS[name].split())
    told = capsys.readouterr()
    compare(
        name,
        f"$ qkdopt {COMMANDS[name]}\n{masked(told.out)}"
        f"--- stderr\n{masked(told.err)}--- exit status {status}\n",
    )


def spoil_channels(result):
    result["lightpaths"][3]["channels"] = result["lightpaths"][1]["channels"]


def spoil_numbers(result):
    result["value"]["objective_bps"] *= 1.1
    result["qkd"][0]["noise_per_gate"] += 1e-5
    result["demands"][2]["skr_bps"] = 7.0


@pytest.mark.parametrize(
    ("name", "spoil", "options"),
    [
        ("check_channels", spoil_channels, []),
        ("check_numbers", spoil_numbers, []),
        ("check_json", spoil_numbers, ["--json"]),
    ],
)
def test_check_lists_every_broken_rule(name, spoil, options, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    instance = ROOT / "instances" / "small" / "mesh6.json"
    assert exit_status("solve", instance, "--strategy", "ds-qkd", "-o", "plan.json") == 0
    result = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    spoil(result)
    Path("plan.json").write_text(json.dumps(result), encoding="utf-8")
    capsys.readouterr()
    status = exit_status("check", instance, "plan.json", *options)
    told = capsys.readouterr()
    compare(name, f"{masked(told.out)}--- stderr\n{masked(told.err)}--- exit status {status}\n")
