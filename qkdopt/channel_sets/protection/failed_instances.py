"""The instance after a failure, made from the file's data alone: checker and search share it."""

from __future__ import annotations

from itertools import pairwise

from qkdopt.instance import Instance

NO_QKD: dict[str, object] = {"qkd": False, "candidates": None, "qkd_system": None}


def without_link(instance: Instance, link: str) -> Instance:
    """Cut a link: neither light nor key passes it.

    Its ends may be nodes that nothing joins any more; a network of one link keeps it, without
    QKD, since an instance has a link at least. Given routes that lead over the cut are left out.
    """
    is_only = len(instance.network.links) == 1
    if is_only or instance.routes.given is None:
        return _with_link(instance, link, NO_QKD if is_only else None)
    left = {frozenset((row.a, row.b)) for row in instance.network.links if row.id != link}
    kept = [
        path
        for path in instance.routes.given
        if all(frozenset(hop) in left for hop in pairwise(path))
    ]
    return instance.replace(
        network={"links": {link: None}},
        routes={"given": kept or None},
        where=f"{instance.name} after a failure",
    )


def without_receiver(instance: Instance, link: str, channel: int) -> Instance:
    """Take one candidate of one link away; without any left the link has no QKD.

    Parameters
    ----------
    instance
        The intact instance; it does not change.
    link
        Id of the link.
    channel
        Candidate of the link, a channel of the grid; where the link has no such candidate, it
        keeps all it has.
    """
    (broken,) = (one for one in instance.network.links if one.id == link)
    left = [candidate for candidate in instance.candidates_of(broken) if candidate != channel]
    return _with_link(instance, link, {"candidates": left} if left else NO_QKD)


def _with_link(instance: Instance, link: str, change: dict[str, object] | None) -> Instance:
    return instance.replace(
        network={"links": {link: change}}, where=f"{instance.name} after a failure"
    )
