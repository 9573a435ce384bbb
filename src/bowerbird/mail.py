"""Mail to people, through the SMTP server that the settings name."""

import asyncio
import ipaddress
import smtplib
import ssl
from collections.abc import Coroutine
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import structlog

from bowerbird.settings import Settings

log = structlog.get_logger()
TIMEOUT_S = 30.0
_PORTS = {"smtp": 587, "smtps": 465}


class Mailer:
    """Sends in a thread. What a person must not wait for is done in the background, until `close`."""

    def __init__(self, settings: Settings) -> None:
        self._url = urlsplit(settings.smtp_url)
        self._from = settings.smtp_from
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_on(self) -> bool:
        return bool(self._url.hostname)

    async def send(self, to: str, subject: str, text: str) -> bool:
        """Whether the server took the mail; why not is logged, and never what it says."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self._from, to, subject
        mail.set_content(text)
        try:
            await asyncio.to_thread(self._deliver, mail)
        except (OSError, smtplib.SMTPException) as error:
            log.error("mail not sent", error=type(error).__name__)
            return False
        return True

    def in_background(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def close(self) -> None:
        """What is under way ends."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("mail not made", error=type(error).__name__)

    def _deliver(self, mail: EmailMessage) -> None:
        host, port = self._url.hostname or "", self._url.port or _PORTS[self._url.scheme]
        context = ssl.create_default_context()
        if self._url.scheme == "smtps":
            with smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=context) as server:
                self._hand_over(server, mail)
            return
        with smtplib.SMTP(host, port, timeout=TIMEOUT_S) as server:
            if not _is_this_machine(host):  # what crosses a network is encrypted, or not sent
                server.starttls(context=context)
            self._hand_over(server, mail)

    def _hand_over(self, server: smtplib.SMTP, mail: EmailMessage) -> None:
        if self._url.username:
            server.login(unquote(self._url.username), unquote(self._url.password or ""))
        server.send_message(mail)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
