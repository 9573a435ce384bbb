"""What the company of the demonstration sets up: a model in production, and a collector that watches it."""

import base64
from collections.abc import Sequence

from clarifai_grpc.grpc.api import resources_pb2 as r
from clarifai_grpc.grpc.api import service_pb2 as s
from google.protobuf.struct_pb2 import Struct

from bowerbird.demo.client import GrpcClient

OWNER = "acme"
APP, MODEL = "digits-app", "digits"
HARD_CASES, COLLECTOR, WORKFLOW = "hard-cases", "uncertain-or-sampled", "worth-a-look"
READING = f"/v2/users/{OWNER}/apps/{HARD_CASES}/inputs"
UNSURE = 0.8  # the greatest probability that counts as uncertain
SHARE = 0.1  # of everything, taken at random
# What posting inputs takes, on this app and nowhere else.
POSTING = (
    *("Inputs:Add", "Inputs:Get", "Annotations:Add", "Annotations:Get", "Concepts:Add", "Concepts:Get"),
    *("Models:Get", "Workflows:Get", "Predict"),
)
PREDICTING = ("Predict", "Models:Get", "Concepts:Get")


def put_into_production(acme: GrpcClient, artifact: bytes, callers: Sequence[str]) -> None:
    """The app with the model, which the callers may ask for predictions and nothing else."""
    acme.call("PostApps", s.PostAppsRequest(user_app_id=_place(""), apps=[r.App(id=APP)]))
    data = base64.b64encode(artifact).decode()
    upload = r.PretrainedModelConfig(model_zip_url=f"data:application/zip;base64,{data}")
    model = r.Model(
        id=MODEL,
        model_type_id="visual-classifier",
        model_version=r.ModelVersion(pretrained_model_config=upload),
    )
    acme.call("PostModels", s.PostModelsRequest(user_app_id=_place(APP), models=[model]))
    people = [r.Collaborator(user=r.User(id=caller), scopes=PREDICTING) for caller in callers]
    request = s.PostCollaboratorsRequest(user_app_id=_place(APP), collaborators=people)
    acme.call("PostCollaborators", request)


def collect_hard_cases(acme: GrpcClient) -> None:
    """A second app, and its collector: uncertain predictions, or a small share of all of them."""
    acme.call("PostApps", s.PostAppsRequest(user_app_id=_place(""), apps=[r.App(id=HARD_CASES)]))
    operators = [
        _operator("uncertain", "prediction-score-filter", score="max_prob", hi=UNSURE),
        _operator("some", "random-sample", keep_fraction=SHARE),
    ]
    acme.call("PostModels", s.PostModelsRequest(user_app_id=_place(HARD_CASES), models=operators))
    # Neither node feeds the other: a prediction passes when either of them keeps it.
    nodes = [r.WorkflowNode(id=model.id, model=r.Model(id=model.id)) for model in operators]
    workflow = r.Workflow(id=WORKFLOW, nodes=nodes)
    acme.call("PostWorkflows", s.PostWorkflowsRequest(user_app_id=_place(HARD_CASES), workflows=[workflow]))
    source = r.APIPostModelOutputsCollectorSource(
        model_user_id=OWNER, model_app_id=APP, model_id=MODEL, post_inputs_key_id=_posting_key(acme)
    )
    collector = r.Collector(
        id=COLLECTOR,
        description=f"Predictions of at most {UNSURE:.0%}, or {SHARE:.0%} of all",
        pre_queue_workflow_id=WORKFLOW,
        collect_outputs=True,
        collector_source=r.CollectorSource(api_post_model_outputs_collector_source=source),
    )
    request = s.PostCollectorsRequest(user_app_id=_place(HARD_CASES), collectors=[collector])
    acme.call("PostCollectors", request)


def reading_key(acme: GrpcClient) -> str:
    """A key that may look at what was collected."""
    return _key(acme, "reads the hard cases", ("Inputs:Get", "Annotations:Get", "Concepts:Get"))


def _posting_key(acme: GrpcClient) -> str:
    return _key(acme, "posts the hard cases", POSTING)


def _key(acme: GrpcClient, description: str, scopes: Sequence[str]) -> str:
    apps = [r.App(id=HARD_CASES, user_id=OWNER)]
    key = r.Key(type="app_specific_key", description=description, scopes=scopes, apps=apps)
    answer = acme.call("PostKeys", s.PostKeysRequest(user_app_id=_place(""), keys=[key]))
    return str(answer.keys[0].id)


def _operator(id: str, type_id: str, **params: str | float) -> r.Model:
    values = Struct()
    values.update(params)
    return r.Model(id=id, model_type_id=type_id, output_info=r.OutputInfo(params=values))


def _place(app_id: str) -> r.UserAppIDSet:
    return r.UserAppIDSet(user_id=OWNER, app_id=app_id)
