"""What must cross from person to person, row by row, as virtual people see it.

A row is an async function of a `Pair` that fails with an AssertionError. Each row has a pair of
its own on its own bots, so rows run side by side. `stage` knows how, `leaks` looks at all that
the readers were shown for traces of the writers.
"""
