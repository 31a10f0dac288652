"""A `duologue up` on a simulator of ours, whose supervisor is killed again and again.

Its children must be gone before the next one works on the same folder, and the people's messages
are counted over all lives of it.
"""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded import EmbeddedRedis
from simulator.app import Simulator
from tests.deploy.processes import running_in, runs
from tests.deploy.up import COMMAND, REPOSITORY, environment
from tests.harness.ledger import End
from tests.harness.ports import free_port
from tests.harness.toll import Toll
from tests.harness.waiting import until

GONE_SECONDS = 5.0
"""How long the children of a killed supervisor may take to end."""

SERVE_SECONDS = 90.0
KEY_PREFIX = "duo:"


def redis_url(folder: Path) -> str:
    """Where the Redis of every `up` on that folder is."""
    return EmbeddedRedis(folder / "redis").url


@dataclass(slots=True, kw_only=True)
class Household(Toll):
    """Each supervisor, with all its processes, is one life: `up-<n>`. `unexpected`: what outlived one."""

    simulator: Simulator
    folder: Path
    _process: asyncio.subprocess.Process | None = None

    @property
    def life(self) -> str:
        """The life that serves now."""
        return f"up-{self.kills}"

    @property
    def _log(self) -> Path:
        return self.folder.parent / "up.log"

    def said(self) -> str:
        """All that the supervisors have said so far."""
        return self._log.read_text()

    async def start(self) -> None:
        """One more supervisor on the same folder; returns when all bots have shown something."""
        port = free_port()
        bots = self.simulator.world.bots.values()
        settings = environment(
            data_dir=self.folder,
            telegram_api_url=f"{self.simulator.url}/via/{self.life}",
            bot_tokens=",".join(bot.token for bot in bots),
            metrics_port=port,
        )
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *COMMAND, "up", env=settings, cwd=REPOSITORY, stdout=log, stderr=log, start_new_session=True
            )
        began = time.monotonic()
        shown = self.society.last_shown
        await until(
            lambda: all(shown.get(bot.id, 0.0) > began for bot in bots), SERVE_SECONDS, "all bots to serve"
        )

    async def kill(self) -> None:
        """kill -9 of the supervisor; returns when nothing of it runs any more, or too long after."""
        assert self._process is not None, "it was started"
        noted = await asyncio.to_thread(running_in, self.folder)
        self._process.kill()
        killed = time.monotonic()
        self.ends[self.life] = End(killed)
        self.kills += 1
        await self._process.wait()
        # A look at all processes takes its time; those that were there are asked one by one.
        while left := list(filter(runs, noted)) or await asyncio.to_thread(running_in, self.folder):
            if time.monotonic() > killed + GONE_SECONDS:
                self.unexpected += [f"{process} outlived supervisor {self.kills}" for process in left]
                return
            await asyncio.sleep(0.05)

    async def again(self) -> None:
        """Kill it and start the next."""
        life = self.life
        await self.kill()
        await self.start()
        took = time.monotonic() - self.ends[life].at
        self.recoveries.append(("supervisor", took))
        self.tell(f"supervisor: recovered after {took:.1f} s")

    async def stop(self) -> int | None:
        """The end of the last one, in order; its exit code."""
        if self._process is None:
            return None
        if self._process.returncode is None:
            self._process.terminate()
        return await self._process.wait()
