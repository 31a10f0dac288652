"""The network's processes, started, killed and started again at will."""

import asyncio
import gc
import itertools
import multiprocessing
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from config.settings import Settings
from core.domain.ids import BotId
from core.state.postgres.bots import Bots
from core.state.postgres.crypt import TokenCipher
from core.state.postgres.migrate import migrate
from core.state.postgres.pool import Database
from core.state.redis.client import RedisClient
from core.state.redis.fleet import Fleet
from core.state.redis.keys import Keys
from deploy.accounts import make_roles, with_accounts, write_acl
from deploy.embedded import EmbeddedPostgres, EmbeddedRedis
from deploy.embedded.launch import end_with
from simulator.app import Options, Simulator
from simulator.app import running as running_simulator
from tests.harness.ports import free_port
from tests.harness.waiting import until

_URLS = ("database_url", "redis_url")
SECRET = "harness " * 5
_SPAWN = multiprocessing.get_context("spawn")


def _shard(settings: Settings, bot: int, port: int, log: str) -> None:
    from shard.app import main

    _begin(log)
    main(settings, bot, port)


def _coordinator(settings: Settings, port: int, log: str) -> None:
    from coordinator.app import main

    _begin(log)
    main(settings, port)


def _begin(log: str) -> None:
    # The parent is the process we are forked from, which ends with the harness.
    end_with(os.getppid(), signal.SIGKILL)
    gc.freeze()
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)


