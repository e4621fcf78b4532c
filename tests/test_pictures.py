"""The pictures of README and docs against the pages that they show."""

import struct
import zlib

import pytest
from make_pictures import PICTURES, ROOT, SIGNATURE, Picture, digest, stamp, stamped


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_picture_is_not_older_than_the_page_that_it_shows(picture: Picture) -> None:
    png = (ROOT / "examples" / picture.name).read_bytes()

    assert stamp(png) == digest(picture), (
        f"{picture.name} shows an older page: `hypertrack demo --out DEMO`, look at it, and "
        "`python tests/make_pictures.py DEMO`"
    )


def test_stamp_comes_back_and_leaves_a_picture() -> None:
    head = b"IHDR" + struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    png = SIGNATURE + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head)) + b"rest"

    marked = stamped(png, b"abc")

    assert stamp(marked) == b"abc"
    assert stamp(png) is None
    assert marked.startswith(png[:33])
    assert marked.endswith(b"rest")
    length = struct.unpack(">I", marked[33:37])[0]
    assert struct.unpack(">I", marked[41 + length : 45 + length])[0] == zlib.crc32(
        marked[37 : 41 + length]
    )
