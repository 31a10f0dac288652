"""What every process needs, imported once in the process that they are forked from."""

import importlib
import os
import signal

from core.service import memory
from deploy.embedded.launch import end_with

# Before the seconds that the imports take: this process ends with the supervisor.
end_with(os.getppid(), signal.SIGKILL)

for module in (
    "shard.app",
    "coordinator.app",
    "deploy.cli",
    "deploy.supervisor.entries",
):
    importlib.import_module(module)

memory.share()
