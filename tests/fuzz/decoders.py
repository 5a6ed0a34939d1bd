"""Invariant: any bytes give a value or our error, in bounded time and memory.

One table of every public function that reads foreign bytes. The hypothesis test and
the fuzzer (run.py) take their entry points from here.
"""

import importlib
import operator
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.stage import Stage

MODULES = (
    "esign.algorithms",
    "esign.cbor",
    "esign.certificates",
    "esign.cms",
    "esign.cose",
    "esign.der",
    "esign.encoding",
    "esign.errors",
    "esign.keys",
    "esign.pades",
    "esign.ses",
    "esign.revocation",
    "esign.seal_image",
    "esign.signer",
    "esign.statuslist",
    "esign.timestamps",
    "elicense.attachments",
    "elicense.catalog",
    "elicense.drawing",
    "elicense.errors",
    "elicense.events",
    "elicense.face",
    "elicense.grants",
    "elicense.hub.memory",
    "elicense.identifiers",
    "elicense.keychain",
    "elicense.lookup.callers",
    "elicense.memory",
    "elicense.payload",
    "elicense.photos",
    "elicense.pins",
    "elicense.qr",
    "elicense.quick_token",
    "elicense.record",
    "elicense.settings",
    "elicense.snapshot.manifest",
    "elicense.trust",
    "elicense.validating",
)
AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
PASSPHRASE = b"fuzz"
TAGS = frozenset({18, 24})


def found(path: str, package: str = "esign") -> Callable[..., object]:
    """Return what ``module.attribute`` names in a package, imported when asked for."""
    name, _, attribute = path.partition(".")
    module = importlib.import_module(f"{package}.{name}")
    value: Callable[..., object] = operator.attrgetter(attribute)(module)
    return value


def esign(path: str) -> Callable[..., object]:
    """Return what ``module.attribute`` names in esign."""
    return found(path)


def elicense(path: str) -> Callable[[bytes], object]:
    """Return a target of elicense that hands the bytes over as they are."""
    return lambda data: found(path, "elicense")(data)  # noqa: PLW0108  imports late


def elicense_text(path: str) -> Callable[[bytes], object]:
    """Return a target of elicense that hands each byte over as one character."""
    return lambda data: found(path, "elicense")(data.decode("latin-1"))


def bytes_of(path: str) -> Callable[[bytes], object]:
    """Return a target that hands the bytes over as they are."""
    return lambda data: esign(path)(data)  # noqa: PLW0108  imports only when called


def text_of(path: str) -> Callable[[bytes], object]:
    """Return a target that hands each byte over as one character."""
    return lambda data: esign(path)(data.decode("latin-1"))


def public_key(label: str) -> Callable[[bytes], object]:
    """Return a target that takes the bytes for the public key of a suite."""
    return lambda data: esign("algorithms.load_public")(
        esign("algorithms.suite_by_label")(label), data
    )


def status_list_token(data: bytes) -> object:
    """Open a status list token and read its claims, as a trust bundle's reader does."""
    purpose = esign("statuslist.PURPOSE")
    envelope = esign("cose.open_sealed")(data, purpose)
    payload = operator.attrgetter("unverified_payload")(envelope)
    return esign("statuslist.read_claims")(payload)


def license_token(data: bytes) -> object:
    """Open a message under a purpose that has only an external_aad."""
    purpose = esign("cose.Purpose")("license token", None, b"elicense.license/1")
    return esign("cose.open_sealed")(data, purpose)


def stage() -> "Stage":
    """Return the one world of the run, made when it is first asked for."""
    made: Stage = importlib.import_module("tests.fuzz.stage").stage()
    return made


def verdict_of(call: str, *, with_evidence: bool = False) -> Callable[[bytes], object]:
    """Return a target that validates, which gives a verdict and never an error.

    Args:
        call: name of a function of :mod:`elicense.validating`.
        with_evidence: the bytes are evidence beside a good license whose key is in
            doubt, and not the license.
    """

    def target(data: bytes) -> object:
        given = data.decode("latin-1") if call == "validate_text" else data
        believed, evidence = stage().state, ()
        if with_evidence:
            given, believed, evidence = (
                stage().issued.qr_text,
                stage().doubting,
                (data,),
            )
        try:
            return found(f"validating.{call}", "elicense")(
                given, believed, AT, evidence=evidence
            )
        except Exception as err:
            raise AssertionError(f"{call} raised {err!r}") from err

    return target


def policy(*, second_engine: bool, check_face: bool = False) -> object:
    """Return a policy that is asked for by its two choices."""
    return found("policy.ValidationPolicy", "elicense")(
        check_face=check_face, second_engine=second_engine
    )


def code_of(answer: object) -> str:
    """Return the name of a verdict's or a report's code."""
    name: str = operator.attrgetter("code.name")(answer)
    return name


