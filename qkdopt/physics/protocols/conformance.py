"""What every protocol must do right, whoever wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qkdopt.physics.protocols.base import KeyRateProtocol, KeyRates
from qkdopt.units import FloatArray

LOSSES_DB = np.linspace(0.0, 60.0, 25)
NOISES_PER_GATE = np.concatenate([[0.0], np.logspace(-8.0, 0.0, 33)])
# No protocol has key at this loss [dB], or at this many noise clicks per gate.
MOST_LOSS_DB, MOST_NOISE = 400.0, 1e3
# A rate that is none, as a share of the largest.
NOTHING = 1e-30
# Rounding, as a share of a rate.
TOLERANCE = 1e-6
# Of rises only the first few are named.
SHOWN = 3


def check_protocol(
    protocol: KeyRateProtocol,
    *,
    losses_db: ArrayLike = LOSSES_DB,
    noises_per_gate: ArrayLike = NOISES_PER_GATE,
) -> list[str]:
    """Return what a protocol does wrong, nothing where it does all right.

    Parameters
    ----------
    protocol
        The protocol, of your own or of :data:`qkdopt.physics.protocols.PROTOCOLS`.
    losses_db, noises_per_gate
        Rising losses [dB] and noise clicks per gate that it is tried on.

    Examples
    --------
    >>> import qkdopt
    >>> from qkdopt.physics.protocols import GaussianCV
    >>> qkdopt.check_protocol(GaussianCV(detection="heterodyne"))
    []
    """
    grid = np.asarray(losses_db, float)[:, None], np.asarray(noises_per_gate, float)[None, :]
    faults = list(_interface(protocol))
    if faults:
        return faults
    for check in CHECKS:
        try:
            faults += [f"{check.__name__[1:]}: {fault}" for fault in check(protocol, *grid)]
        except Exception as error:  # whatever a stranger's protocol raises
            faults.append(f"{check.__name__[1:]}: raised {type(error).__name__}: {error}")
    return faults


def _interface(protocol: KeyRateProtocol) -> Iterator[str]:
    if not isinstance(getattr(protocol, "name", None), str) or not protocol.name:
        yield "interface: no name; expected a text that is not empty"
    if not callable(getattr(protocol, "rates", None)):
        yield "interface: no method rates(loss_db, noise_per_gate)"


def _frozen(protocol: KeyRateProtocol, loss: FloatArray, noise: FloatArray) -> Iterator[str]:
    del loss, noise
    name = protocol.name
    try:
        protocol.name = name + "?"  # type: ignore[misc]
        protocol.name = name  # type: ignore[misc]
    except Exception:  # any refusal is right
        return
    yield "its name could be changed; expected a frozen object (@dataclass(frozen=True))"


def _shapes(protocol: KeyRateProtocol, loss: FloatArray, noise: FloatArray) -> Iterator[str]:
    cases: tuple[tuple[ArrayLike, ArrayLike], ...] = (
        (10.0, 0.0),
        (loss[:, 0], 0.0),
        (5.0, noise[0]),
        (loss, noise),
        (loss[:0, 0], 0.0),
    )
    for case in cases:
        expected = np.broadcast_shapes(*(np.shape(argument) for argument in case))
        rates = protocol.rates(*case)
        for name, value in zip(KeyRates._fields, rates, strict=True):
            if np.shape(value) != expected:
                yield (
                    f"{name} has shape {np.shape(value)} of losses {np.shape(case[0])} and noises "
                    f"{np.shape(case[1])}; expected {expected}"
                )


def _values(protocol: KeyRateProtocol, loss: FloatArray, noise: FloatArray) -> Iterator[str]:
    skr, qber = (np.asarray(value) for value in protocol.rates(loss, noise))
    if not np.isfinite(skr).all():
        yield f"skr_bps is not finite{_first(~np.isfinite(skr), loss, noise)}; expected a number"
    elif (skr < 0.0).any():
        yield f"skr_bps is negative{_first(skr < 0.0, loss, noise)}; expected 0 without key"
    elif not skr.any():
        yield "skr_bps is 0 everywhere; expected key somewhere (losses in km, rate in Mbit/s?)"
    if not np.isnan(qber).all():
        bad = ~((qber >= 0.0) & (qber <= 0.5 + TOLERANCE))
        if bad.any():
            yield f"qber is not from 0 to 1/2{_first(bad, loss, noise)}; NaN only if it is unknown"


def _same_again(protocol: KeyRateProtocol, loss: FloatArray, noise: FloatArray) -> Iterator[str]:
    given = loss.copy(), noise.copy()
    first, second = protocol.rates(loss, noise)[0], protocol.rates(loss, noise)[0]
    if not np.array_equal(first, second):
        yield "two calls differ; expected the same rates (a random number without a seed?)"
    if not (np.array_equal(given[0], loss) and np.array_equal(given[1], noise)):
        yield "losses or noises were changed; expected them untouched"
    rows, columns = np.meshgrid([0, len(loss) // 3], [0, noise.shape[1] // 2])
    for i, j in zip(rows.flat, columns.flat, strict=True):
        alone = float(np.asarray(protocol.rates(float(loss[i, 0]), float(noise[0, j]))[0]))
        if abs(alone - first[i, j]) > TOLERANCE * max(1.0, abs(alone)):
            yield (
                f"{alone:g} bit/s alone and {first[i, j]:g} among others at {loss[i, 0]:g} dB and "
                f"noise {noise[0, j]:g}; expected each point by itself"
            )


def _never_rises(protocol: KeyRateProtocol, loss: FloatArray, noise: FloatArray) -> Iterator[str]:
    skr = np.asarray(protocol.rates(loss, noise)[0])
    slack = TOLERANCE * skr
    for axis, name in ((0, "loss"), (1, "noise")):
        before, after = (
            (skr[:-1], skr[1:]) if axis == 0 else (skr[:, :-1], skr[:, 1:])
        )  # fmt: skip
        rises = np.argwhere(after > before + (slack[1:] if axis == 0 else slack[:, 1:]))
        for i, j in rises[:SHOWN]:
            k = (i + 1, j) if axis == 0 else (i, j + 1)
            yield (
                f"rises with {name} from {skr[i, j]:g} bit/s at {loss[i, 0]:g} dB and noise "
                f"{noise[0, j]:g} to {skr[k]:g} at {loss[k[0], 0]:g} dB and noise "
                f"{noise[0, k[1]]:g}"
            )
        if len(rises) > SHOWN:
            yield f"rises with {name} at {len(rises) - SHOWN} more points"


def _zero_beyond(protocol: KeyRateProtocol, loss: FloatArray, noise: FloatArray) -> Iterator[str]:
    far = float(np.max(protocol.rates(MOST_LOSS_DB, noise)[0]))
    # Without dark counts, key never ends: it only falls with the transmittance.
    if not far <= NOTHING * float(np.max(protocol.rates(loss, noise)[0])):
        yield f"{far:g} bit/s at {MOST_LOSS_DB:g} dB; expected 0"
    loud = float(np.max(protocol.rates(loss, MOST_NOISE)[0]))
    if loud > 0.0:
        yield f"{loud:g} bit/s at {MOST_NOISE:g} noise clicks per gate; expected exactly 0"


def _first(bad: NDArray[np.bool_], loss: FloatArray, noise: FloatArray) -> str:
    i, j = np.argwhere(bad)[0]
    return f" at {loss[i, 0]:g} dB and noise {noise[0, j]:g}"


Check = Callable[[KeyRateProtocol, FloatArray, FloatArray], Iterator[str]]
CHECKS: tuple[Check, ...] = (_frozen, _shapes, _values, _same_again, _never_rises, _zero_beyond)

__all__ = ["check_protocol"]
