"""The faults of what is refused."""

from __future__ import annotations

import pytest

import qkdopt


def faults_of(call, *arguments, **options):
    with pytest.raises(qkdopt.FaultsError) as caught:
        call(*arguments, **options)
    return caught.value.faults
