"""The prediction that all benchmarks make: one input, twenty concepts."""

from random import getrandbits

from clarifai_grpc.grpc.api.resources_pb2 import Data, Image, Input, Text, UserAppIDSet
from clarifai_grpc.grpc.api.service_pb2 import MultiOutputResponse, PostModelOutputsRequest

from bowerbird.errors import Code

CONCEPTS = 20
USER, APP, MODEL = "alice", "zoo", "said"
SOURCE = UserAppIDSet(user_id=USER, app_id=APP)
TEXT = "A bower is a structure of sticks and bright objects that a male bowerbird builds."
NAMES = [(f"concept-{place}", f"Concept {place}") for place in range(CONCEPTS)]
VALUES = [0.9 / (place + 1) for place in range(CONCEPTS)]


def output() -> Data:
    """What the model says: none of the concepts above 0.95."""
    data = Data()
    for (id, name), value in zip(NAMES, VALUES, strict=True):
        data.concepts.add(id=id, name=name, value=value)
    return data


def text_input() -> Input:
    return Input(data=Data(text=Text(raw=TEXT)))


def url_input() -> Input:
    return Input(data=Data(image=Image(url="https://example.com/photos/0123456789abcdef.jpg")))


def bytes_input(size: int) -> Input:
    return Input(data=Data(image=Image(base64=getrandbits(8 * size).to_bytes(size))))


def request() -> PostModelOutputsRequest:
    return PostModelOutputsRequest(user_app_id=SOURCE, model_id=MODEL, inputs=[text_input()])


def answer_by_hand(asked: PostModelOutputsRequest, request_id: str, now: int) -> MultiOutputResponse:
    """The answer as a handler would make it that serves this one model and nothing else."""
    answer = MultiOutputResponse()
    answer.status.code, answer.status.description = Code.SUCCESS, "Ok"
    answer.status.req_id = request_id
    for given in asked.inputs:
        made = answer.outputs.add(id=f"{getrandbits(128):032x}")
        made.status.code, made.status.description = Code.SUCCESS, "Ok"
        made.created_at.seconds = now
        made.input.id = given.id or f"{getrandbits(128):032x}"
        made.input.data.text.raw = given.data.text.raw
        made.model.id, made.model.name = MODEL, MODEL
        made.model.user_id, made.model.app_id = USER, APP
        made.model.model_type_id = "text-classifier"
        made.model.created_at.seconds = now
        made.model.model_version.id = "0123456789abcdef0123456789abcdef"
        made.model.model_version.created_at.seconds = now
        made.model.model_version.status.code = Code.MODEL_TRAINED
        made.model.model_version.status.description = "Model is trained"
        concepts = made.data.concepts
        for (id, name), value in zip(NAMES, VALUES, strict=True):
            concepts.add(id=id, name=name, value=value)
    return answer
