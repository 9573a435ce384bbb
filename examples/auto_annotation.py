"""Inputs that label themselves: a tagger's words become the app's own, and its confidence the label's status.

pip install clarifai-grpc==12.2.11 scikit-learn onnx
export CLARIFAI_PAT=...   # as `bowerbird users create` printed it
python auto_annotation.py
python auto_annotation.py --admin-pat ...   # the tagger and its concepts become public ones, in clarifai/main
"""

import argparse
import base64
import io
import json
import os
import struct
import sys
import time
import uuid
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api import resources_pb2, service_pb2, service_pb2_grpc
from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data, Model, UserAppIDSet, WorkflowNode
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from google.protobuf.struct_pb2 import Struct
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")  # what the app says
SURE, LIKELY = 0.95, 0.6
SHOWN = 96  # digits that the tagger has not learned from
WAIT_S = 60
MANIFEST = {
    "input": {"kind": "image", "name": "pixels", "size": [8, 8], "channels": 1, "layout": "flat"},
    "output": {"kind": "concepts", "name": "logits", "activation": "softmax"},
    "labels": list("0123456789"),
}


class Api:
    """The API as one user, in one app."""

    def __init__(self, stub: service_pb2_grpc.V2Stub, pat: str, place: UserAppIDSet) -> None:
        self.stub = stub
        self.metadata = (("authorization", f"Key {pat}"),)
        self.place = place

    def ask(self, rpc: str, **fields: object) -> Any:
        request = getattr(service_pb2, f"{rpc}Request")(user_app_id=self.place, **fields)
        return getattr(self.stub, rpc)(request, metadata=self.metadata)

    def call(self, rpc: str, **fields: object) -> Any:
        answer = self.ask(rpc, **fields)
        if answer.status.code != codes.SUCCESS:
            sys.exit(f"{rpc}: {answer.status.description} {answer.status.details}")
        return answer


def main() -> None:
    arguments = parse()
    channel = ClarifaiChannel.get_insecure_grpc_channel(base=arguments.host, port=arguments.grpc_port)
    stub = service_pb2_grpc.V2Stub(channel)
    api = Api(stub, arguments.pat, UserAppIDSet(user_id="me"))
    run = uuid.uuid4().hex[:8]
    app = api.call("PostApps", apps=[resources_pb2.App(id=f"digits-{run}")]).apps[0]
    api.place = UserAppIDSet(user_id=app.user_id, app_id=app.id)
    print(f"app        {app.user_id}/{app.id}")
    home = api  # where the tagger and its concepts are
    if arguments.admin_pat:
        home = Api(stub, arguments.admin_pat, UserAppIDSet(user_id="clarifai", app_id="main"))
    tagger = f"digit-tagger-{run}"
    try:
        classifier, pictures = trained()
        put_into_production(home, tagger, classifier)
        relate(api, home)
        label_by_itself(api, home, tagger)
        post(api, pictures)
        check(api, expected(classifier, pictures))
    finally:
        clean_up(api, home, tagger)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--grpc-port", type=int, default=18080)
    parser.add_argument("--pat", default=os.environ.get("CLARIFAI_PAT"), help="default: $CLARIFAI_PAT")
    parser.add_argument("--admin-pat", help="of an admin: the tagger becomes a public model")
    arguments = parser.parse_args()
    if not arguments.pat:
        parser.error("say --pat, or set CLARIFAI_PAT")
    return arguments


def trained() -> tuple[LogisticRegression, Mapping[str, np.ndarray]]:
    """A tagger of handwritten digits, and digits that it has not seen, each under the id of its input."""
    digits = load_digits()
    shades = np.round(digits.images * (255 / 16)).astype(np.uint8)
    classifier = LogisticRegression(solver="newton-cg").fit(seen(shades[SHOWN:]), digits.target[SHOWN:])
    return classifier, {f"digit-{n:03}": shades[n] for n in range(SHOWN)}


