"""The levels of the network, each inside the one it needs. The only place here that builds things."""

import asyncio
import os
from pathlib import Path

import aiohttp

from config.settings import Settings
from core.domain.ids import BotId
from core.state.postgres.bots import BotRow, Bots
from core.state.postgres.crypt import TokenCipher
from core.state.postgres.migrate import migrate
from core.state.postgres.pool import POOL_SIZE, Database
from deploy.accounts import with_accounts
from deploy.bots import http_session
from deploy.embedded import EmbeddedPostgres, EmbeddedRedis
from deploy.embedded.server import EmbeddedServer
from deploy.home import Home, Process, Running
from deploy.supervisor import entries
from deploy.supervisor.keeping import Job, Keeper, Roll
from deploy.supervisor.notes import Notes
from deploy.supervisor.nursery import Nursery
from deploy.supervisor.ports import Ports, require_free
from deploy.supervisor.progress import Screen
from deploy.supervisor.roster import ask_again, take_in_simulated, take_in_tokens
from deploy.supervisor.servers import servers
from deploy.supervisor.shards import Acquaintances, Shards
from deploy.supervisor.signpost import http_at, signpost

COORDINATORS = 2
DEMO_BOTS = 3
# How long each level has to end in order; with the servers they keep within ten seconds.
SHARD_END_S = 6.0
COORDINATOR_END_S = 1.0
SIMULATOR_END_S = 0.5
SERVE_WITHIN_S = 20.0
ASK_AGAIN_S = 0.05
NOTE_EVERY_S = 30.0


