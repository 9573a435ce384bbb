"""Regular expressions that are searched for in linear time, whatever the expression and the text.

Python's own `re` goes back and tries again, for an expression such as (a+)+$ longer than the universe has
been there. This takes what `re` parses and follows all ways at once (Thompson 1968), remembering the sets of
states that were met, so that most characters cost one look into a dictionary. What needs going back is
refused: back references, look-arounds, possessive and atomic groups.
"""

import re
import re._constants as ops  # type: ignore[import-not-found]  # not public: tests hold what it does
import re._parser as parser  # type: ignore[import-not-found]  # as above
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

MOST_PATTERN = 500  # characters
MOST_STATES = 3000
MOST_REMEMBERED = 20_000  # steps from one set of states to another
PATIENCE_S = 0.02  # of the processor's time, for one text

Test = Callable[[str], bool]  # of a character
Context = tuple[str, str]  # the characters before and after a place; empty at the ends
Assertion = Callable[[Context], bool]
Set = frozenset[int]
_WORD = re.compile(r"\w")
_CATEGORIES: dict[Any, Test] = {  # constants of the parser have no public type
    ops.CATEGORY_DIGIT: lambda c: re.match(r"\d", c) is not None,
    ops.CATEGORY_NOT_DIGIT: lambda c: re.match(r"\D", c) is not None,
    ops.CATEGORY_SPACE: lambda c: re.match(r"\s", c) is not None,
    ops.CATEGORY_NOT_SPACE: lambda c: re.match(r"\S", c) is not None,
    ops.CATEGORY_WORD: lambda c: _WORD.match(c) is not None,
    ops.CATEGORY_NOT_WORD: lambda c: _WORD.match(c) is None,
}


def _is_word(character: str) -> bool:
    return _WORD.match(character) is not None


_ASSERTIONS: dict[Any, Assertion] = {
    ops.AT_BEGINNING: lambda at: not at[0],
    ops.AT_BEGINNING_STRING: lambda at: not at[0],
    ops.AT_END: lambda at: not at[1] or at[1] == "\n\n",
    ops.AT_END_STRING: lambda at: not at[1],
    ops.AT_BOUNDARY: lambda at: _is_word(at[0]) != _is_word(at[1]),
    ops.AT_NON_BOUNDARY: lambda at: _is_word(at[0]) == _is_word(at[1]),
}


class TooSlow(Exception):
    """Searching a text for a regular expression took too long."""


def compile_regex(pattern: str, *, ignore_case: bool = False) -> "LinearRegex":
    """Raises ValueError, whose text says what is wrong with the pattern."""
    if not pattern or len(pattern) > MOST_PATTERN:
        raise ValueError(f"it has {len(pattern)} characters, expected 1 to {MOST_PATTERN}")
    try:
        parsed = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"it cannot be read: {error}") from None
    if parsed.state.flags & ~(re.UNICODE | re.IGNORECASE | re.DOTALL):
        raise ValueError("of flags, only (?i) and (?s) are known")
    machine = _Machine(
        ignore_case or bool(parsed.state.flags & re.IGNORECASE), bool(parsed.state.flags & re.DOTALL)
    )
    try:
        end = machine.sequence(machine.state(), parsed)
    except RecursionError:
        raise ValueError("its groups are nested too deeply") from None
    return LinearRegex(machine, end)


