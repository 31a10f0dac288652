"""What an operator may decide.

`settings` is the only reader of the environment; everything else is given a `Settings`.
A value that is wrong is refused before anything starts, so a running process never meets one.
"""
