"""Models that are shown what was cut out of an image."""

from collections.abc import Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Data, Image, Region

from bowerbird.errors import ApiError, InputInvalid
from bowerbird.runtimes.crops import CropByCrop
from bowerbird.runtimes.spec import Results


class Named:
    """Answers an image with its bytes as a concept, two at a time; "bad" is refused."""

    max_batch = 2
    parallel = 1

    def __init__(self) -> None:
        self.batches: list[int] = []

    def predict(self, inputs: Sequence[Data]) -> Results:
        self.batches.append(len(inputs))
        return [self._answer(data.image.base64.decode()) for data in inputs]

    def _answer(self, name: str) -> Data | ApiError:
        if name == "bad":
            return InputInvalid("it is bad")
        data = Data()
        data.concepts.add(id=name)
        return data

    def close(self) -> None:
        pass


def crops(*names: str) -> Data:
    """A region for each; one without a name has no image."""
    data = Data()
    for n, name in enumerate(names):
        data.regions.add(id=f"r{n}", value=0.5)
        if name:
            data.regions[n].data.image.base64 = name.encode()
    return data


def test_each_crop_is_looked_at_and_answered_in_its_region() -> None:
    runtime = Named()
    [first, second] = CropByCrop(runtime).predict([crops("a", "", "b", "c"), Data(image=Image(base64=b"d"))])
    assert isinstance(first, Data)
    assert isinstance(second, Data)
    told = [(one.id, one.value, one.data.concepts[0].id) for one in first.regions]
    assert told == [("r0", 0.5, "a"), ("r2", 0.5, "b"), ("r3", 0.5, "c")]
    assert not any(one.data.HasField("image") for one in first.regions)
    assert [c.id for c in second.concepts] == ["d"]
    assert runtime.batches == [1, 2, 1]


def test_an_image_goes_before_those_of_its_regions() -> None:
    [answer] = CropByCrop(Named()).predict([Data(image=Image(base64=b"whole"), regions=[Region(id="r")])])
    assert isinstance(answer, Data)
    assert [c.id for c in answer.concepts] == ["whole"]


def test_a_crop_that_is_refused_is_named() -> None:
    [answer, other] = CropByCrop(Named()).predict([crops("a", "bad"), crops("b")])
    assert isinstance(answer, InputInvalid)
    assert answer.details == "region r1: it is bad"
    assert isinstance(other, Data)
