"""Data that every worker keeps: sent once to each, however many tasks read it."""

from __future__ import annotations

from typing import Any

_held: dict[str, bytes] = {}


def hold(name: str, data: bytes) -> None:
    """Keep data in this process under a name."""
    _held[name] = data


def held(name: str) -> bytes:
    """Return the data of that name.

    Raises
    ------
    LookupError
        This process has not received them.
    """
    return _held[name]


def discard(name: str) -> None:
    """Keep the data of that name no longer."""
    _held.pop(name, None)


def share_in_cluster(client: Any, name: str, data: bytes) -> None:
    """Send data to every worker of a Dask cluster, and to those that join it later.

    Parameters
    ----------
    client
        Client of the cluster.
    name
        Name under which :func:`held` returns them there.
    data
        The data.
    """
    from distributed.diagnostics.plugin import WorkerPlugin

    # In the function: without Dask there is no such class to derive from.
    class Holding(WorkerPlugin):
        """Keeps the data as long as the plugin is registered."""

        idempotent = True

        def setup(self, worker: Any) -> None:  # noqa: ARG002
            """Keep the data in a worker's process."""
            hold(name, data)

        def teardown(self, worker: Any) -> None:  # noqa: ARG002
            """Give their memory back."""
            discard(name)

    client.register_plugin(Holding(), name=name)


def discard_in_cluster(client: Any, name: str) -> None:
    """Let every worker of a Dask cluster give the memory of shared data back."""
    client.unregister_worker_plugin(name)
