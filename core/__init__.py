"""What every process of the network must agree on.

`domain` is pure, `service` is how a process lives, `state` is what outlives it
(PostgreSQL and Redis). Nothing here knows Telegram or which process it runs in.
"""
