"""The names of the package itself: each is what it says, whatever else is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import qkdopt

ROOMS = sorted(
    path.name for path in Path(qkdopt.__file__).parent.iterdir() if (path / "__init__.py").exists()
)


def test_no_public_function_has_the_name_of_a_room():
    # Importing a room puts it into the package, in the place of a function of that name.
    modules = {path.stem for path in Path(qkdopt.__file__).parent.glob("*.py")}
    assert not set(qkdopt.__all__) & {*ROOMS, *modules}


def test_functions_stay_functions_when_every_room_is_imported():
    imports = "; ".join(f"import qkdopt.{room}" for room in ROOMS)
    program = (
        f"import qkdopt; {imports}; "
        "print([name for name in qkdopt.__all__ if type(getattr(qkdopt, name)).__name__ == "
        "'module'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
