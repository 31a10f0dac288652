"""The page at `/`: two phones side by side, on which one plays two people on two bots.

**Idea.** The server renders the frame, the browser draws the chats from Bot API messages as the
person's own client would see them, kept up to date by one event stream. Everything the page needs
comes from this package: no other host is asked for anything.

**Rooms.** `view` turns the world into what the page shows, `audience` carries what happens to the
open pages, `acts` does what a person does there (`sending` something new, `changing` what is there),
`site` is the HTTP side, `static` runs in the browser.

**Invariants.** A page sees only chats of its own two people. What people wrote becomes text nodes,
never markup. A browser that does not read is cut off, so nothing here grows without bound.

**When it dies** the page says so, tries again, and loads the chats anew.
"""
