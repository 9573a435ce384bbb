"""Writers that remember: the models and the concepts of predictions are the same ones again and again."""

from collections.abc import Sequence

from google.protobuf.message import Message

from bowerbird.wire.json_texts import Write, write_float, write_floats

MOST = 10_000  # texts that a writer remembers
LONGEST = 1000  # bytes of a message that is worth remembering


def remembering(write: Write, unique: str = "") -> Write:
    """Looks up the text of a message that was written before: a seventh of what writing it costs.

    `unique` is the name of a field, a text, that makes a message that has it unlike any other.
    """
    known: dict[bytes, str] = {}

    def recall(message: Message) -> str:
        if unique and getattr(message, unique):
            return write(message)
        key = message.SerializeToString()
        text = known.get(key)
        if text is None:
            text = write(message)
            _keep(known, key, text)
        return text

    return recall


class Heads:
    """For messages that end in a 32-bit float which differs each time: looks up all that comes before it.

    `last` is the float's name. A message that ends otherwise is never found, because its bytes do, too.
    """

    def __init__(self, write: Write, last: str) -> None:
        self._write = write
        self._last = last
        self._known: dict[bytes, str] = {}

    def __call__(self, message: Message) -> str:
        head = self._known.get(message.SerializeToString()[:-4])  # up to and with the tag of the float
        if head is not None:
            return f"{head}{write_float(getattr(message, self._last))}}}"
        text = self._write(message)
        self._learn(message, text)
        return text

    def all(self, messages: Sequence[Message]) -> str:
        """The same for a list, at two thirds of what its messages cost one by one."""
        known = self._known
        contents = [message.SerializeToString() for message in messages]
        heads = [known.get(content[:-4]) for content in contents]
        if None in heads:
            return f"[{','.join(map(self, messages))}]"
        values = write_floats(b"".join([content[-4:] for content in contents]))
        return f"[{','.join([f'{head}{value}}}' for head, value in zip(heads, values, strict=True)])}]"

    def _learn(self, message: Message, text: str) -> None:
        last = self._last
        tail = f'"{last}":{write_float(getattr(message, last))}}}'
        fields = message.ListFields()
        if fields and fields[-1][0].name == last and text.endswith(tail):
            key = message.SerializeToString()[:-4]
            _keep(self._known, key, text[: len(text) - len(tail) + len(last) + 3])


def _keep(known: dict[bytes, str], key: bytes, text: str) -> None:
    if len(key) > LONGEST:
        return
    if len(known) >= MOST:
        known.clear()
    known[key] = text
