"""What every part of an instance shares.

Strictness, ranges that name the likely mistake, and how some of its data are changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

NodeId = int | str


class Part(BaseModel):
    """A frozen part of an instance: unknown fields, NaN and infinity are refused.

    A subclass lists the rules between its fields in :meth:`faults`; all broken ones
    come in one error.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        populate_by_name=True,
        serialize_by_alias=True,
    )

    def faults(self) -> Iterator[str]:
        """Yield each broken rule between fields, as text that says where and what."""
        yield from ()

    @model_validator(mode="after")
    def _no_faults(self) -> Self:
        faults = list(self.faults())
        if faults:
            raise ValueError("\n".join(faults))
        return self


def _in_range(low: float, high: float, expected: str) -> AfterValidator:
    def check(value: float) -> float:
        if not low <= value <= high:
            raise ValueError(f"expected {expected}")
        return value

    return AfterValidator(check)


LengthKm = Annotated[
    float,
    _in_range(0.001, 20_000.0, "0.001 to 20000 km (given in m?)"),
    Field(json_schema_extra={"minimum": 0.001, "maximum": 20_000.0}),
]
LossDbPerKm = Annotated[
    float,
    _in_range(0.1, 1.5, "0.1 to 1.5 dB/km (given in 1/km, in 1/m, or in dB for the whole link?)"),
    Field(json_schema_extra={"minimum": 0.1, "maximum": 1.5}),
]
LowLossDbPerKm = Annotated[
    float,
    _in_range(0.05, 1.5, "0.05 to 1.5 dB/km (given in 1/km, in 1/m, or for a whole link?)"),
    Field(json_schema_extra={"minimum": 0.05, "maximum": 1.5}),
]
LossDb = Annotated[
    float,
    _in_range(0.0, 100.0, "0 to 100 dB (a loss is positive; given as a gain or per cent?)"),
    Field(json_schema_extra={"minimum": 0.0, "maximum": 100.0}),
]
HIGHEST_POWER_DBM = 30.0
PowerDbm = Annotated[
    float,
    _in_range(-80.0, HIGHEST_POWER_DBM, "-80 to 30 dBm (given in W or mW?)"),
    Field(json_schema_extra={"minimum": -80.0, "maximum": HIGHEST_POWER_DBM}),
]
FrequencyThz = Annotated[
    float,
    _in_range(150.0, 260.0, "150 to 260 THz (given in GHz, Hz or nm?)"),
    Field(json_schema_extra={"minimum": 150.0, "maximum": 260.0}),
]
WidthGhz = Annotated[
    float,
    _in_range(0.1, 2_000.0, "0.1 to 2000 GHz (given in nm, THz or Hz?)"),
    Field(json_schema_extra={"minimum": 0.1, "maximum": 2_000.0}),
]
GuardGhz = Annotated[
    float,
    _in_range(0.0, 5_000.0, "0 to 5000 GHz, full width (given in nm, THz or Hz?)"),
    Field(json_schema_extra={"minimum": 0.0, "maximum": 5_000.0}),
]
TemperatureK = Annotated[
    float,
    _in_range(200.0, 400.0, "200 to 400 K (given in degrees Celsius?)"),
    Field(json_schema_extra={"minimum": 200.0, "maximum": 400.0}),
]
Share = Annotated[
    float,
    _in_range(0.0, 1.0, "0 to 1 (given in per cent?)"),
    Field(json_schema_extra={"minimum": 0.0, "maximum": 1.0}),
]
Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
Count = Annotated[int, Field(ge=1)]
Index = Annotated[int, Field(ge=0)]


def merged(where: str, present: object, change: object, faults: list[str]) -> object:
    """Return what takes the place of a value: a mapping keeps whatever it does not name.

    Parameters
    ----------
    where
        Path of the value in the instance, for a fault.
    present
        The value as it stands.
    change
        For a part a mapping of some of its fields, for rows with an id a mapping of changed rows
        by id, where None takes a row away; anything else takes the place of the value.
    faults
        Gets one text for each id that no row has.
    """
    if isinstance(change, Mapping):
        if isinstance(present, Part):
            return _fields_of(present) | {
                name: merged(f"{where}.{name}", getattr(present, name, None), value, faults)
                for name, value in change.items()
            }
        if isinstance(present, tuple) and all(hasattr(row, "id") for row in present):
            return _merged_rows(where, present, change, faults)
        return dict(change)
    if isinstance(change, Iterable) and not isinstance(change, str | Part):
        return list(change)  # of what is iterated over once, so that an error can show it
    return change


def _fields_of(part: Part) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.model_fields_set}


def _merged_rows(
    where: str, rows: tuple[Any, ...], changes: Mapping[Any, object], faults: list[str]
) -> list[object]:
    """Return rows, in their order, with those changed or left out that the changes name."""
    known = {row.id for row in rows}
    faults += [
        f"{where}: no id {key!r}; expected one that is there" for key in changes if key not in known
    ]
    return [
        merged(f"{where}.{row.id}", row, changes[row.id], faults) if row.id in changes else row
        for row in rows
        if changes.get(row.id, row) is not None
    ]
