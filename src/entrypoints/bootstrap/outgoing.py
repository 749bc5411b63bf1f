"""HTTP clients that use the route of the settings. They ignore proxy variables of the environment."""

import ssl
from functools import partial

import httpx

from adapters.github.api.http_client import Connect
from entrypoints.process.outgoing import Outgoing
from entrypoints.settings.settings import Settings


def create_route(settings: Settings) -> Outgoing:
    """Return the route that the settings describe."""
    return Outgoing(settings.https_proxy, settings.no_proxy, settings.ca_bundle)


def connect_by(outgoing: Outgoing) -> Connect:
    """Return a factory of transports for a route."""
    return partial(_RoutedTransport, outgoing)


def http_client(outgoing: Outgoing) -> httpx.AsyncClient:
    """Return a client that uses a route."""
    return httpx.AsyncClient(transport=_RoutedTransport(outgoing, httpx.Limits()), trust_env=False)


class _RoutedTransport(httpx.AsyncBaseTransport):
    """Sends each request directly or through the proxy."""

    def __init__(self, outgoing: Outgoing, limits: httpx.Limits) -> None:
        self._outgoing = outgoing
        trust = (
            ssl.create_default_context(cafile=outgoing.ca_bundle)
            if outgoing.ca_bundle
            else httpx.create_ssl_context(trust_env=False)
        )
        self._direct = httpx.AsyncHTTPTransport(verify=trust, trust_env=False, limits=limits)
        self._proxied = self._direct
        if outgoing.proxy is not None:
            url = outgoing.proxy.reveal()
            proxy = httpx.Proxy(url, ssl_context=trust if url.startswith("https:") else None)
            self._proxied = httpx.AsyncHTTPTransport(verify=trust, trust_env=False, limits=limits, proxy=proxy)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        proxied = self._outgoing.proxy_for(str(request.url)) is not None
        return await (self._proxied if proxied else self._direct).handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._direct.aclose()
        await self._proxied.aclose()
