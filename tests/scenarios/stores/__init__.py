"""Redis and PostgreSQL fail in every way that was thought of, while people talk.

Each fault is a coroutine that starts a network, breaks something, heals it, and returns what was seen.
The short ones are tests; `python -m tests.scenarios.stores [NAME …]` runs all of them, or those named.
"""

from tests.scenarios.stores import postgres_faults, redis_faults

FAULTS = redis_faults.FAULTS | postgres_faults.FAULTS
