"""Many pairs at once, and a ledger of what became of every message.

`spec` says what is wanted, `ledger` counts and judges (both pure), `pairs` plays the people, `desk`
is the HTTP side: `POST /control/load` starts, `GET /control/load?wait=30` tells, `DELETE` stops.

Every text begins with `#<run>.<sender>.<number> `, so that whoever is shown it, it is known whose it
is. A message costs a dictionary look-up, a split and a few array writes.
"""
