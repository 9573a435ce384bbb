"""The composition root: settings become services, services a dispatcher, and those servers and workers."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from clarifai_grpc.grpc.api.resources_pb2 import Input, UserAppIDSet
from google.protobuf.message import Message
from prometheus_client import CollectorRegistry

from bowerbird.addresses import Policy
from bowerbird.api.base_workflow import index
from bowerbird.api.first_sign_in import first_link
from bowerbird.api.media import media_file
from bowerbird.api.model_specs import Catalog
from bowerbird.api.rpc import METHODS, Credentials, Dispatcher, told_as_api_errors
from bowerbird.api.users import create_user, ensure_public_user, list_users
from bowerbird.api.workflow_results import judge
from bowerbird.api.zoo import install as install_zoo
from bowerbird.auth.authority import Authority
from bowerbird.auth.directory import Directory
from bowerbird.auth.hashes import Hashes
from bowerbird.auth.keys import Keyring, load_pepper
from bowerbird.auth.links import portal_link
from bowerbird.auth.passwords import Passwords, check_new, keep_password
from bowerbird.auth.sessions import Lasting, Sessions
from bowerbird.blobs import Blobs
from bowerbird.collect.backlog import Backlog
from bowerbird.collect.budget import Budgets
from bowerbird.collect.capture import Writer
from bowerbird.collect.disk import disk_free
from bowerbird.collect.metrics import Committed, Engine, labels_of
from bowerbird.collect.plans import Plans
from bowerbird.collect.post import Poster
from bowerbird.collect.recorded import Recorded
from bowerbird.collect.recording import Recorder
from bowerbird.collect.repeats import Repeats
from bowerbird.collect.replay import Replays
from bowerbird.collect.roster import Roster, key_of
from bowerbird.collect.shedding import Shedding
from bowerbird.collect.tap import Tap
from bowerbird.collect.watch import Watch
from bowerbird.errors import ApiError
from bowerbird.index.exact import ExactNearest
from bowerbird.mail import Mailer
from bowerbird.queue import Queue, open_queue, open_queue_of_thread
from bowerbird.queue.sqlite import new_file
from bowerbird.runtimes import registry as runtimes
from bowerbird.runtimes.client import ModelHostClient
from bowerbird.runtimes.pool import InProcessRuntimes
from bowerbird.runtimes.spec import Environment, Runtimes
from bowerbird.services import Clock, Indexed, Prediction, Services, Verdict
from bowerbird.settings import Settings
from bowerbird.store.db import Database
from bowerbird.store.migrate import migrate
from bowerbird.store.revisions import Revisions
from bowerbird.workflows.state import State
from bowerbird.workflows.states import States

DAY_S = 86_400.0
INDEXED_AT_ONCE = 4  # groups of inputs whose base workflow runs
FUNNEL_READS = 10  # a funnel is read again when it moved meanwhile


class InsideClient:
    """The API for work that is done later: the same door, under the key that the work was given."""

    dispatcher: Dispatcher

    def __init__(self) -> None:
        # Inputs that wait must not take all places in a model's queue: people who predict come first.
        self._indexing = asyncio.Semaphore(INDEXED_AT_ONCE)

    async def call(self, rpc: str, request: Message, handle: str) -> Message:
        with told_as_api_errors(rpc):
            actor = await self.dispatcher.keyring.by_handle(handle)
        return await self.dispatcher.call(METHODS[rpc], request, Credentials(actor=actor))

    async def judge(
        self, app: UserAppIDSet, workflow_id: str, inputs: Sequence[Input], handle: str
    ) -> list[Verdict | ApiError]:
        with told_as_api_errors("PostInputs"):
            actor = await self.dispatcher.keyring.by_handle(handle)
            call = await self.dispatcher.enter("PostInputs", actor, app)
            return await judge(call, workflow_id, inputs)

    async def index(self, app: UserAppIDSet, input_ids: Sequence[str]) -> list[Indexed]:
        async with self._indexing:
            return await index(self.dispatcher, app, input_ids)


class NoTap:
    """For processes that answer no predictions."""

    def offer(self, prediction: Prediction) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Funnel:
    """What became of the predictions that a collector was offered."""

    figures: Mapping[str, int]  # offered, taken, posted, waiting, dead, purged
    skipped: Mapping[str, int]  # by reason

    @property
    def balances(self) -> bool:
        f = self.figures
        ended = f["posted"] + f["waiting"] + f["dead"] + f["purged"]
        return f["offered"] == f["taken"] + sum(self.skipped.values()) and f["taken"] == ended


@dataclass(slots=True)
class App:
    """A process's application, without wires."""

    settings: Settings
    services: Services
    dispatcher: Dispatcher
    registry: CollectorRegistry
    capture_trouble: Callable[[], str] = str  # why nothing can be captured just now; empty: all is well

    async def create_user(self, id: str, email: str, *, is_admin: bool = False, password: str = "") -> str:
        """A new user; answers the whole personal access token, which is shown only now."""
        if password:
            check_new("password", password, id, email)
        hashed = await self.services.passwords.hash(password) if password else ""
        async with self.services.db.write() as conn:
            now = self.services.clock()
            token = await create_user(conn, self.dispatcher.keyring, id, email, is_admin, now)
            if hashed:
                await keep_password(conn, id, hashed, now)
        await self.services.revisions.poll()
        return token

    async def first_sign_in(self) -> tuple[str, str] | None:
        """Who is to sign in first, and the link for it; none once anybody has signed in."""
        async with self.services.db.write() as conn:
            found = await first_link(conn, self.dispatcher.keyring.hashes, self.services.clock())
        return (found[0], portal_link(self.settings.portal_address, found[1])) if found else None

    async def funnel(self, user_id: str, app_id: str, collector_id: str) -> Funnel:
        """The figures of a collector since it was made. Raises CollectorNotFound.

        What waits is counted by itself, so that the funnel can tell whether it balances; under traffic that
        never pauses, it may be that of another moment.
        """
        queue = self.services.queue
        async with self.services.db.read() as conn:
            key = await key_of(conn, user_id, app_id, collector_id)
        rows = await queue.funnel(key)
        for _ in range(FUNNEL_READS):
            before, waiting = rows, (await queue.waiting(key)).count
            rows = await queue.funnel(key)
            if rows == before:  # nothing moved while it was counted
                break
        names = ("offered", "taken", "posted", "waiting", "dead", "purged")
        figures = {name: sum(getattr(row, name) for row in rows) for name in names}
        figures["waiting"] = waiting
        skipped: Counter[str] = Counter()
        for row in rows:
            skipped.update(row.skipped)
        return Funnel(figures, skipped)

    async def users(self) -> dict[str, bool]:
        """The ids of all users, and which of them are admins."""
        async with self.services.db.read() as conn:
            return {user.id: is_admin for user, is_admin in await list_users(conn)}


