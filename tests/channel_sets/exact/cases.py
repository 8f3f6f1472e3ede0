"""Instances whose set of channels is still open, and each set put on them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from pydantic import ValidationError

from qkdopt.instance import Instance


def with_candidates(instance: Instance, candidates: Any, reserve: str) -> Instance:
    """Put candidates on every link with QKD; raises where no channel is left for light."""
    data = instance.to_json_dict()
    for link in data["network"]["links"]:
        link.pop("candidates", None)
    data["qkd"] = {**data.get("qkd", {}), "candidates": candidates, "reserve": reserve}
    return Instance.model_validate(data, strict=False)


def all_candidates(instance: Instance) -> Instance:
    """Make every channel a candidate of every link, only the working one reserved."""
    return with_candidates(instance, "all", "working")


def every_set(instance: Instance, size: int) -> Iterator[tuple[tuple[int, ...], Instance]]:
    """Yield every set that leaves classical light a channel, and the instance with it."""
    for channels in combinations(range(instance.grid.channels), size):
        try:
            yield channels, with_candidates(instance, list(channels), "all")
        except ValidationError:
            continue
