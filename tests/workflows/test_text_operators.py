"""Operators that look at texts, and the regular expressions that cannot be made slow."""

import re
import time
from random import Random

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data, OutputInfo, Text
from hypothesis import given, settings
from hypothesis import strategies as st
from workflows.doors import boxed
from workflows.shapes import info, view
from workflows.test_operators import run

from bowerbird.workflows.linear_regex import MOST_PATTERN, TooSlow, compile_regex


def text(raw: str) -> Data:
    return Data(text=Text(raw=raw))


def passes(type_id: str, parameters: OutputInfo, output: str, asked: str = "") -> bool:
    return run(type_id, parameters, view(text(output), given=text(asked))) is not None


@pytest.mark.parametrize(
    ("parameters", "kept"),
    [
        ({}, True),
        ({"match": "all"}, False),
        ({"match": "none"}, False),
        ({"keywords": ["fire", "HELP"], "match": "all"}, True),
        ({"keywords": ["HELP"], "ignore_case": False}, False),
        ({"keywords": ["help me"]}, True),
        ({"keywords": ["hel"]}, False),
        ({"keywords": ["hel"], "whole_words": False}, True),
        ({"keywords": ["c++"]}, True),
        ({"keywords": ["a.b"]}, False),
        ({"keywords": ["smoke"], "match": "none"}, True),
    ],
)
def test_keywords(parameters: dict[str, object], kept: bool) -> None:
    given = info(**{"keywords": ["fire", "smoke"], **parameters})
    assert passes("keyword-filter", given, "Fire! Please help me with c++ and axb") is kept


@pytest.mark.parametrize(("of", "kept"), [("either", False), ("output", False), ("input", True)])
def test_a_text_is_that_of_the_output_or_of_the_input(of: str, kept: bool) -> None:
    assert passes("keyword-filter", info(keywords=["fire"], of=of), "calm", "fire") is kept


def test_without_a_text_of_the_output_that_of_the_input_counts() -> None:
    assert passes("keyword-filter", info(keywords=["fire"]), "", "fire")


def classified(raw: str, **patterns: str) -> list[str]:
    kept = run("regex-based-classifier", info(patterns=patterns), view(text(raw)))
    return [] if kept is None else [concept.id for concept in kept.to_data().concepts]


def test_a_text_is_classified_by_expressions() -> None:
    patterns = {"refund": r"refund|money back", "order": r"\border #?\d{3,}\b"}
    assert classified("REFUND my order 1234", **patterns) == ["order", "refund"]
    assert classified("give me my money back for border 1234", **patterns) == ["refund"]
    assert classified("hello", **patterns) == []


PIECES = st.sampled_from(
    ["a", "b", ".", r"\d", r"\w", "[ab]", "[^a]", "^", "$", r"\b", r"\B", "(a|b)", "(?:ab|c)", "é", r"\s"]
)
PATTERNS = st.lists(
    st.builds("{}{}".format, PIECES, st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,3}", "+?"])),
    min_size=1,
    max_size=5,
).map("".join)


@given(
    pattern=PATTERNS, raw=st.text(alphabet="abcAé1 _\n", min_size=1, max_size=12), ignore_case=st.booleans()
)
@settings(max_examples=150)
def test_expressions_mean_what_they_mean_to_python(pattern: str, raw: str, ignore_case: bool) -> None:
    try:
        expected = re.compile(pattern, re.IGNORECASE if ignore_case else 0).search(raw) is not None
    except re.error:
        with pytest.raises(ValueError, match="cannot be read"):
            compile_regex(pattern)
        return
    regex = compile_regex(pattern, ignore_case=ignore_case)
    assert regex.is_in(raw) is expected
    assert regex.is_in(raw) is expected  # from what it remembers


@pytest.mark.parametrize("bomb", ["(a+)+$", "(a|a)*b", "(a|aa)+$", "(.*a){8}$", "(a*)*b"])
def test_an_expression_that_python_never_ends_with_is_quick(bomb: str) -> None:
    started = time.thread_time()
    assert compile_regex(bomb).is_in("a" * 2000 + "!") is False
    assert time.thread_time() - started < 1


def test_a_text_that_is_slow_is_given_up() -> None:
    regex = compile_regex(r"(.*a){20}.{20}z")
    with pytest.raises(TooSlow):
        regex.is_in("".join(Random(0).choices("abcdefghijk", k=20_000)))


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("", "1 to 500"),
        ("a" * (MOST_PATTERN + 1), "1 to 500"),
        ("(", "cannot be read"),
        (r"(a)\1", "going back"),
        ("(?=a)b", "going back"),
        ("(?>a)b", "going back"),
        ("a++", "going back"),
        ("((a{100}){100}){100}", "too large"),
        ("(?m)^a", "flags"),
        ("(?i:a)", "flags"),
    ],
)
def test_an_expression_that_is_not_taken_says_why(pattern: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        compile_regex(pattern)


def test_languages_are_told() -> None:
    def told(raw: str, **parameters: object) -> list[str]:
        kept = run("language-id", info(**parameters), view(text(raw)))
        return [] if kept is None else [concept.id for concept in kept.to_data().concepts]

    german = "Guten Tag, wo ist meine Bestellung denn geblieben?"
    assert told(german) == ["de"]
    assert told(german, languages=["en", "fr"]) == []
    assert told(german, languages=["de"], threshold=0.5) == ["de"]
    assert len(told(german, topk=3)) == 3
    assert told("  ") == []


def test_texts_of_regions_are_joined_as_they_stand() -> None:
    places = {
        "world": (0.11, 0.2, 0.19, 0.3),
        "Hello": (0.1, 0.05, 0.2, 0.15),
        "far": (0.1, 0.8, 0.2, 0.9),
        "below": (0.5, 0.05, 0.6, 0.15),
    }
    data = boxed(*places.values())
    for region, word in zip(data.regions, places, strict=True):
        region.data.text.raw = word
    kept = run("text-aggregation", info(), view(data))
    assert kept is not None
    assert kept.to_data().text.raw == "Hello world\tfar\nbelow"
