"""Another choice of candidate QKD channels for an instance, validated again."""

from __future__ import annotations

from collections.abc import Sequence

from qkdopt.instance.changing import instance_of
from qkdopt.instance.model import Instance
from qkdopt.instance.network import Candidate


def with_candidates(
    instance: Instance,
    channels: Sequence[Candidate] | None = None,
    *,
    by_link: Sequence[Sequence[Candidate]] | None = None,
    reserve: str | None = None,
) -> Instance:
    """Return the instance with other candidates.

    Parameters
    ----------
    instance
        Its own candidates, of links too, are set aside.
    channels
        Of every link with QKD; all channels of the grid by default.
    by_link
        In place of ``channels``, of each link in the file's order; those of links without QKD
        do not matter.
    reserve
        ``all`` or ``working``; the instance's own by default.

    Raises
    ------
    InstanceError
        The candidates do not fit the instance.
    """
    data = instance.to_json_dict()
    qkd = data.setdefault("qkd", {})
    if reserve is not None:
        qkd["reserve"] = reserve
    # Links that have their own leave the shared ones without meaning: the least that is valid.
    shared = next((some for some in by_link if some), ())[:1] if by_link is not None else channels
    qkd["candidates"] = "all" if shared is None else [_plain(c) for c in shared]
    for e, link in enumerate(data["network"]["links"]):
        link.pop("candidates", None)
        if by_link is not None and instance.network.links[e].qkd:
            link["candidates"] = [_plain(candidate) for candidate in by_link[e]]
    return instance_of(data, f"{instance.name} with other candidates")


def _plain(candidate: Candidate) -> object:
    """Spell a candidate as an instance file does."""
    return candidate if isinstance(candidate, int) else candidate.model_dump(mode="json")
