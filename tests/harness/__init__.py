"""A whole network on this machine, for scenarios and benchmarks: real servers, real processes.

Only Telegram is simulated, inside the process that runs the scenario, so that the ledger of what
people sent and were shown cannot lose anything when a process of the network dies.
"""
