"""The Bot API's fields as data, and the check of a call against them.

`methods` and `objects` hold the tables, `grammar` reads them, `check` makes a checker of each type.
A test compares the tables with another description of the Bot API.
"""
