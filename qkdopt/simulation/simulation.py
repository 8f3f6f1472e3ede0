"""Simulate an instance: replications side by side, batches, intervals."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

import numpy as np

from qkdopt.errors import UsageError
from qkdopt.instance import Instance, Traffic
from qkdopt.instance.generation import preset_name
from qkdopt.io.environment import environment, provenance
from qkdopt.simulation.options import SimulationOptions
from qkdopt.simulation.outcome import SimulationOutcome
from qkdopt.simulation.refusals import validate_requests
from qkdopt.simulation.simulator import Simulator, requests_need_key
from qkdopt.simulation.tally import COLUMNS, LINK_COLUMNS
from qkdopt.simulation.trace import Trace
from qkdopt.simulation.traffic import (
    Requests,
    batch_sizes,
    chunks,
    poisson_requests,
    widest_request,
)
from qkdopt.units import FloatArray

WARMUP_HOLDING_TIMES = 20.0
SMALLEST_WARMUP = 3000
REPORT_SECONDS = 0.5


@dataclass(frozen=True)
class SimulationProgress:
    """Where a simulation stands."""

    seconds: float
    phase: str
    requests: int
    of: int


ProgressCallback = Callable[[SimulationProgress], None]


def simulate(
    instance: Instance,
    options: SimulationOptions | None = None,
    *,
    load_erlang: float | None = None,
    requests: int = 1_000_000,
    warmup: int | None = None,
    seed: int = 0,
    replications: int = 1,
    trace: Trace | None = None,
    workers: int = 1,
    progress: ProgressCallback | None = None,
) -> SimulationOutcome:
    """Simulate dynamic traffic on an instance.

    Parameters
    ----------
    instance
        The network; its demands are not used, its traffic is.
    options
        How requests are served; None for the defaults.
    load_erlang
        Arrival rate x mean holding time; None for the instance's own, or the trace's.
    requests
        Counted requests of each replication.
    warmup
        Requests left out at the start of each; None for those of 20 mean holding times, at least
        3000, or for none with a trace.
    seed
        Of the requests: strategies with the same seed meet the same ones.
    replications
        Independent repetitions with other requests.
    trace
        Recorded requests in place of drawn ones; None for those.
    workers
        Replications at the same time; the result does not depend on it.
    progress
        Called about twice a second; None for no calls.

    Raises
    ------
    UsageError
        Options out of range.

    Examples
    --------
    >>> import qkdopt
    >>> mesh = qkdopt.read_instance("instances/small/mesh6.json")
    >>> outcome = qkdopt.simulate(mesh, load_erlang=5.0, requests=5000, seed=1)
    >>> outcome.requests, outcome.interrupted
    (5000, False)
    """
    arguments = dict(locals())
    chosen = options or SimulationOptions()
    given = instance.load_erlang if load_erlang is None else load_erlang
    load = given if trace is None else trace.load_erlang
    if trace is not None:
        requests = len(trace.requests.times) - (warmup or 0)
    _refuse(requests, warmup or 0, seed, replications, workers, load, load_erlang, trace)
    left_out = _warmup(warmup, load, trace)
    plan = _Plan(instance, chosen, load, requests, left_out, seed, trace)
    outcome = _Run(plan, replications, workers, progress).outcome()
    recorded = None if trace is None else {"trace_sha256": trace.sha256(), "file": None}
    arguments |= {"options": chosen, "trace": recorded}
    return replace(outcome, provenance=provenance("simulate", arguments, instance))


def _warmup(warmup: int | None, load: float, trace: Trace | None) -> int:
    if warmup is not None:
        return warmup
    if trace is not None:
        return 0
    return default_warmup(load)


def default_warmup(load_erlang: float) -> int:
    """Return the requests of 20 mean holding times, and no fewer than 3000."""
    return max(SMALLEST_WARMUP, int(WARMUP_HOLDING_TIMES * load_erlang))


def _refuse(
    requests: int,
    warmup: int,
    seed: int,
    replications: int,
    workers: int,
    load: float,
    load_erlang: float | None,
    trace: Trace | None,
) -> None:
    drawn = load if trace is None else None
    faults = validate_requests(load_erlang=drawn, requests=requests, seed=seed)
    if warmup < 0:
        faults.append(f"warmup = {warmup}; expected 0 or more")
    if replications < 1:
        faults.append(f"replications = {replications}; expected at least 1")
    if workers < 1:
        faults.append(f"workers = {workers}; expected at least 1")
    if trace is not None and replications > 1:
        faults.append(f"replications = {replications}; expected 1 with a trace")
    if trace is not None and load_erlang is not None:
        faults.append("load: expected none with a trace, which has its own")
    if faults:
        raise UsageError("; ".join(faults))


@dataclass(frozen=True)
class _Plan:
    """One replication's work."""

    instance: Instance
    options: SimulationOptions
    load_erlang: float
    requests: int
    warmup: int
    seed: int
    trace: Trace | None

    def simulator(self) -> Simulator:
        """Return a dark network."""
        rate = self.trace.arrivals_per_time if self.trace else self.load_erlang
        widest = self.trace.widest if self.trace else widest_request(self.instance)
        return Simulator.begin(
            self.instance,
            self.options,
            arrivals_per_time=rate,
            widest_demand=widest,
            with_needs=True,
        )

    def chunked_requests(self, replication: int, sizes: Iterable[int]) -> Iterator[Requests]:
        """Yield requests in chunks of these sizes."""
        if self.trace is None:
            yield from poisson_requests(
                self.instance, self.load_erlang, self.seed, replication, sizes,
                with_draws=self.options.order == "random" or self.options.replacements > 0,
            )  # fmt: skip
            return
        first = 0
        for size in sizes:
            yield self.trace.requests.part(first, first + size)
            first += size


