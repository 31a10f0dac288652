"""English: the language every key has."""

LABELS = {
    "consent_yes": "✅ I am 18 or older and I agree",
    "consent_no": "No, thanks",
    "find": "🔎 Find a partner",
    "cancel": "✖️ Stop searching",
    "next": "⏭ Next",
    "stop": "⏹ Stop",
    "open_bot": "Go there",
    "contact_send": "📇 Send it",
    "contact_keep": "No, keep it",
    "file_send": "📎 Send it anyway",
    "file_keep": "No, keep it",
    "clear": "🧹 Clear our chat",
    "broadcast_send": "📣 Send",
    "broadcast_pay": "⚡ Send faster, for {stars} Stars at most",
    "broadcast_cancel": "Do not send",
    "broadcast_pause": "⏸ Pause",
    "broadcast_resume": "▶️ Go on",
    "broadcast_stop": "⏹ Stop for good",
    "broadcast_refresh": "🔄 How far is it?",
}

WORDS = {
    "welcome": (
        "👋 <b>Welcome to Duologue.</b>\n\n"
        "Here you talk with a stranger, one to one. Neither of you sees the other's name, number or profile.\n\n"
        "Before we start:\n"
        "• You must be <b>18 or older</b>.\n"
        "• Be kind. No threats, no spam, nothing illegal.\n"
        "• We keep your Telegram id and language so that this works, but not your chats. More: /privacy\n\n"
        "Are you 18 or older, and do you agree?"
    ),
    "consent_declined": "That is fine; your answer was not kept. If you change your mind, you are welcome.",
    "consent_first": "One thing first: please answer the question in /start. Then we can begin.",
    "ready": "🎉 <b>You are in.</b>\n\nPress the button or type /find, and we look for somebody to talk with.",
    "welcome_back": "👋 Good to see you again. Press the button or type /find to meet somebody.",
    "searching": "🔎 Looking for a partner… You will hear from us as soon as somebody is there.",
    "already_searching": "🔎 We are still looking. It will not be long.",
    "still_searching": "🔎 Nobody is here to read this yet. We are still looking for your partner.",
    "search_cancelled": "Search stopped. Whenever you like, press the button to start again.",
    "matched": "💬 <b>You are connected.</b> Say hello!\n\n/next for somebody else, /stop to end the chat.",
    "already_chatting": "💬 You are in a chat right now. Just write; your partner reads it.",
    "you_left": "You have left the chat. Thank you for talking.",
    "you_left_and_search": "You have left the chat. 🔎 Looking for the next partner…",
    "partner_left": "Your partner has left the chat.",
    "partner_unreachable": "Your partner can no longer be reached, so this chat has ended.",
    "chat_lost": (
        "😔 Something broke on our side, and your chat was lost; what you wrote last may not have arrived. "
        "Your partner can no longer be reached. We are sorry.\n\nPress the button to meet somebody new."
    ),
    "moved_chatting": "🚚 The bot in which you were talking has gone out of service, so <b>your chat goes on here</b>. Whatever your partner has written meanwhile follows.\n\n/next for somebody else, /stop to end the chat.",
    "moved_waiting": "🚚 The bot in which you were searching has gone out of service. We go on looking here; you will hear from us as soon as somebody is there.",
    "moved_idle": "🚚 Another bot of this network that you used has gone out of service. You can go on here.",
    "not_in_chat": "You are not in a chat, so nobody read this. Shall we find somebody?",
    "chat_is_elsewhere": "Your chat is in another bot of this network. Please go on there, or send /stop there first.",
    "bot_is_leaving": "This bot is about to leave our network, so no new chat begins here. Another one has room for you: it works just the same.",
    "no_bot_has_room": "This bot is about to leave our network, so no new chat begins here, and no other bot has room just now. Please try again in a minute.",
    "bot_is_full": "This bot is full right now. The next one of our network has room for you: it works just the same.",
    "kind_cannot_cross": "Sorry, messages of this kind cannot be passed on. Your partner did not get it.",
    "not_delivered_over": "This did not arrive: the chat was over already.",
    "not_delivered_early": "This did not arrive: you wrote it before you were connected. Please send it again.",
    "not_delivered_refused": "This did not arrive: Telegram would not let us pass it on.",
    "not_delivered_too_big": "This did not arrive: the file is too big to be passed on.",
    "not_delivered_file": "This did not arrive: the file could not be fetched. Please send it again.",
    "cannot_game": "Sorry, games cannot be passed on. Your partner did not get it.",
    "cannot_paid_media": "Sorry, paid media and invoices cannot be passed on. Your partner did not get it.",
    "cannot_giveaway": "Sorry, giveaways cannot be passed on. Your partner did not get it.",
    "cannot_story": "Sorry, stories cannot be passed on. Your partner did not get it.",
    "cannot_checklist": "Sorry, checklists cannot be passed on. Your partner did not get it.",
    "cannot_pin": "Your pin stays on your side: your partner does not see it.",
    "cannot_quiz": "Sorry, Telegram does not tell us the answer of this quiz, so it cannot be passed on.",
    "contact_ask": "This contact holds a phone number. Do you really want to send it to your partner?",
    "contact_kept": "All right, the contact stays with you.",
    "contact_gone": "The contact is no longer there. Please send it again.",
    "file_ask": "This file has not been sent: its author's name, or the place where it was made, may stand in it, and we cannot take that out. Shall your partner get it? If so, we will not ask again in this chat.",
    "file_kept": "Good, the file stays with you.",
    "file_gone": "The file is no longer there. Please send it again.",
    "dice": "{emoji} <b>{value}</b>",
    "not_delivered_voice": "This did not arrive: your partner does not accept voice and video messages.",
    "not_delivered_privacy": "This did not arrive: your partner's settings do not allow such messages.",
    "not_delivered_too_long": "This did not arrive: it is too long. Please send it in parts.",
    "edit_not_mirrored": "Your change could not be passed on: your partner still sees it as it was.",
    "reaction_not_mirrored": "This reaction cannot be shown to your partner.",
    "unsend_how": "Reply to one of your own messages with /unsend or 🗑, and it goes away on both sides.",
    "unsend_own_only": "You can take back only what you wrote yourself.",
    "unsend_gone": "This cannot be taken back any more: it is older than 48 hours, or from another chat.",
    "clear_nothing": "There is nothing to clear any more.",
    "cleared": "🧹 Cleared, on both sides.",
    "cleared_by_partner": "🧹 Your last partner has cleared the chat on both sides.",
    "slow_down_asking": "That is more than I can answer at once. This one and those right after it were passed over; please wait a moment.",
    "slow_down": "You are writing faster than we can pass it on. This message and those right after it were not sent; please wait a moment.",
    "old_button": "That button is out of date. /help shows what you can do.",
    "too_much_waiting": "So much is waiting to be sent to your partner's side just now that we cannot take more. This message and those right after it were not passed on; please try again in a few minutes.",
    "nothing_to_stop": "There is no chat and no search to stop.",
    "try_later": "Something is not working on our side just now. Please try again in a minute.",
    "banned": "You cannot use this network{until}. Reason: {reason}",
    "help": (
        "<b>How it works</b>\n\n"
        "/find – meet somebody\n"
        "/next – leave and meet somebody else\n"
        "/stop – end the chat or the search\n"
        "/report – tell us about bad behaviour; as a reply, with that message\n"
        "/unsend – as a reply: take a message back on both sides\n"
        "/privacy – what we keep and what we do not\n"
        "/settings – your settings\n\n"
        "Whatever you write in a chat goes to your partner, without your name."
    ),
    "privacy": (
        "<b>Privacy</b>\n\n"
        "• Your partner never sees your name, username, number or profile. What you write about yourself, they can read.\n"
        "• We keep: your Telegram id, your language, when you agreed to the rules, which of our bots you opened.\n"
        "• We do not keep what you write. A message waits, on our servers only, until it is delivered.\n"
        "• One exception: when your partner reports a message of yours, we keep it encrypted until the report is "
        "decided, for 30 days at most. Only those who decide can read it.\n"
        "• Your data is never sold or given away.\n"
        "• To have what we keep of you deleted, block the bots of this network and ask the people who run it, with "
        "the number that /settings shows you. That bare number stays, with reports about it, and a ban until it is "
        "over."
    ),
    "settings": "<b>Settings</b>\n\nLanguage: {language} (taken from your Telegram)\nYour number: <code>{person}</code>",
    "report_nobody": "You have not talked with anybody lately, so there is nobody to report.",
    "report_early": (
        "You wrote /report before you were connected with this partner, so nobody was reported. "
        "If you mean them, please send it again."
    ),
    "reported": (
        "Thank you. We have taken note, and somebody will look at it.\n\n"
        "Does a message show it? Reply to it with /report, and it is kept for whoever decides."
    ),
    "reported_with": (
        "Thank you. We have taken note, and somebody will look at it. The message is kept for them, encrypted, "
        "until they have decided, for 30 days at most."
    ),
    "unknown_command": "I do not know this command. /help shows what there is.",
    "stats": "<pre>{table}</pre>",
    "unheard_too_long": (
        "⚠️ This bot had heard nothing from Telegram for {hours} hours. Telegram keeps messages for 24 hours: "
        "what people wrote here before that is lost, and they have not been told."
    ),
    "contested": (
        "⚠️ Somebody else fetches this bot's messages with its token: another process of yours, or a thief. "
        "What they fetch does not reach us, and nobody tells the people who wrote it.\n\n"
        "If it goes on for {minutes} more minutes, the bot is taken out of service and its people are moved to "
        "your other bots. Stop that process; if you know of none, let @BotFather revoke the token and put in the "
        "new one with <code>duologue bots rotate</code>."
    ),
    "ban_how": "/ban &lt;person&gt; [days] [reason] shuts somebody out, for good where you say no days; /unban &lt;person&gt; lets them in again. /reports shows the numbers of those who were reported.",
    "ban_done": "🚫 {person} is shut out{until}. Their chat has ended, and what was reported of them is closed.",
    "unban_done": "{person} may come in again.",
    "reports": "<b>Open reports</b>: who, how often, last, messages, why\n<pre>{table}</pre>\n/reports show &lt;person&gt; shows the messages (✉) that were reported, /ban &lt;person&gt; [days] [reason] shuts somebody out, /reports done &lt;person&gt; closes what was reported of them.",
    "evidence": "<b>Reported messages of {person}</b>, newest last\n<pre>{table}</pre>\nThey are deleted with /ban or /reports done.",
    "evidence_none": "No message of {person} is kept.",
    "reports_none": "There is no open report.",
    "broadcast_how": "Reply with /broadcast to the message that everybody shall get, or write the text right behind the command. You will see what it looks like before it goes.",
    "broadcast_kind": "A message of this kind cannot be sent to everybody. Texts, files, polls and places can.",
    "broadcast_counting": "One moment: you will see what it looks like, and how many people would get it.",
    "broadcast_ask": "👆 This is what it looks like.\n\nSend it to <b>{count}</b> people, through the bot where each of them is at home? Chats always go first.",
    "broadcast_cancelled": "Not sent.",
    "broadcast_busy": "Another broadcast is under way, /broadcast shows it. Press the button again when it is over.",
    "broadcast_used": "This button has done its work already. Write /broadcast again.",
    "broadcast_running": "📣 <b>Broadcast {id} is being sent.</b>\n\nSent: {sent} of {audience}\nHad blocked the bot: {blocked}\nGone: {gone}\nRefused by Telegram: {refused}\nLeft: {left}{cost}",
    "broadcast_paused": "⏸ <b>Broadcast {id} is paused.</b>\n\nSent: {sent} of {audience}\nHad blocked the bot: {blocked}\nGone: {gone}\nRefused by Telegram: {refused}\nLeft: {left}{cost}",
    "broadcast_over": "🏁 <b>Broadcast {id} is over.</b>\n\nSent: {sent} of {audience}\nHad blocked the bot: {blocked}\nGone: {gone}\nRefused by Telegram: {refused}\nNot sent: {left}{cost}",
}
