"""How a bot hears of things: polling and webhooks."""

import re
from typing import Any
from urllib.parse import urlsplit

import msgspec

from simulator.errors import bad_request, conflict
from simulator.methods.call import Call
from simulator.world.actors import Json, Webhook

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


async def get_updates(call: Call) -> msgspec.Raw:
    params = call.params
    if call.bot.webhook is not None:
        raise conflict(_ACTIVE)
    if "allowed_updates" in params:
        call.bot.queue.allow(params["allowed_updates"])
    updates = await call.bot.long_poll.take(
        params.get("offset", 0), params.get("limit", 100), params.get("timeout", 0)
    )
    return msgspec.Raw(b"[" + b",".join([update.body for update in updates]) + b"]")


def set_webhook(call: Call) -> bool:
    params = call.params
    url = params["url"]
    if not url:
        return delete_webhook(call)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    secret = params.get("secret_token", "")
    if secret and not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    connections = params.get("max_connections", 40)
    if not 1 <= connections <= 100:
        connections = 40
    if "allowed_updates" in params:
        call.bot.queue.allow(params["allowed_updates"])
    if params.get("drop_pending_updates"):
        call.bot.queue.clear()
    call.bot.webhook = Webhook(url, secret, connections, params.get("ip_address", "127.0.0.1"))
    call.bot.long_poll.interrupt(conflict("terminated by setWebhook request"))
    _tell(call)
    return True


def delete_webhook(call: Call) -> bool:
    call.bot.webhook = None
    if call.params.get("drop_pending_updates"):
        call.bot.queue.clear()
    _tell(call)
    return True


def _tell(call: Call) -> None:
    for listener in call.world.hooks.on_webhook:
        listener(call.bot)


def get_webhook_info(call: Call) -> Json:
    bot = call.bot
    webhook = bot.webhook
    info: Json = {
        "url": webhook.url if webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(bot.queue.live()),
    }
    if webhook is not None:
        info |= {"max_connections": webhook.max_connections, "ip_address": webhook.ip_address}
        if bot.webhook_error is not None:
            at, words = bot.webhook_error
            info |= {"last_error_date": int(at), "last_error_message": words}
    if bot.queue.allowed is not None:
        info["allowed_updates"] = sorted(bot.queue.allowed)
    return info


METHODS: dict[str, Any] = {
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
}
