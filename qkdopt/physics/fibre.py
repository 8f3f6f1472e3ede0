"""Launch power of the classical transmitter."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from qkdopt.units import FloatArray


def receiver_sensitivity_launch_dbm(
    receiver_sensitivity_dbm: ArrayLike, loss_db: ArrayLike, margin_db: ArrayLike
) -> FloatArray:
    r"""Compute the launch power [dBm] that reaches the receiver's sensitivity plus a margin.

    .. math:: P_\text{launch} = S_\text{rx} + \alpha L + M

    Parameters
    ----------
    receiver_sensitivity_dbm
        :math:`S_\text{rx}`, least power at the receiver [dBm].
    loss_db
        :math:`\alpha L`, loss of the link [dB].
    margin_db
        :math:`M`, system margin [dB].

    References
    ----------
    .. [1] P. Eraerds et al., New J. Phys. 12, 063027 (2010), section 3.
    """
    total = np.asarray(receiver_sensitivity_dbm, dtype=np.float64) + np.asarray(loss_db)
    return np.asarray(total + np.asarray(margin_db))