def seen(shades: np.ndarray) -> np.ndarray:
    """What the tagger gets of pictures: 64 shades each, from 0 to 1."""
    return shades.reshape(-1, 64).astype(np.float32) / np.float32(255)


def onnx(classifier: LogisticRegression) -> bytes:
    weights = {"w": classifier.coef_.T.astype(np.float32), "b": classifier.intercept_.astype(np.float32)}
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["pixels", "w", "b"], ["logits"])],
        "digits",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 64])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 10])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def put_into_production(home: Api, tagger: str, classifier: LogisticRegression) -> None:
    """Upload the tagger as ONNX."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps(MANIFEST))
        archive.writestr("model.onnx", onnx(classifier))
    url = f"data:application/zip;base64,{base64.b64encode(packed.getvalue()).decode()}"
    version = resources_pb2.ModelVersion(
        pretrained_model_config=resources_pb2.PretrainedModelConfig(model_zip_url=url)
    )
    public = resources_pb2.Visibility(gettable=resources_pb2.Visibility.PUBLIC)
    model = Model(id=tagger, model_type_id="visual-classifier", model_version=version, visibility=public)
    home.call("PostModels", models=[model])
    print(f"tagger     {home.place.user_id}/{home.place.app_id}/{tagger}")


def relate(api: Api, home: Api) -> None:
    """The app's own concepts, each a synonym of one of the tagger's."""
    api.call("PostConcepts", concepts=[Concept(id=word, name=word) for word in WORDS])
    there = {one.id for one in home.call("ListConcepts", per_page=1000).concepts}
    missing = [Concept(id=str(n), name=str(n)) for n in range(10) if str(n) not in there]
    if missing:  # of the public ones, another run may have left them
        home.call("PostConcepts", concepts=missing)
    for n, word in enumerate(WORDS):
        tagged = Concept(id=str(n), user_id=home.place.user_id, app_id=home.place.app_id)
        synonym = resources_pb2.ConceptRelation(predicate="synonym", object_concept=tagged)
        api.call("PostConceptRelations", concept_id=word, concept_relations=[synonym])
    print(f"relations  {', '.join(f'{word} = {n}' for n, word in enumerate(WORDS))}")


def label_by_itself(api: Api, home: Api, tagger: str) -> None:
    """The app's base workflow: tag, translate, and write down what is sure and what is likely."""
    make(api, "to-our-words", "concept-synonym-mapper", knowledge_graph_id="")
    make(api, "sure", "concept-thresholder", SURE, concept_threshold_type="GREATER_THAN_OR_EQUAL")
    make(api, "likely", "concept-thresholder", LIKELY, concept_threshold_type="GREATER_THAN_OR_EQUAL")
    make(api, "not-sure", "concept-thresholder", SURE, concept_threshold_type="LESS_THAN")
    make(api, "label", "annotation-writer", annotation_status="ANNOTATION_SUCCESS")
    make(api, "propose", "annotation-writer", annotation_status="ANNOTATION_PENDING")
    nodes = [
        node("tag", Model(id=tagger, user_id=home.place.user_id, app_id=home.place.app_id)),
        node("translate", Model(id="to-our-words"), "tag"),
        node("sure", Model(id="sure"), "translate"),
        node("label", Model(id="label"), "sure"),
        node("likely", Model(id="likely"), "translate"),
        node("not-sure", Model(id="not-sure"), "likely"),
        node("propose", Model(id="propose"), "not-sure"),
    ]
    api.call("PostWorkflows", workflows=[resources_pb2.Workflow(id="auto-annotation", nodes=nodes)])
    app = resources_pb2.App(id=api.place.app_id, default_workflow_id="auto-annotation")
    request = service_pb2.PatchAppsRequest(
        user_app_id=UserAppIDSet(user_id=api.place.user_id), apps=[app], action="overwrite"
    )
    answer = api.stub.PatchApps(request, metadata=api.metadata)
    if answer.status.code != codes.SUCCESS:
        sys.exit(f"PatchApps: {answer.status.description} {answer.status.details}")
    print(f"workflow   {', '.join(one.id for one in nodes)}")


