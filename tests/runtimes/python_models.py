"""Python models that behave as a test wants."""

import asyncio
import os
import time
from typing import Any


class Echo:
    """Answers what it is told to, in the input's own words."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.batches: list[int] = []
        print("hello from the model")  # noqa: T201  # must not get into any answer

    def predict(self, inputs: list[str]) -> list[Any]:
        self.batches.append(len(inputs))
        if "raise" in inputs:
            raise ValueError("on purpose")
        if "die" in inputs:
            os._exit(3)
        if "hang" in inputs:
            time.sleep(60)
        if "hoard" in inputs:
            return [str(len(bytearray(2**31)))]
        if "forget" in inputs:
            return []
        return [self.answer(text) for text in inputs]

    def answer(self, text: str) -> Any:
        special: dict[str, Any] = {
            "config": str(self.config),
            "pid": str(os.getpid()),
            "secrets": str([name for name in os.environ if name.startswith("BOWERBIRD_")]),
            "error": LookupError("only this one"),
            "number": 3,
        }
        return special.get(text, text.upper())


class Async:
    def __init__(self, config: dict[str, Any]) -> None:
        pass

    async def predict(self, inputs: list[str]) -> list[dict[str, float]]:
        await asyncio.sleep(0)
        return [{text: 0.25, "big dog": 0.75} for text in inputs]


class Boxes:
    def __init__(self, config: dict[str, Any]) -> None:
        pass

    def predict(self, inputs: list[bytes]) -> list[Any]:
        return [[{"box": [0.1, 0.2, 0.5, 0.6], "concepts": {"cat": len(image) / 10}}] for image in inputs]


class Length:
    def __init__(self, config: dict[str, Any]) -> None:
        pass

    def predict(self, inputs: list[str]) -> list[tuple[float, float]]:
        return [(len(text), 1.5) for text in inputs]


class Broken:
    def __init__(self, config: dict[str, Any]) -> None:
        raise RuntimeError("no weights")


class Stillborn:
    def __init__(self, config: dict[str, Any]) -> None:
        os._exit(4)


class Slow:
    def __init__(self, config: dict[str, Any]) -> None:
        time.sleep(60)
