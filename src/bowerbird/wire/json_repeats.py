"""Writers that remember: the models and the concepts of predictions are the same ones again and again."""

from google.protobuf.message import Message

from bowerbird.wire.json_texts import Write, write_float

MOST = 10_000  # texts that a writer remembers
LONGEST = 1000  # bytes of a message that is worth remembering


def remembering(write: Write) -> Write:
    """Looks up the text of a message that was written before: a seventh of what writing it costs."""
    known: dict[bytes, str] = {}

    def recall(message: Message) -> str:
        key = message.SerializeToString()
        text = known.get(key)
        if text is None:
            text = write(message)
            _keep(known, key, text)
        return text

    return recall


def remembering_head(write: Write, last: str) -> Write:
    """For messages that end in a 32-bit float which differs each time: looks up all that comes before it.

    `last` is the float's name. A message that ends otherwise is never found, because its bytes do, too.
    """
    known: dict[bytes, str] = {}

    def recall(message: Message) -> str:
        key = message.SerializeToString()[:-4]  # up to and with the tag of the float
        head = known.get(key)
        if head is not None:
            return f"{head}{write_float(getattr(message, last))}}}"
        text = write(message)
        tail = f'"{last}":{write_float(getattr(message, last))}}}'
        fields = message.ListFields()
        if fields and fields[-1][0].name == last and text.endswith(tail):
            _keep(known, key, text[: len(text) - len(tail) + len(last) + 3])
        return text

    return recall


def _keep(known: dict[bytes, str], key: bytes, text: str) -> None:
    if len(key) > LONGEST:
        return
    if len(known) >= MOST:
        known.clear()
    known[key] = text
