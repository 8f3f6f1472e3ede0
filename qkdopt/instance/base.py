"""What every part of an instance shares: strictness, and ranges that name the likely mistake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self

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
