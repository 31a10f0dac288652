"""Calls of the Bot API, each as soon as the one before is answered: `caller.py URL TOKEN CHAT …`."""

import asyncio
import sys
from urllib.parse import urlsplit


async def call(host: str, port: int, token: str, chat: str) -> None:
    """One text after the other on one connection, for ever."""
    reader, writer = await asyncio.open_connection(host, port)
    body = f'{{"chat_id":{chat},"text":"hello"}}'.encode()
    head = f"POST /bot{token}/sendMessage HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    while True:
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in answer.lower().splitlines() if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))


async def main() -> None:
    """Call until killed."""
    url, token, *chats = sys.argv[1:]
    where = urlsplit(url)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.gather(*(call(str(where.hostname), int(where.port or 0), token, chat) for chat in chats))


if __name__ == "__main__":
    asyncio.run(main())
