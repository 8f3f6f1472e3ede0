"""The load of dynamic traffic: the traffic block's, or the default; no part of the file."""

from __future__ import annotations

import json

from qkdopt.instance import Instance, Traffic
from qkdopt.io.schema import json_schema
from tests.random_instances import random_instance


def test_the_load_is_the_traffic_blocks_or_the_default():
    bare = random_instance(1)
    assert bare.traffic is None
    assert bare.load_erlang == Traffic().load_erlang == 100.0
    assert bare.model_copy(update={"traffic": Traffic(load_erlang=7.0)}).load_erlang == 7.0


def test_the_load_is_in_no_file_hash_or_schema():
    bare = random_instance(1)
    assert "load_erlang" not in json.dumps(bare.model_dump(mode="json"))
    assert "load_erlang" not in json_schema(Instance)["properties"]
