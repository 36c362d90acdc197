"""The certificate that a unit or a gateway showed in its TLS handshake, by the names that a credential can be for.

    sha256:HEX   this one certificate, by its fingerprint
    dns:NAME     any that an authority of `tls.client_ca` signed for this name (subjectAltName), and so on
    uri:NAME
    cn:NAME      the common name of its subject

OpenSSL has checked before that the other end has its key, who signed it, and when it begins and ends.
"""

from __future__ import annotations

import re
import ssl
from hashlib import sha256
from typing import Any, Final, NamedTuple

from tracker.codec.quote import quote
from tracker.errors import Refused

_NAME: Final = re.compile(r"(?:dns|uri|cn):[!-~](?:[ -~]{0,253}[!-~])?")
_FINGERPRINT: Final = re.compile(r"sha256:(?:[0-9a-f]{64}|[0-9a-f]{2}(?::[0-9a-f]{2}){31})")
_KINDS: Final = {"DNS": "dns", "URI": "uri"}


class Certificate(NamedTuple):
    """One that was shown, and holds until `ends_at` (Unix seconds UTC)."""

    names: frozenset[str]
    ends_at: float


def shown(connection: object) -> Certificate | None:
    """The certificate of the other end.

    Args:
        connection: the transport's `ssl_object`; None where there is no TLS.
    """
    if not isinstance(connection, ssl.SSLObject):
        return None
    body, told = connection.getpeercert(binary_form=True), connection.getpeercert()
    if body is None or not told:
        return None
    names = frozenset({f"sha256:{sha256(body).hexdigest()}", *_names(told)})
    return Certificate(names, ssl.cert_time_to_seconds(str(told["notAfter"])))


def check_certificate_name(name: str) -> str:
    """A name for which a credential can be, as it is compared.

    Raises:
        Refused: it is none.
    """
    lower = name.lower()
    if _FINGERPRINT.fullmatch(lower):
        kind, _, digits = lower.partition(":")
        return f"{kind}:{digits.replace(':', '')}"
    if not name.startswith("sha256:") and _NAME.fullmatch(name):
        return lower if name.startswith("dns:") else name
    raise Refused(
        "certificate",
        f'"{quote(name)}" is not dns:NAME, uri:NAME, cn:NAME or sha256: and 64 hexadecimal digits',
    )


def _names(told: Any) -> list[str]:  # noqa: ANN401 - as `getpeercert` makes it
    alternatives = [(_KINDS[kind], value) for kind, value in told.get("subjectAltName", ()) if kind in _KINDS]
    common = [("cn", value) for part in told.get("subject", ()) for kind, value in part if kind == "commonName"]
    return [f"{kind}:{value.lower() if kind == 'dns' else value}" for kind, value in (*alternatives, *common)]
