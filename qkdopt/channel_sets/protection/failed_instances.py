"""The instance after a failure, made from the file's data alone: checker and search share it."""

from __future__ import annotations

from qkdopt.instance import Instance, instance_of


def without_link(instance: Instance, link: str) -> Instance:
    """Cut a link: neither light nor key passes it.

    Its ends may be nodes that nothing joins any more; a network of one link keeps it, without
    QKD, since an instance has a link at least.
    """
    data = instance.to_json_dict()
    rest = [row for row in data["network"]["links"] if row["id"] != link]
    if rest:
        data["network"]["links"] = rest
        return instance_of(data, f"{instance.name} after a failure")
    data["network"]["links"][0]["qkd"] = False
    return instance_of(data, f"{instance.name} after a failure")


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
    data = instance.to_json_dict()
    (broken,) = (one for one in instance.network.links if one.id == link)
    left = [candidate for candidate in instance.candidates_of(broken) if candidate != channel]
    for row in data["network"]["links"]:
        if row["id"] == link:
            row.pop("candidates", None)
            row.update({"candidates": left} if left else {"qkd": False})
    return instance_of(data, f"{instance.name} after a failure")
