"""Whether a seal that a licensed maker made may be used with an organ's own key.

Pure rules; the picture is looked at where it is drawn (:mod:`elicense.own_seal`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from elicense import messages
from elicense.errors import ElicenseError
from elicense.model import Text
from elicense.sealing.verdict import Kind, SealVerdict, shown_name
from esign import ses, sm2
from esign.errors import MalformedError
from esign.ses import Seal, SesTrust
from esign.ses.model import VERSION_2014, VERSION_2025
from esign.ses.signature_checks import check_listed
from esign.ses.trust import standing
from esign.sm2 import oids
from esign.verdict import Code, Indication


class UnfitSealError(ElicenseError):
    """The seal may not seal for the organ; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Who is to seal with it.

    Attributes:
        organization: USCC of the organ.
        name: its name on the day.
        certificate: of its key, DER.
        seal_name: the seal's whole name, where a person has read that it is the organ's
            although it does not contain the organ's name; empty for none.
    """

    organization: str
    name: str
    certificate: bytes = field(repr=False)
    seal_name: str = ""


@dataclass(frozen=True, slots=True)
class FitSeal:
    """A seal that may be used.

    Attributes:
        seal: as it was read.
        maker: the maker's certificate and its chain without the root, DER.
        root: the root above it, DER, one that was pinned.
    """

    seal: Seal
    maker: tuple[bytes, ...] = field(repr=False)
    root: bytes = field(repr=False)


def require_fit(data: bytes, trust: SesTrust, at: datetime, bearer: Bearer) -> FitSeal:
    """Return a seal that an organ may use from now on; refuse any other.

    1. It reads in its strict form, of version 4 or 5.
    2. It has no timestamp of its own: a trust bundle names no service for one.
    3. Every check of :func:`esign.ses.validate_seal` passes at ``at``: the maker is a
       pinned one under a pinned root, nothing is known to be revoked and that is known
       freshly, and the seal is in its period.
    4. Its list has the organ's certificate, byte by byte or by SM3.
    5. Whoever else it lists is of the same organ, as far as the certificates say.
    6. Its name contains the organ's, or is the one that a person has read.

    Does NOT look into the picture, nor at what the register of seals knows.

    Args:
        data: the SESeal, any bytes.
        trust: whom to believe; never a certificate of the seal itself.
        at: the instant of the change, aware UTC.
        bearer: who is to seal with it.

    Raises:
        UnfitSealError: one of them does not hold; says which.
        UnavailableError: the extra ``gm`` is not installed.
    """
    seal = _read(data)
    _refuse(_stamped(seal))
    report = ses.validate_seal(data, trust, at)
    verdict = SealVerdict.of(Kind.SEAL, report)
    if verdict.indication is not Indication.PASSED:
        raise UnfitSealError(_why_not(verdict))
    for found in (_unlisted, _shared, _misnamed):
        _refuse(found(seal, bearer))
    judged = seal.created if seal.version == VERSION_2025 else at
    stands = standing(seal.maker, trust, judged)
    assert stands is not None  # noqa: S101  check 3 has found a path
    *maker, root = stands.certificates
    return FitSeal(seal, tuple(maker), root)


def _refuse(found: Iterator[Text]) -> None:
    for text in found:
        raise UnfitSealError(text)


def _read(data: bytes) -> Seal:
    try:
        seal = ses.read_seal(data)
    except MalformedError as err:
        raise UnfitSealError(
            Text(
                f"不是符合标准的电子印章（.esl）：{err}",
                f"not a seal (.esl) in the form of the standard: {err}",
            )
        ) from err
    if seal.version == VERSION_2014:
        raise UnfitSealError(
            Text(
                "印章版本为 1（GM/T 0031-2014），只能使用版本 4、5 的印章",
                "a seal of version 1 (GM/T 0031-2014); versions 4 and 5 are used",
            )
        )
    return seal


def _why_not(verdict: SealVerdict) -> Text:
    code = verdict.code
    told = messages.seal_message(code)
    detail = "; ".join(one.detail for one in verdict.checks if one.code is code)
    advice = _ADVICE.get(code, Text("", ""))
    return Text(
        f"印章未通过核验（{code.text}）：{told.zh}（{detail}）{advice.zh}",
        f"the seal did not pass its check ({code.text}): {told.en} ({detail})"
        f"{advice.en}",
    )


_ADVICE = {
    Code.UNKNOWN_ISSUER: Text(
        "。请用 --maker、--ca-root、--ca 给出制章者及其上级的证书（由制章者另行提供）",
        "; name the maker and the CAs above it with --maker, --ca-root and --ca, from"
        " files that the maker gave you another way",
    ),
    Code.NO_STATUS: Text(
        "。请用 --crl 给出每个 CA 的吊销列表",
        "; give the list of revoked certificates of every CA with --crl",
    ),
}


def _stamped(seal: Seal) -> Iterator[Text]:
    if seal.timestamp is not None:
        yield Text(
            "印章自带时间戳，信任包无法列出其时间戳服务，不能用于签发",
            "the seal has a timestamp of its own, whose service no trust bundle names",
        )


def _unlisted(seal: Seal, bearer: Bearer) -> Iterator[Text]:
    if check_listed(seal, bearer.certificate).code is not None:
        yield Text(
            "印章的签章人名单中没有本机构印章密钥的证书（可用 elicense seal"
            " certificate 导出，交制章者制章）",
            "the seal does not list the certificate of the workspace's seal key; give"
            " the maker the one that elicense seal certificate writes",
        )


def _shared(seal: Seal, bearer: Bearer) -> Iterator[Text]:
    for der in seal.certificates:
        if der == bearer.certificate:
            continue
        named = _attribute(der, oids.ORGANIZATION_IDENTIFIER)
        said = named or _attribute(der, oids.ORGANIZATION_NAME)
        if said not in (bearer.organization, bearer.name):
            yield Text(
                "印章名单中还有其他机构的签章人证书，不是本机构专用的印章",
                "the seal lists a signer of another organization too",
            )


def _attribute(der: bytes, oid: bytes) -> str:
    try:
        return sm2.read_certificate(der).attribute(oid)
    except MalformedError:
        return ""  # nobody knows whose it is, so it is not this organ's


def _misnamed(seal: Seal, bearer: Bearer) -> Iterator[Text]:
    if bearer.name in seal.name or (bearer.seal_name and bearer.seal_name == seal.name):
        return
    name = shown_name(seal)
    yield Text(
        f"印章名称“{name}”中没有本机构名称“{bearer.name}”；"
        "确属本机构的，请用 --seal-name 逐字写明印章名称",
        f"the seal's name {name!r} does not contain the organization's,"
        f" {bearer.name!r}; if it is yours, say the whole name with --seal-name",
    )
