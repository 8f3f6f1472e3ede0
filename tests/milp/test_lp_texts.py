"""Every rule of the joint MILP as a text that was read line by line.

After a deliberate change: ``QKDOPT_REWRITE=1 pytest tests/milp/test_lp_texts.py``, then read the
difference before committing it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from qkdopt.milp import constraints, installation, objectives, sets, shared_keys, textbook
from tests.milp import (
    test_in_place,
    test_installation,
    test_sets,
    test_shared_keys,
    test_textbook,
    test_truth_tables,
)
from tests.milp.tiny import RULES, lp_text, with_rule

# Variables, numbers and readers beside the rules: no rules themselves.
HELPERS = {
    "asking",
    "build_installation",
    "build_sets",
    "declare_installation",
    "declare_noise",
    "declare_set",
    "exclude_links",
    "has_rate",
    "installed_links",
    "key_binaries",
    "key_of_demand",
    "max_link_noise",
    "max_network_rate",
    "most_key",
    "needs_in_units",
    "noise_unit",
    "set_of_model",
    "shares_keys",
    "start_keys",
    "start_set",
    "validate_candidates",
    "worth_of_key",
}
TEXTS = Path(__file__).parent / "lp"


@pytest.mark.parametrize("name", RULES)
def test_rule_reads_as_reviewed(name, tmp_path):
    text = lp_text(with_rule(name), tmp_path)
    path = TEXTS / f"{name}.lp"
    if os.environ.get("QKDOPT_REWRITE"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_no_rule_is_without_text_and_truth_table():
    """A new rule needs both."""
    public = {
        name
        for module in (constraints, installation, objectives, sets, shared_keys, textbook)
        for name, value in vars(module).items()
        if callable(value)
        and getattr(value, "__module__", "") == module.__name__
        and not name.startswith("_")
    } - HELPERS
    public.add("load_states")
    assert public == set(RULES)
    assert {path.stem for path in TEXTS.glob("*.lp")} == public
    tables = {
        match[1]
        for tests in (
            test_truth_tables,
            test_textbook,
            test_sets,
            test_in_place,
            test_shared_keys,
            test_installation,
        )
        for name in vars(tests)
        if (match := re.match(r"test_(.+?)__", name)) is not None
    }
    assert tables == public