def lean_verdict(data: bytes) -> object:
    """Validate a PDF by the lean path, without and with the printed face."""
    blind, seeing = (
        found("validating.validate_pdf", "elicense")(
            data, stage().state, AT, policy=policy(check_face=face, second_engine=False)
        )
        for face in (False, True)
    )
    return blind, seeing


def agreement(data: bytes) -> object:
    """Seal a damaged license anew; what lean accepts the second engine accepts too."""
    pdf = stage().resealed(data)
    lean, plain = (
        code_of(
            found("validating.validate_pdf", "elicense")(
                pdf, stage().state, AT, policy=policy(second_engine=asked)
            )
        )
        for asked in (False, True)
    )
    assert lean != "VALID" or plain == "VALID", plain
    return lean


def seal_agreement(data: bytes) -> object:
    """Do the same with a sealed PDF that need not be a license."""
    pdf = stage().resealed(data)
    grants = operator.attrgetter("seal_grants")(stage().state)
    lean, plain = (
        code_of(esign("pades.validate")(pdf, grants, AT, second_engine=asked))
        for asked in (False, True)
    )
    assert lean != "VALID" or plain == "VALID", plain
    return lean


def gm_world() -> object:
    """Return the world of seals of the GM profile."""
    return importlib.import_module("tests.esign.gm_world")


def gm_verdict(kind: str, *, in_gap: bool = False) -> Callable[[bytes], object]:
    """Return a target that validates a PDF in the GM profile under a grant for it.

    Args:
        kind: name of the SubFilter.
        in_gap: the bytes are the content of the gap of a good file; what is too long
            for it is cut.
    """

    def target(data: bytes) -> object:
        made, subfilter = gm_world(), esign(f"pades.SubFilter.{kind}")
        pdf = operator.methodcaller("sealed", subfilter)(made) if in_gap else data
        if in_gap:
            pdf = operator.methodcaller("with_whole_gap", pdf, data)(made)
        granted = operator.methodcaller("trust", subfilter)(made)
        at = operator.attrgetter("LATER")(made)
        return code_of(esign("pades.validate")(pdf, granted, at))

    return target


def status_claims(data: bytes) -> object:
    """Read the claims of a status list and inflate it, as whoever asks it does."""
    listed = esign("statuslist.read_claims")(data)
    status: Callable[[int], object] = operator.attrgetter("status")(listed)
    return listed, status(0)


def revocation_list(data: bytes) -> object:
    """Read a revocation list under the CA that made the valid one."""
    issuer = stage().authority.issuing_certificate
    return esign("revocation.read_crl")(data, issuer)


def timestamp(data: bytes) -> object:
    """Verify a timestamp of the one service that counts."""
    made = stage()
    return esign("timestamps.verify")(data, made.digest, made.service.certificates)


def timestamp_path(data: bytes) -> object:
    """Look for a path from any certificate to the root of the service."""
    service = stage().service
    between, at = service.certificates[1:], service.at
    return esign("timestamps.verify_path")(data, between, (service.root,), at) or data


def timestamp_response(data: bytes) -> object:
    """Open a service's answer to a request for a timestamp."""
    nonce: int = operator.attrgetter("NONCE")(
        importlib.import_module("tests.fuzz.stage")
    )
    return esign("timestamps.open_response")(data, stage().digest, nonce)


def admitted(data: bytes) -> object:
    """Admit a bundle file under the pin of the valid one."""
    return found("trust.admit", "elicense")(data, stage().pin)


def verified_chain(data: bytes) -> object:
    """Verify the root statements of a bundle file."""
    opened = found("trust.reading.open_file", "elicense")(data)
    statements = operator.attrgetter("statements")(opened)
    return found("trust.roots.verify_chain", "elicense")(statements)


def memory_file(data: bytes) -> object:
    """Read what a verifier remembers, under the key of its pins."""
    key: bytes = importlib.import_module("tests.fuzz.stage").KEY
    return found("memory.decode", "elicense")(data, key)


def seal_picture(kind: str) -> Callable[[bytes], object]:
    """Return what draws the picture of an imported seal of one kind."""
    return lambda data: esign("seal_image.import_picture")(kind, data, 40, 40)


def across(data: bytes) -> object:
    """Draw a seal across the pages of a foreign document, where it has room."""
    art: bytes = importlib.import_module("tests.fuzz.stage").art()
    try:
        return esign("seal_image.draw_across")(data, art)
    except ValueError as err:  # fewer than two pages, or too small ones
        return err


