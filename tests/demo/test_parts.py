"""What the demonstration is made of."""

from bowerbird.demo.collected import Kept, confusion
from bowerbird.demo.digits import TRAINED_ON, written
from bowerbird.demo.model import seen
from bowerbird.demo.sheet import draw


def kept(truth: str, predicted: str, *, probability: float = 1.0, confidence: float = 0.5) -> Kept:
    return Kept("id", "http://x", truth, "as written", predicted, confidence, probability)


def test_the_digits_are_those_of_scikit_learn_and_the_same_each_time() -> None:
    (to_learn, to_send), (_, again) = written(), written()
    assert (len(to_learn), len(to_send)) == (TRAINED_ON, 1197)
    changed = [digit.change for digit in to_send if digit.change]
    assert len(changed) == 1197 // 3
    assert set(changed) == {"rotated", "noisy"}
    assert [d.png for d in to_send[:50]] == [d.png for d in again[:50]]


def test_the_model_sees_64_shades_from_0_to_1() -> None:
    to_learn, _ = written()
    shades = seen(to_learn[0].picture)
    assert shades.shape == (64,)
    assert 0 <= shades.min() < shades.max() <= 1


def test_the_confusion_counts_truth_and_prediction() -> None:
    counts = confusion([kept("1", "7"), kept("1", "7"), kept("2", "2")])
    assert counts == {("1", "7"): 2, ("2", "2"): 1}


def test_a_sheet_has_a_row_for_every_twenty_pictures() -> None:
    to_learn, _ = written()
    heights = []
    for count in (1, 20, 21):
        found = [kept("1", "7")] * count
        heights.append(draw(found, [to_learn[0].png] * count, 100).height)
    assert heights[0] == heights[1] < heights[2]
