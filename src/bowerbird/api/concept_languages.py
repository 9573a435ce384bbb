"""What a concept is called in other languages than the app's own."""

import re

from clarifai_grpc.grpc.api.resources_pb2 import ConceptLanguage
from clarifai_grpc.grpc.api.service_pb2 import (
    GetConceptLanguageRequest,
    ListConceptLanguagesRequest,
    MultiConceptLanguageResponse,
    PatchConceptLanguagesRequest,
    PostConceptLanguagesRequest,
    SingleConceptLanguageResponse,
)

from bowerbird.api.access import readable_app
from bowerbird.api.fields import LONGEST_NAME, LONGEST_TEXT, batch, choice, distinct, text
from bowerbird.api.ids import shown
from bowerbird.api.pages import page_of
from bowerbird.api.rpc import Call, rpc
from bowerbird.errors import Invalid
from bowerbird.store.kinds import CONCEPT_LANGUAGES, CONCEPTS

# As of BCP 47: a language, perhaps a script, perhaps a region: en, zh-TW, sr-Latn-RS.
CODE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")


@rpc
async def post_concept_languages(
    call: Call, req: PostConceptLanguagesRequest
) -> MultiConceptLanguageResponse:
    concept = await CONCEPTS.row(call.conn, call.app.seq, req.concept_id)
    made = [
        _made(f"concept_languages[{i}]", given)
        for i, given in enumerate(batch("concept_languages", req.concept_languages))
    ]
    distinct("concept_languages.id", (language.id for language in made))
    await CONCEPT_LANGUAGES.add(call.conn, concept.seq, made)
    return MultiConceptLanguageResponse(concept_languages=made)


@rpc(open_to_visitors=True)
async def get_concept_language(call: Call, req: GetConceptLanguageRequest) -> SingleConceptLanguageResponse:
    concept = await CONCEPTS.row(call.conn, readable_app(call).seq, req.concept_id)
    found = await CONCEPT_LANGUAGES.one(call.conn, concept.seq, req.language)
    return SingleConceptLanguageResponse(concept_language=found)


@rpc(open_to_visitors=True)
async def list_concept_languages(
    call: Call, req: ListConceptLanguagesRequest
) -> MultiConceptLanguageResponse:
    concept = await CONCEPTS.row(call.conn, readable_app(call).seq, req.concept_id)
    found = await CONCEPT_LANGUAGES.page(call.conn, concept.seq, page_of(req))
    return MultiConceptLanguageResponse(concept_languages=[stored.message for stored in found])


@rpc
async def patch_concept_languages(
    call: Call, req: PatchConceptLanguagesRequest
) -> MultiConceptLanguageResponse:
    """Replace those of name and definition that are given."""
    choice("action", req.action, "overwrite")
    concept = await CONCEPTS.row(call.conn, call.app.seq, req.concept_id)
    given = batch("concept_languages", req.concept_languages)
    ids = distinct("concept_languages.id", (language.id for language in given))
    changed = []
    for i, stored in enumerate(await CONCEPT_LANGUAGES.locked(call.conn, concept.seq, ids)):
        language = ConceptLanguage()
        language.CopyFrom(stored.message)
        language.MergeFrom(_accepted(f"concept_languages[{i}]", given[i]))
        await CONCEPT_LANGUAGES.save(call.conn, stored.seq, language)
        changed.append(language)
    return MultiConceptLanguageResponse(concept_languages=changed)


def check_code(field: str, code: str) -> str:
    """The code itself. Raises Invalid unless it is one of a language."""
    if not CODE.fullmatch(code):
        raise Invalid(f"{field}: {shown(code)}; expected the code of a language, such as en or zh-TW")
    return code


def _made(field: str, given: ConceptLanguage) -> ConceptLanguage:
    made = _accepted(field, given)
    made.id = check_code(f"{field}.id", given.id)
    if not made.name:
        raise Invalid(f"{field}.name: expected what the concept is called in {made.id}")
    return made


def _accepted(field: str, given: ConceptLanguage) -> ConceptLanguage:
    return ConceptLanguage(
        name=text(f"{field}.name", given.name, LONGEST_NAME),
        definition=text(f"{field}.definition", given.definition, LONGEST_TEXT),
    )
