"""TLS on both ports, and the certificates that units and gateways show instead of a token.

The files are read at the start and again at SIGHUP; a connection keeps what it was made with. They are checked before
they are used, so that `config check` names the key of the configuration whose file is wrong, and a reload that would
not do changes nothing.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from tracker.errors import Refused
from tracker.io.config import Tls

HANDSHAKE_S: Final = 8.0
"""A handshake that is not over by then has failed."""

SHUTDOWN_S: Final = 2.0
"""How long a connection that is closed here waits for the other end to agree."""

DAY_S: Final = 86_400.0
WARN_S: Final = 14 * DAY_S
"""A certificate that ends sooner is warned of, each day."""

_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: what a stolen key cannot open later (forward secrecy), authenticated; TLS 1.3 has no others."""

_log: Final = structlog.get_logger(__name__)


class BadFiles(Refused):
    """Files that cannot be used; each problem is the key that names the file, and what is wrong with it."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(*problems[0])
        self.problems: Final = problems


def problems(config: Tls, at: float) -> Iterator[tuple[str, str]]:
    """What is wrong with the files: the key that names each, and what it is. `at` is now, Unix seconds UTC."""
    if not config.certificate:
        return
    now = datetime.fromtimestamp(at, UTC)
    found = [*_certificate_problems(config.certificate, now), *_key_problems(config)]
    if config.client_ca:
        found += _authority_problems(config.client_ca, now)
    if not found:
        try:
            _build(config, Counter(), asks=bool(config.client_ca))
        except (ssl.SSLError, OSError) as error:
            found = [("tls.certificate", f"{config.certificate} is refused by OpenSSL: {_reason(error)}")]
    yield from found


class ServerTls(ssl.SSLContext):
    """The server's side of TLS, for the event loop; each connection is made with the files that were read last.

    Args:
        config: names the files.
        now: the clock, Unix seconds UTC.
        asks: for a certificate, and takes nobody without one. Chromium ends a WebSocket on which it is asked for one,
            whether it has any or not; so that is for a port to which browsers do not come.

    Raises:
        BadFiles: they cannot be used.
    """

    _config: Tls
    _now: Callable[[], float]
    _current: ssl.SSLContext
    failed: Counter[str]
    """Handshakes that failed, by reason, since somebody last looked."""
    ends_at: datetime
    """When the server's certificate ends."""

    def __new__(cls, *_: object, **__: object) -> Self:
        """Make one; the files are read after that."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self, config: Tls, now: Callable[[], float], *, asks: bool = False) -> None:
        self._config = config
        self._asks = asks
        self._now = now
        self.failed = Counter()
        self.read()

    def read(self) -> None:
        """Read the files for the connections to come.

        Raises:
            BadFiles: they cannot be used, and those that were read before go on.
        """
        found = list(problems(self._config, self._now()))
        if found:
            raise BadFiles(found)
        self._current = _build(self._config, self.failed, asks=self._asks)
        self.ends_at = _load(self._config.certificate)[0].not_valid_after_utc

    def warn(self) -> None:
        """Tell the log if the certificate ends soon."""
        if self.ends_at.timestamp() - self._now() < WARN_S:
            _log.warning("the certificate ends soon", ends_at=self.ends_at.isoformat())

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:  # noqa: ANN401 - as the base class has it
        """For the event loop: begin a connection."""
        return self._current.wrap_bio(*args, **options)


def handshake_options(tls: ServerTls | None) -> Any:  # noqa: ANN401 - as the event loop takes them
    """What makes a listening socket one of TLS."""
    if tls is None:
        return {}
    return {"ssl": tls, "ssl_handshake_timeout": HANDSHAKE_S, "ssl_shutdown_timeout": SHUTDOWN_S}


def reload(ports: Sequence[ServerTls]) -> None:
    """Do what SIGHUP asks for, and log what came of it."""
    if not ports:
        _log.info("nothing to read again: there is no TLS here")
        return
    try:
        for tls in ports:
            tls.read()
    except BadFiles as error:
        for key, reason in error.problems:
            _log.error("the certificates were not read again; those before go on", key=key, reason=reason)
    else:
        _log.info("the certificates were read again", ends_at=ports[0].ends_at.isoformat())
        ports[0].warn()


async def watch(tls: ServerTls) -> None:
    """Warn each day of a certificate that ends soon, until cancelled."""
    while True:
        tls.warn()
        await asyncio.sleep(DAY_S)


class _Context(ssl.SSLContext):
    """Counts the handshakes that fail."""

    failed: Counter[str]


class _Handshake(ssl.SSLObject):
    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            if isinstance(self.context, _Context):
                self.context.failed[_reason(error)] += 1
            raise


def _build(config: Tls, failed: Counter[str], *, asks: bool) -> ssl.SSLContext:
    context = _Context(ssl.PROTOCOL_TLS_SERVER)
    context.failed = failed
    context.sslobject_class = _Handshake
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(config.certificate, config.key, password=_no_password)
    if asks:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(config.client_ca)
    return context


def _no_password() -> str:
    """Without it OpenSSL would ask on the terminal."""
    return ""


def _reason(error: OSError) -> str:
    """OpenSSL's words, which hold nothing that the other end sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    words = getattr(error, "reason", None) or error.strerror or type(error).__name__
    return str(words).lower().replace("_", " ")


def _load(path: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(Path(path).read_bytes())


def _found(path: str) -> list[x509.Certificate] | str:
    """The certificates of a file, or why there are none."""
    try:
        return _load(path)
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    except ValueError:
        return f"{path} holds no certificate in PEM"


def _certificate_problems(path: str, now: datetime) -> Iterator[tuple[str, str]]:
    key = "tls.certificate"
    found = _found(path)
    if isinstance(found, str):
        yield key, found
        return
    certificate = found[0]
    begins_at, ends_at = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now >= ends_at:
        yield key, f"{path} expired at {ends_at.isoformat()}"
    if now < begins_at:
        yield key, f"{path} is not valid before {begins_at.isoformat()}"
    try:
        certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        yield key, f"{path} has no subjectAltName, which is the only name that browsers look at"
    except ValueError:
        yield key, f"{path} has extensions that cannot be read"


def _key_problems(config: Tls) -> Iterator[tuple[str, str]]:
    key, path = "tls.key", Path(config.key)
    try:
        body = path.read_bytes()
        mode = path.stat().st_mode
    except OSError as error:
        yield key, f"{path} cannot be read: {error.strerror}"
        return
    if mode & 0o007:
        yield key, f"everybody on this machine may read or change {path}; chmod o= {path}"
    try:
        private = load_pem_private_key(body, None)
    except TypeError:
        yield key, f"{path} has a passphrase, which nobody is there to type when the server starts"
        return
    except (ValueError, UnsupportedAlgorithm):
        yield key, f"{path} holds no private key in PEM"
        return
    try:
        public = _load(config.certificate)[0].public_key()
    except (OSError, ValueError, UnsupportedAlgorithm):
        return  # which is said of the certificate
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if private.public_key().public_bytes(*form) != public.public_bytes(*form):
        yield key, f"{path} is not the key of {config.certificate}"


def _authority_problems(path: str, now: datetime) -> Iterator[tuple[str, str]]:
    key = "tls.client_ca"
    found = _found(path)
    if isinstance(found, str):
        yield key, found
        return
    for authority in found:
        if not _is_authority(authority):
            yield key, f"{path} holds {authority.subject.rfc4514_string()!r}, which may not sign certificates"
    if all(authority.not_valid_after_utc <= now for authority in found):
        yield key, f"{path} holds no authority that has not expired"


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False
