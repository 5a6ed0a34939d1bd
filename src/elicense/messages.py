"""What an answer means, in both languages, and which language a user reads."""

from collections.abc import Mapping
from typing import Literal

from elicense.model import Text
from esign.verdict import Code

Language = Literal["zh", "en"]

# In order of precedence: the product's own variable, then as POSIX has it (XBD 8.2).
VARIABLES = ("ELICENSE_LANG", "LC_ALL", "LC_MESSAGES", "LANG")

_MESSAGES = {
    Code.MALFORMED: Text(
        "格式错误：带有本系统标记，但内容不规范，不是有效的证照",
        "Malformed: it has our marks, but it is not in the one form a license has",
    ),
    Code.UNREADABLE: Text(
        "无法识读：文件打不开、没有可识读的二维码，或一张图中有两个不同的证照二维码",
        "Unreadable: it cannot be opened, or holds no readable code, or two of them",
    ),
    Code.UNSUPPORTED: Text(
        "不支持：不是本系统的证照，或 PDF 未加盖电子印章",
        "Unsupported: not a license of this system, or a PDF without a seal",
    ),
    Code.UNKNOWN_ISSUER: Text(
        "颁发机构未知：本机没有信任该机构或其密钥，请先固定信任根",
        "Unknown issuer: its organization or key is not trusted here; pin a root first",
    ),
    Code.BAD_SIGNATURE: Text(
        "签名无效：证照或电子印章的签名验证不通过",
        "Bad signature: the signature of the license or of its seal does not hold",
    ),
    Code.NOT_AUTHORIZED: Text(
        "无权颁发：密钥或印章证书不适用于该证照类型、时间或用途",
        "Not authorized: key or seal was not granted this type, time or use",
    ),
    Code.ALTERED: Text(
        "内容被改动：文件与签发时的数据不一致",
        "Altered: the file differs from what was issued",
    ),
    Code.FACE_MISMATCH: Text(
        "版面不一致：页面所印内容与证照数据不同",
        "Face mismatch: what the page shows differs from the license's data",
    ),
    Code.CLOCK_ROLLBACK: Text(
        "本机时钟被调回，无法判断，请校准时间",
        "Clock rollback: this machine's clock went back; set it right",
    ),
    Code.REVOKED: Text("已撤销、吊销或注销", "Revoked"),
    Code.SUPERSEDED: Text(
        "已被新版本替代，请出示新证照", "Superseded: a newer version took its place"
    ),
    Code.EXPIRED: Text("已过有效期", "Expired"),
    Code.LAPSED: Text(
        "已失效：未按期复审或办理规定事项", "Lapsed: a required review was not done"
    ),
    Code.NOT_YET_VALID: Text("尚未生效", "Not yet valid"),
    Code.SUSPENDED: Text("已暂扣，目前无效", "Suspended: not valid at present"),
    Code.KEY_COMPROMISED: Text(
        "签发密钥已泄露或停用，无法确认签发时间，请向颁发机构核实",
        "Key compromised: it cannot be told if it was signed before; ask the issuer",
    ),
    Code.NO_STATUS: Text(
        "没有状态信息，无法判断是否仍然有效",
        "No status: it cannot be told whether it is still in force",
    ),
    Code.STALE: Text(
        "状态或信任数据过旧，请更新后再验",
        "Stale: status or trust data is too old; update it and verify again",
    ),
    Code.VALID: Text("有效", "Valid"),
}
_COMPARE = Text(
    "有效。仅验证了二维码，请与所见内容逐项核对",
    "Valid. Only the QR code was verified: compare it with what you see",
)
_UNSEEN = Text(
    "有效。未核对版面，请将所见内容与证照数据逐项核对",
    "Valid. The printed page was not checked: compare what you see with the data",
)


_OF_SEALS = {
    Code.MALFORMED: Text(
        "格式错误：不是可识读的印章、签章、PDF 或 OFD",
        "Malformed: not a seal, a signature, a PDF or an OFD that can be read",
    ),
    Code.UNREADABLE: Text(
        "不能判断：文件打不开，或没有给出被签的原文",
        "Unreadable: it cannot be opened, or what was signed is not at hand",
    ),
    Code.UNSUPPORTED: Text(
        "不支持：没有签章，或其形式、算法不在所知标准之内，或签章之后另有修订",
        "Unsupported: no seal, or in no form that is known, or a revision follows it",
    ),
    Code.UNKNOWN_ISSUER: Text(
        "制章者或签章人的根证书未被信任，不能判断印章真伪",
        "Unknown issuer: the seal's maker or the signer's root is not trusted here",
    ),
    Code.BAD_SIGNATURE: Text(
        "签名无效：印章或签章的签名验证不通过",
        "Bad signature: the signature of the seal or over the document does not hold",
    ),
    Code.NOT_AUTHORIZED: Text(
        "无权使用：签章人不在印章的名单中，或签章时不在有效期内",
        "Not authorized: the signer is not in the seal's list, or it was out of period",
    ),
    Code.ALTERED: Text(
        "内容被改动：文件与签章时不一致",
        "Altered: the document differs from what was sealed",
    ),
    Code.REVOKED: Text("证书在使用前已被吊销", "Revoked before it was used"),
    Code.EXPIRED: Text(
        "印章或制章者证书已过有效期", "Expired: the seal, or its maker's certificate"
    ),
    Code.NOT_YET_VALID: Text("印章尚未生效", "The seal is not valid yet"),
    Code.KEY_COMPROMISED: Text(
        "密钥已泄露，无法确认签章时间",
        "Key compromised: it cannot be told whether it was sealed before",
    ),
    Code.NO_STATUS: Text(
        "没有证书吊销信息，不能判断", "No status: nothing is known of revocations"
    ),
    Code.STALE: Text("证书吊销信息过旧，请更新", "Stale: get a newer revocation list"),
}


def seal_message(code: Code) -> Text:
    """Return what an answer about a seal or a sealed document means.

    Args:
        code: the answer's code.
    """
    return _OF_SEALS.get(code, _MESSAGES[code])


def message(code: Code, scope: str = "document") -> Text:
    """Return what an answer means.

    Args:
        code: the answer's code.
        scope: what was seen: ``qr``, ``record``, ``sealed`` or ``document``. A valid
            QR code alone says nothing of the page around it, and neither does a seal
            whose page was not looked at, so the text says so.
    """
    if code is Code.VALID and scope == "qr":
        return _COMPARE
    if code is Code.VALID and scope in ("record", "sealed"):
        return _UNSEEN
    return _MESSAGES[code]


def language(environ: Mapping[str, str]) -> Language:
    """Return the user's language: that of the first variable that is set.

    Args:
        environ: environment variables; see ``VARIABLES``. Chinese of any region is
            ``zh``; every other locale, and none, is ``en``.
    """
    for name in VARIABLES:
        value = environ.get(name, "")
        if value:
            return "zh" if value[:2].lower() == "zh" else "en"
    return "en"


def pick(text: Text, lang: Language) -> str:
    """Return a text in one language."""
    return text.zh if lang == "zh" else text.en