@dataclass(frozen=True, slots=True)
class Collecting:
    """The parts that stand behind the predictions of a process."""

    tap: Tap
    plans: Plans
    writer: Writer
    repeats: Repeats
    recorder: Recorder
    shedding: Shedding
    backlog: Backlog

    async def flush(self) -> None:
        """Wait until everything that was taken, counted or recorded so far is in the store."""
        self.tap.flush()
        await self.writer.flush()
        await self.repeats.tell()
        await self.recorder.flush()


@dataclass(frozen=True, slots=True)
class Stores:
    """The databases of an application: of what is recorded, and of everything else but captures."""

    db: Database
    records: Database


@asynccontextmanager
async def opened(settings: Settings, *, clock: Clock = time.time) -> AsyncIterator[App]:
    """An application on the stores that the settings name, migrated; closed at the end."""
    async with opened_stores(settings) as stores, running_on(stores, settings, clock) as app:
        yield app


@asynccontextmanager
async def opened_stores(settings: Settings) -> AsyncIterator[Stores]:
    """The databases that the settings name, migrated; closed at the end."""
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        db = Database(settings.main_url)
        stack.push_async_callback(db.close)
        await prepare(settings, db)
        records = db if settings.recorded_url == settings.main_url else Database(settings.recorded_url)
        stack.push_async_callback(records.close)
        yield Stores(db, records)


@asynccontextmanager
async def running_on(stores: Stores, settings: Settings, clock: Clock) -> AsyncIterator[App]:
    """An application on stores that are open; they stay so."""
    async with AsyncExitStack() as stack:
        async with stores.db.write() as conn:
            pepper = await load_pepper(conn)
            await ensure_public_user(conn, clock())
            await install_zoo(conn, clock())
        queue = await open_queue(settings.database_url, settings.queue_file, settings.queue_url)
        stack.push_async_callback(queue.close)
        app = _compose(settings, stores, queue, pepper, clock)
        stack.push_async_callback(app.services.runtimes.close)
        stack.push_async_callback(app.services.mailer.close)
        await app.services.revisions.poll()
        await stack.enter_async_context(running(app.services.revisions.watch()))
        yield app


async def prepare(settings: Settings, db: Database) -> None:
    """Bring the stores up to this version. With SQLite, captures and records have files of their own."""
    await migrate(db)
    if db.is_sqlite:
        new_file(settings.queue_file)
        for url in (f"sqlite+aiosqlite:///{settings.queue_file}", settings.recorded_url):
            file = Database(url)
            await migrate(file)
            await file.close()


