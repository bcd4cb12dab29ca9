"""How connections are made: ``oxide.HTTPOptions``, and the proxy each address goes through."""

from __future__ import annotations

import base64
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Union

from yarl import URL

from .request import LaneError, check_header

if TYPE_CHECKING:
    import ssl

    from .retry import RetryPolicy

__all__ = ["HTTPOptions", "Proxy", "ProxyMap"]

CertTypes = Union[str, "tuple[str, str]", "tuple[str, str, str]"]


@dataclass(frozen=True)
class HTTPOptions:
    """Settings of the connections a client makes; immutable, may be shared by clients.

    Args:
        verify: check the server's certificate: True against the system's authorities (``SSL_CERT_FILE`` and
            ``SSL_CERT_DIR`` are obeyed), a path to a PEM file or a folder of them, an ``ssl.SSLContext`` used
            as it is, or False to check nothing.
        cert: client certificate: a PEM file with certificate and key, ``(cert, key)`` or
            ``(cert, key, password)``.
        proxy: URL of an HTTP proxy for everything, ``http://user:password@host:port``; else the environment
            decides.
        proxy_headers: headers for the proxy.
        trust_env: obey ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.
        uds: path of a Unix socket to connect to, whatever host the URL names.
        limit: connections at the same time.
        limit_per_host: connections to one origin at the same time; 0 for no limit of its own.
        keepalive: seconds an unused connection is kept.
        dns_ttl: seconds a name's addresses are remembered.
        family: ``socket.AF_INET`` or ``AF_INET6`` to use one of them only; 0 for both.
        local_address: address to connect from.
        max_head: bytes the head of an answer may have.
        max_body: bytes a decoded answer may have; streams are not counted.
        max_redirects: how often one call may be sent elsewhere.
        retry_policy: instead of the official one; a call's own goes before it.

    Raises:
        ValueError: a limit is out of range, the proxy is no HTTP proxy, or settings exclude each other.
    """

    verify: bool | str | os.PathLike[str] | ssl.SSLContext = True
    cert: CertTypes | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    proxy_headers: Mapping[str, str] | None = field(default=None, repr=False)
    trust_env: bool = True
    uds: str | None = None
    limit: int = 1000
    limit_per_host: int = 0
    keepalive: float = 60.0
    dns_ttl: int = 10
    family: int = 0
    local_address: str | None = None
    max_head: int = 64 * 1024
    max_body: int = 1024 * 1024 * 1024
    max_redirects: int = 20
    retry_policy: RetryPolicy | None = None

    def __post_init__(self) -> None:
        for name in ("limit", "max_head", "max_body"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)!r}")
        for name in ("limit_per_host", "keepalive", "dns_ttl", "max_redirects"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, not {getattr(self, name)!r}")
        if self.proxy is not None:
            if self.uds is not None:
                raise ValueError("proxy and uds exclude each other")
            scheme = self.proxy.partition("://")[0].lower()
            if scheme not in ("http", "https"):
                raise ValueError(f"proxy must be an http:// or https:// URL, not {scheme}://")
        for name, value in (self.proxy_headers or {}).items():
            check_header(name, value)
        if self.cert is not None and not isinstance(self.verify, (bool, str, os.PathLike)):
            raise ValueError("load the client certificate into the SSLContext given as verify")


class Proxy(NamedTuple):
    """A proxy to go through.

    Attributes:
        url: its address, without credentials.
        headers: headers meant for it, Proxy-Authorization included: sent with CONNECT for https targets, with
            the request itself for plain http.
    """

    url: URL
    headers: Mapping[str, str]


class ProxyMap:
    """Decides, and remembers, which proxy an address goes through.

    Args:
        options: the client's settings.
        environ: where to read the variables from.
    """

    def __init__(self, options: HTTPOptions, environ: Mapping[str, str] | None = None) -> None:
        self._headers = dict(options.proxy_headers or {})
        self._fixed = options.proxy
        self._plain_only = options.uds is not None
        self._env: dict[str, str] = {}
        self._no_proxy: tuple[str, ...] = ()
        self._known: dict[tuple[str, str | None, int | None], Proxy | None] = {}
        if options.proxy is None and options.trust_env and options.uds is None:
            env = os.environ if environ is None else environ
            for scheme in ("http", "https", "all", "no"):
                value = env.get(f"{scheme}_proxy")
                # Under CGI, HTTP_PROXY is the request's Proxy header: an attacker's.
                if value is None and not (scheme == "http" and "REQUEST_METHOD" in env):
                    value = env.get(f"{scheme.upper()}_PROXY")
                if value and scheme == "no":
                    self._no_proxy = tuple(p.strip().lower() for p in value.split(",") if p.strip())
                elif value:
                    self._env[scheme] = value

    def lookup(self, url: URL) -> Proxy | None:
        """The proxy for an address.

        Args:
            url: absolute URL of the request.

        Returns:
            None to connect directly.

        Raises:
            LaneError: ``proxy``: the environment names a proxy that does not speak HTTP; ``connect``: https
                was asked for over a Unix socket.
        """
        if self._plain_only and url.scheme != "http":
            raise LaneError("connect", "a Unix socket is spoken to in plain HTTP: give an http:// base URL")
        if self._fixed is None and not self._env:
            return None
        key = (url.scheme, url.raw_host, url.port)
        try:
            return self._known[key]
        except KeyError:
            found = self._known[key] = self._find(url)
            return found

    def _find(self, url: URL) -> Proxy | None:
        text = self._fixed
        if text is None:
            text = self._env.get(url.scheme) or self._env.get("all")
            if text is None or self._bypassed(url.raw_host or "", url.port):
                return None
        parsed = URL(text if "://" in text else f"http://{text}")
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise LaneError(
                "proxy", f"a proxy must be http:// or https://, the environment names {parsed.scheme}://"
            )
        headers = dict(self._headers)
        if parsed.user is not None:
            pair = f"{parsed.user}:{parsed.password or ''}".encode()
            headers["Proxy-Authorization"] = "Basic " + base64.b64encode(pair).decode()
        return Proxy(parsed.origin(), headers)

    def _bypassed(self, host: str, port: int | None) -> bool:
        host = host.lower().rstrip(".")
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            address = None
        for rule in self._no_proxy:
            if rule == "*":
                return True
            if address is not None:
                try:
                    if address in ipaddress.ip_network(rule.strip("[]"), strict=False):
                        return True
                except ValueError:
                    pass  # not an address: compared as a name below
            name, _, wanted = rule.rpartition(":") if rule.count(":") == 1 else (rule, "", "")
            if wanted and wanted != str(port):
                continue
            name = name.lstrip("*").lstrip(".").strip("[]")
            if host == name or host.endswith("." + name):
                return True
        return False
