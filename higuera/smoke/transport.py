"""The line that a check's requests go out on: bounded in time, and sent where they should go."""

import ssl
import time
from collections.abc import Iterator
from functools import cache

import httpx

from higuera.smoke.model import Target, split_address

GRACE = "grace"
"""Request extension: seconds that a clean-up request may take past its check's deadline."""


class Line(httpx.BaseTransport):
    """Sends requests to the target until `deadline` (`time.monotonic()`).

    `request_seconds` limits each connect, write and silence of one request. httpx counts those one
    by one, so an answer that drips in would never time out; here the deadline ends it.
    """

    def __init__(self, target: Target, *, deadline: float, request_seconds: float) -> None:
        # Proxy variables are left unused on purpose: a check speaks to the address it was given.
        self._inner = httpx.HTTPTransport(verify=_context(target.verify))
        self._connect_to = split_address(target.connect_to) if target.connect_to else None
        self._deadline = deadline
        self._request_seconds = request_seconds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises httpx.TransportError, of which a timeout past the deadline."""
        until = self._deadline + request.extensions.get(GRACE, 0.0)
        seconds = min(self._request_seconds, until - time.monotonic())
        if seconds <= 0:
            raise httpx.ReadTimeout("no time left for this request", request=request)
        response = self._inner.handle_request(self._addressed(request, seconds))
        assert isinstance(response.stream, httpx.SyncByteStream)
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=_Bounded(response.stream, until, request),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def _addressed(self, request: httpx.Request, seconds: float) -> httpx.Request:
        extensions = {**request.extensions, "timeout": httpx.Timeout(seconds).as_dict()}
        url = request.url
        if self._connect_to is not None:
            host, port = self._connect_to
            extensions["sni_hostname"] = url.host
            url = url.copy_with(host=host, port=port if port is not None else url.port)
        # The Host header is among the headers already, and is that of the first URL.
        return httpx.Request(
            request.method,
            url,
            headers=request.headers,
            stream=request.stream,
            extensions=extensions,
        )


@cache
def _context(verify: bool | ssl.SSLContext) -> ssl.SSLContext:
    """Return the TLS context; cached, since reading the authorities takes longer than a check."""
    return verify if isinstance(verify, ssl.SSLContext) else httpx.create_ssl_context(verify)


def describe(error: httpx.RequestError) -> str:
    """Return a sentence for a request that got no whole answer."""
    text = str(error) or type(error).__name__
    if isinstance(error, httpx.ConnectError):
        text = f"could not connect: {text}"
    elif isinstance(error, httpx.TimeoutException):
        text = f"no whole answer in time: {text}"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        text += " (--insecure accepts a self-signed certificate)"
    return f"{error.request.method} {error.request.url.path}: {text}"


class _Bounded(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream, until: float, request: httpx.Request) -> None:
        self._inner = inner
        self._until = until
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._inner:
            if time.monotonic() > self._until:
                raise httpx.ReadTimeout("the answer did not end in time", request=self._request)
            yield chunk

    def close(self) -> None:
        self._inner.close()