class _Run:
    """All replications of one simulation."""

    def __init__(
        self, plan: _Plan, replications: int, workers: int, progress: ProgressCallback | None
    ) -> None:
        self._plan = plan
        self._replications = replications
        self._workers = workers
        self._progress = progress
        self._stop = threading.Event()
        self._done = [0] * replications
        self._busy = [0.0] * replications

    def outcome(self) -> SimulationOutcome:
        plan = self._plan
        traffic = plan.instance.traffic or Traffic()
        drawn = plan.options.keys and requests_need_key(plan.instance)
        # Compilation is no part of the simulation's speed.
        plan.simulator().serve(_none(), np.zeros(COLUMNS), self._no_links())
        started = time.perf_counter()
        interrupted = False
        with ThreadPoolExecutor(self._workers) as pool:
            futures = [pool.submit(self._replicate, k) for k in range(self._replications)]
            try:
                waiting = set(futures)
                while waiting:
                    _, waiting = wait(waiting, REPORT_SECONDS, FIRST_COMPLETED)
                    self._report(time.perf_counter() - started)
            except KeyboardInterrupt:
                self._stop.set()
                interrupted = True
            batches = [future.result() for future in futures]
        seconds = time.perf_counter() - started
        tally = np.concatenate([tallies for tallies, _ in batches])
        return SimulationOutcome(
            instance=plan.instance.name,
            instance_sha256=plan.instance.sha256(),
            preset=preset_name(plan.instance),
            options=plan.options,
            load_erlang=plan.load_erlang,
            seed=plan.seed,
            replications=self._replications,
            requests=int(tally[:, 0].sum()),
            warmup=plan.warmup,
            tally=tally,
            links=np.concatenate([links for _, links in batches]),
            link_ids=tuple(str(link.id) for link in plan.instance.network.links),
            link_qkd=tuple(link.qkd for link in plan.instance.network.links),
            seconds=seconds,
            requests_per_second=sum(self._done) / max(1e-9, sum(self._busy)),
            key=traffic.key if drawn else None,
            mean_holding_s=traffic.holding_s if drawn else None,
            interrupted=interrupted,
            notes=_notes(traffic, plan.trace),
            environment=environment().model_dump(mode="json"),
        )

    def _replicate(self, replication: int) -> tuple[FloatArray, FloatArray]:
        """Serve one replication; whole batches only."""
        plan = self._plan
        simulator = plan.simulator()
        batches = [plan.warmup, *batch_sizes(plan.requests)]
        chunked_requests = plan.chunked_requests(
            replication, (size for batch in batches for size in chunks(batch))
        )
        tallies: list[FloatArray] = []
        links: list[FloatArray] = []
        for number, batch in enumerate(batches):
            tally, link = np.zeros(COLUMNS), self._no_links()
            for size in chunks(batch):
                if self._stop.is_set():
                    return _stacked(tallies, links, self._no_links())
                started = time.thread_time()
                simulator.serve(next(chunked_requests), tally, link)
                self._busy[replication] += time.thread_time() - started
                self._done[replication] += size
            if number > 0:
                tallies.append(tally)
                links.append(link)
        return _stacked(tallies, links, self._no_links())

    def _no_links(self) -> FloatArray:
        return np.zeros((len(self._plan.instance.network.links), LINK_COLUMNS))

    def _report(self, seconds: float) -> None:
        if self._progress is not None:
            total = (self._plan.requests + self._plan.warmup) * self._replications
            self._progress(SimulationProgress(seconds, "simulating", sum(self._done), total))


def _notes(traffic: Traffic, trace: Trace | None) -> tuple[str, ...]:
    """Say what a reader must know of the requests."""
    if traffic.period is None or trace is not None:
        return ()
    return (
        f"the load changes over a period of {traffic.period:g} mean holding times; averages over "
        "time are seen by arrivals, most of which come at high load, but for those of keys that "
        "are drawn",
    )


def _none() -> Requests:
    nothing = np.zeros(0)
    whole = np.zeros(0, dtype=np.int64)
    return Requests(nothing, nothing, whole, whole, nothing)


def _stacked(
    tallies: list[FloatArray], links: list[FloatArray], none: FloatArray
) -> tuple[FloatArray, FloatArray]:
    if not tallies:
        return np.zeros((0, COLUMNS)), np.zeros((0, *none.shape))
    return np.array(tallies), np.array(links)
