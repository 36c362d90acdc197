"""TLS on real sockets, with authorities and certificates made here: who gets in by which, and what is refused."""

from __future__ import annotations

import asyncio
import json
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import pytest_asyncio
import trustme
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509 import load_pem_x509_certificate
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from tests.tracker.io.drives import opened
from tests.tracker.io.http_room import HttpRoom
from tests.tracker.io.live_room import Room, receive_all, start, subscribe
from tests.tracker.io.test_units_socket import Station, ack, ping, receive, send, until
from tests.tracker.road import STARTED_AT
from tracker.engine import Engine
from tracker.errors import Refused
from tracker.io import tls as tls_module
from tracker.io.certificates import Certificate, check_certificate_name
from tracker.io.config import Tls
from tracker.io.credentials import Credentials
from tracker.io.service import Service
from tracker.io.settings import BadConfig, load
from tracker.io.tls import BadFiles, ServerTls
from tracker.io.turnstile import Turnstile

NOW = STARTED_AT + 50
"""The clock of the rooms; that of OpenSSL is the machine's."""


class Pki(NamedTuple):
    """An authority of ours and one that is not, and the server's files."""

    ours: trustme.CA
    theirs: trustme.CA
    config: Tls

    def client(self, certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
        """What a unit trusts and shows."""
        context = ssl.create_default_context()
        self.ours.configure_trust(context)
        if certificate is not None:
            certificate.configure_cert(context)
        return context


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    directory = tmp_path_factory.mktemp("pki")
    ours, theirs = trustme.CA(), trustme.CA()
    return Pki(ours, theirs, files(directory, ours.issue_cert("localhost", "127.0.0.1"), ours))


def files(directory: Path, server: trustme.LeafCert, authority: trustme.CA) -> Tls:
    """The files of a server, as an operator has them."""
    names = [directory / name for name in ("server.pem", "server.key", "units-ca.pem")]
    names[1].touch(mode=0o600)
    names[0].write_bytes(b"".join(blob.bytes() for blob in server.cert_chain_pems))
    names[1].write_bytes(server.private_key_pem.bytes())
    names[2].write_bytes(authority.cert_pem.bytes())
    certificate, key, client_ca = map(str, names)
    return Tls(certificate=certificate, key=key, client_ca=client_ca, client_address="127.0.0.1:0")


def now() -> float:
    return datetime.now(UTC).timestamp()  # noqa: TID251


@asynccontextmanager
async def units(service: Service, credentials: Credentials, tls: ServerTls | None) -> AsyncIterator[Station]:
    station = Station(service, credentials)
    await station.open(tls=tls)
    try:
        yield station
    finally:
        await station.close()


def call(station: Station, context: ssl.SSLContext, token: str | None = None) -> connect:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    url = f"wss://localhost:{station.port}/units"
    return connect(url, additional_headers=headers, ssl=context, compression=None, proxy=None)


async def is_served(unit: ClientConnection, seq: int = 0) -> bool:
    await send(unit, ping(seq))
    return await receive(unit) == ack(seq)


@pytest_asyncio.fixture
async def service(tmp_path: Path, engine: Engine) -> AsyncIterator[Service]:
    async with opened(tmp_path / "data", engine) as service:
        yield service


@pytest_asyncio.fixture
async def station(service: Service, credentials: Credentials, pki: Pki) -> AsyncIterator[Station]:
    """The sockets' port with TLS, where nobody is asked for a certificate."""
    tls = ServerTls(pki.config, now)
    async with units(service, credentials, tls) as station:
        station.tls = tls
        yield station


@pytest_asyncio.fixture
async def asking(service: Service, credentials: Credentials, pki: Pki) -> AsyncIterator[Station]:
    """The port of units that show certificates."""
    async with units(service, credentials, ServerTls(pki.config, now, asks=True)) as station:
        yield station


async def test_a_token_is_served_over_tls_and_needs_no_certificate(
    station: Station, pki: Pki, tokens: dict[str, str]
) -> None:
    async with call(station, pki.client(), tokens["unit"]) as unit:
        assert await is_served(unit)
        assert unit.transport.get_extra_info("ssl_object").version() == "TLSv1.3"
    assert (await status(call(station, pki.client()))) == 401


@pytest.mark.parametrize("kind", ["dns", "cn", "sha256", "SHA256:"])
async def test_a_certificate_speaks_for_the_unit_that_it_is_given_to(
    asking: Station, pki: Pki, credentials: Credentials, kind: str
) -> None:
    certificate = pki.ours.issue_cert("k03.units.example", common_name="BE-K03")
    digest = fingerprint(certificate)
    colons = ":".join(digest[place : place + 2] for place in range(0, 64, 2)).upper()
    name = {
        "dns": "dns:K03.units.example",
        "cn": "cn:BE-K03",
        "sha256": f"sha256:{digest}",
        "SHA256:": f"SHA256:{colons}",
    }
    assert await status(call(asking, pki.client(certificate))) == 401, "it is given to nobody yet"

    grant = credentials.trust(name[kind], "unit", ["BE-K03"], at=STARTED_AT, state="BE")
    async with call(asking, pki.client(certificate)) as unit:
        assert await is_served(unit)
        await send(unit, ping(1, "BE-K04"))
        assert (await receive(unit))["reason"] == "this token is not for unit BE-K04"
    assert asking.service.world.units["BE-K03"].state == "BE"
    assert (grant.certificate or "").partition(":")[0] == kind.lower().removesuffix(":")
    other = pki.ours.issue_cert("k04.units.example", common_name="BE-K04")
    assert await status(call(asking, pki.client(other))) == 401


async def test_a_certificate_that_fits_two_credentials_is_none(
    asking: Station, pki: Pki, credentials: Credentials, tokens: dict[str, str]
) -> None:
    certificate = pki.ours.issue_cert("k03.units.example", "k04.units.example")
    for name in ("K03", "K04"):
        credentials.trust(f"dns:{name}.units.example", "unit", [f"BE-{name}"], at=STARTED_AT, state="BE")

    assert await status(call(asking, pki.client(certificate))) == 401
    async with call(asking, pki.client(certificate), tokens["unit"]) as unit:
        assert await is_served(unit), "a token that is sent counts, and nothing besides it"
    assert await status(call(asking, pki.client(certificate), "not a token")) == 401


async def test_a_revoked_certificate_ends_its_connections_within_two_seconds(
    asking: Station, pki: Pki, credentials: Credentials
) -> None:
    certificate = pki.ours.issue_cert("k03.units.example")
    grant = credentials.trust("dns:k03.units.example", "unit", ["BE-K03"], at=STARTED_AT, state="BE")
    async with call(asking, pki.client(certificate)) as unit:
        assert await is_served(unit)
        credentials.revoke(grant.id, STARTED_AT)
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(2):
                await unit.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "the certificate is revoked, or has ended")
    assert await status(call(asking, pki.client(certificate))) == 401

    credentials.trust("dns:k03.units.example", "unit", ["BE-K03"], at=STARTED_AT, state="BE")
    async with call(asking, pki.client(certificate)) as unit:
        assert await is_served(unit, 1), "the name can be given again"


