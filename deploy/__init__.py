"""How the network runs: on one machine (`supervisor`, with servers of its own in `embedded`),
the command line (`cli`), and what other places need (Dockerfile, compose, systemd).

Nothing below this layer knows how its process was started.
"""
