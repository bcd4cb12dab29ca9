"""What all tests stand on: leak checks after each, loops in debug mode, both implementations."""

from __future__ import annotations

import asyncio
import datetime
import gc
import importlib
import importlib.util
import inspect
import ipaddress
import os
import ssl
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
import pytest_asyncio

FORCED = os.environ.get("OXIDE_BACKEND")
NATIVE_BUILT = importlib.util.find_spec("oxide.cpu_c") is not None
BACKENDS = (FORCED,) if FORCED else ("native", "python") if NATIVE_BUILT else ("python",)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "leaks_allowed(reason): the leak checks do not apply, and why")
    config.addinivalue_line("markers", "loop_debug_off: the event loop runs without debug mode (for timings)")
    if sys.version_info < (3, 11):
        # asyncio 3.10 takes a TLS transport for unclosed when the other side closed first (aiohttp too).
        ignored = "ignore:unclosed transport <asyncio.sslproto:ResourceWarning"
        config.addinivalue_line("filterwarnings", ignored)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """`native`, then `python`; only one where OXIDE_BACKEND forces it or nothing is compiled."""
    return str(request.param)


@pytest.fixture
def twin(backend: str) -> Callable[[str], ModuleType]:
    """`twin("oxide.stream.sse")` is the module `sse_c` or `sse_py`, as the `backend` of this run has it."""
    return lambda name: importlib.import_module(f"{name}_{'c' if backend == 'native' else 'py'}")


def live_objects() -> Counter[str]:
    """Live native objects by kind: the sum over all loaded oxide modules that have a `_live_objects()`."""
    total: Counter[str] = Counter()
    for name, module in tuple(sys.modules.items()):
        if name.startswith("oxide."):
            count = getattr(module, "_live_objects", None)
            if count is not None:
                total.update({f"{name}.{kind}": number for kind, number in count().items()})
    return +total


def open_sockets() -> set[str]:
    """Sockets of this process as `fd → socket:[inode]`; empty where the system has no /proc."""
    found: set[str] = set()
    try:
        names = os.listdir("/proc/self/fd")
    except FileNotFoundError:
        return found
    for name in names:
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            continue  # The descriptor of this very listing.
        if target.startswith("socket:"):
            found.add(f"fd {name} {target}")
    return found


def check(request: pytest.FixtureRequest, found: list[str]) -> None:
    """Fail the test that left something behind."""
    if found and request.node.get_closest_marker("leaks_allowed") is None:
        pytest.fail("left behind by the test:\n  " + "\n  ".join(found), pytrace=False)


def new_objects(request: pytest.FixtureRequest, before: Counter[str]) -> list[str]:
    """Native objects that are more than before, garbage collected."""
    if live_objects() - before:
        # All other fixtures are torn down, but pytest holds what they gave until after this one.
        request.node.funcargs.clear()
        gc.collect()
    return [f"{number} native objects {kind}" for kind, number in (live_objects() - before).items()]


@pytest_asyncio.fixture
async def _clean_loop(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Set up before and torn down after every other asynchronous fixture, in the test's own loop."""
    loop = asyncio.get_running_loop()
    loop.set_debug(request.node.get_closest_marker("loop_debug_off") is None)
    tasks, sockets, objects = asyncio.all_tasks(), open_sockets(), live_objects()
    yield
    here = asyncio.current_task()

    def leaks() -> list[str]:
        left = [t for t in asyncio.all_tasks() - tasks if t is not here and not t.done()]
        return [f"task {t!r}" for t in left] + sorted(open_sockets() - sockets)

    # A closed transport lets go of its socket in one of the next turns of the loop.
    end = time.monotonic() + 1.0
    while leaks() and time.monotonic() < end:  # noqa: ASYNC110 (there is nothing to wait for)
        await asyncio.sleep(0.005)
    check(request, leaks() + new_objects(request, objects))


@pytest.fixture(autouse=True)
def _nothing_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    function = getattr(request, "function", None)
    if function is not None and inspect.iscoroutinefunction(inspect.unwrap(function)):
        request.getfixturevalue("_clean_loop")
        yield
        return
    sockets, objects = open_sockets(), live_objects()
    yield
    check(request, sorted(open_sockets() - sockets) + new_objects(request, objects))


@dataclass(frozen=True)
class TLSFiles:
    """Certificates of a private authority, as PEM files."""

    ca: Path
    server_cert: Path
    server_key: Path
    client_cert: Path
    client_key: Path

    def server_context(self, *, demand_client: bool = False) -> ssl.SSLContext:
        """For `Server(ssl=...)`: names localhost, 127.0.0.1 and ::1."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.server_cert, self.server_key)
        if demand_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca)
        return context

    def client_context(self, *, with_certificate: bool = False) -> ssl.SSLContext:
        """Trusts only this authority."""
        context = ssl.create_default_context(cafile=str(self.ca))
        if with_certificate:
            context.load_cert_chain(self.client_cert, self.client_key)
        return context


@pytest.fixture(scope="session")
def tls_files(tmp_path_factory: pytest.TempPathFactory) -> TLSFiles:
    """A certificate authority with one server and one client certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    folder = tmp_path_factory.mktemp("tls")
    now = datetime.datetime.now(datetime.timezone.utc)

    def make(
        name: str, issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None
    ) -> tuple[Path, Path, object]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer, signing_key = issuer or (subject, key)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(signer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            # From Python 3.13 on certificates are checked strictly, and this one is asked for.
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False
            )
        )
        if issuer is None:
            signs = dict.fromkeys(
                ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"), False
            ) | dict.fromkeys(("key_agreement", "encipher_only", "decipher_only"), False)
            usage = x509.KeyUsage(key_cert_sign=True, crl_sign=True, **signs)
            builder = builder.add_extension(usage, critical=True)
        if issuer is not None:
            names: list[x509.GeneralName] = [x509.DNSName("localhost")]
            names += [x509.IPAddress(ipaddress.ip_address(a)) for a in ("127.0.0.1", "::1")]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(signing_key, hashes.SHA256())
        cert_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
        cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return cert_file, key_file, (subject, key)

    ca_cert, _, authority = make("oxide-test-ca", None)
    server_cert, server_key, _ = make("server", authority)
    client_cert, client_key, _ = make("client", authority)
    return TLSFiles(ca_cert, server_cert, server_key, client_cert, client_key)