async def test_who_a_stranger_signed_for_or_who_has_expired_gets_no_connection(
    service: Service, credentials: Credentials, pki: Pki
) -> None:
    tls = ServerTls(pki.config, now, asks=True)
    credentials.trust("dns:k03.units.example", "unit", ["BE-K03"], at=STARTED_AT, state="BE")
    forged = pki.theirs.issue_cert("k03.units.example")
    expired = pki.ours.issue_cert("k03.units.example", not_after=datetime.now(UTC) - timedelta(minutes=1))  # noqa: TID251
    async with units(service, credentials, tls) as station:
        for certificate in (forged, expired, None):
            with pytest.raises((OSError, ConnectionClosed, InvalidMessage)):
                async with call(station, pki.client(certificate)) as unit:
                    await is_served(unit)
    reasons = set(tls.failed)
    assert reasons > {"certificate has expired", "peer did not return a certificate"}
    assert len(reasons) == 3
    assert station.service.world.tracks == {}


async def test_a_certificate_or_a_token_that_ends_by_itself_is_worth_nothing_after_that(
    station: Station, credentials: Credentials
) -> None:
    gate, names = station.gate, frozenset({"dns:k03.units.example"})
    credentials.trust("dns:k03.units.example", "unit", ["BE-K03"], at=STARTED_AT, state="BE")
    assert gate.sender(None, Certificate(names, NOW + 1)) is not None
    assert gate.sender(None, Certificate(names, NOW)) is None

    lasting = credentials.issue("unit", ["BE-1"], at=STARTED_AT, state="BE", ends_at=NOW + 1)
    over = credentials.issue("unit", ["BE-2"], at=STARTED_AT, state="BE", ends_at=NOW)
    held = gate.sender(f"Bearer {lasting}", None)
    assert held is not None
    assert gate.still(held) is not None
    assert gate.sender(f"Bearer {over}", None) is None
    gate._now = lambda: NOW + 1
    assert gate.still(held) is None, "which closes what it opened, at the next look"


