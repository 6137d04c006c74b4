"""Every error a user can meet, and the exit code each stands for.

::

    AlfredError                      1
    ├── DiskFull                     1
    ├── SidecarUnreadable            1   a rescan names it and goes on
    │   ├── SidecarCorrupt           1
    │   └── SidecarTooNew            1
    ├── UsageError                   2   wrong settings or arguments
    │   └── TokenMissing             2
    ├── ShowNotFoundInLibrary        3
    ├── ProviderError                4   (TMDBAPIError is its child in the TMDB adapter)
    ├── ProviderQuarantined          4   nothing was sent
    ├── RefusedToMark                6   too much vanished at once
    └── LibraryUnavailable           5
        ├── NotALibrary              5
        ├── RootOffline              5
        ├── WrongLibrary             5
        ├── FormatTooNew             5
        ├── IndexUnreadable          5
        │   └── IndexCorrupt         5   healed where possible, and then not seen
        ├── IndexBusy                5
        └── ReadOnlyLibrary          5

A message is one line that names the thing and the next step. ``code`` is the stable name that the JSON
form carries.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from alfred.domain.library.release import UserMetadata
from alfred.domain.shared.value_objects import TmdbId


class AlfredError(Exception):
    """Something went wrong in a way that Alfred knows."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"


class DiskFull(AlfredError):
    """There is no room left for what was to be written; nothing was half written."""

    code = "disk_full"


class SidecarUnreadable(AlfredError):
    """A show folder's sidecar is there and cannot be used."""

    code = "sidecar_unreadable"


class SidecarCorrupt(SidecarUnreadable):
    """A sidecar is not what Alfred writes.

    Args:
        message: one line.
        salvaged: tags and note, where they could still be read.
    """

    code = "sidecar_corrupt"

    def __init__(self, message: str, *, salvaged: UserMetadata | None = None) -> None:
        super().__init__(message)
        self.salvaged = salvaged or UserMetadata()


class SidecarTooNew(SidecarUnreadable):
    """A sidecar was written by a newer Alfred; it is left alone."""

    code = "sidecar_too_new"


class UsageError(AlfredError):
    """A setting or an argument is not what it should be."""

    exit_code = 2
    code = "usage"


class TokenMissing(UsageError):
    """A request was due, and there is no token to make it with."""

    code = "token_missing"


class ShowNotFoundInLibrary(AlfredError):
    """Neither the index nor any sidecar knows the show."""

    exit_code = 3
    code = "show_not_found"

    def __init__(self, tmdb_id: TmdbId | int) -> None:
        self.tmdb_id = tmdb_id
        super().__init__(
            f"no show with TMDB id {tmdb_id} in this library: name its folder with [tmdbid-{tmdb_id}] "
            "and run 'alfred rescan'"
        )


class ProviderError(AlfredError):
    """The metadata provider failed, refused, or answered with something that is not an answer.

    Args:
        message: one line without a URL's query, so that no key can be in it.
        error_class: ``not_found`` or a class of the request log: ``dns``, ``tls``, ``timeout``,
            ``connection_refused``, ``http_403``, ``http_429``, ``http_5xx``, ``parse_error``, ``auth_error``,
            ``cf_challenge``, ``rate_limited`` (held back by ourselves), ``unknown``.
        http_status: the HTTP status, where there was an answer.
        status_code: TMDB's own code in the body, where there was one.
        retry_after: seconds that the provider asked to wait.
    """

    exit_code = 4
    code = "provider"

    def __init__(
        self,
        message: str,
        *,
        error_class: str = "unknown",
        http_status: int | None = None,
        status_code: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.error_class = error_class
        self.http_status = http_status
        self.status_code = status_code
        self.retry_after = retry_after


class ProviderQuarantined(AlfredError):
    """The provider has failed for so long that nothing is sent to it for a while; nothing was sent.

    Args:
        provider: lower case, ``tmdb``.
        until: when the next probe is due; None where it is due now.
        error_class: why, as in the request log.
        reason: the same for people, with the next step.
        being_asked: the probe is under way in another process.
    """

    exit_code = 4
    code = "provider_quarantined"

    def __init__(
        self, provider: str, *, until: datetime | None, error_class: str, reason: str, being_asked: bool = False
    ) -> None:
        self.provider = provider
        self.until = until
        self.error_class = error_class
        if being_asked:
            when, then = "", "another process is asking it just now: try again in a minute"
        else:
            when = f" until {until:%Y-%m-%d %H:%M} UTC" if until else ""
            then = "'alfred provider --probe' asks it at once"
        super().__init__(f"{provider.upper()} is quarantined{when} ({error_class}; {reason}); {then}")


class RefusedToMark(AlfredError):
    """More vanished at once than a rescan believes by itself; nothing was marked."""

    exit_code = 6
    code = "refused_to_mark"


class LibraryUnavailable(AlfredError):
    """The library cannot be used now; nothing was changed."""

    exit_code = 5
    code = "library_unavailable"


class NotALibrary(LibraryUnavailable):
    """There is no marker here."""

    code = "not_a_library"


class RootOffline(LibraryUnavailable):
    """The root, or its marker, is not there."""

    code = "root_offline"


class WrongLibrary(LibraryUnavailable):
    """The marker says that this is another library than the one that was here."""

    code = "wrong_library"


class FormatTooNew(LibraryUnavailable):
    """A file was written by a newer Alfred."""

    code = "format_too_new"


class IndexUnreadable(LibraryUnavailable):
    """The index cannot be opened or read."""

    code = "index_unreadable"


class IndexCorrupt(IndexUnreadable):
    """The index is not a database any more."""

    code = "index_corrupt"


class IndexBusy(LibraryUnavailable):
    """Another process holds the index for longer than we wait."""

    code = "index_busy"


class ReadOnlyLibrary(LibraryUnavailable):
    """The library cannot be written to."""

    code = "read_only"
