"""Whether relations between concepts make sense together: nothing is more general than itself."""

from collections import defaultdict


class Sense:
    """The relations of one knowledge graph, as they are stored: synonyms, and hyponyms of what is general."""

    def __init__(self) -> None:
        self._synonyms: set[frozenset[str]] = set()
        self._above: dict[str, set[str]] = defaultdict(set)  # what each concept is a hyponym of

    def add(self, subject: str, predicate: str, object: str) -> None:
        if predicate == "synonym":
            self._synonyms.add(frozenset((subject, object)))
        else:
            self._above[subject].add(object)

    def against(self, subject: str, predicate: str, object: str) -> str:
        """What speaks against one more relation, in words; empty: nothing does."""
        if predicate == "synonym":
            for special, general in ((subject, object), (object, subject)):
                if general in self._above.get(special, ()):
                    return f"{special!r} is a hyponym of {general!r}: it cannot be its synonym, too"
            return ""
        if frozenset((subject, object)) in self._synonyms:
            return f"{subject!r} and {object!r} are synonyms: neither can be the other's hyponym, too"
        if way := self._way(object, subject):
            return f"{subject!r} would be a hyponym of itself, by way of {' and '.join(map(repr, way))}"
        return ""

    def _way(self, start: str, end: str) -> list[str]:
        """The concepts on a way from one up to another; empty: there is none."""
        came_from, left = {start: ""}, [start]
        while left:
            here = left.pop()
            if here == end:
                return _steps(came_from, end)
            for above in self._above.get(here, ()):
                if above not in came_from:
                    came_from[above] = here
                    left.append(above)
        return []


def _steps(came_from: dict[str, str], end: str) -> list[str]:
    steps = []
    here = came_from[end]
    while here:
        steps.append(here)
        here = came_from[here]
    return steps[::-1]
