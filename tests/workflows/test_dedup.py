"""dedup: repeats of what was kept are dropped and counted; bounded in number and time."""

import io
import random

import numpy as np
import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance
from workflows.shapes import above, asked, graph, info, model, output, sample, view

from bowerbird.collect.inclusion import inclusion
from bowerbird.errors import ModelInvalid
from bowerbird.image_hashes import image_hash
from bowerbird.workflows.fingerprints import MinHash, Sketch, agreeing
from bowerbird.workflows.operators import compile_operator
from bowerbird.workflows.operators.dedup import Seen, repeats
from bowerbird.workflows.plan import Plan, compile_plan
from bowerbird.workflows.recent import Recent, SameIndex, TextIndex
from bowerbird.workflows.state import State
from bowerbird.workflows.view import View


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def plan_of(state: State | None = None, **params: object) -> Plan:
    flow = graph({"dedup": (model("dedup", info(**params)), [])})
    return compile_plan(flow, "collector", state=state or State(Clock()))


def text(raw: str) -> Data:
    data = Data()
    data.text.raw = raw
    return data


def picture(content: bytes = b"", url: str = "") -> Data:
    data = Data()
    data.image.base64, data.image.url = content, url
    return data


def reasons(plan: Plan, *given: Data | None) -> list[str]:
    """What becomes of inputs, each of a request of its own."""
    return [plan.decide(view(given=one, key=f"{id(plan)}-{n}")).reason for n, one in enumerate(given)]


def test_the_same_content_is_kept_once() -> None:
    seen = reasons(plan_of(), picture(b"a"), picture(b"b"), picture(b"a"), text("a"), text("a"))
    assert seen == ["taken", "taken", "duplicate", "taken", "duplicate"]


def test_a_url_stands_for_its_content() -> None:
    seen = reasons(plan_of(), picture(url="http://x/1"), picture(url="http://x/2"), picture(url="http://x/1"))
    assert seen == ["taken", "taken", "duplicate"]


def test_what_cannot_be_compared_is_kept() -> None:
    for method in ("exact", "text", "image"):
        assert reasons(plan_of(method=method), None, None, Data(), Data()) == ["taken"] * 4


def test_the_same_request_is_no_repeat_of_itself() -> None:
    state = State(Clock())
    plan = plan_of(state)
    for _ in range(3):
        assert plan.decide(view(given=text("a"), key="r:0")).taken
    assert plan.decide(view(given=text("a"), key="r:0", caller="bob")).reason == "duplicate"
    assert repeats(state, "collector", ("alice", "r:0")) == 1


def test_repeats_are_counted_on_what_was_kept() -> None:
    state = State(Clock())
    plan = plan_of(state)
    for key in ("a", "b", "c"):
        plan.decide(view(given=text("x"), key=key))
    assert repeats(state, "collector", ("alice", "a")) == 2
    assert repeats(state, "collector", ("alice", "b")) == 0
    assert repeats(state, "other", ("alice", "a")) == 0
    [seen] = state.cells(Seen)
    assert seen.recent.counted() == {("alice", "a"): 2}
    assert seen.recent.counted() == {}


def test_only_what_was_taken_in_the_end_is_remembered() -> None:
    nodes = {"dedup": (model("dedup", info()), []), "cats": (above({"cat": 0.5}), ["dedup"])}
    plan = compile_plan(graph(nodes), "collector", state=State(Clock()))
    found = [
        plan.decide(view(output({"cat": value}), given=text("x"), key=f"{n}")).reason
        for n, value in enumerate((0.25, 0.75, 0.75))
    ]
    assert found == ["filtered", "taken", "duplicate"]


def test_another_way_to_be_taken_remains_open_to_repeats() -> None:
    nodes = {"dedup": (model("dedup", info()), []), "some": (sample(0.25), [])}
    state = State(Clock())
    plan = compile_plan(graph(nodes), "collector", state=state)
    first, second = view(given=text("x"), key="first"), view(given=text("x"), key="second")
    plan.decide(first)
    plan.decide(second)
    assert inclusion(plan, first) == 1
    assert inclusion(plan, second) == 0.25


def test_the_probability_of_what_was_kept_stays_one() -> None:
    plan = plan_of()
    seen = view(given=text("x"))
    plan.decide(seen)
    reasons(plan, text("x"))
    assert inclusion(plan, seen) == 1


def test_what_was_kept_is_forgotten_in_time() -> None:
    clock = Clock()
    plan = plan_of(State(clock), ttl=60)
    assert reasons(plan, text("x")) == ["taken"]
    clock.now += 59
    assert plan.decide(view(given=text("x"), key="a")).reason == "duplicate"
    clock.now += 2
    assert plan.decide(view(given=text("x"), key="b")).reason == "taken"


def test_a_clock_that_is_set_back_does_not_keep_things_for_ever() -> None:
    clock = Clock()
    plan = plan_of(State(clock), ttl=60)
    reasons(plan, text("x"))
    clock.now -= 3600
    assert plan.decide(view(given=text("x"), key="a")).reason == "taken"


@pytest.mark.parametrize("method", ["exact", "text"])
def test_only_so_many_are_remembered(method: str) -> None:
    state = State(Clock())
    plan = plan_of(state, method=method, window=5)
    texts = [text(f"{n} says nothing like what {n * 7} says of {n * 13} and {n * 31}") for n in range(20)]
    assert reasons(plan, *texts) == ["taken"] * 20
    assert len(state.cells(Seen)[0].recent) == 5
    again = [plan.decide(view(given=one, key=f"again-{n}")).reason for n, one in enumerate(texts[::-1])]
    assert again == ["duplicate"] * 5 + ["taken"] * 15