DECODERS: Mapping[str, Callable[[bytes], object]] = MappingProxyType(
    {
        "base45": text_of("encoding.base45_decode"),
        "hexadecimal": text_of("encoding.hex_decode"),
        "cbor": bytes_of("cbor.decode"),
        "cbor-tags": lambda data: esign("cbor.decode")(data, tags=TAGS),
        "cose": bytes_of("cose.parse"),
        "cose-token": license_token,
        "cose-status-list": status_list_token,
        "status-array": bytes_of("statuslist.unpack"),
        "status-claims": status_claims,
        "cose-key": bytes_of("keys.PublicKey.from_cose"),
        "key-es256": public_key("ES256"),
        "key-ed25519": public_key("Ed25519"),
        "key-ml-dsa-44": public_key("ML-DSA-44"),
        "key-ml-dsa-65": public_key("ML-DSA-65"),
        "key-ml-dsa-87": public_key("ML-DSA-87"),
        "ecdsa-der": bytes_of("algorithms.ecdsa_from_der"),
        "key-file": lambda data: esign("signer.SoftwareSigner.from_pem")(
            data, PASSPHRASE
        ),
        "certificate": bytes_of("certificates.read_certificate"),
        "crl": revocation_list,
        "timestamp-read": bytes_of("timestamps.read"),
        "timestamp": timestamp,
        "timestamp-path": timestamp_path,
        "timestamp-response": timestamp_response,
        "cms": bytes_of("cms.parse"),
        "cms-length": bytes_of("cms.element_length"),
        "der": lambda data: tuple(esign("der.elements")(data)),
        "pades": bytes_of("pades.read"),
        "pades-validate": lambda data: esign("pades.validate")(data, {}, AT),
        "pades-agreement": seal_agreement,
        "pades-gm-seal": gm_verdict("GM_SEAL"),
        "pades-gm-cms": gm_verdict("GM_CMS"),
        "gap-gm-seal": gm_verdict("GM_SEAL", in_gap=True),
        "gap-gm-cms": gm_verdict("GM_CMS", in_gap=True),
        "ses-detached": bytes_of("ses.parse_detached"),
        "pdf-agreement": agreement,
        "pdf-lean": lean_verdict,
        "seal-png": seal_picture("PNG"),
        "seal-gif": seal_picture("GIF"),
        "seal-jpeg": seal_picture("JPEG"),
        "seal-bmp": seal_picture("BMP"),
        "seal-ofd": seal_picture("ofd"),
        "cross-page": across,
        "validate": verdict_of("validate"),
        "validate-text": verdict_of("validate_text"),
        "validate-image": verdict_of("validate_image"),
        "validate-evidence": verdict_of("validate_text", with_evidence=True),
        "qr-text": elicense_text("payload.read_qr_text"),
        "token": elicense("payload.open_token"),
        "token-claims": elicense("payload.decode"),
        "quick-token": lambda data: (found("quick_token.read", "elicense")(data), 1),
        "record": elicense("record.decode"),
        "record-backfill": elicense("record.decode"),
        "trust": admitted,
        "trust-file": elicense("trust.reading.open_file"),
        "trust-content": elicense("trust.reading.read_bundle"),
        "trust-content-gm": elicense("trust.reading.read_bundle"),
        "trust-content-closing": elicense("trust.reading.read_bundle"),
        "trust-signed": lambda data: admitted(stage().signed_bundle(data)),
        "trust-statement": lambda data: admitted(stage().signed_statement(data)),
        "trust-roots": verified_chain,
        "trust-claimed-roots": elicense("trust.fingerprints_in"),
        "memory": memory_file,
        "grants": elicense("grants.read"),
        "keychain": elicense("keychain.decode"),
        "hub-memory": elicense("hub.memory.decode"),
        "snapshot": elicense("snapshot.manifest.open_manifest"),
        "snapshot-content": elicense("snapshot.manifest.read"),
        "callers": elicense("lookup.callers.read"),
        "attachments": elicense("attachments.read"),
        "face": elicense("face.read"),
        "symbols": elicense("qr.read_image"),
        "photo": elicense("photos.prepare"),
        "settings": elicense("settings.read"),
        "identifier": elicense_text("identifiers.Identifier.parse"),
        "license-type": lambda data: found(
            "catalog.Catalog.builtin", "elicense"
        )().with_files({"own.toml": data}),
        "application": elicense("catalog.parse_application"),
        "pins": lambda data: found("pins.decode", "elicense")(data, "pins.json"),
    }
)


def names() -> Iterable[str]:
    """Return the names of the targets, in order."""
    return sorted(DECODERS)


def holds(name: str, data: bytes) -> None:
    """Give ``data`` to the target of that name, see :func:`holds_for`."""
    holds_for(DECODERS[name], data)


def holds_for(target: Callable[[bytes], object], data: bytes) -> None:
    """Give ``data`` to a target; what it raises that is not our error comes out."""
    theirs = importlib.import_module("esign.errors").ESignError
    licenses = importlib.import_module("elicense.errors").ElicenseError
    with suppress(theirs, licenses):
        target(data)
