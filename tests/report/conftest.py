"""What tests of pages in a browser share."""

from __future__ import annotations

import shutil
import subprocess

import pytest


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """Fetch the accessibility checker by npm, into a folder that is thrown away."""
    if shutil.which("npm") is None:
        pytest.skip("no npm to fetch axe-core with")
    target = tmp_path_factory.mktemp("axe")
    done = subprocess.run(
        ["npm", "install", "--no-save", "--prefix", target, "axe-core@4"],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    if done.returncode != 0:
        pytest.skip(f"npm cannot fetch axe-core: {done.stderr[-200:]}")
    return (target / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
