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


def fault_list(faults: Sequence[str]) -> str:
    """Spell how many faults there are, and the first of them, one a line."""
    count = f"{len(faults):,} fault{'s' if len(faults) != 1 else ''}"
    lines = [f"  - {fault}" for fault in faults[:MOST_SHOWN_FAULTS]]
    if len(faults) > MOST_SHOWN_FAULTS:
        lines.append(f"  ... and {len(faults) - MOST_SHOWN_FAULTS:,} more")
    return "\n".join([count, *lines])


class QkdoptError(Exception):
    """Base of all deliberate errors. ``exit_status`` is what the command line returns."""

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
    """

    def __init__(self, where: str, faults: Sequence[str]) -> None:
        self.where = where
        self.faults = tuple(faults)
        super().__init__(f"{where}: {fault_list(self.faults)}")


class OptionsError(FaultsError):
    """Options that are out of range or do not fit together, all of them at once."""


class InstanceError(FaultsError):
    """An instance that breaks a rule of the schema or of the problem."""


class ResultError(FaultsError):
    """A result file that is unreadable or does not belong to the instance."""


class LibraryError(FaultsError):
    """A library of instances that is unreadable, or that does not hold what was asked for."""


class RefusedError(FaultsError):
    """A result that the checker, or what a library holds already, contradicts."""

    exit_status = 1


class PhysicsError(QkdoptError):
    """A physical input outside the range in which the equation or table holds."""


class UsageError(QkdoptError):
    """A command or call with options that do not fit together."""


class UnsupportedError(QkdoptError):
    """A combination that no model covers yet (the documentation has the table)."""


class SolverMissingError(QkdoptError):
    """A solver that is not installed; the message says how to install it."""


class LicenceError(UsageError):
    """A model that is larger than a solver takes without a licence."""


class SolverFailedError(QkdoptError):
    """A solver ended in a way that is no answer: a crash, or a status not known to us."""


class OutputError(QkdoptError):
    """An output file that cannot be written."""


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
