"""The QKD system of a link, looked up by the checker's own means."""

from __future__ import annotations

from qkdopt.instance import Instance, Link, Qkd


def link_qkd(instance: Instance, link: Link) -> Qkd:
    """Return the network's QKD block with what the link's own system has in its place."""
    if link.qkd_system is None:
        return instance.qkd
    (own,) = (one for one in instance.qkd_systems or () if one.id == link.qkd_system)
    fields = {name: getattr(instance.qkd, name) for name in Qkd.model_fields}
    values = {name: getattr(own, name, None) for name in fields}
    # Rates of the network's own system end where this one says how its rates come about.
    if (values["protocol"], values["skr_table"], values["surface"]) != (None, None, None):
        fields["skr_table"] = fields["surface"] = None
    for name, value in values.items():
        if value is not None:
            fields[name] = value
    return Qkd.model_validate(fields)
