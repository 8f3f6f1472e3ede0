"""The conformance suite finds what it is there to find, one fault at a time."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import qkdopt
from qkdopt.physics.protocols import KeyRates


@dataclass(frozen=True)
class Rule:
    """A protocol that conforms; each test breaks one thing of it."""

    name: str = "rule"

    def rates(self, loss_db, noise_per_gate):
        click = 0.2 * 10.0 ** (-np.asarray(loss_db, float) / 10.0)
        noise = np.asarray(noise_per_gate, float)
        qber = 0.5 * noise / (click + noise)
        return self.change(1e6 * click * np.maximum(0.0, 1.0 - qber / 0.11), qber, loss_db, noise)

    def change(self, skr, qber, loss_db, noise):
        return KeyRates(skr, qber)


def broken(change):
    return type("Broken", (Rule,), {"change": change})()


def nan_at_a_point(self, skr, qber, loss_db, noise):
    return KeyRates(np.where((skr > 0.0) & (noise > 1e-4), np.nan, skr), qber)


def rises_with_noise(self, skr, qber, loss_db, noise):
    return KeyRates(np.where((noise > 1e-5) & (noise < 2e-5) & (skr > 0.0), 1e6, skr), qber)


def rises_with_loss(self, skr, qber, loss_db, noise):
    loss = np.asarray(loss_db, float) + 0.0 * noise
    return KeyRates(np.where((loss > 9.0) & (loss < 11.0) & (skr > 0.0), 1e6, skr), qber)


def random_rates(self, skr, qber, loss_db, noise):
    return KeyRates(skr * (1.0 - 0.1 * np.random.default_rng().random()), qber)


CASES = {
    "nan": (nan_at_a_point, "values: skr_bps is not finite at 0 dB"),
    "negative": (lambda s, skr, qber, *_: KeyRates(skr - 1.0, qber), "skr_bps is negative"),
    "no key": (lambda s, skr, qber, *_: KeyRates(0.0 * skr, qber), "skr_bps is 0 everywhere"),
    "qber": (lambda s, skr, qber, *_: KeyRates(skr, 100.0 * qber), "qber is not from 0 to 1/2"),
    "noise": (rises_with_noise, "never_rises: rises with noise from"),
    "loss": (rises_with_loss, "never_rises: rises with loss from"),
    "random": (random_rates, "same_again: two calls differ"),
    "shape": (lambda s, skr, qber, *_: KeyRates(np.atleast_1d(skr), qber), "has shape (1,)"),
    "one": (lambda s, skr, qber, *_: (skr,), "shapes: raised ValueError"),
    "for ever": (lambda s, skr, qber, *_: KeyRates(skr + 1.0, qber), "1 bit/s at 400 dB"),
    "raises": (lambda *_: 1 / 0, "values: raised ZeroDivisionError"),
    "neighbours": (
        lambda s, skr, qber, *_: KeyRates(skr * (1.0 + 0.1 * (np.size(skr) > 40)), qber),
        "expected each point by itself",
    ),
}  # fmt: skip


def test_the_rule_conforms():
    assert qkdopt.check_protocol(Rule()) == []


@pytest.mark.parametrize("name", CASES)
def test_each_fault_is_found(name):
    change, words = CASES[name]
    faults = qkdopt.check_protocol(broken(change))
    assert any(words in fault for fault in faults), faults


def test_a_qber_that_is_not_known_is_no_fault():
    unknown = broken(lambda s, skr, qber, *_: KeyRates(skr, np.full(np.shape(qber), np.nan)))
    assert qkdopt.check_protocol(unknown) == []


def test_losses_that_are_changed_are_found():
    class Changing(Rule):
        def rates(self, loss_db, noise_per_gate):
            if np.size(loss_db) > 1:
                loss_db += 1e-3
            return super().rates(loss_db, noise_per_gate)

    faults = qkdopt.check_protocol(Changing())
    assert any("expected them untouched" in fault for fault in faults), faults


def test_an_object_without_name_or_rates_is_found():
    @dataclass
    class Nothing:
        name: str = ""
        values: dict[str, Any] = field(default_factory=dict)

    faults = qkdopt.check_protocol(Nothing())
    assert faults == [
        "interface: no name; expected a text that is not empty",
        "interface: no method rates(loss_db, noise_per_gate)",
    ]


def test_an_object_that_can_be_changed_is_found():
    class Loose(Rule):
        __setattr__ = object.__setattr__

    faults = qkdopt.check_protocol(Loose())
    assert any("expected a frozen object" in fault for fault in faults), faults


def test_only_the_first_rises_are_named_and_the_others_counted():
    faults = qkdopt.check_protocol(
        broken(
            lambda s, skr, qber, loss, noise: KeyRates(
                np.where(skr > 0.0, 1e6 / (skr + 1.0), 0.0), qber
            )
        )
    )
    rises = [fault for fault in faults if "never_rises" in fault]
    assert len(rises) <= 8
    assert any("more points" in fault for fault in rises)
