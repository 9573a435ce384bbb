"""Status codes, for anybody."""

import pytest
from clarifai_grpc.grpc.api.service_pb2 import GetStatusCodeRequest
from world import World

from bowerbird.errors import Code

pytestmark = pytest.mark.anyio


async def test_all_codes_are_listed_with_what_they_mean(world: World) -> None:
    answer = await world.call(None, "ListStatusCodes")
    assert answer.status.code == Code.SUCCESS
    texts = {status.code: status.description for status in answer.statuses}
    assert set(texts) == set(Code.values()) - {0}
    assert all(texts.values())
    assert texts[Code.CONN_KEY_INVALID] == "The API key or personal access token is not valid."
    assert texts[Code.CONN_ACCOUNT_ISSUES] == "Conn account issues"


async def test_a_code_is_told_by_its_number_or_name(world: World) -> None:
    for id in ("11009", "CONN_KEY_NOT_FOUND"):
        answer = await world.call(None, "GetStatusCode", GetStatusCodeRequest(status_code_id=id))
        assert answer.status.code == Code.CONN_KEY_NOT_FOUND
        assert "no such API key" in answer.status.description
    for id in ("", "0", "ZERO", "99", "x" * 1000):
        request = GetStatusCodeRequest(status_code_id=id)
        await world.fails(Code.CONN_DOES_NOT_EXIST, None, "GetStatusCode", request)
