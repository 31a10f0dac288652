"""How a file is to be treated before it crosses. Pure."""

from enum import Enum
from pathlib import PurePath

from core.domain.content import Media, MediaKind


class Care(Enum):
    """What a file may tell of its maker, and what is done about it."""

    PLAIN = "nothing is done"
    CLEAN = "it is cleaned on its way"
    ASK = "it cannot be cleaned: its sender is asked first"


_CLEANED = {
    "image/jpeg": ".jpg .jpeg .jpe .jfif",
    "image/png": ".png .apng",
    "image/webp": ".webp",
    "video/mp4": ".mp4 .m4v",
    "video/quicktime": ".mov",
}
_ASKED = {
    "application/pdf": ".pdf",
    "application/msword": ".doc .dot",
    "application/rtf": ".rtf",
    "text/rtf": "",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-powerpoint": ".ppt .pps",
    "application/vnd.visio": ".vsd .vsdx",
    "application/epub+zip": ".epub",
    "application/postscript": ".ps .eps .ai",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "image/heif": ".heif",
    "image/avif": ".avif",
    "image/jxl": ".jxl",
    "image/tiff": ".tif .tiff",
    "image/svg+xml": ".svg",
    "image/vnd.adobe.photoshop": ".psd .indd",
    "image/x-adobe-dng": ".dng .cr2 .cr3 .nef .arw .orf .rw2 .raf .pef .srw",
}
_ASKED_BEGINNINGS = (
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
    "application/vnd.ms-word",
    "image/x-",
)
_OFFICE = ".docx .docm .dotx .xlsx .xlsm .pptx .pptm .ppsx .odt .ods .odp .odg .pages .numbers .key"


def _endings(table: dict[str, str]) -> frozenset[str]:
    return frozenset(" ".join(table.values()).split())


_CLEANED_ENDINGS = _endings(_CLEANED)
_ASKED_ENDINGS = _endings(_ASKED) | frozenset(_OFFICE.split())


def care_of(media: Media) -> Care:
    """By its type and its name's ending; one of them is enough."""
    if media.kind is not MediaKind.DOCUMENT or media.as_is:
        return Care.PLAIN
    mime, ending = media.file.mime.lower(), PurePath(media.file.name.lower()).suffix
    if mime in _CLEANED or ending in _CLEANED_ENDINGS:
        return Care.CLEAN
    if mime in _ASKED or mime.startswith(_ASKED_BEGINNINGS) or ending in _ASKED_ENDINGS:
        return Care.ASK
    return Care.PLAIN
