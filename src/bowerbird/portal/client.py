"""The API as the portal's pages call it: JSON over HTTP, under one person's session."""

from typing import Any
from urllib.parse import quote

import httpx2
from clarifai_grpc.grpc.api.status import status_code_pb2, status_pb2
from starlette.requests import HTTPConnection

from bowerbird.errors import ApiError, Unreachable, error_of

Json = dict[str, Any]  # what JSON holds is known to those who asked for it
Query = dict[str, str | int | bool]
SUCCESS = status_code_pb2.SUCCESS


class Api:
    """Calls to the API with the credential of one session; without one, those that need none."""

    def __init__(
        self, http: httpx2.AsyncClient, session: str = "", *, caller: HTTPConnection | None = None
    ) -> None:
        self._http = http
        self._headers = {"authorization": f"Key {session}"} if session else {}
        if caller is not None:
            self._headers |= told_of(caller)

    async def get(self, path: str, **query: str | int | bool) -> Json:
        """The answer to a GET. Raises the error that the API answers with."""
        return await self.call("GET", path, query=query)

    async def post(self, path: str, body: Json) -> Json:
        return await self.call("POST", path, body=body)

    async def call(
        self,
        verb: str,
        path: str,
        *,
        body: Json | None = None,
        query: Query | None = None,
    ) -> Json:
        """The answer to a call. Raises the error that the API answers with."""
        _, told = await self.ask(verb, path, body=body, query=query)
        if told["status"].get("code") != SUCCESS:
            raise _error(told["status"])
        return told

    async def ask(
        self, verb: str, path: str, *, body: Json | None = None, query: Query | None = None
    ) -> tuple[int, Json]:
        """The HTTP status and the answer, be it an error. Raises Unreachable."""
        try:
            answer = await self._http.request(verb, path, json=body, params=query, headers=self._headers)
            told: Json = answer.json()
            return answer.status_code, {"status": {}, **told}
        except httpx2.TransportError as error:
            raise Unreachable(f"The API does not answer ({type(error).__name__}).") from None
        except ValueError:
            raise Unreachable(f"The API answered {answer.status_code}, and not with JSON.") from None


def told_of(caller: HTTPConnection) -> dict[str, str]:
    """What the API should know of the browser, for the list of sessions and against guessing."""
    address = caller.client.host if caller.client else ""
    return {"x-forwarded-for": address, "user-agent": caller.headers.get("user-agent", "")[:500]}


def segment(id: str) -> str:
    """An id as a part of an address."""
    return quote(id, safe="")


def _error(status: Json) -> ApiError:
    description, details = (status.get(name, "") for name in ("description", "details"))
    error = error_of(status_pb2.Status(code=status.get("code", 0), description=description, details=details))
    error.details = details  # and not the description, which the error's own text says as well
    return error
