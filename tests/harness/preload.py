"""What the processes of a network share: imported once, in the process that they are forked from."""

import gc
import importlib

for module in ("shard.app", "coordinator.app"):
    importlib.import_module(module)

# What was imported stays: the collector need never touch, and so never copy, these pages.
gc.collect()
gc.freeze()
