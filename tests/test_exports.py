"""The names of the package itself: each is what it says, whatever else is imported."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import qkdopt
from qkdopt import errors

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


def test_dir_lists_every_public_name_and_each_resolves():
    assert set(qkdopt.__all__) <= set(dir(qkdopt))
    for name in qkdopt.__all__:
        assert getattr(qkdopt, name) is not None, name


def test_every_error_class_is_public():
    classes = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.QkdoptError)
    }
    assert len(classes) > 10
    assert classes <= set(qkdopt.__all__)


def test_public_functions_name_their_parameters():
    functions = [
        value for name in qkdopt.__all__ if inspect.isfunction(value := getattr(qkdopt, name))
    ]
    assert len(functions) > 20
    for function in functions:
        kinds = {one.kind for one in inspect.signature(function).parameters.values()}
        assert inspect.Parameter.VAR_KEYWORD not in kinds, function
        assert inspect.getdoc(function), function


def test_every_plot_makes_axes_where_none_are_given():
    for name in (name for name in qkdopt.__all__ if name.startswith("plot_")):
        parameters = inspect.signature(getattr(qkdopt, name)).parameters
        assert parameters["axes" if "axes" in parameters else "ax"].default is None, name


def test_the_package_itself_imports_nothing_heavy():
    program = (
        "import sys, qkdopt; dir(qkdopt); "
        "print({'numpy', 'pandas', 'pyomo', 'pydantic', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
