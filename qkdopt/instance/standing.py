"""Instances for whoever does not plan the light in place: it stands, or is refused."""

from __future__ import annotations

from qkdopt.errors import UnsupportedError
from qkdopt.instance.model import Instance


def with_standing_light(instance: Instance) -> Instance:
    """Return the instance with all light in place as foreign light: it stays where it is.

    Raises
    ------
    InstanceError
        Light that was movable lies in the guard band of every candidate of a link.
    """
    if not instance.lightpaths:
        return instance
    foreign = [
        path.model_copy(update={"demand": None, "movable": False}) for path in instance.lightpaths
    ]
    return instance.replace(lightpaths=foreign, moves_limit=None)


def validate_nothing_in_place(instance: Instance, what: str) -> None:
    """Validate that an instance has no light in place, for what does not cover it.

    Parameters
    ----------
    instance
        The instance.
    what
        What does not cover it, the subject of the message.

    Raises
    ------
    UnsupportedError
        There is light in place.
    """
    if instance.lightpaths:
        raise UnsupportedError(
            f"{what} does not cover lightpaths in place: take them out (lightpaths null), or plan "
            "with the candidates that there are, by solve (docs/brownfield.md)"
        )
