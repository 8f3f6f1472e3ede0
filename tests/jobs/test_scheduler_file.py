"""A scheduler's file in place of its address."""

from __future__ import annotations

import pytest

from qkdopt.errors import UsageError
from qkdopt.jobs import open_workers
from qkdopt.jobs.scheduler_file import scheduler_address


def test_an_address_is_itself():
    assert scheduler_address("tcp://here:8786") == "tcp://here:8786"
    assert scheduler_address("tcp://here.json") == "tcp://here.json"


def test_a_file_gives_the_address_that_the_scheduler_left(tmp_path):
    path = tmp_path / "scheduler.json"
    path.write_text('{"type": "Scheduler", "address": "tcp://127.0.0.1:9"}', encoding="utf-8")
    assert scheduler_address(str(path)) == "tcp://127.0.0.1:9"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file"),
        ("{", "Expecting"),
        ("[]", "no address"),
        ('{"address": 1}', "no add"),
    ],
)
def test_any_other_file_is_one_error(tmp_path, text, said):
    path = tmp_path / "scheduler.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said), open_workers(str(path), None):
        pass