class Network:
    """Everything that `up` starts. `logs` True sends the processes' logs to our standard error."""

    def __init__(self, settings: Settings, screen: Screen, nursery: Nursery, *, logs: bool = False) -> None:
        self._demo = not settings.bot_tokens
        if self._demo:
            settings = settings.filled(telegram_api_url=http_at(settings, settings.simulator_port))
        self._settings = settings
        self._screen = screen
        self._nursery = nursery
        self._logs = logs
        self._home = Home(settings.data_dir, demo=self._demo)
        self._notes = Notes(screen.event)
        self._roll = Roll(self._note)
        self._keeper = Keeper(nursery, screen, self._roll)
        self._ports = Ports(settings.listen_host, settings.metrics_port)
        self._acquaintances = Acquaintances(10_000 if self._demo else settings.tokens_per_minute)
        self._serving: dict[BotId, int] = {}
        self._own: dict[EmbeddedServer, str] = {}
        """Servers of our own and their URLs; these are asked for once, since that looks into the folder."""

    async def run(self) -> None:
        """Start all and keep it until cancelled, then stop all in order. Raises DuologueError."""
        async with self._home.held():
            self._check_ports()
            self._acquaintances.know(self._home.acquainted())
            secret = self._home.secret_key(self._settings)
            async with servers(self._settings, self._home, self._screen) as found:
                self._own = {server: server.url for server in found.own}
                self._settings = self._settings.filled(
                    database_url=found.database_url, redis_url=found.redis_url, secret_key=secret
                )
                self._settings = with_accounts(self._settings, found.postgres, found.redis)
                async with asyncio.TaskGroup() as level:
                    for server in found.own:
                        level.create_task(self._keeper.keep_server(server), name=server.name)
                    await self._serve(found.database_url, TokenCipher(*self._settings.secrets))

    async def _serve(self, database_url: str, cipher: TokenCipher) -> None:
        with self._screen.step("Preparing the database", "Database ready"):
            await migrate(database_url)
        async with (
            Database(database_url) as database,
            http_session() as http,
            asyncio.TaskGroup() as level,
        ):
            bots = Bots(database, cipher)
            if self._settings.older_secret_keys:
                with self._screen.step("Encrypting tokens with the new key", "Tokens under the new key"):
                    await bots.rekey()
            unchecked = [] if self._demo else await self._take_in_tokens(bots, http)
            with self._screen.step("Loading the programs, a few seconds", "Programs loaded"):
                await self._nursery.warm()
            if self._demo:
                simulator = self._simulator(max(DEMO_BOTS, len(await bots.list())))
                level.create_task(self._keeper.keep(simulator), name=simulator.name)
                await self._take_in_simulated(bots)
            await database.check_room([POOL_SIZE] * (COORDINATORS + 1 + len(await bots.list())))
            async with asyncio.TaskGroup() as minds:
                for number in range(1, COORDINATORS + 1):
                    job = self._coordinator(number)
                    minds.create_task(self._keeper.keep(job), name=job.name)
                async with asyncio.TaskGroup() as hands:
                    hands.create_task(Shards(bots, self._keep_shard).run(), name="shards")
                    hands.create_task(self._keep_notes(), name="notes")
                    hands.create_task(self._ask_again(bots, http, unchecked), name="tokens")
                    await self._until_serving(bots, http)
                    signpost(self._screen, self._settings, self._home, demo=self._demo, logs=self._logs)
                    await asyncio.Event().wait()

    async def _take_in_tokens(self, bots: Bots, http: aiohttp.ClientSession) -> list[str]:
        url = self._settings.telegram_api_url
        tokens = [token.get_secret_value() for token in self._settings.bot_tokens]
        with self._screen.step(f"Asking {url} about the bots", f"{_count(len(tokens), 'token')} known"):
            return await take_in_tokens(bots, http, url, tokens, self._acquaintances, self._screen.event)

    async def _ask_again(self, bots: Bots, http: aiohttp.ClientSession, tokens: list[str]) -> None:
        url = self._settings.telegram_api_url
        await ask_again(bots, http, url, tokens, self._acquaintances, self._screen.event)

    async def _take_in_simulated(self, bots: Bots) -> None:
        ours = any(isinstance(server, EmbeddedPostgres) for server in self._own)
        with self._screen.step("Starting the simulator", "Simulator runs"):
            await take_in_simulated(bots, self._settings.telegram_api_url, ours=ours)

    def _simulator(self, bots: int) -> Job:
        log = self._log("simulator")
        return Job("simulator", entries.run_simulator, (self._settings, bots), log, None, SIMULATOR_END_S)

    def _coordinator(self, number: int) -> Job:
        name, port = f"coordinator {number}", self._ports.take()
        log = self._log(f"coordinator-{number}")
        return Job(name, entries.run_coordinator, (self._settings, port), log, port, COORDINATOR_END_S)

    async def _keep_shard(self, row: BotRow) -> None:
        await self._acquaintances.meet(row.id)
        port = self._ports.take()
        self._serving[row.id] = port
        log = self._log(f"shard-{row.id}")
        args = (self._settings, int(row.id), port)
        job = Job(f"shard {row.id}", entries.run_shard, args, log, port, SHARD_END_S)
        try:
            await self._keeper.keep(job)
        finally:
            del self._serving[row.id]
            self._ports.give_back(port)

    async def _keep_notes(self) -> None:
        """Who serves, so that a start soon after need not show these tokens to Telegram one by one.

        What runs is noted whenever it changes; here again, for when the disk was full then.
        """
        while True:
            self._notes.write("which bots are served", lambda: self._home.note_acquainted(self._serving))
            self._roll.tell()
            await asyncio.sleep(NOTE_EVERY_S)

    async def _until_serving(self, bots: Bots, http: aiohttp.ClientSession) -> None:
        """Wait for the shards; not for ever, they may still come."""
        awaited = [row.id for row in await bots.list() if row.state.serves]
        shards = _count(len(awaited), "shard")
        try:
            with self._screen.step(
                f"Starting the coordinator, its standby and {shards}",
                f"Coordinator, standby and {shards} serve",
            ):
                async with asyncio.timeout(SERVE_WITHIN_S):
                    # One after the other: who asks all of them again and again takes the time that they need.
                    for bot in awaited:
                        while not await self._serves(http, bot):
                            await asyncio.sleep(ASK_AGAIN_S)
        except TimeoutError:
            for bot in awaited:
                if not await self._serves(http, bot):
                    self._screen.event(f"shard {bot} does not serve yet; its log tells why")

    async def _serves(self, http: aiohttp.ClientSession, bot: BotId) -> bool:
        port = self._serving.get(bot)
        if port is None:
            return False
        url = f"{http_at(self._settings, port)}/readyz"
        try:
            async with http.get(url, timeout=aiohttp.ClientTimeout(total=2)) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    def _note(self, processes: tuple[Process, ...]) -> None:
        urls = {type(server): url for server, url in self._own.items()}
        pids = (Process(server.name, server.pid) for server in self._own if server.pid is not None)
        running = Running(
            pid=os.getpid(),
            demo=self._demo,
            telegram_api_url=self._settings.telegram_api_url,
            database_url=urls.get(EmbeddedPostgres),
            redis_url=urls.get(EmbeddedRedis),
            processes=(*pids, *processes),
        )
        self._notes.write("what runs (for other commands)", lambda: self._home.note(running))

    def _check_ports(self) -> None:
        host = self._settings.listen_host
        require_free(host, self._settings.metrics_port, "DUOLOGUE_METRICS_PORT")
        if self._demo:
            require_free(host, self._settings.simulator_port, "DUOLOGUE_SIMULATOR_PORT")

    def _log(self, name: str) -> Path | None:
        return None if self._logs else self._home.logs / f"{name}.log"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
