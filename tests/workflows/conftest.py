"""What tests of workflows may ask for."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from bowerbird.workflows import operators as registry

GROUP = "bowerbird.operators"  # as documented


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[object], None]]:
    """Put something behind an entry point, as another package would."""

    def put(thing: object) -> None:
        point = SimpleNamespace(name="other", value="elsewhere", load=lambda: thing)
        monkeypatch.setattr(
            registry, "entry_points", lambda group: [point] * (group == "bowerbird.operators")
        )
        registry._registry.cache_clear()

    yield put
    monkeypatch.undo()
    registry._registry.cache_clear()