def test_it_survives_a_new_plan() -> None:
    state = State(Clock())
    old = plan_of(state)
    reasons(old, text("x"))
    assert reasons(plan_of(state), text("x")) == ["duplicate"]


WORDS = [f"w{n}" for n in range(5000)]


def test_similar_texts_are_repeats() -> None:
    rng = random.Random(1)
    words = rng.choices(WORDS, k=200)
    near, far = words.copy(), words.copy()
    near[100] = "changed"
    for place in range(5, 200, 10):
        far[place] = "changed"
    plan = plan_of(method="text")
    given = [text(" ".join(one)) for one in (words, near, far)]
    assert reasons(plan, *given, text(" ".join(words).upper() + "!")) == [
        "taken",
        "duplicate",
        "taken",
        "duplicate",
    ]


def test_short_texts_are_compared_as_a_whole() -> None:
    plan = plan_of(method="text")
    found = reasons(
        plan, text("hello there"), text("Hello, there!"), text("hello you"), text("..."), text("...")
    )
    assert found == ["taken", "duplicate", "taken", "taken", "taken"]


def sketch(words: list[str]) -> Sketch:
    made = MinHash().sketch(" ".join(words))
    assert made is not None
    return made


@pytest.mark.parametrize("length", [40, 400])
def test_signatures_agree_as_often_as_the_shingles_overlap(length: int) -> None:
    rng = random.Random(2)
    errors = []
    for _ in range(300):
        one = rng.choices(WORDS, k=length)
        cut = rng.randrange(length)
        other = one[:cut] + rng.choices(WORDS, k=length - cut)
        common = max(cut - 4, 0)
        overlap = common / (2 * (length - 4) - common)
        errors.append(agreeing(sketch(one).signature, sketch(other).signature) / 128 - overlap)
    assert abs(float(np.mean(errors))) < 0.01
    assert float(np.std(errors)) < 0.045


def test_nearly_every_similar_text_of_a_full_window_is_found() -> None:
    rng, index = random.Random(3), TextIndex(2000, 0.7)
    texts = [rng.choices(WORDS, k=60) for _ in range(2000)]
    for number, words in enumerate(texts):
        index.add(sketch(words), number)
    found = 0
    for number, words in enumerate(texts):
        changed = sketch([*words[:-4], "the", "end", "is", "new"])  # overlap 0.87
        found += index.find(changed, 0) == number
    assert found > 1980


def drawing(seed: int) -> Image.Image:
    """Smooth shapes, as photographs have them."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (6, 6, 3), np.uint8))
    return small.resize((200, 160), Image.Resampling.BICUBIC)


def recompressed(image: Image.Image) -> Image.Image:
    out = io.BytesIO()
    ImageEnhance.Brightness(image.resize((150, 120))).enhance(1.05).save(out, "JPEG", quality=70)
    return Image.open(out)


def test_images_that_look_alike_have_hashes_that_are_near() -> None:
    images = [drawing(seed) for seed in range(30)]
    hashes = [image_hash(image) for image in images]
    near = [(image_hash(recompressed(i)) ^ h).bit_count() for i, h in zip(images, hashes, strict=True)]
    far = [(a ^ b).bit_count() for n, a in enumerate(hashes) for b in hashes[:n]]
    assert max(near) <= 6
    assert min(far) > 12


def test_images_are_compared_by_the_hashes_that_come_with_them() -> None:
    plan = plan_of(method="image", distance=4, hash_field="metadata.look.hash")
    hashes = [
        "00000000000000ff",
        "000000000000000f",
        "00000000000000FE",
        "ffff0000000000ff",
        "short",
        "short",
    ]
    given = [asked({"look": {"hash": one}}) for one in hashes]
    found = reasons(plan, *given)
    assert found == ["taken", "duplicate", "duplicate", "taken", "taken", "taken"]
    assert reasons(plan_of(method="image"), *given) == ["taken"] * 6


@given(st.lists(st.tuples(st.integers(0, 8), st.floats(0, 30)), max_size=60), st.integers(1, 6))
def test_what_is_remembered_is_what_a_plain_list_would_remember(
    events: list[tuple[int, float]], window: int
) -> None:
    recent = Recent(SameIndex(window), window, 50.0)
    kept: list[tuple[int, float, int]] = []  # content, time, repeats
    now = 0.0
    for content, passed in events:
        now += passed
        kept = [one for one in kept if now - one[1] <= 50.0]
        place = next((n for n, one in enumerate(kept) if one[0] == content), None)
        twin = recent.find(content, now)
        assert (twin is None) == (place is None)
        if twin is None or place is None:
            recent.add(content, ("alice", f"{now}:{len(kept)}:{content}"), now)
            kept = [*kept, (content, now, 0)][-window:]
        else:
            recent.count(twin)
            kept[place] = (content, kept[place][1], kept[place][2] + 1)
            assert twin.repeats == kept[place][2]
    assert len(recent) <= window


def test_nothing_is_decided_twice_for_a_view() -> None:
    plan = plan_of()
    seen: View = view(given=text("x"))
    assert plan.decide(seen).taken
    assert seen.memo


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"method": "sound"}, "method: expected one of exact, text, image"),
        ({"window": 0}, "window: expected a number from 1 to 50000"),
        ({"window": 1.5}, "window: expected a whole number"),
        ({"distance": 17}, "distance: expected a number from 0 to 16"),
        ({"distance": 2.5}, "distance: expected a whole number"),
        ({"ttl": 0}, "ttl: expected a number from 1"),
        ({"method": "image", "hash_field": "phash"}, "hash_field: expected metadata.<field>"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(params: dict[str, object], says: str) -> None:
    with pytest.raises(ModelInvalid, match=f"output_info.params.{says}"):
        compile_operator("dedup", info(**params))