class Network:
    """Made by `running`. Names of processes: `shard:<bot>`, `coordinator:<n>`.

    Each process under a name is a life of its own, by which the simulator knows who calls: `lives`.
    A name in `environments` has its processes started anew with these variables instead of forked.
    """

    def __init__(
        self,
        simulator: Simulator,
        settings: Settings,
        postgres: EmbeddedPostgres,
        redis: EmbeddedRedis,
        folder: Path,
    ) -> None:
        self.simulator = simulator
        self.settings = settings
        self.postgres = postgres
        self.redis = redis
        self.folder = folder
        self.processes: dict[str, BaseProcess] = {}
        self.lives: dict[str, str] = {}
        self.environments: dict[str, dict[str, str]] = {}
        self._births = itertools.count(1)
        self._ports: dict[str, int] = {}
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.harness.preload"])

    @property
    def bots(self) -> list[BotId]:
        """The bots of the simulator, which are those of the network."""
        return [BotId(bot) for bot in self.simulator.world.bots]

    def port(self, name: str) -> int:
        """Where that process serves its figures: a port that was free when it was first asked for."""
        if name not in self._ports:
            self._ports[name] = free_port()
        return self._ports[name]

    def start_shard(self, bot: BotId, copy: str = "", **settings: Any) -> str:
        """Start the process of one bot, with settings of its own; its name.

        `copy` names a second process of the same bot.
        """
        name = f"shard:{bot}:{copy}" if copy else f"shard:{bot}"
        return self._start(name, _shard, bot, settings=settings)

    def start_coordinator(self, number: int, **settings: Any) -> str:
        """Start one coordinator, with settings of its own; its name."""
        return self._start(f"coordinator:{number}", _coordinator, settings=settings)

    def start_again(self, name: str, **settings: Any) -> str:
        """Start a process that has ended under the name it had, as a supervisor would."""
        kind, number, *copy = name.split(":")
        if kind == "shard":
            return self.start_shard(BotId(int(number)), *copy, **settings)
        return self.start_coordinator(int(number), **settings)

    def ended(self) -> dict[str, int]:
        """Processes that have ended by themselves, with their exit codes (negative: by that signal)."""
        codes = {name: process.exitcode for name, process in self.processes.items()}
        return {name: code for name, code in codes.items() if code is not None}

    def last_words(self, name: str, code: int) -> str:
        """Of a process that should not have ended."""
        return f"{name} ended with {code}: {self.log(name)[-300:]}"

    async def end_of(self, name: str, seconds: float = 15) -> int:
        """Wait until a process has ended by itself; its exit code."""
        await until(lambda: name in self.ended(), seconds, f"{name} to end")
        return self.ended()[name]

    def kill(self, name: str) -> None:
        """kill -9; a process that has ended already is only forgotten."""
        process = self.processes.pop(name)
        process.kill()
        process.join()

    def freeze(self, name: str) -> None:
        """SIGSTOP."""
        self._signal(name, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """SIGCONT."""
        self._signal(name, signal.SIGCONT)

    async def stop(self, name: str) -> int | None:
        """SIGTERM, and wait; the exit code."""
        process = self.processes.pop(name)
        process.terminate()
        await asyncio.to_thread(process.join, 15)
        return process.exitcode

    def log(self, name: str) -> str:
        """All that the processes of this name have written."""
        path = self._log(name)
        return path.read_text() if path.exists() else ""

    async def figure(self, name: str, metric: str) -> float:
        """A metric of a process, labels added up; -1 where it does not serve."""
        import aiohttp

        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{self.port(name)}/metrics") as answer,
            ):
                lines = (await answer.text()).splitlines()
        except aiohttp.ClientError:
            return -1.0
        return sum(
            float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{metric} ", f"{metric}{{"))
        )

    async def serving(self, bots: list[BotId] | None = None, seconds: float = 30) -> None:
        """Wait until the shards of these bots (all) report, and a coordinator has taken them in."""
        wanted = set(self.bots if bots is None else bots)
        async with RedisClient(self.settings.redis_url or "") as client:
            fleet = Fleet(client, Keys(self.settings.key_prefix))

            async def all_there() -> bool:
                directory = await fleet.directory()
                return wanted <= {e.bot for e in directory.bots} and wanted <= set(
                    await fleet.reports(list(wanted))
                )

            await until(all_there, seconds, "the shards to serve")

    def _start(self, name: str, target: Any, *args: object, settings: dict[str, Any]) -> str:
        self.lives[name] = f"{name.replace(':', '-')}.{next(self._births)}"
        way = f"{self.simulator.url}/via/{self.lives[name]}"
        # Servers of its own have no accounts of ours.
        own = {f"{kind}_{url}": None for url in _URLS if url in settings for kind in ("shard", "coordinator")}
        filled = self.settings.model_copy(update={"telegram_api_url": way, **own, **settings})
        variables = self.environments.get(name, {})
        context = _SPAWN if variables else self._context
        process = context.Process(
            target=target,
            args=(filled, *args, self.port(name), str(self._log(name))),
            name=name,
            daemon=True,
        )
        os.environ.update(variables)
        try:
            process.start()
        finally:
            for variable in variables:
                del os.environ[variable]
        self.processes[name] = process
        return name

    def _signal(self, name: str, number: signal.Signals) -> None:
        pid = self.processes[name].pid
        assert pid is not None, "the process was started"
        os.kill(pid, number)

    def _log(self, name: str) -> Path:
        return self.folder / f"{name.replace(':', '-')}.log"


@asynccontextmanager
async def running(
    bots: int,
    *,
    coordinators: int = 1,
    options: Options | None = None,
    wait: bool = True,
    redis: Callable[[Path], EmbeddedRedis] = EmbeddedRedis,
    postgres_settings: Mapping[str, str] | None = None,
    vaults: int = 0,
    **settings: Any,
) -> AsyncIterator[Network]:
    """A network of so many bots on servers of its own; stopped and removed at the end.

    Everything serves, or with `wait` off is about to. It has so many vault channels. Servers that `settings`
    name take the place of its own.
    """
    folder = Path(tempfile.mkdtemp(prefix="duo-"))
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        prefix = f"t{secrets.token_hex(3)}:"
        postgres, own = EmbeddedPostgres(folder / "pg", postgres_settings), redis(folder / "redis")
        own.settings |= {"aclfile": str(write_acl(own.folder / "users.acl", prefix))}
        ours = {"database_url": postgres.url, "redis_url": own.url}
        for server, setting in ((postgres, "database_url"), (own, "redis_url")):
            if setting not in settings:
                await stack.enter_async_context(server)
        simulator = await stack.enter_async_context(running_simulator(options or Options(port=0, bots=bots)))
        if vaults:
            world = simulator.world
            channels = [world.create_channel(f"vault {number}") for number in range(vaults)]
            for channel in channels:
                channel.members.update(dict.fromkeys(world.bots, "administrator"))
            settings["vault_channels"] = tuple(int(channel.id) for channel in channels)
        filled = Settings(
            telegram_api_url=simulator.url,
            secret_key=SecretStr(SECRET),
            key_prefix=prefix,
            **(ours | settings),
        )
        if "database_url" not in settings:
            await make_roles(postgres.url)
        filled = with_accounts(
            filled,
            postgres if "database_url" not in settings else None,
            own if "redis_url" not in settings else None,
        )
        await migrate(filled.database_url or "")
        async with Database(filled.database_url or "") as database:
            table = Bots(database, TokenCipher(SECRET))
            for bot in simulator.world.bots.values():
                await table.add(BotId(bot.id), bot.username, bot.token)
        network = Network(simulator, filled, postgres, own, folder)
        try:
            for number in range(coordinators):
                network.start_coordinator(number)
            for bot_id in network.bots:
                network.start_shard(bot_id)
            if wait:
                await network.serving(seconds=30 + 2 * bots)
            yield network
        finally:
            for process in network.processes.values():
                process.kill()
                process.join()
