"""A network in operation: requests in, tallies out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qkdopt.errors import UsageError
from qkdopt.heuristics.channel_choice import ORDERS
from qkdopt.instance import Instance, with_standing_light
from qkdopt.problem.coefficients import Tables, build_tables
from qkdopt.problem.network_state import LightMode, NetworkState, prepare
from qkdopt.problem.network_tables import NetworkTables
from qkdopt.simulation.kernel import run
from qkdopt.simulation.key_pools import KeyPools, new_pools
from qkdopt.simulation.keys_kernel import begin_pools, run_with_keys
from qkdopt.simulation.network import CompiledNetwork, compile_network
from qkdopt.simulation.options import POLICIES, RETUNING, SimulationOptions
from qkdopt.simulation.state import ACTIVE, Mode, State, new_state
from qkdopt.simulation.traffic import Requests
from qkdopt.units import FloatArray

USAGE_ORDERS = ("most-used", "least-used")
# Arrivals between two looks at the whole network: about two mean holding times, within limits.
HOLDING_TIMES_PER_SAMPLE = 2.0
SAMPLE_EVERY = (16, 256)
NOTHING_DRAWN = (
    "admission = key, and requests ask for no key; expected traffic.key in the instance, or "
    "admission = light"
)
NOT_BY_KEY = (
    "admission = key; expected light: only a simulation of its own admits requests by key, no "
    "failures, snapshots or channel sets"
)


@dataclass
class Simulator:
    """A network in operation under one strategy; requests may come in any division."""

    instance: Instance
    options: SimulationOptions
    net: CompiledNetwork
    mode: Mode
    state: State
    arrivals_per_time: float
    pools: KeyPools | None = None

    @classmethod
    def begin(
        cls,
        instance: Instance,
        options: SimulationOptions,
        *,
        arrivals_per_time: float,
        widest_demand: int = 1,
        tables: Tables | None = None,
        with_needs: bool = False,
    ) -> Simulator:
        """Start with a network that is dark but for light in place.

        Parameters
        ----------
        instance
            The network; its demands are not used, and light in place stays lit. Of its traffic the
            need of requests is.
        options
            How requests are served.
        arrivals_per_time
            Expected arrivals per mean holding time: sets how often the network is sampled, and the
            length of the calendar's days.
        widest_demand
            Most lightpaths of one demand.
        tables
            Coefficients; None for the instance's own.
        with_needs
            Whether requests draw the key that ``traffic.key`` asks for; without, they take part in
            light only.

        Raises
        ------
        UsageError
            The instance has noise that is no sum over lightpaths, or keys that take several paths;
            requests are admitted by keys that they do not ask for.
        """
        drawing = with_needs and options.keys and requests_need_key(instance)
        if options.admission == "key" and not drawing:
            raise UsageError(NOTHING_DRAWN if with_needs else NOT_BY_KEY)
        instance = with_standing_light(instance)
        net = compile_network(instance, tables or build_tables(instance), options)
        mode = _mode(instance, options, arrivals_per_time)
        state = new_state(net, widest_demand, arrivals_per_time)
        _prepare(net, mode, state)
        pools = _full_pools(instance, options, net, state) if drawing else None
        return cls(instance, options, net, mode, state, arrivals_per_time, pools)

    def reset(self) -> Simulator:
        """Return the same network, dark; nothing is compiled again."""
        state = new_state(self.net, self.state.slot_position.shape[1], self.arrivals_per_time)
        _prepare(self.net, self.mode, state)
        pools = self.pools and _full_pools(self.instance, self.options, self.net, state)
        return replace(self, state=state, pools=pools)

    def serve(self, requests: Requests, tally: FloatArray, links: FloatArray) -> None:
        """Serve requests and add to the tallies.

        Parameters
        ----------
        requests
            No earlier than the requests served before.
        tally
            ``(COLUMNS,)``, see :mod:`qkdopt.simulation.tally`; added to in place.
        links
            ``(E, LINK_COLUMNS)``; added to in place.
        """
        policy = None if self.mode.policy < 0 else self.mode.policy
        if self.pools is not None:
            run_with_keys(
                self.net, self.mode, self.state, self.pools, requests.times, requests.holding,
                requests.pairs, requests.lightpath_counts, requests.draws, tally, links, policy,
            )  # fmt: skip
            return
        run(
            self.net, self.mode, self.state, requests.times, requests.holding, requests.pairs,
            requests.lightpath_counts, requests.draws, tally, links, policy,
        )  # fmt: skip

    @property
    def active(self) -> int:
        """Demands in service."""
        return int(self.state.counters[ACTIVE])


def _prepare(net: CompiledNetwork, mode: Mode, state: State) -> None:
    """Make a dark network ready by the kernel of demand lists, which takes the fields it reads."""
    prepare(
        NetworkTables._make(net[: len(NetworkTables._fields)]),
        LightMode._make(mode[: len(LightMode._fields)]),
        NetworkState._make(state[: len(NetworkState._fields)]),
    )


def requests_need_key(instance: Instance) -> bool:
    """Whether the requests of an instance's traffic ask for key."""
    return instance.traffic is not None and instance.traffic.key is not None


def _full_pools(
    instance: Instance, options: SimulationOptions, net: CompiledNetwork, state: State
) -> KeyPools:
    """Return full pools beside a network that is dark but for light in place."""
    pools = new_pools(instance, net, state, options)
    begin_pools(net, state, pools)
    return pools


def _mode(instance: Instance, options: SimulationOptions, arrivals_per_time: float) -> Mode:
    synergistic = options.strategy == "ds-qkd-synergistic"
    never = options.strategy == "fixed" or options.retune == "never"
    return Mode(
        keys=options.keys,
        count_usage=options.order in USAGE_ORDERS,
        working_only=instance.qkd.reserve == "working",
        widest=instance.qkd.relay == "widest",
        keeps_working=never,
        retune=RETUNING.index("never" if never else options.retune),
        order=ORDERS.index(options.order),
        policy=POLICIES.index(options.policy) if synergistic else -1,
        replacements=options.replacements if synergistic else 0,
        sample_every=int(np.clip(HOLDING_TIMES_PER_SAMPLE * arrivals_per_time, *SAMPLE_EVERY)),
    )
