"""Where files are: a path of this machine or a URL that fsspec knows, and patience with stores that stumble."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable, Iterator
from functools import cache
from inspect import signature
from itertools import islice
from typing import Any, TypeVar

import fsspec
from fsspec.implementations.local import LocalFileSystem

T = TypeVar("T")

PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds between attempts
# EIO, EREMOTEIO and EBUSY are what s3fs makes of the answers 500, 502 and 503 (slow down).
_STUMBLES = frozenset(
    {errno.EIO, errno.EREMOTEIO, errno.EBUSY, errno.EAGAIN, errno.ENOTCONN, errno.ETIMEDOUT}
    | {errno.ENETDOWN, errno.ENETUNREACH, errno.ENETRESET, errno.EHOSTDOWN, errno.EHOSTUNREACH}
)
_LOCAL_LACKS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ESTALE, errno.ENOSPC})
_HTTP_STUMBLES = frozenset({408, 425, 429})
_ANSWERS: dict[int | None, int] = {
    400: errno.EINVAL,
    401: errno.EACCES,
    403: errno.EACCES,
    404: errno.ENOENT,
    410: errno.ENOENT,
    416: errno.EINVAL,
}
_NETWORK_LIBRARIES = frozenset({"aiohttp", "botocore", "aiobotocore", "urllib3", "requests", "httpx", "google"})
_NOT_SET_UP = frozenset({"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"})  # of botocore
# What a store answers to everybody whose credentials are wrong or too old: no object is to blame for that.
_CREDENTIALS = frozenset(
    {"ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "AccountProblem"}
)


# File systems whose own names of files leave out the host, so that a manifest could not say where a page is from.
_FORGET_THE_HOST = frozenset({"ftp", "sftp", "ssh", "smb", "webhdfs", "webHDFS"})


class UnknownPlaceError(ValueError):
    """A kind of URL that nobody knows."""


def file_system(place: str) -> tuple[Any, str, bool]:
    """(fsspec file system, path in it, whether that is this machine's) of a path or URL.

    What has no `://` is a path, whatever it holds, and what is no chain (see `is_chain`) is one file: fsspec alone
    would take `a::b.pdf` for a chain of file systems. Raises UnknownPlaceError for a kind of URL that is unknown,
    ValueError where its library is not installed or cannot read the URL, and for those whose names lose the host.
    """
    if "://" not in place:
        local = LocalFileSystem()
        return local, str(local._strip_protocol(place)), True
    if (kind := place.partition("://")[0]) in _FORGET_THE_HOST:
        raise ValueError(f"{kind}:// cannot be read: its names do not keep the host; mount it, and name the folder")
    try:
        fs, path = fsspec.core.url_to_fs(place) if "::" not in place or is_chain(place) else _plain_url(place)
    except ImportError as error:
        raise ValueError(f"{place.partition('://')[0]}:// needs another package: {error}") from None
    except TypeError as error:  # where the inner file's own name has a pair of colons
        raise UnknownPlaceError(f"{place!r} cannot be read as a file in a file: {error}") from None
    except ValueError as error:
        if place.partition("://")[0] not in fsspec.available_protocols():
            raise UnknownPlaceError(str(error)) from None
        raise
    return fs, path, isinstance(fs, LocalFileSystem)


def is_chain(place: str) -> bool:
    """Whether a URL names a file system that lies in a file of another one, as `zip://*.pdf::s3://bucket/all.zip` does.

    A pair of colons alone tells nothing: a key of a store may have one.
    """
    first, mark, _ = place.partition("::")
    return bool(mark) and "://" in place and lies_in_another(first.partition("://")[0])


@cache
def lies_in_another(kind: str) -> bool:
    """Whether file systems of a kind of URL (`zip`, `simplecache`) are made of a file, or files, of another one."""
    try:
        known = fsspec.get_filesystem_class(kind)
    except (ImportError, ValueError):
        return False  # for whoever opens it to say what is wrong with it
    takes = {name for base in known.__mro__ if "__init__" in vars(base) for name in signature(base.__init__).parameters}
    return not takes.isdisjoint(("fo", "target_protocol"))


def _plain_url(place: str) -> tuple[Any, str]:
    """(file system, path) of a URL that is no chain, whatever it looks like."""
    kind = place.partition("://")[0]
    known = fsspec.get_filesystem_class(kind)
    return fsspec.filesystem(kind, **known._get_kwargs_from_urls(place)), str(known._strip_protocol(place))


def freshly(fs: Any) -> Any:
    """A file system that has forgotten what it has listed: clients of stores remember, and take old for true."""
    fs.invalidate_cache()
    return fs


def patiently(place: str, call: Callable[[], T]) -> T:
    """What `call` returns, tried again with growing pauses while the network or the store stumbles.

    Raises OSError naming `place` where that does not end, and for whatever else a store's library raises of its
    own; errors that are the file's (not there, not permitted) come through as they are.
    """
    for pause in (*PAUSES, None):
        try:
            return call()
        except Exception as error:
            cause = _stumble(error)
            if cause is None:
                if isinstance(error, OSError | ValueError) or not _is_of_network(error):
                    raise
                raise OSError(_ANSWERS.get(_status(error), errno.EREMOTEIO), _line(error), place) from error
            if pause is None:
                raise OSError(_number(error), _line(cause), place) from error
        time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


def is_transient(error: BaseException) -> bool:
    """Whether the same call may work a moment later: a lost connection, a timeout, a server that is overloaded."""
    return _stumble(error) is not None


def _stumble(error: BaseException) -> BaseException | None:
    """Of an error and its causes the one that may be gone a moment later, None where there is none."""
    for cause in _chain(error):
        status = _status(cause)
        if type(cause).__name__ in _NOT_SET_UP:
            return None
        if status is not None:
            return cause if status >= 500 or status in _HTTP_STUMBLES else None
        if isinstance(cause, ConnectionError | TimeoutError | socket.gaierror):
            return cause
        if isinstance(cause, OSError) and cause.errno in _STUMBLES:
            return cause
        if not isinstance(cause, OSError) and _is_of_network(cause):
            return cause
    return None


def is_of_surroundings(error: OSError) -> bool:
    """Whether the machine, the network or the store failed and not the file, which may be good."""
    codes = {_code(cause) for cause in _chain(error)}
    return is_transient(error) or error.errno in _LOCAL_LACKS or bool(codes & _CREDENTIALS)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it: fsspec calls any failure of a HTTP request "not found"."""

    def follow() -> Iterator[BaseException]:
        cause: BaseException | None = error
        while cause is not None:
            yield cause
            cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)

    return islice(follow(), 8)


def _status(error: BaseException) -> int | None:
    """HTTP status that an error of aiohttp, botocore, requests or google's library carries."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):  # botocore
        found = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    else:
        found = getattr(error, "status", None) or getattr(response, "status_code", None) or getattr(error, "code", None)
    try:
        return int(found) if found is not None else None
    except (TypeError, ValueError):
        return None


def _code(error: BaseException) -> str | None:
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code")) if isinstance(response, dict) else None


def _is_of_network(error: BaseException) -> bool:
    return any(kind.__module__.partition(".")[0] in _NETWORK_LIBRARIES for kind in type(error).__mro__)


def _number(error: BaseException) -> int:
    return (error.errno if isinstance(error, OSError) else None) or errno.EREMOTEIO


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