def make(api: Api, id: str, type: str, threshold: float | None = None, **params: object) -> None:
    """An operator: with a threshold, for each of the app's concepts."""
    info = resources_pb2.OutputInfo(params=Struct())
    info.params.update(params)
    if threshold is not None:
        info.data.CopyFrom(Data(concepts=[Concept(id=word, value=threshold) for word in WORDS]))
    version = resources_pb2.ModelVersion(output_info=info)
    api.call("PostModels", models=[Model(id=id, model_type_id=type, model_version=version)])


def node(id: str, model: Model, *reads: str) -> WorkflowNode:
    links = [resources_pb2.NodeInput(node_id=one) for one in reads]
    return WorkflowNode(id=id, model=model, node_inputs=links)


def post(api: Api, pictures: Mapping[str, np.ndarray]) -> None:
    """Post the digits, and wait until the base workflow has run on all of them."""
    inputs = [
        resources_pb2.Input(id=id, data=Data(image=resources_pb2.Image(base64=png(shades))))
        for id, shades in pictures.items()
    ]
    api.call("PostInputs", inputs=inputs)
    end = time.monotonic() + WAIT_S
    while (counts := api.call("GetInputCount").counts).processed < len(inputs):
        if counts.errors or time.monotonic() > end:
            sys.exit(f"not all inputs were processed: {counts}")
        time.sleep(0.1)
    print(f"inputs     {counts.processed} are processed")


def expected(
    classifier: LogisticRegression, pictures: Mapping[str, np.ndarray]
) -> dict[str, tuple[str, int]]:
    """What is to be written of each input, as scikit-learn has it: the word and the status."""
    values = classifier.predict_proba(seen(np.stack(list(pictures.values()))))
    best = zip(pictures, values.argmax(axis=1), values.max(axis=1), strict=True)
    return {
        id: (WORDS[n], codes.ANNOTATION_SUCCESS if value >= SURE else codes.ANNOTATION_PENDING)
        for id, n, value in best
        if value >= LIKELY
    }


def check(api: Api, wanted: Mapping[str, tuple[str, int]]) -> None:
    """List what was written, and compare it with what the thresholds say."""
    found = listed(api)
    written = {one.input_id: (one.data.concepts[0].id, one.status.code) for one in found}
    for one in found[:5]:
        concept = one.data.concepts[0]
        status = codes.StatusCode.Name(one.status.code)
        print(f"annotated  {one.input_id}: {concept.id} {concept.value:.3f}, {status}, by {one.user_id}")
    sure = sum(code == codes.ANNOTATION_SUCCESS for _, code in written.values())
    print(f"in all     {sure} labelled, {len(written) - sure} proposed, {SHOWN - len(written)} left alone")
    if len(found) != len(written) or written != wanted:
        wrong = sorted(id for id in {*written, *wanted} if written.get(id) != wanted.get(id))
        sys.exit(f"{len(found)} annotations, of which these are not as expected: {wrong}")
    if any(len(one.data.concepts) > 1 for one in found):
        sys.exit("expected one concept in each annotation")
    if not 0 < sure < len(written) < SHOWN:
        sys.exit("expected some to be labelled, some to be proposed, and some to be left alone")
    print("as expected: the sure ones are labels, the likely ones wait for somebody to look at them")


def listed(api: Api) -> Sequence[resources_pb2.Annotation]:
    return api.call("ListAnnotations", list_all_annotations=True, per_page=1000).annotations


def clean_up(api: Api, home: Api, tagger: str) -> None:
    """The app takes all that is in it with it; a public tagger goes by itself. Its concepts cannot."""
    api.ask("DeleteApp")
    if home is not api:
        home.ask("DeleteModel", model_id=tagger)
    print("deleted    the app, and the tagger")


def png(shades: np.ndarray) -> bytes:
    """A grey picture."""
    height, width = shades.shape
    rows = b"".join(b"\0" + row.tobytes() for row in shades)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


if __name__ == "__main__":
    main()