async def test_old_versions_are_refused_by_the_server(station: Station, pki: Pki, tokens: dict[str, str]) -> None:
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        old = pki.client()
        old.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old.minimum_version = old.maximum_version = version
        with pytest.raises(OSError):  # noqa: PT011 - asyncio ends the connection before OpenSSL's alert is out
            async with call(station, old, tokens["unit"]):
                pass
        assert station.tls is not None
        assert station.tls.failed.pop("unsupported protocol") == 1
    assert station.tls is not None
    older = pki.client()
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    async with call(station, older, tokens["unit"]) as unit:
        assert await is_served(unit)
    older.set_ciphers("AES256-GCM-SHA384")  # without forward secrecy
    with pytest.raises(OSError):  # noqa: PT011 - as above
        async with call(station, older, tokens["unit"]):
            pass
    assert station.tls.failed.pop("no shared cipher") == 1


async def test_what_is_not_tls_is_closed_without_a_word_of_http(station: Station) -> None:
    for sent in (b"GET /units HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 64, b"\r\n" * 100):
        reader, writer = await asyncio.open_connection("127.0.0.1", station.port)
        writer.write(sent)
        answer = await asyncio.wait_for(reader.read(), 5)
        assert b"HTTP" not in answer
        assert len(answer) < 16, "no more than an alert"
        writer.close()


async def test_a_handshake_that_never_ends_is_bounded_in_time_and_number(
    service: Service, credentials: Credentials, pki: Pki, tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_module, "HANDSHAKE_S", 1.0)
    strangers, station = Turnstile(total=10, per_address=3), Station(service, credentials)
    await station.open(tls=ServerTls(pki.config, now), strangers=strangers)
    try:
        silent = [await asyncio.open_connection("127.0.0.1", station.port) for _ in range(3)]
        silent[1][1].write(b"\x16")
        silent[2][1].write(b"\x16\x03\x01\x02\x00\x01")
        reader, writer = await asyncio.open_connection("127.0.0.1", station.port)
        assert await asyncio.wait_for(reader.read(), 0.9) == b"", "the address has no place left"
        writer.close()
        for reader, _ in silent:
            assert await asyncio.wait_for(reader.read(), 5) == b""
        await until(lambda: len(strangers) == 0)
        async with call(station, pki.client(), tokens["unit"]) as unit:
            assert await is_served(unit)
        for _, writer in silent:
            writer.close()
    finally:
        await station.close()


async def test_files_are_read_again_without_a_live_connection_noticing(
    service: Service, credentials: Credentials, pki: Pki, tokens: dict[str, str], tmp_path: Path
) -> None:
    first, second = (pki.ours.issue_cert("localhost") for _ in range(2))
    config = files(tmp_path, first, pki.ours)
    tls = ServerTls(config, now, asks=True)
    ours, theirs = (pki.client(one.issue_cert("k03.units.example")) for one in (pki.ours, pki.theirs))
    async with units(service, credentials, tls) as station, call(station, ours, tokens["unit"]) as living:
        assert await is_served(living)
        files(tmp_path, second, pki.theirs)
        tls_module.reload([tls])
        assert await is_served(living, 1)
        async with call(station, theirs, tokens["gateway"]) as later:
            assert server_fingerprint(later) == fingerprint(second)
        assert server_fingerprint(living) == fingerprint(first)
        with pytest.raises((OSError, ConnectionClosed, InvalidMessage)):
            async with call(station, ours, tokens["unit"]) as unit:
                await unit.recv()  # its authority is none any more

        Path(config.key).write_bytes(b"half a file")
        tls_module.reload([tls])
        async with call(station, theirs, tokens["gateway"]) as later:
            assert server_fingerprint(later) == fingerprint(second), "a reload that would not do changes nothing"
        assert await is_served(living, 2)


async def test_the_page_and_the_api_over_tls(
    service: Service, credentials: Credentials, web_directory: Path, pki: Pki, tokens: dict[str, str]
) -> None:
    async with HttpRoom(service, credentials, web_directory, auth=True, tls=pki.config).open() as room:
        room.trust = pki.client()
        config = await room.get("/api/v1/config")
        assert config.json["ws"] == "wss://127.0.0.1:8081/live"
        assert config.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert "wss://127.0.0.1:8081" in config.headers["Content-Security-Policy"]
        local = await room.get("/api/v1/config", Host=f"localhost:{room.port}")
        assert "Strict-Transport-Security" not in local.headers, "it would hold for every server of this machine"

        room.accounts.add("ada", "dispatcher", "BE", room.passwords.hash("Zes paarden op de dijk"), STARTED_AT)
        proof = {"name": "ada", "password": "Zes paarden op de dijk"}
        plain = await room.post("/api/v1/session", proof, Origin=f"http://127.0.0.1:{room.port}")
        assert plain.error[:2] == (403, "Origin")
        signed_in = await room.post("/api/v1/session", proof, Origin=f"https://127.0.0.1:{room.port}")
        assert signed_in.status == 200
        assert "Secure" in signed_in.headers["Set-Cookie"]

        one = {"unit": "BE-K03", "t": room.at - 1, "lon": 4.7, "lat": 51.4}
        assert (await room.post("/api/v1/pings", one)).status == 401
        by_token = await room.post("/api/v1/pings", one, Authorization=f"Bearer {tokens['unit']}")
        assert by_token.json == {"accepted": 1, "refused": []}


async def test_a_stalled_viewer_is_cut_off_and_the_others_miss_nothing(room: Room, pki: Pki) -> None:
    """What TLS holds back for it counts as unread, like what the socket does."""
    await room.close()
    room.trust = pki.client()
    await room.open(tls=ServerTls(pki.config, now))
    async with subscribe(room, receive_bytes=4_096) as (stalled, snapshot), subscribe(room) as (quick, _):
        stalled.transport.pause_reading()
        reader = asyncio.create_task(receive_all(room, quick))
        number = 0
        while room.hub.statistics().aborted_viewers == 0:
            assert number < 5_000, "the stalled viewer was never cut off"
            await room.submit(*(start(number + index, note="n" * 900) for index in range(200)))
            number += 200
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            while room.offsets[quick][-1:] != [room.service.world.offset]:
                await asyncio.sleep(0.01)
        reader.cancel()

    assert room.hub.statistics().aborted_viewers == 1
    assert room.offsets[quick] == list(range(snapshot["offset"] + 1, room.service.world.offset + 1))


def no_file(config: Tls, _: Pki) -> None:
    Path(config.certificate).unlink()


def a_directory(config: Tls, _: Pki) -> None:
    Path(config.key).unlink()
    Path(config.key).mkdir()


def no_pem(config: Tls, _: Pki) -> None:
    Path(config.certificate).write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")


def another_key(config: Tls, pki: Pki) -> None:
    Path(config.key).write_bytes(pki.ours.issue_cert("localhost").private_key_pem.bytes())


def a_passphrase(config: Tls, _: Pki) -> None:
    key = load_pem_private_key(Path(config.key).read_bytes(), None)
    body = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    Path(config.key).write_bytes(body)


def open_to_all(config: Tls, _: Pki) -> None:
    Path(config.key).chmod(0o604)


def expired(config: Tls, pki: Pki) -> None:
    files(
        Path(config.key).parent, pki.ours.issue_cert("localhost", not_after=datetime(2026, 1, 1, tzinfo=UTC)), pki.ours
    )


def too_early(config: Tls, pki: Pki) -> None:
    begins_at = datetime(2090, 1, 1, tzinfo=UTC)
    files(Path(config.key).parent, pki.ours.issue_cert("localhost", not_before=begins_at), pki.ours)


def no_authority(config: Tls, _: Pki) -> None:
    Path(config.client_ca).write_bytes(Path(config.certificate).read_bytes())


def an_empty_authority(config: Tls, _: Pki) -> None:
    Path(config.client_ca).write_text("")


def a_lost_authority(config: Tls, _: Pki) -> None:
    Path(config.client_ca).unlink()


@pytest.mark.parametrize(
    ("spoil", "key", "words"),
    [
        (no_file, "tls.certificate", "cannot be read: No such file or directory"),
        (a_directory, "tls.key", "cannot be read: Is a directory"),
        (no_pem, "tls.certificate", "holds no certificate in PEM"),
        (another_key, "tls.key", "is not the key of"),
        (a_passphrase, "tls.key", "has a passphrase"),
        (open_to_all, "tls.key", "everybody on this machine may read or change"),
        (expired, "tls.certificate", "expired at 2026-01-01T00:00:00+00:00"),
        (too_early, "tls.certificate", "is not valid before 2090-01-01T00:00:00+00:00"),
        (no_authority, "tls.client_ca", "may not sign certificates"),
        (an_empty_authority, "tls.client_ca", "holds no certificate in PEM"),
        (a_lost_authority, "tls.client_ca", "cannot be read: No such file or directory"),
    ],
)
def test_config_check_names_the_key_of_each_bad_file(
    tmp_path: Path, pki: Pki, spoil: Callable[[Tls, Pki], None], key: str, words: str
) -> None:
    config = files(tmp_path, pki.ours.issue_cert("localhost"), pki.ours)
    path = tmp_path / "config.toml"
    table = msgspec.structs.asdict(config)
    path.write_text("\n".join(["[tls]", *(f'{name} = "{file}"' for name, file in table.items())]))
    assert load(path, environ={}).tls == config
    spoil(config, pki)

    with pytest.raises(BadConfig) as refused:
        load(path, environ={})
    [problem] = refused.value.problems
    assert (problem.key, problem.source) == (key, str(path))
    assert words in problem.reason
    with pytest.raises(BadFiles):
        ServerTls(config, now)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('certificate = "server.pem"', "tls.key"),
        ('key = "server.key"', "tls.certificate"),
        ('client_ca = "units.pem"\nclient_address = "127.0.0.1:0"', "tls.client_ca"),
        ('client_ca = "units.pem"', "tls.client_address"),
        ('client_address = "127.0.0.1:0"', "tls.client_ca"),
        ('client_address = "8083"', "tls.client_address"),
        ('certificate = "a"\nkey = "b"\n[ws]\nurl = "ws://dispatch.example/live"', "ws.url"),
    ],
)
def test_keys_that_need_another_say_so(tmp_path: Path, table: str, key: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"[tls]\n{table}\n")

    with pytest.raises(BadConfig) as refused:
        load(path, environ={})
    assert key in [problem.key for problem in refused.value.problems]


