"""The whole network on one machine: starts it, keeps it, stops it in order.

The idea: each level is a TaskGroup inside the one it needs: servers, then the simulator (in the
demo), then coordinators, then shards. Every process has a task that starts it again when it
dies. To stop is to cancel the innermost level; each level ends its own before the next one out
does, so shards have drained before the coordinators go, and all are gone before the servers.

Processes are forked from one that has imported everything once, so that a shard costs its own
memory only. They are in sessions of their own: Ctrl-C reaches the supervisor alone.

Invariants: one supervisor a data folder (a file lock); nothing it started outlives it, also when
it is killed (the kernel ends the processes, see deploy.embedded.launch). When it dies, nothing
is lost: the next `up` on the same folder goes on.
"""
