"""The Open Inference Protocol over gRPC, at pinned addresses and with the patience that HTTP gets."""

import ssl
import threading
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import grpc
from google.protobuf.message import Message

from bowerbird.addresses import Policy, Target
from bowerbird.errors import ApiError, DeadlineExceeded, ModelInvalid, PredictionFailed, Unreachable
from bowerbird.proto.open_inference_pb2 import (
    ModelInferResponse,
    ModelMetadataRequest,
    ModelMetadataResponse,
    ServerReadyRequest,
    ServerReadyResponse,
)
from bowerbird.runtimes.breaker import Breaker
from bowerbird.runtimes.inference_messages import infer_request, metadata_of, read_infer
from bowerbird.runtimes.inputs import Array
from bowerbird.runtimes.patience import Patience, TransientError
from bowerbird.runtimes.remote import MAX_ANSWER_BYTES, Headers, check_place
from bowerbird.runtimes.tensors import Json, Wanted

SERVICE = "/inference.GRPCInferenceService/"
Code = grpc.StatusCode
_PASSING = {
    Code.UNAVAILABLE,
    Code.RESOURCE_EXHAUSTED,
    Code.ABORTED,
    Code.INTERNAL,
    Code.UNKNOWN,
    Code.CANCELLED,
}
_REFUSED = {Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.OUT_OF_RANGE, Code.FAILED_PRECONDITION}
A = TypeVar("A", bound=Message)


class GrpcServer:
    """One model of a server, in one version or the one that the server prefers. Safe to use from threads."""

    def __init__(
        self,
        url: str,
        headers: Headers,
        model_name: str,
        model_version: str,
        *,
        policy: Policy,
        patience: Patience,
        breaker: Breaker,
    ) -> None:
        """Raises ModelInvalid for a URL that `policy` refuses, Unreachable if its host has no address."""
        self._headers = headers
        self._model_name = model_name
        self._model_version = model_version
        self._patience = patience
        self._breaker = breaker
        self._is_raw = False  # whether the server answers raw contents, and so is sent them
        self._is_secure = url.lower().startswith("grpcs:")
        self._url = _as_http(url)
        # Without a proxy, which would resolve the name by itself: what was checked is what is called.
        self._policy = Policy(policy.allow, {}, policy.resolve)
        self._target = check_place(self._url, self._policy)
        self._channel = _channel(self._target, self._is_secure)
        self._is_lost = False  # whether the addresses may have changed
        self._lock = threading.Lock()

    def metadata(self) -> Json:
        if not self._ask("ServerReady", ServerReadyRequest(), ServerReadyResponse).ready:
            raise Unreachable(f"{self._target.host} says that it is not ready")
        request = ModelMetadataRequest(name=self._model_name, version=self._model_version)
        return metadata_of(self._ask("ModelMetadata", request, ModelMetadataResponse))

    def infer(self, batch: Array, wanted: Wanted) -> Array:
        """The wanted output, of shape [rows, ...]. Raises PredictionFailed for any other."""
        request = infer_request(batch, wanted, is_raw=self._is_raw)
        request.model_name, request.model_version = self._model_name, self._model_version
        answer = self._ask("ModelInfer", request, ModelInferResponse)
        self._is_raw = bool(answer.raw_output_contents)
        return read_infer(answer, wanted.output_name, len(batch))

    def close(self) -> None:
        self._channel.close()

    def _ask(self, name: str, request: Message, kind: type[A]) -> A:
        """Raises Unreachable, DeadlineExceeded, and PredictionFailed when the server refuses the request."""

        def attempt(deadline: float) -> A:
            left = deadline - self._patience.clock()
            try:
                headers = tuple((key.lower(), value) for key, value in self._headers().items())
                ask = self._current_channel().unary_unary(
                    SERVICE + name,
                    request_serializer=type(request).SerializeToString,
                    response_deserializer=kind.FromString,
                )
                answer: A = ask(request, timeout=max(left, 0.001), metadata=headers)
            except grpc.RpcError as error:
                raise self._failure(error, name) from error
            except BaseException:
                self._breaker.failed()
                raise
            self._breaker.succeeded()
            return answer

        return self._patience.keep_asking(self._breaker, attempt)

    def _failure(self, error: grpc.RpcError, name: str) -> ApiError | TransientError:
        if not isinstance(error, grpc.Call):
            raise error
        code, said = error.code(), str(error.details())
        place = f"{self._target.host} {name}"
        if code in _PASSING or code is Code.DEADLINE_EXCEEDED:
            self._breaker.failed()
            self._is_lost = True
            late = code is Code.DEADLINE_EXCEEDED  # a call is given all the time that is left
            return DeadlineExceeded(place) if late else TransientError(f"{place} answered {code.name}")
        self._breaker.succeeded()
        if code in _REFUSED:
            said = self._headers.without_secrets(said)[:300]
            return PredictionFailed(f"{place} answered {code.name}: {said}")
        return Unreachable(f"{place} answered {code.name}")

    def _current_channel(self) -> grpc.Channel:
        """The channel, after a failure to wherever the name leads by now. Raises as the constructor."""
        with self._lock:
            if self._is_lost:
                target = check_place(self._url, self._policy)
                if target.addresses != self._target.addresses:
                    self._channel.close()
                    self._channel = _channel(target, self._is_secure)
                self._target, self._is_lost = target, False
            return self._channel


def _as_http(url: str) -> str:
    """As the check of hosts wants it. Raises ModelInvalid."""
    parts = urlsplit(url)
    if parts.port is None:
        raise ModelInvalid("url: expected a port, such as grpc://models.internal:8001")
    return parts._replace(scheme="https" if parts.scheme == "grpcs" else "http").geturl()


def _channel(target: Target, is_secure: bool) -> grpc.Channel:
    family = [address for address in target.addresses if (":" in address) == (":" in target.addresses[0])]
    if ":" in family[0]:
        address = "ipv6:" + ",".join(f"[{one}]:{target.port}" for one in family)
    else:
        address = "ipv4:" + ",".join(f"{one}:{target.port}" for one in family)
    options: list[tuple[str, str | int]] = [
        ("grpc.default_authority", f"{target.host}:{target.port}"),
        ("grpc.enable_http_proxy", 0),
        ("grpc.enable_retries", 0),
        ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_reconnect_backoff_ms", 5_000),
    ]
    if not is_secure:
        return grpc.insecure_channel(address, options)
    options.append(("grpc.ssl_target_name_override", target.host))
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(_authorities()), options)


def _authorities() -> bytes | None:
    """The authorities that this machine trusts; None: those that gRPC brings along."""
    file = ssl.get_default_verify_paths().cafile
    return Path(file).read_bytes() if file else None
