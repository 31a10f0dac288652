"""The words of the network, as pure records and functions.

No input or output, no clock, no library but msgspec: whatever is decided here can be
tested by properties alone. Two processes of different versions may run side by side, so a
record that travels is only ever extended at its end, with a default.
"""
