"""Every deliberate error of qkdopt.

Each class says whose fault it is; the command line turns any of them into one
message and the exit status given here. A bug keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

# Of more faults the rest is counted: nobody reads a thousand, and they bury the first.
MOST_SHOWN_FAULTS = 20
# Of a longer fault both ends are shown: where it is, and what was expected.
MOST_SHOWN_CHARACTERS = 600


def fault_list(faults: Sequence[str]) -> str:
    """Spell how many faults there are, and the first of them, one a line."""
    count = f"{len(faults):,} fault{'s' if len(faults) != 1 else ''}"
    lines = [f"  - {printable_line(fault)}" for fault in faults[:MOST_SHOWN_FAULTS]]
    if len(faults) > MOST_SHOWN_FAULTS:
        lines.append(f"  ... and {len(faults) - MOST_SHOWN_FAULTS:,} more")
    return "\n".join([count, *lines])


def printable_line(text: str) -> str:
    """Return text as one line of readable length, letters that nobody sees spelled out.

    What was read may hold line breaks, or what a terminal takes for a command.
    """
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
    if len(text) > MOST_SHOWN_CHARACTERS:
        half = MOST_SHOWN_CHARACTERS // 2
        text = f"{text[:half]} ... {text[-half:]}"
    return text


class QkdoptError(Exception):
    """Base of all deliberate errors. ``exit_status`` is what the command line returns.

    Examples
    --------
    >>> import qkdopt
    >>> try:
    ...     qkdopt.read_instance("missing.json")
    ... except qkdopt.QkdoptError as error:
    ...     print(error.exit_status)
    2
    """

    exit_status = 2


class FaultsError(QkdoptError):
    """An input with one or more faults, all of them known at once.

    The message shows the first :data:`MOST_SHOWN_FAULTS` and counts the rest.

    Parameters
    ----------
    where
        File name or object the faults are in.
    faults
        One text per fault: where, what was read, what was expected, the likely cause.

    Examples
    --------
    >>> import qkdopt
    >>> try:
    ...     qkdopt.read_instance("missing.json")
    ... except qkdopt.FaultsError as error:
    ...     error.where, error.faults
    ('missing.json', ('no such file; expected a JSON file',))
    """

    def __init__(self, where: str, faults: Sequence[str]) -> None:
        self.where = where
        self.faults = tuple(faults)
        super().__init__(f"{where}: {fault_list(self.faults)}")


class OptionsError(FaultsError):
    """Options that are out of range or do not fit together, all of them at once.

    Examples
    --------
    >>> import qkdopt
    >>> mesh = qkdopt.read_instance("instances/small/mesh6.json")
    >>> try:
    ...     qkdopt.rank_channel_sets(mesh, 2, quantile=2.0, requests=0)
    ... except qkdopt.OptionsError as error:
    ...     len(error.faults)
    2
    """


class InstanceError(FaultsError):
    """An instance that breaks a rule of the schema or of the problem.

    Examples
    --------
    >>> import qkdopt
    >>> qkdopt.read_instance("missing.json")
    Traceback (most recent call last):
        ...
    qkdopt.errors.InstanceError: missing.json: 1 fault
      - no such file; expected a JSON file
    """


class ResultError(FaultsError):
    """A result file that is unreadable or does not belong to the instance.

    Examples
    --------
    >>> import qkdopt
    >>> qkdopt.read_result("missing.json")
    Traceback (most recent call last):
        ...
    qkdopt.errors.ResultError: missing.json: 1 fault
      - no such file; expected a JSON file
    """


class LibraryError(FaultsError):
    """A library of instances that is unreadable, or that does not hold what was asked for.

    Examples
    --------
    >>> from pathlib import Path
    >>> from qkdopt.best_known import Library
    >>> Library(Path("nowhere")).instances
    Traceback (most recent call last):
        ...
    qkdopt.errors.LibraryError: nowhere: 1 fault
      - no such folder; expected one of instances
    """


class RefusedError(FaultsError):
    """A result that the checker, or what a library holds already, contradicts.

    Examples
    --------
    >>> import qkdopt
    >>> error = qkdopt.RefusedError("results", ["plan.json: demand 0 has 1 channel; expected 2"])
    >>> print(error)
    results: 1 fault
      - plan.json: demand 0 has 1 channel; expected 2
    >>> error.exit_status
    1
    """

    exit_status = 1


class PhysicsError(QkdoptError):
    """A physical input outside the range in which the equation or table holds.

    Examples
    --------
    >>> import numpy as np
    >>> from qkdopt.physics.raman import MeasuredCrossSection, measured_cross_section
    >>> table = MeasuredCrossSection(np.array([-5.0, 5.0]), np.array([1e-9, 1e-9]))
    >>> measured_cross_section(193.0, 195.0, table=table)
    Traceback (most recent call last):
        ...
    qkdopt.errors.PhysicsError: Raman table covers offsets -5 to 5 nm; ...
    """


class UsageError(QkdoptError):
    """A command or call with options that do not fit together.

    Examples
    --------
    >>> import qkdopt
    >>> qkdopt.new_instance("ten", topology="nsfnet", demands=10, seed=1, preset="office")
    Traceback (most recent call last):
        ...
    qkdopt.errors.UsageError: preset = 'office'; expected one of ...
    """


class UnsupportedError(QkdoptError):
    """A combination that no model covers yet (the documentation has the table).

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> qkdopt.bound(line.replace(qkd={"relay": "widest"}))
    Traceback (most recent call last):
        ...
    qkdopt.errors.UnsupportedError: no bound covers relay = widest with objective mean: ...
    """


class UnmetNeedsError(QkdoptError):
    """No links with QKD were found that give all demands the key they ask for.

    Examples
    --------
    >>> import qkdopt
    >>> error = qkdopt.UnmetNeedsError("more than there is", proved=True)
    >>> error.exit_status, qkdopt.UnmetNeedsError("not decided in time", proved=False).exit_status
    (1, 3)
    """

    def __init__(self, message: str, *, proved: bool) -> None:
        super().__init__(message)
        self.proved = proved
        self.exit_status = 1 if proved else 3


class SolverMissingError(QkdoptError):
    """A solver that is not installed; the message says how to install it.

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> try:
    ...     result = qkdopt.solve(line, strategy="milp", solver="highs", time_limit=1.0)
    ... except qkdopt.SolverMissingError as error:
    ...     print(error)
    """


class LicenceError(UsageError):
    """A model that is larger than a solver takes without a licence.

    Examples
    --------
    >>> import qkdopt
    >>> issubclass(qkdopt.LicenceError, qkdopt.UsageError)
    True
    """


class SolverFailedError(QkdoptError):
    """A solver ended in a way that is no answer: a crash, or a status not known to us.

    Examples
    --------
    >>> import qkdopt
    >>> issubclass(qkdopt.SolverFailedError, qkdopt.QkdoptError)
    True
    """


class OutputError(QkdoptError):
    """An output file that cannot be written.

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> qkdopt.write_instance("nowhere/line.json", line)
    Traceback (most recent call last):
        ...
    qkdopt.errors.OutputError: nowhere/line.json: the folder nowhere does not exist; make it first
    """


class Faults:
    """Collects the faults of several inputs, so that one error tells all of them."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def attempt(self, make: Callable[[], T]) -> T | None:
        """Return what is made; None, and its faults kept, if it cannot be."""
        try:
            return make()
        except OptionsError as error:
            self.found += error.faults
        except FaultsError as error:
            self.found += [f"{error.where}: {fault}" for fault in error.faults]
        except QkdoptError as error:
            self.found.append(str(error))
        return None

    def expect(self, holds: bool, fault: str) -> None:
        """Keep a fault unless something holds."""
        if not holds:
            self.found.append(fault)

    def stop(self, where: str) -> None:
        """Raise what was found, if anything.

        Raises
        ------
        OptionsError
            With every fault.
        """
        if self.found:
            raise OptionsError(where, self.found)
