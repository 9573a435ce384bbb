"""Addresses to listen at: whether they are free, others when they are not, and several processes at one."""

import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

BACKLOG = 2048  # connections that may wait to be taken up


def split(address: str) -> tuple[str, int]:
    """Host and port of HOST:PORT. Raises ValueError."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def is_free(address: str) -> bool:
    """Whether a server could listen at HOST:PORT now."""
    try:
        listening(address).close()
    except OSError:
        return False
    return True


def listening(address: str, *, shared: bool = False) -> socket.socket:
    """A socket that listens at HOST:PORT; with `shared` one beside others of this user, which share it too.

    Raises OSError, which names the address, when it cannot be had.
    """
    options = (socket.SO_REUSEADDR, *((socket.SO_REUSEPORT,) if shared else ()))
    made = _bound(address, *options)
    try:
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        raise _refused(address, error) from None
    return made


@contextmanager
def reserved(addresses: Iterable[str]) -> Iterator[None]:
    """Addresses that our own processes will share, and nobody else: raises OSError when one is taken.

    Who shares a port gets a part of its connections, so each is had alone first, and shared only then. The
    sockets held here never listen, so nobody is connected to them; while they are there, no other program
    gets the address, not even when all our processes are down.
    """
    with ExitStack() as held:
        for address in addresses:
            listening(address).close()
            one = held.enter_context(_bound(address, socket.SO_REUSEADDR))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)  # else others may bind beside it
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        yield


def free_address(wanted: str) -> str:
    """HOST:PORT as wanted, or with another port when that one is taken or 0."""
    host, port = split(wanted)
    if port and is_free(wanted):
        return wanted
    with _socket(host) as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    return f"{wanted.rpartition(':')[0]}:{port}"


def _bound(address: str, *options: int) -> socket.socket:
    host, port = split(address)
    made = _socket(host)
    for option in options:
        made.setsockopt(socket.SOL_SOCKET, option, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise _refused(address, error) from None
    return made


def _refused(address: str, error: OSError) -> OSError:
    return OSError(error.errno, f"cannot listen at {address}: {error.strerror or error}")


def _socket(host: str) -> socket.socket:
    return socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
