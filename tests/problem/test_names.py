"""Names that a Python caller mistypes are refused, not taken for something else."""

from __future__ import annotations

import pytest

import qkdopt
from qkdopt.errors import UsageError

LINE = "instances/small/line.json"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objective": "maxmin"}, "objective = 'maxmin'; expected one of mean, max-min, link-sum"),
        ({"routes": "All"}, "routes = 'All'; expected one of candidates, all"),
    ],
)
@pytest.mark.parametrize("function", [qkdopt.solve, qkdopt.bound])
def test_an_unknown_name_is_refused_with_those_that_there_are(function, options, message):
    with pytest.raises(UsageError, match=message):
        function(qkdopt.read_instance(LINE), time_limit=1.0, **options)


def test_limits_below_zero_are_refused():
    line = qkdopt.read_instance(LINE)
    with pytest.raises(UsageError, match="node limit = -5"):
        qkdopt.solve(line, node_limit=-5)
    with pytest.raises(UsageError, match="time limit = -3"):
        qkdopt.bound(line, time_limit=-3.0)
    with pytest.raises(UsageError, match="time limit = nan"):
        qkdopt.bound(line, time_limit=float("nan"))
