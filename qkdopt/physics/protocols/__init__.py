"""QKD protocols behind one interface: from loss and noise to secret key rate and QBER.

A protocol is a frozen object with a ``name``, parameters and :meth:`~KeyRateProtocol.rates`.
"""

from qkdopt.physics.protocols.asymptotic import AsymptoticDecoyBB84
from qkdopt.physics.protocols.base import KeyRateProtocol, KeyRates
from qkdopt.physics.protocols.catalogue import PROTOCOLS, make_protocol
from qkdopt.physics.protocols.conformance import check_protocol
from qkdopt.physics.protocols.gaussian_cv import GaussianCV
from qkdopt.physics.protocols.intensities import optimised
from qkdopt.physics.protocols.measured import MeasuredProtocol
from qkdopt.physics.protocols.one_decoy import OneDecoyFiniteKey
from qkdopt.physics.protocols.two_decoys import TwoDecoyFiniteKey

__all__ = [
    "PROTOCOLS",
    "AsymptoticDecoyBB84",
    "GaussianCV",
    "KeyRateProtocol",
    "KeyRates",
    "MeasuredProtocol",
    "OneDecoyFiniteKey",
    "TwoDecoyFiniteKey",
    "check_protocol",
    "make_protocol",
    "optimised",
]
