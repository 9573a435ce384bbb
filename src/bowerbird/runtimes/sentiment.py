"""The runtime sentiment: how an English text feels, told by the word list and the rules of VADER."""

from clarifai_grpc.grpc.api.resources_pb2 import Data

from bowerbird.runtimes.each import Each
from bowerbird.runtimes.fields import Fields, read_fields
from bowerbird.runtimes.inputs import text_of
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec

LONGEST = 10_000  # characters that are looked at


class Nothing(Fields):
    """There is nothing to choose."""


@runtime("sentiment", install="pip install 'bowerbird[text]'")
def load(spec: ModelSpec, environment: Environment) -> Each:
    """Needs no file: the word list comes with the package."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    read_fields(Nothing, spec.config)
    analyzer = SentimentIntensityAnalyzer()

    def answer(data: Data) -> Data:
        text = text_of(data, environment.settings)[:LONGEST]
        return _answer(float(analyzer.polarity_scores(text)["compound"]))

    return Each(answer)


def _answer(compound: float) -> Data:
    """VADER's compound score, from -1 to 1, as three values whose sum is 1."""
    data = Data()
    values = {"positive": max(compound, 0.0), "neutral": 1 - abs(compound), "negative": max(-compound, 0.0)}
    for id, value in sorted(values.items(), key=lambda pair: -pair[1]):
        data.concepts.add(id=id, name=id, value=value)
    return data
