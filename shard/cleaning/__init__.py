"""What a camera or a program wrote into a file about its maker is left out while the file passes.

Pure, one filter a format, fed with pieces of any size; no filter holds more than one segment of the
file (256 KiB). What makes the picture stays as it is, byte for byte, with its colour profile and
which way up it is. What a filter does not know, and what stands behind a picture's end, is left out.

Telegram itself does this to a picture that is sent as a picture. One that is sent *as a file* keeps
all, so it goes through here, on the same bot too (`care`). Files in which a maker's name can stand
anywhere (PDF, office documents, raw pictures) cannot be cleaned so: their sender is asked first.
"""

from shard.cleaning.care import Care, care_of
from shard.cleaning.choice import HEAD, filter_for
from shard.cleaning.filters import Filter

__all__ = ["HEAD", "Care", "Filter", "care_of", "filter_for"]
