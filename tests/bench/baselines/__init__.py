"""What the network is compared with: programs of their own, written as their like are written.

Each prints `ready` when it has begun to poll.
"""
