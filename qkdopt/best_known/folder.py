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
    """Instances of a folder, their best known rows and plans.

    Parameters
    ----------
    folder
        Every ``.json`` file in it is an instance, but those in ``best_known/``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def table(self) -> Path:
        """Return the file of the rows."""
        return self.folder / TABLE

    def plan_file(self, instance: str, objective: str) -> Path:
        """Return the file of the best plan; objectives other than the mean are in its name."""
        suffix = ".json" if objective == "mean" else f".{objective}.json"
        return self.folder / PLANS / f"{instance}{suffix}"

    @cached_property
    def instances(self) -> dict[str, Instance]:
        """Return every instance by its path below the folder, without ``.json``.

        Raises
        ------
        LibraryError
            The folder does not exist, or files of it are no instances.
        """
        if not self.folder.is_dir():
            raise LibraryError(str(self.folder), ["no such folder; expected one of instances"])
        instances: dict[str, Instance] = {}
        faults: list[str] = []
        for path in sorted(self.folder.rglob("*.json")):
            name = path.relative_to(self.folder).with_suffix("")
            if name.parts[0] == PLANS:
                continue
            try:
                instances[str(PurePosixPath(name))] = read_instance(path)
            except InstanceError as error:
                faults.extend(f"{name}.json: {fault}" for fault in error.faults)
        if faults:
            raise LibraryError(str(self.folder), faults)
        return instances

    @cached_property
    def names(self) -> dict[str, str]:
        """Return the path of every instance by its hash."""
        return {instance.sha256(): name for name, instance in self.instances.items()}

    def rows(self) -> Rows:
        """Return the rows of the table, by (instance, objective).

        Raises
        ------
        LibraryError
            The table is unreadable, or has rows of missing or changed instances.
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
        """Return the path in the library of every given instance file, by its content.

        Raises
        ------
        LibraryError
            Files that are not of this library: all of them listed.
        """
        names: list[str] = []
        faults: list[str] = []
        for path in paths:
            name = self.names.get(read_instance(path).sha256())
            if name is None:
                faults.append(f"{path}: not of this library; expected one of its instances")
            else:
                names.append(name)
        if faults:
            raise LibraryError(str(self.folder), faults)
        return names


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
    default = Path("instances")
    if not default.is_dir():
        fault = "no such folder here; expected a library (name one with --library)"
        raise LibraryError(str(default), [fault])
    return Library(default)
