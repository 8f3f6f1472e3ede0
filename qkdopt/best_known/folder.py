"""The folder of a library: instances, ``best_known.csv`` and the plans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

from qkdopt.best_known.table import Rows, read_table
from qkdopt.errors import InstanceError, LibraryError
from qkdopt.instance import Instance
from qkdopt.io import read_instance

TABLE = "best_known.csv"
PLANS = "best_known"


class Library:
    """Instances of a folder and what is known of them.

    Parameters
    ----------
    folder
        Every ``.json`` file in it is an instance, but those in ``best_known/``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def table(self) -> Path:
        """File of the rows."""
        return self.folder / TABLE

    def plan_file(self, instance: str, objective: str) -> Path:
        """File of the best plan; objectives other than the mean are in its name."""
        suffix = ".json" if objective == "mean" else f".{objective}.json"
        return self.folder / PLANS / f"{instance}{suffix}"

    @cached_property
    def instances(self) -> dict[str, Instance]:
        """Every instance by its path below the folder, without ``.json``.

        Raises
        ------
        LibraryError
            The folder is none, or some of its files are no instances.
        """
        if not self.folder.is_dir():
            raise LibraryError(str(self.folder), ["no such folder; expected one of instances"])
        found: dict[str, Instance] = {}
        faults: list[str] = []
        for path in sorted(self.folder.rglob("*.json")):
            name = path.relative_to(self.folder).with_suffix("")
            if name.parts[0] == PLANS:
                continue
            try:
                found[str(PurePosixPath(name))] = read_instance(path)
            except InstanceError as error:
                faults.extend(f"{name}.json: {fault}" for fault in error.faults)
        if faults:
            raise LibraryError(str(self.folder), faults)
        return found

    @cached_property
    def names(self) -> dict[str, str]:
        """Path of every instance by its hash."""
        return {instance.sha256(): name for name, instance in self.instances.items()}

    def rows(self) -> Rows:
        """Rows of the table, by (instance, objective).

        Raises
        ------
        LibraryError
            The table is unreadable, or has rows of instances that are not there or differ.
        """
        rows = read_table(self.table)
        faults = list(self._stale(rows))
        if faults:
            raise LibraryError(str(self.table), faults)
        return rows

    def _stale(self, rows: Rows) -> Iterator[str]:
        for name, objective in rows:
            sha256 = rows[name, objective].sha256
            instance = self.instances.get(name)
            if instance is None:
                yield f"{name} {objective}: no instance {name}.json; expected one (renamed?)"
            elif instance.sha256() != sha256:
                yield (
                    f"{name} {objective}: sha256 = {sha256[:12]}...; expected "
                    f"{instance.sha256()[:12]}... (the instance changed: take out row and plan)"
                )

    def names_of(self, paths: Iterable[Path]) -> list[str]:
        """Path in the library of every given instance file, by what it holds.

        Raises
        ------
        LibraryError
            Some are not of this library: all of them listed.
        """
        found: list[str] = []
        faults: list[str] = []
        for path in paths:
            name = self.names.get(read_instance(path).sha256())
            if name is None:
                faults.append(f"{path}: not of this library; expected one of its instances")
            else:
                found.append(name)
        if faults:
            raise LibraryError(str(self.folder), faults)
        return found


def find_library(instances: Iterable[Path] = ()) -> Library:
    """Return the library that holds the first instance, or else the folder ``instances``.

    Raises
    ------
    LibraryError
        There is neither.
    """
    for path in instances:
        for folder in path.resolve().parents:
            if (folder / TABLE).is_file():
                return Library(folder)
    here = Path("instances")
    if not here.is_dir():
        fault = "no such folder here; expected a library (name one with --library)"
        raise LibraryError(str(here), [fault])
    return Library(here)
