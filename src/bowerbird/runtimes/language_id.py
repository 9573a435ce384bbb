"""The runtime language-id: which language a text is in, told by py3langid."""

from clarifai_grpc.grpc.api.resources_pb2 import Data

from bowerbird.runtimes.each import Each
from bowerbird.runtimes.fields import Fields, read_fields
from bowerbird.runtimes.inputs import text_of
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec

LONGEST = 10_000  # characters that are looked at


class Nothing(Fields):
    """There is nothing to choose."""


@runtime("language-id", install="pip install 'bowerbird[text]'")
def load(spec: ModelSpec, environment: Environment) -> Each:
    """Needs no file: the model comes with the package."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    read_fields(Nothing, spec.config)
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def answer(data: Data) -> Data:
        """Of a text without letters nothing is told."""
        text = text_of(data, environment.settings)[:LONGEST]
        answered = Data()
        if any(letter.isalpha() for letter in text):
            for language, value in identifier.rank(text):
                answered.concepts.add(id=language, name=language, value=float(value))
        return answered

    return Each(answer)
