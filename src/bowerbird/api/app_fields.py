"""The fields of an app that clients may write."""

from clarifai_grpc.grpc.api.resources_pb2 import App, Visibility, Workflow

from bowerbird.api.fields import LONGEST_NAME, LONGEST_TEXT, merged, metadata, text
from bowerbird.api.ids import check_id, shown
from bowerbird.errors import Invalid

LONGEST_NOTES = 64 * 1024
LONGEST_LANGUAGE = 20


def accepted(field: str, given: App) -> App:
    """What clients may write of an app, and nothing else. Raises Invalid."""
    app = App(
        name=text(f"{field}.name", given.name, LONGEST_NAME),
        description=text(f"{field}.description", given.description, LONGEST_TEXT),
        notes=text(f"{field}.notes", given.notes, LONGEST_NOTES),
        sample_ms=given.sample_ms,
        legal_consent_status=given.legal_consent_status,
    )
    text(f"{field}.default_language", given.default_language, LONGEST_LANGUAGE)
    _accept_workflow(field, given, app)
    if given.HasField("metadata"):
        app.metadata.CopyFrom(metadata(f"{field}.metadata", given.metadata))
    if given.visibility.gettable:
        app.visibility.CopyFrom(check_visibility(f"{field}.visibility", given.visibility))
    return app


def patched(field: str, old: App, patch: App, metadata_action: str) -> App:
    """The app with those fields replaced that the patch sets. Raises Invalid."""
    if patch.default_language not in ("", old.default_language):
        raise Invalid(f"{field}.default_language: stays {old.default_language!r} once the app is made")
    given = accepted(field, patch)
    app = App()
    app.CopyFrom(old)
    if given.default_workflow_id:
        app.ClearField("default_workflow")
    if given.HasField("metadata"):
        if metadata_action == "merge":
            both = metadata(f"{field}.metadata", merged(old.metadata, given.metadata))
            given.metadata.CopyFrom(both)
        app.ClearField("metadata")
    app.MergeFrom(given)
    return app


def check_visibility(field: str, visibility: Visibility) -> Visibility:
    """The visibility itself. Raises Invalid when there is no such one."""
    if visibility.gettable not in Visibility.Gettable.values():
        raise Invalid(f"{field}.gettable: {visibility.gettable} is not a visibility; expected 10, 30 or 50")
    return visibility


def _accept_workflow(field: str, given: App, app: App) -> None:
    named = given.default_workflow
    if named.id:
        for part in (named.app_id, named.user_id):
            if part:
                check_id(f"{field}.default_workflow", part)
        workflow = Workflow(id=named.id, app_id=named.app_id, user_id=named.user_id)
        app.default_workflow.CopyFrom(workflow)
    id = given.default_workflow_id or named.id
    if named.id and id != named.id:
        raise Invalid(f"{field}.default_workflow_id: {shown(id)}, but default_workflow.id is another")
    if id:
        app.default_workflow_id = check_id(f"{field}.default_workflow_id", id)
