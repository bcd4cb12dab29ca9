from asyncio import AbstractEventLoop
from ssl import SSLContext

from aiohttp import BaseConnector

from .request import Attempt, PreparedRequest, RawAnswer
from .wire_common import ProxyFor, WireLimits

class WireLane:
    def __init__(
        self,
        connector: BaseConnector,
        *,
        loop: AbstractEventLoop,
        ssl: SSLContext | bool = True,
        proxy_for: ProxyFor | None = None,
        limits: WireLimits | None = None,
    ) -> None: ...
    @property
    def connector(self) -> BaseConnector: ...
    @property
    def limits(self) -> WireLimits: ...
    @property
    def loop(self) -> AbstractEventLoop: ...
    async def send(self, prepared: PreparedRequest, attempt: Attempt) -> RawAnswer: ...
    def close(self, exc: BaseException | None = None) -> None: ...
