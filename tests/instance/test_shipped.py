"""What ships is what the script makes, byte for byte."""

from __future__ import annotations

import subprocess
import sys

from tests.shipped import INSTANCES, LIBRARY


def test_instances_are_made_again_byte_for_byte(tmp_path):
    for folder in ("bench", "small"):
        (tmp_path / folder).mkdir()
    subprocess.run([sys.executable, LIBRARY / "make.py", tmp_path], check=True)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.json")}
    shipped = {path.relative_to(LIBRARY): path.read_bytes() for path in INSTANCES}
    assert set(made) == set(shipped)
    assert [name for name in made if made[name] != shipped[name]] == []
