"""What the processes of a network share: imported once, in the process that they are forked from."""

import gc
import importlib

# They use nothing of the last one; but multiprocessing loads the program that began us into each of them,
# where it would count as theirs.
for module in ("shard.app", "coordinator.app", "tests.bench.load"):
    importlib.import_module(module)

# What was imported stays: the collector need never touch, and so never copy, these pages.
gc.collect()
gc.freeze()
