"""The shipped JSON Schemas are those of the code, and shipped instances follow them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import qkdopt
from qkdopt.io import to_text
from qkdopt.io.schema import SCHEMAS, json_schema, shipped_schema
from tests.shipped import INSTANCES, PLANS

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("name", SCHEMAS)
def test_shipped_schema_is_up_to_date(name):
    assert shipped_schema(name) == to_text(json_schema(SCHEMAS[name]))


@pytest.mark.parametrize("path", INSTANCES, ids=lambda path: path.stem)
def test_shipped_instances_follow_the_schema(path):
    schema = json.loads(shipped_schema("instance-1.json"))
    jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), schema)


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_shipped_plans_follow_the_schema(path):
    schema = json.loads(shipped_schema("plan-1.json"))
    jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), schema)


def test_a_result_follows_the_schema():
    instance = qkdopt.read_instance(ROOT / "instances" / "small" / "line.json")
    data = qkdopt.solve(instance, strategy="ds-qkd").to_json_dict()
    jsonschema.validate(data, json.loads(shipped_schema("result-1.json")))
