"""What the processes of a network share: imported once, in the process that they are forked from."""

import importlib

from core.service import memory

# They use nothing of the last one; but multiprocessing loads the program that began us into each of them,
# where it would count as theirs.
for module in ("shard.app", "coordinator.app", "tests.bench.load"):
    importlib.import_module(module)

memory.share()
