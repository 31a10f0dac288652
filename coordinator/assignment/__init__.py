"""Where newcomers go: headroom of every bot, published once a second as the directory.

The idea: the coordinator only says how much room each bot has and whether it takes newcomers
(`headroom`, `publish`). The choice itself is core.domain.assignment.choose, which the
shard makes with the directory at hand, so that it needs no coordinator to answer /start.

Invariants: nobody is moved by a calculation; a bot that drains, warms up or is not alive is
never open; the directory is fenced by the leader's epoch.

When the coordinator dies the last directory stays, and newcomers go by it.
"""
