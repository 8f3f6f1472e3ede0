"""Calibration: Raman scale, misalignment, dark counts and excess loss from measured links."""

from qkdopt.experiments.calibration.calibration_run import calibrate
from qkdopt.experiments.calibration.measurement import LitChannel, Measurement
from qkdopt.experiments.calibration.reading import read_measurements

__all__ = ["LitChannel", "Measurement", "calibrate", "read_measurements"]
