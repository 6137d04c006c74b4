"""What the stand-in sends: bodies that are compressed once, and answers that may be spoilt on the way."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass, field
from enum import Enum, auto

_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_RAW_DEFLATE = -zlib.MAX_WBITS
_LONGEST_STORED_BLOCK = 0xFFFF


@dataclass(frozen=True, slots=True)
class Tail:
    """The part of a body that is the same each time it is sent, with its compressed form.

    Attributes:
        raw: the bytes.
        deflated: the bytes as a finished deflate stream without header.
        digest: a hash of the bytes.
    """

    raw: bytes
    deflated: bytes
    digest: bytes

    @classmethod
    def of(cls, raw: bytes) -> Tail:
        """Compress and hash the bytes."""
        packer = zlib.compressobj(wbits=_RAW_DEFLATE)
        return cls(raw, packer.compress(raw) + packer.flush(), hashlib.sha256(raw).digest())


@dataclass(frozen=True, slots=True)
class Body:
    """A body: a short head that differs (the id under which a show was asked for), then a shared tail.

    Because only the tail is large, the same recorded show can be served under many ids without compressing
    it again for each of them.
    """

    tail: Tail
    head: bytes = b""

    @classmethod
    def of(cls, raw: bytes) -> Body:
        """A body without a differing head."""
        return cls(Tail.of(raw))

    @property
    def raw(self) -> bytes:
        """The whole body, not compressed."""
        return self.head + self.tail.raw

    @property
    def gzipped(self) -> bytes:
        """The whole body as one gzip member: the head as a stored block, then the deflated tail."""
        length = len(self.head)
        if length > _LONGEST_STORED_BLOCK:
            raise ValueError(f"a head of {length} bytes does not fit in one stored block")
        stored = struct.pack("<BHH", 0, length, length ^ 0xFFFF) + self.head
        checksum = zlib.crc32(self.tail.raw, zlib.crc32(self.head))
        size = (length + len(self.tail.raw)) & 0xFFFFFFFF
        return _GZIP_HEADER + stored + self.tail.deflated + struct.pack("<II", checksum, size)

    @property
    def etag(self) -> str:
        """A weak entity tag in TMDB's form."""
        return f'W/"{hashlib.sha256(self.head + self.tail.digest).hexdigest()[:32]}"'


EMPTY = Body.of(b"")


class Ending(Enum):
    """How an answer ends on the wire."""

    SENT = auto()
    CUT = auto()  # half of the body, then the connection is closed
    DROPPED = auto()  # nothing, then the connection is closed
    RESET = auto()  # nothing, and the connection is reset


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer, before it is written to a connection.

    Attributes:
        code: the status code of an error whose body is still to be filled in.
        etag: None for an answer that cannot be confirmed with 304.
        headers: further headers.
        wait: seconds before anything is sent; None waits until the server closes.
    """

    status: int
    body: Body = EMPTY
    code: int | None = None
    content_type: str = "application/json;charset=utf-8"
    etag: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    wait: float | None = 0.0
    ending: Ending = Ending.SENT

    @property
    def visible_status(self) -> int | None:
        """The status that the client gets to see; None where nothing is sent."""
        return None if self.ending in (Ending.DROPPED, Ending.RESET) else self.status
