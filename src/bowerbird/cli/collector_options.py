"""What a collector has beside the fields of the V2 API, for the commands about collectors."""

from typing import Any

from bowerbird.cli.session import Session
from bowerbird.proto.bowerbird_v1_pb2 import (
    CollectorOptions,
    GetCollectorOptionsRequest,
    PatchCollectorOptionsRequest,
)


async def options_of(s: Session, app_id: str, id: str) -> CollectorOptions:
    request = GetCollectorOptionsRequest(user_app_id=s.place(app_id), collector_id=id)
    answer: Any = await s.call("GetCollectorOptions", request)
    options: CollectorOptions = answer.options
    return options


async def patched(s: Session, app_id: str, id: str, given: CollectorOptions) -> CollectorOptions:
    """The collector's options after those that are given were set."""
    request = PatchCollectorOptionsRequest(user_app_id=s.place(app_id), collector_id=id, options=given)
    answer: Any = await s.call("PatchCollectorOptions", request)
    options: CollectorOptions = answer.options
    return options


def figures(options: CollectorOptions) -> dict[str, bool | int]:
    """Every option with its value, set or not."""
    return {
        "shadow": options.shadow,
        "priority": options.priority,
        "takes_feedback": takes_feedback(options),
    }


def takes_feedback(options: CollectorOptions) -> bool:
    return options.takes_feedback or not options.HasField("takes_feedback")


def in_words(options: CollectorOptions) -> str:
    """What is not as usual."""
    said = [
        "shadow" if options.shadow else "",
        f"priority {options.priority}" if options.priority else "",
        "" if takes_feedback(options) else "no feedback",
    ]
    return ", ".join(word for word in said if word)
