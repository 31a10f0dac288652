"""Reads what came with a call: query, JSON, form or multipart."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import BodyPartReader, web

from simulator.errors import ApiError, bad_request
from simulator.tables.check import Upload
from simulator.world.files import IN_MEMORY, FileStore

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_DECODE = msgspec.json.Decoder().decode
_PIECE = 64 * 1024
_FIELD_LIMIT = 4 * 1024 * 1024
#: More than any server takes; what a bot may upload is decided later, in Telegram's words.
_WHOLE_LIMIT = 2_100 * 1024 * 1024

Given = dict[str, Any]


def parse(kind: str, body: bytes) -> Given:
    """The fields of a body that is wholly there; none where it is of no kind that is read."""
    if kind == JSON and body:
        return _object(body)
    if kind == FORM:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return {}


async def read(request: web.Request, files: FileStore) -> tuple[Given, dict[str, Upload]]:
    """The fields and the uploaded files by name. Big files are written to the store's folder as they come."""
    given: Given = (
        dict(parse_qsl(request.query_string, keep_blank_values=True)) if request.query_string else {}
    )
    kind = request.content_type
    if kind in (JSON, FORM):
        given.update(parse(kind, await request.read()))
    elif kind == "multipart/form-data":
        return await _multipart(request, given, files)
    return given, {}


def _object(body: bytes) -> Given:
    try:
        decoded = _DECODE(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise bad_request("can't parse request body as JSON") from None
    if not isinstance(decoded, dict):
        raise bad_request("request body must be a JSON object")
    return decoded


async def _multipart(request: web.Request, given: Given, files: FileStore) -> tuple[Given, dict[str, Upload]]:
    uploads: dict[str, Upload] = {}
    try:
        reader = await request.multipart()
        async for part in reader:
            if not isinstance(part, BodyPartReader) or not part.name:
                continue
            if part.filename is None and "Content-Type" not in part.headers:
                given[part.name] = (await part.read()).decode("utf-8", "replace")
                continue
            upload = await _receive(part, files)
            if part.filename is None and upload.mime.startswith(("text/", "application/json")):
                given[part.name] = upload.content.decode("utf-8", "replace")
                continue
            uploads[part.name] = upload
            given[part.name] = upload
    except ValueError as error:
        discard(uploads)
        raise bad_request(f"can't parse multipart body: {error}") from None
    return given, uploads


async def _receive(part: BodyPartReader, files: FileStore) -> Upload:
    head = bytearray()
    mime = part.headers.get("Content-Type", "").partition(";")[0]
    while len(head) <= IN_MEMORY:
        piece = await part.read_chunk(_PIECE)
        if not piece:
            return Upload(bytes(head), part.filename or "", mime, len(head))
        head += piece
    size = len(head)
    with tempfile.NamedTemporaryFile(dir=files.folder(), delete=False) as target:
        # A disk may take its time; all other calls would wait for it.
        await asyncio.to_thread(target.write, head)
        while piece := await part.read_chunk(_PIECE):
            size += len(piece)
            if size > _WHOLE_LIMIT:
                target.close()
                await asyncio.to_thread(Path(target.name).unlink)
                raise ApiError(413, "Request Entity Too Large")
            await asyncio.to_thread(target.write, piece)
    return Upload(Path(target.name), part.filename or "", mime, size)


def discard(uploads: dict[str, Upload]) -> None:
    """Removes the files of a call that was refused."""
    for upload in uploads.values():
        if isinstance(upload.content, Path):
            upload.content.unlink(missing_ok=True)
