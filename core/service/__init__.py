"""How a process of the network lives: its clock, log, figures, health, beginning and end.

Every process is one TaskGroup of named parts, each an `async def run()`. It ends when it is
told to (SIGTERM, SIGINT) or when a part fails; then intake stops, what is under way is
finished within a limit, and the rest is cancelled.
"""
