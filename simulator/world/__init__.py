"""Telegram as a state machine in memory: who exists, what was said, what each bot has still to hear.

Nothing here waits, speaks HTTP or counts calls. Bots act on the world through `simulator.methods`,
people through `World.people`. Whoever wants to know what people are shown registers with
`World.hooks`; hooks are called at once and must be cheap.

The sum of kept messages is bounded (`WorldOptions.history`): the oldest are forgotten, as if they
had been deleted long ago.
"""
