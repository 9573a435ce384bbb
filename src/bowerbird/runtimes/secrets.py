"""Secrets for other servers: files on the host, which versions name and which are stored nowhere else."""

import re
from pathlib import Path

from bowerbird.errors import ModelInvalid

NAME = r"^[A-Za-z0-9_-]{1,64}$"
LONGEST = 8192  # characters


def read_secret(folder: Path, name: str) -> str:
    """The secret. Raises ModelInvalid, which never repeats the name: people mistake it for the secret."""
    try:
        value = (folder / name).read_text(encoding="ascii").strip() if re.match(NAME, name) else ""
    except (OSError, UnicodeDecodeError):
        value = ""
    if not value or not value.isprintable():
        raise ModelInvalid(
            "secret: this host keeps none of that name; keep it with: bowerbird secrets set NAME"
        )
    return value


def write_secret(folder: Path, name: str, value: str) -> None:
    """Keep a secret that only the owner of the folder can read. Raises ModelInvalid."""
    if not re.match(NAME, name):
        raise ModelInvalid("the name of a secret: expected up to 64 letters, digits, - and _")
    if not (value.isascii() and value.isprintable() and 0 < len(value) <= LONGEST):
        raise ModelInvalid(f"a secret: expected one line of 1 to {LONGEST} ASCII characters")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = folder / f".{name}.new"
    new.unlink(missing_ok=True)
    new.touch(mode=0o600, exist_ok=False)
    new.write_text(value + "\n", encoding="ascii")
    new.replace(folder / name)


def secret_names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if re.match(NAME, path.name))


def remove_secret(folder: Path, name: str) -> bool:
    """Whether there was one."""
    if name not in secret_names(folder):
        return False
    (folder / name).unlink()
    return True
