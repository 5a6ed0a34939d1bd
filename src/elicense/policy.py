"""How strict validators and issuers are, as data. Named profiles are at the end."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from elicense.errors import ProfileError
from elicense.model import Text
from esign.algorithms import Suite
from esign.keys import Signer

MAX_INPUT_BYTES = 20 << 20  # a license with photo has about 100 KB; 20 MiB is hostile


@dataclass(frozen=True, slots=True)
class ValidationPolicy:
    """What a validator demands beyond the formats.

    Attributes:
        max_bundle_age: a trust bundle older than this is STALE, whatever it allows.
        max_status_age: likewise for a status list.
        check_face: whether the printed page is read and compared (scope ``document``).
        second_engine: whether pyHanko and pikepdf must agree with what was read of a
            PDF (docs/lean-validation.md); they can only add a refusal.
        max_input_bytes: a larger input is refused unread.
    """

    max_bundle_age: timedelta = timedelta(days=30)
    max_status_age: timedelta = timedelta(days=7)
    check_face: bool = True
    second_engine: bool = True
    max_input_bytes: int = MAX_INPUT_BYTES


@dataclass(frozen=True, slots=True)
class PublicationPolicy:
    """How long what a department publishes may be used.

    Attributes:
        bundle_age: ``max_age`` of its bundles.
        status_age: time from a status list's iat to its exp.
        years_ahead: lists exist from this year to this many years ahead, so that a
            license issued after a publication finds its list in it.
    """

    bundle_age: timedelta = timedelta(days=30)
    status_age: timedelta = timedelta(days=7)
    years_ahead: int = 20


@dataclass(frozen=True, slots=True)
class IssuingProfile:
    """What the keys must be with which licenses are issued.

    Attributes:
        name: as ``elicense.toml`` names it.
        suite: the only one that token key and seal may have; None for any.
        in_device: whether devices must hold their private keys.
    """

    name: str
    suite: Suite | None = None
    in_device: bool = False

    @property
    def demands(self) -> bool:
        """Whether it asks for anything at all."""
        return self.suite is not None or self.in_device

    def require(self, signers: Iterable[tuple[Text, Signer]]) -> None:
        """Refuse keys that are not what the profile asks for.

        Args:
            signers: each with what people call it.

        Raises:
            ProfileError: says all that is wrong with each.
        """
        found = [
            Text(f"{name.zh}{fault.zh}", f"{name.en} {fault.en}")
            for name, signer in signers
            for fault in self._faults(signer)
        ]
        if found:
            zh, en = "；".join(one.zh for one in found), "; ".join(o.en for o in found)
            raise ProfileError(
                Text(
                    f"按 {self.name} 配置（elicense.toml 的 profile）不能签发：{zh}",
                    f"the profile {self.name} (profile in elicense.toml) refuses to"
                    f" issue: {en}",
                )
            )

    def _faults(self, signer: Signer) -> Iterable[Text]:
        suite = signer.public_key.suite
        if self.suite not in (None, suite):
            wanted = self.suite.label
            yield Text(
                f"使用 {suite.label} 算法，应为 {wanted}",
                f"is of {suite.label}, and {wanted} is asked for",
            )
        if self.in_device and not signer.in_device:
            yield Text(
                "的私钥是软件密钥，应由密码设备保管",
                "is a software key, and a device must hold it",
            )


STANDARD = ValidationPolicy()
SEALED_ONLY = ValidationPolicy(check_face=False)
LEAN = ValidationPolicy(check_face=False, second_engine=False)
PUBLISHING = PublicationPolicy()
ANY_KEYS = IssuingProfile("standard")
GOV = IssuingProfile("gov", suite=Suite.SM2, in_device=True)
PROFILES = {profile.name: profile for profile in (ANY_KEYS, GOV)}
"""By the name in ``elicense.toml``."""
