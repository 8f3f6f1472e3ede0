"""Specification of a study: the TOML file, validated, and its runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from qkdopt.errors import InstanceError, UsageError
from qkdopt.experiments.study.job import Job
from qkdopt.experiments.study.sets import ChannelSets, NamedSet
from qkdopt.instance import Instance
from qkdopt.instance.base import Part
from qkdopt.io import read_instance, read_toml
from qkdopt.simulation import SimulationOptions

Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0)]

# Fields that a strategy's label names where they differ from the defaults.
STRATEGY_FIELDS = (
    "order", "policy", "replacements", "retune", "threshold", "admission", "bridge_s",
)  # fmt: skip


class StrategySpec(Part):
    """Strategy of a part of the runs; see :class:`SimulationOptions`."""

    name: str | None = None
    """Label in tables and plots; made from the rest where not given."""
    strategy: str = "ds-qkd"
    order: str = "first-fit"
    policy: str = "bottleneck-harm"
    replacements: Annotated[int, Field(ge=0)] = 0
    retune: str = "always"
    threshold: float = 0.5
    admission: str = "light"
    bridge_s: float = 0.0

    def faults(self) -> Iterator[str]:
        """Yield options that the simulator refuses."""
        try:
            self.options()
        except UsageError as error:
            yield from str(error).split("; ")

    def options(self) -> SimulationOptions:
        """Return the simulator's options."""
        return SimulationOptions(**self.model_dump(exclude={"name"}))

    @property
    def label(self) -> str:
        """Return the name in tables and plots."""
        if self.name is not None:
            return self.name
        default = StrategySpec(strategy=self.strategy)
        words = [self.strategy]
        for field in STRATEGY_FIELDS:
            value = getattr(self, field)
            if value != getattr(default, field):
                words.append(f"{field} {value}")
        return ", ".join(words)


class StudySpec(Part):
    """A study: every combination of instance, set, strategy, load and seed is one run."""

    name: str
    instances: Annotated[tuple[str, ...], Field(min_length=1)]
    """Instance files, relative to the study file."""
    loads: Annotated[tuple[Positive, ...], Field(min_length=1)]
    """Loads [erlang]."""
    strategies: Annotated[tuple[str | StrategySpec, ...], Field(min_length=1)] = ("ds-qkd",)
    sets: Annotated[tuple[Literal["instance"] | ChannelSets, ...], Field(min_length=1)] = (
        "instance",
    )
    """Candidate sets; ``"instance"`` keeps the file's own."""
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)] = (0,)
    requests: Count = 1_000_000
    warmup: Annotated[int, Field(ge=0)] | None = None
    replications: Count = 1
    baseline: str | None = None
    """Strategy that the others are compared with, pair by pair; the first by default."""
    bound_every: Annotated[int, Field(ge=0)] = 0
    """Requests between snapshots whose load-state bound is proved; 0 for none."""
    snapshots: Count = 10
    """Largest number of snapshots of one run."""
    bound_nodes: Annotated[int, Field(ge=0)] = 0
    """Branchings of one snapshot's bound after its root; a number, so that runs repeat."""

    def faults(self) -> Iterator[str]:
        """Yield unknown strategies and baselines, and duplicates."""
        for name, values in (("loads", self.loads), ("seeds", self.seeds)):
            if len(set(values)) < len(values):
                numbers = ", ".join(f"{value:g}" for value in values)
                yield f"{name} = {numbers}; expected different numbers"
        for strategy in self.strategies:
            if isinstance(strategy, str):
                try:
                    SimulationOptions(strategy=strategy)
                except UsageError as error:
                    yield f"strategies: {error}"
        labels = [spec.label for spec in self._specs()]
        if len(set(labels)) < len(labels):
            yield f"strategies: {', '.join(labels)}; expected different names (give `name`)"
        if self.baseline is not None and self.baseline not in labels:
            yield f"baseline = {self.baseline!r}; expected one of {', '.join(labels)}"

    @property
    def baseline_label(self) -> str:
        """Return the label of the strategy that the others are compared with."""
        return self.baseline or self._specs()[0].label

    def _specs(self) -> list[StrategySpec]:
        return [
            StrategySpec.model_construct(name=None, strategy=strategy)
            if isinstance(strategy, str)
            else strategy
            for strategy in self.strategies
        ]

    def jobs(self, folder: Path) -> list[Job]:
        """Return every run, in the order of the file.

        Raises
        ------
        InstanceError
            An instance cannot be read, or a set does not fit one; all faults at once.
        """
        faults: list[str] = []
        chosen = []
        for file in self.instances:
            try:
                chosen += self._with_sets(read_instance(folder / file))
            except InstanceError as error:
                faults += [f"{error.where}: {fault}" for fault in error.faults]
        faults += _repeated(chosen) + self._unbounded(chosen)
        if faults:
            raise InstanceError(self.name, faults)
        return [
            Job(
                instance=instance,
                set_name=label,
                label=spec.label,
                options=spec.options(),
                load_erlang=load,
                seed=seed,
                requests=self.requests,
                warmup=self.warmup,
                replications=self.replications,
                bound_every=self.bound_every,
                snapshots=self.snapshots,
                bound_nodes=self.bound_nodes,
            )
            for (label, instance), load, seed, spec in product(
                chosen, self.loads, self.seeds, self._specs()
            )
        ]

    def _unbounded(self, chosen: list[tuple[str, Instance]]) -> list[str]:
        """Return features of the instances that no simulation or no bound covers."""
        faults = []
        for instance in {instance.name: instance for _, instance in chosen}.values():
            if instance.other_noise.four_wave_mixing is not None:
                faults.append(f"{instance.name}: no simulation covers four-wave mixing")
            if self.bound_every > 0 and instance.qkd.relay == "widest":
                faults.append(
                    f"{instance.name}: no bound covers relay = widest; expected bound_every = 0"
                )
        return faults

    def _with_sets(self, instance: Instance) -> list[tuple[str, Instance]]:
        with_sets: list[tuple[str, Instance]] = []
        for sets in self.sets:
            named = (
                [NamedSet("instance", None)]
                if isinstance(sets, str)
                else sets.draw(instance.grid.channels)
            )
            with_sets += [(named_set.name, named_set.applied_to(instance)) for named_set in named]
        return with_sets


def _repeated(chosen: list[tuple[str, Instance]]) -> list[str]:
    """Return the names that two instances, or two sets of an instance, would share in tables."""
    count = Counter((instance.name, label) for label, instance in chosen)
    return [
        f"{name} with set {label} comes {times} times; expected different names"
        for (name, label), times in count.items()
        if times > 1
    ]


def read_study(path: str | Path) -> StudySpec:
    """Read and validate a study file.

    Raises
    ------
    InstanceError
        With every fault of the file.
    """
    return read_toml(path, StudySpec)
