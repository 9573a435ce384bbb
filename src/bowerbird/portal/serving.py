"""The portal's process."""

import asyncio

import structlog
import uvicorn

from bowerbird.portal.asgi import portal_app
from bowerbird.ports import listening
from bowerbird.settings import Settings

log = structlog.get_logger()
GRACE_S = 3  # for pages that are open; they connect again by themselves


async def run_portal(settings: Settings, stop: asyncio.Event) -> None:
    """Serve the pages until told to stop."""
    config = uvicorn.Config(
        portal_app(settings),
        log_config=None,
        access_log=False,
        server_header=False,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(
        server._serve([listening(settings.portal)])
    )  # serve() takes over the signals
    log.info("portal ready", portal=settings.portal)
    await asyncio.wait([serving, asyncio.create_task(stop.wait())], return_when="FIRST_COMPLETED")
    server.should_exit = True
    await serving