class _Machine:
    """States, each with the ways that lead from it: free, on a condition, or over a character."""

    def __init__(self, ignore_case: bool, dot_all: bool) -> None:
        self._ignore_case = ignore_case
        self._dot_all = dot_all
        self.free: list[list[int]] = []
        self.conditional: list[list[tuple[Assertion, int]]] = []
        self.over: list[tuple[Test, int] | None] = []

    def state(self) -> int:
        if len(self.free) >= MOST_STATES:
            raise ValueError("it is too large; expected fewer or smaller repetitions")
        self.free.append([])
        self.conditional.append([])
        self.over.append(None)
        return len(self.free) - 1

    def sequence(self, start: int, items: Iterable[tuple[Any, Any]]) -> int:
        for op, argument in items:
            start = self._item(start, op, argument)
        return start

    def _item(self, start: int, op: Any, argument: Any) -> int:  # as the parser gives them
        if op is ops.BRANCH:
            return self._branch(start, argument[1])
        if op is ops.SUBPATTERN:
            _, added, removed, items = argument
            if added or removed:
                raise ValueError(
                    "flags within a group are not known; expected them for the whole, as in (?i)"
                )
            return self.sequence(start, items)
        if op in (ops.MAX_REPEAT, ops.MIN_REPEAT):
            return self._repeat(start, *argument)
        end = self.state()
        if op is ops.AT:
            if argument not in _ASSERTIONS:
                raise ValueError(f"{argument} is not known")
            self.conditional[start].append((_ASSERTIONS[argument], end))
        else:
            between = self.state()
            self.free[start].append(between)
            self.over[between] = (self._test(op, argument), end)
        return end

    def _branch(self, start: int, branches: Sequence[Any]) -> int:
        end = self.state()
        for items in branches:
            first = self.state()
            self.free[start].append(first)
            self.free[self.sequence(first, items)].append(end)
        return end

    def _repeat(self, start: int, least: int, most: Any, items: Any) -> int:
        for _ in range(least):
            start = self.sequence(self._then(start), items)
        end = self.state()
        if most is ops.MAXREPEAT:
            around = self._then(start)
            self.free[self.sequence(self._then(around), items)].append(around)
            self.free[around].append(end)
            return end
        for _ in range(most - least):
            self.free[start].append(end)
            start = self.sequence(self._then(start), items)
        self.free[start].append(end)
        return end

    def _then(self, start: int) -> int:
        """A new state behind one, so that ways back into it lead to nothing before."""
        end = self.state()
        self.free[start].append(end)
        return end

    def _test(self, op: Any, argument: Any) -> Test:
        if op is ops.ANY:
            return (lambda c: True) if self._dot_all else (lambda c: c != "\n")
        if op is ops.LITERAL:
            return self._cased(lambda c: ord(c) == argument)
        if op is ops.NOT_LITERAL:
            is_it = self._cased(lambda c: ord(c) == argument)
            return lambda c: not is_it(c)
        if op is not ops.IN:
            raise ValueError(f"{str(op).lower()} is not known: it would need going back")
        is_negated = argument[0][0] is ops.NEGATE
        members = [self._member(*member) for member in argument[is_negated:]]
        is_in = self._cased(lambda c: any(member(c) for member in members))
        return (lambda c: not is_in(c)) if is_negated else is_in

    def _member(self, op: Any, argument: Any) -> Test:
        if op is ops.CATEGORY:
            return _CATEGORIES[argument]
        low, high = argument if op is ops.RANGE else (argument, argument)
        return lambda c: low <= ord(c) <= high

    def _cased(self, test: Test) -> Test:
        if not self._ignore_case:
            return test
        return lambda c: any(test(one) for one in {c, c.lower(), c.upper()} if len(one) == 1)


class LinearRegex:
    """A compiled expression. `is_in` may be asked by one thread at a time."""

    def __init__(self, machine: _Machine, end: int) -> None:
        self._machine = machine
        self._end = end
        self._knows_places = any(machine.conditional)
        self._steps: dict[tuple[Set, str, str], Set | None] = {}  # None: found

    def is_in(self, text: str) -> bool:
        """Whether the expression is found anywhere in the text. Raises TooSlow."""
        start: Set = frozenset([0])
        current, before, deadline = start, "", time.thread_time() + PATIENCE_S
        for place, character in enumerate(text):
            known = before if self._knows_places else ""
            key = (current, known, character)
            if key in self._steps:
                after = self._steps[key]
            else:
                if time.thread_time() > deadline:
                    raise TooSlow(f"a regular expression took longer than {PATIENCE_S:g} s")
                is_last = character == "\n" and place == len(text) - 1
                after = self._step(current, before, character, is_last)
                if not is_last:
                    self._remember(key, after)
            if after is None:
                return True
            current, before = after | start, character
        return self._end in self._reached(current, (before, ""))

    def _remember(self, key: tuple[Set, str, str], after: Set | None) -> None:
        if len(self._steps) >= MOST_REMEMBERED:
            self._steps.clear()
        self._steps[key] = after

    def _step(self, current: Set, before: str, character: str, is_last: bool) -> Set | None:
        # $ also holds before a newline at the very end.
        reached = self._reached(current, (before, "\n\n" if is_last else character))
        if self._end in reached:
            return None
        tests = (self._machine.over[state] for state in reached)
        return frozenset(way[1] for way in tests if way is not None and way[0](character))

    def _reached(self, states: Set, at: Context) -> set[int]:
        """All states that are reached without a character."""
        reached, left = set(states), list(states)
        while left:
            state = left.pop()
            ways = [end for holds, end in self._machine.conditional[state] if holds(at)]
            for end in (*self._machine.free[state], *ways):
                if end not in reached:
                    reached.add(end)
                    left.append(end)
        return reached