@asynccontextmanager
async def collecting(app: App, *, used: Clock = time.thread_time) -> AsyncIterator[Collecting]:
    """Predictions of the application are tapped; everything taken is committed at the end.

    `used` tells how many seconds this thread has worked so far.
    """
    settings, services = app.settings, app.services
    state = State(services.clock, shares_budgets=True)
    plans = Plans(services.db, services.revisions, state)
    budgets = Budgets(services.db, state, services.clock)
    repeats = Repeats(services.db, state)
    registry = CollectorRegistry()
    shedding, watch = Shedding(services.clock), Watch(settings.plan_budget_ms / 1000, used)
    writer = Writer(
        partial(open_queue_of_thread, settings.database_url, settings.queue_file, settings.queue_url),
        services.payloads,
        disk_free=disk_free(settings.data),
        ring_items=settings.capture_ring_items,
        ring_bytes=settings.capture_ring_bytes,
        wait_s=settings.capture_wait_s,
        leftovers=settings.data / "uncounted",
        committed=Committed(registry, labels_of(plans, by_collector=settings.metrics_by_collector)),
        reached=services.reached,
    )
    recorder = Recorder(
        services.db,
        services.recorded,
        services.revisions,
        services.clock,
        per_hour=settings.record_per_hour,
        media_bytes=settings.record_media_bytes,
        trouble=lambda: writer.trouble,
    )
    tap = Tap(
        plans,
        writer,
        recorder,
        services.clock,
        is_awaited=settings.capture_durability == "committed",
        shedding=shedding,
        watch=watch,
        reached=services.reached,
    )
    registry.register(Engine(plans, writer, recorder, shedding, watch))
    backlog = Backlog(services.queue, services.clock, registry)
    collecting = Collecting(tap, plans, writer, repeats, recorder, shedding, backlog)
    await plans.refresh()
    await recorder.tidy()
    writer.start()
    services.tap = tap
    services.replays = Replays(plans, writer, services.queue, services.db, services.clock)
    app.capture_trouble = lambda: writer.trouble
    app.registry.register(registry)
    try:
        async with running(
            plans.keep_fresh(),
            tap.keep_counting(),
            budgets.keep_supplied(),
            repeats.keep_told(),
            recorder.follow(),
            recorder.keep_recording(),
            backlog.keep_fresh(),
        ):
            yield collecting
    finally:
        services.tap = NoTap()
        services.replays = None
        app.registry.unregister(registry)
        tap.flush()
        await recorder.flush()
        await writer.stop()
        await budgets.close()
        await repeats.tell()


def poster(app: App, name: str) -> Poster:
    """The worker's part of collecting."""
    services = app.services
    return Poster(services, Roster(services.db, services.revisions), name)


def local_runtimes(settings: Settings, blobs: Blobs) -> InProcessRuntimes:
    """Models loaded into this process."""
    environment = Environment(settings, blobs.get, Policy.of_this_machine(settings.fetch_allow))
    return InProcessRuntimes(
        lambda spec: runtimes.load(spec, environment), timeout_s=settings.predict_timeout_s
    )


@asynccontextmanager
async def running(*work: Coroutine[object, object, object]) -> AsyncIterator[None]:
    """Runs beside the block, and is cancelled after it."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


def _compose(settings: Settings, stores: Stores, queue: Queue, pepper: bytes, clock: Clock) -> App:
    db = stores.db
    revisions = Revisions(db, settings.poll_s)
    blobs = Blobs(settings.blob_store)
    client = InsideClient()
    services = Services(
        settings=settings,
        db=db,
        revisions=revisions,
        blobs=blobs,
        payloads=blobs.under("captures"),
        queue=queue,
        runtimes=_runtimes(settings, blobs),
        clock=clock,
        client=client,
        tap=NoTap(),
        nearest=ExactNearest(db, max_bytes=settings.vector_memory_bytes),
        catalog=Catalog(db, revisions),
        workflow_states=States(clock),
        replays=None,
        passwords=Passwords(settings.password_memory_kib),
        mailer=Mailer(settings),
        recorded=Recorded(
            stores.records, clock, per_hour=settings.record_per_hour, hours=settings.record_hours
        ),
        reached=_drill(settings.drill),
    )
    registry = CollectorRegistry()
    hashes = Hashes(pepper)
    lasting = Lasting(idle=settings.session_idle_days * DAY_S, longest=settings.session_days * DAY_S)
    keyring = Keyring(db, revisions, hashes, clock, Sessions(db, revisions, hashes, clock, lasting))
    authority = Authority(Directory(db, revisions))
    client.dispatcher = Dispatcher(services, keyring, authority, media_file, registry)
    return App(settings, services, client.dispatcher, registry)


def _runtimes(settings: Settings, blobs: Blobs) -> Runtimes:
    if settings.models_in_process:
        return local_runtimes(settings, blobs)
    return ModelHostClient(settings.models_socket, timeout_s=settings.predict_timeout_s)


def _drill(named: str) -> Callable[[str], None]:
    """What is told of each stage reached; for a drill it kills the process at the stage that is named.

    "posted:3" strikes when the stage "posted" is reached for the third time. "posted:3:stop" only stops
    the process then, until it is sent SIGCONT.
    """
    if not named:
        return lambda stage: None
    target, times, how = (*named.split(":"), "", "")[:3]
    left, strike = int(times or 1), signal.SIGSTOP if how == "stop" else signal.SIGKILL

    def reached(stage: str) -> None:
        nonlocal left
        if stage == target:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), strike)

    return reached
