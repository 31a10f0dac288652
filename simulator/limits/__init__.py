"""Telegram's limits: who may go on at once, who is held, who is refused; and every breach, counted.

**The rule.** Per bot no sliding second may hold more than the cap (30); per private chat one message
a second is sustained and a small burst is let go; per bot and channel 20 in any minute. A call that
must wait no longer than 8 s is held and then done; a longer wait is refused with 429.

**A breach** is an arrival that makes a window hold more than its cap, whatever became of the call.
A call with allow_paid_broadcast is held to 1000 a second instead, takes no room from others, and costs
0.1 Star where the bot's second has had its 30 already, of both kinds together.
Albums and copies of several messages weigh as many as they hold (never more than the whole cap).
"""