@pytest.mark.parametrize(
    "name",
    ["", "K03", "dns:", "dns: x", "ip:10.0.0.1", "cn:a\nb", "sha256:12", "sha256:" + "g" * 64, "dns:" + "a" * 300],
)
def test_what_names_no_certificate_is_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        check_certificate_name(name)
    assert refused.value.field == "certificate"
    assert refused.value.reason.isprintable()


def test_only_units_and_gateways_show_certificates(credentials: Credentials) -> None:
    with pytest.raises(Refused, match="a dispatcher's is no unit or gateway"):
        credentials.trust("dns:x", "dispatcher", [], at=STARTED_AT, state="BE")
    credentials.trust("dns:x", "gateway", ["BE-1", "BE-2"], at=STARTED_AT, state="BE")
    with pytest.raises(Refused, match="speaks for somebody already"):
        credentials.trust("dns:X", "unit", ["BE-1"], at=STARTED_AT, state="BE")


async def status(calling: connect) -> int:
    """Of a handshake that is refused; the answer names what is missing."""
    with pytest.raises(InvalidStatus) as refused:
        async with calling:
            pass
    response = refused.value.response
    assert response.body is not None
    assert json.loads(response.body)["error"]["field"] == "Authorization"
    return response.status_code


def fingerprint(certificate: trustme.LeafCert) -> str:
    return load_pem_x509_certificate(certificate.cert_chain_pems[0].bytes()).fingerprint(SHA256()).hex()


def server_fingerprint(connection: ClientConnection) -> str:
    return sha256(connection.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)).hexdigest()


async def test_a_certificate_that_ends_soon_is_warned_of(tmp_path: Path, pki: Pki, capfd: Any) -> None:
    ends_at = datetime.now(UTC) + timedelta(days=13)  # noqa: TID251
    soon = ServerTls(files(tmp_path, pki.ours.issue_cert("localhost", not_after=ends_at), pki.ours), now)
    for tls, warnings_ in ((soon, 1), (ServerTls(pki.config, now), 0)):
        task = asyncio.create_task(tls_module.watch(tls))
        await asyncio.sleep(0)
        task.cancel()
        out, err = capfd.readouterr()
        assert (out + err).count("the certificate ends soon") == warnings_
