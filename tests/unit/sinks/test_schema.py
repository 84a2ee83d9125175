import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from signald.sinks.schema import asyncapi, json_schema
from tests.support.pools import reserves_state, ticks_state


def validator(name: str) -> Any:  # noqa: ANN401 - its methods are untyped
    """Of one payload."""
    return Draft202012Validator(json_schema() | {"$ref": f"#/$defs/{name}"})


@pytest.mark.parametrize("state", [reserves_state(), ticks_state()], ids=["reserves", "ticks"])
def test_a_pools_state_fits_its_schema(state: dict[str, Any]) -> None:
    assert validator("PoolMessage").is_valid(json.loads(json.dumps(state)))


@pytest.mark.parametrize(
    "changes", [{"block": 0}, {"fee_ppm": 1_000_000}, {"tokens": ["USDC"]}, {"reserves": [6.0e13, 2.0e22]}]
)
def test_what_is_no_pools_state_does_not(changes: dict[str, Any]) -> None:
    assert not validator("PoolMessage").is_valid(reserves_state(**changes))


def test_every_payload_that_a_channel_names_has_a_schema() -> None:
    document = asyncapi(version="1", prefix="signald/v1")

    named = {
        message["payload"]["$ref"].rpartition("/")[2]
        for channel in document["channels"].values()
        for message in channel["messages"].values()
    }

    assert document["channels"]["pools"]["address"] == "signald/v1/pools/{chain}/{pool}"
    assert named <= document["components"]["schemas"].keys()
