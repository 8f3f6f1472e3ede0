"""Fibre types: what a link has in place of the network's fibre."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from qkdopt.instance.base import LowLossDbPerKm, Part

if TYPE_CHECKING:
    from qkdopt.instance.model import Instance


class FibreType(Part):
    """A type of fibre; a link names it as its ``fibre``.

    What is not given is the network's own (``fibre``), so that a type that gives nothing changes
    nothing.
    """

    id: Annotated[str, Field(min_length=1)]
    loss_db_per_km: LowLossDbPerKm | None = None
    """Loss at the classical channels; a link's measured loss takes its place."""
    raman_ratio: Annotated[float, Field(gt=0.0, le=10.0)] = 1.0
    """Factor on the network's ``fibre.raman_scale``: Raman scattering of this glass, or of air, in
    relation to that of the network's fibre at the same effective area."""
    effective_area_um2: Annotated[float, Field(ge=20.0, le=1000.0)] | None = None
    """Effective area, which divides the Raman cross-section; a measured ``raman_profile`` has its
    own in it already and is not divided."""


# Values with their sources in docs/network.md.
SHIPPED_FIBRES = (
    FibreType(id="G.652.D", loss_db_per_km=0.2, effective_area_um2=83.0),
    FibreType(id="G.654.E", loss_db_per_km=0.17, effective_area_um2=125.0),
    FibreType(id="hollow-core", loss_db_per_km=0.174, raman_ratio=0.004),
)
# Other names of the shipped types, as `folded_fibre` spells them. G.652 without a letter is here,
# since its categories have the same area and D is what is sold; those of G.654 differ in area.
SPELLINGS = {
    "G.652.D": "g652 652d smf ssmf smf28 standardsmf standardsinglemode",
    "G.654.E": "654e",
    "hollow-core": "hollow hcf nanf dnanf",
}


def folded_fibre(name: str) -> str:
    """Return the name of a fibre type in small letters and digits alone, without ITU-T or fibre."""
    letters = re.sub(r"[^a-z0-9]+", "", name.casefold())
    return re.sub(r"^itut?(?=g)|fib(?:re|er)$", "", letters) or letters


def fibre_named(name: str, own: Iterable[FibreType] = ()) -> FibreType | None:
    """Return the fibre type that a name stands for; None for none.

    Parameters
    ----------
    name
        Id of a type in any spelling, or another name of a shipped one.
    own
        Types that take the place of shipped ones.
    """
    own = tuple(own)
    key = folded_fibre(name)
    exact = [fibre for fibre in (*own, *SHIPPED_FIBRES) if fibre.id == name]
    alike = [fibre for fibre in (*own, *SHIPPED_FIBRES) if folded_fibre(fibre.id) == key]
    spelt = [fibre for fibre in SHIPPED_FIBRES if key in SPELLINGS[fibre.id].split()]
    found = next(iter((*exact, *alike, *spelt)), None)
    replaced = {fibre.id: fibre for fibre in own}
    return None if found is None else replaced.get(found.id, found)


def validate_fibres(instance: Instance) -> Iterator[str]:
    """Yield a fault for each id that is given twice, and each link whose type is not listed."""
    types = instance.fibres or ()
    for name, times in Counter(fibre.id for fibre in types).items():
        if times > 1:
            yield f"fibres: id {name!r} is given {times} times; expected once"
    known = {fibre.id for fibre in types}
    shipped = {fibre.id: fibre for fibre in SHIPPED_FIBRES}
    for link in instance.network.links:
        if link.fibre is None or link.fibre in known:
            continue
        expected = ", ".join(sorted(known)) or "none is listed"
        row = shipped.get(link.fibre)
        values = "" if row is None else f"; its usual values: {row.model_dump(exclude_none=True)}"
        yield (
            f"network.links: {link.id}.fibre = {link.fibre!r}; expected the id of one of `fibres` "
            f"({expected}){values}"
        )
