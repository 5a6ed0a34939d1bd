"""Keys that a device holds for a workspace: found by use and kid, made, destroyed.

docs/formats/workspace.md, section 7. Nothing is opened before it is needed.
"""

from dataclasses import dataclass

from elicense.device_settings import DeviceSettings
from elicense.errors import WorkspaceError
from elicense.model import Text
from esign import hsm
from esign.algorithms import Suite
from esign.errors import UnavailableError
from esign.hsm import (
    DeviceError,
    DeviceSigner,
    KeyName,
    PinCallback,
    Sm2DeviceSigner,
    Trouble,
)
from esign.keys import PublicKey, Signer

_ZH = {
    Trouble.NO_PACKAGE: "密码设备中的密钥需要附加组件：pip install 'elicense[hsm]'",
    Trouble.NO_MODULE: "无法加载密码设备的 PKCS#11 模块",
    Trouble.NO_TOKEN: "密码设备中没有这个令牌",
    Trouble.MANY_TOKENS: "有几个令牌标签相同，请同时写明序列号",
    Trouble.NO_PIN: "需要 PIN：--pin-file 或 ELICENSE_PIN",
    Trouble.PIN_WRONG: "密码设备拒绝了 PIN，不再重试",
    Trouble.PIN_FINAL_TRY: "再错一次 PIN 令牌就会锁定，故未尝试；请先用厂商工具登录",
    Trouble.PIN_LOCKED: "令牌已因 PIN 多次错误而锁定，请用厂商工具解锁",
    Trouble.NO_KEY: "令牌中没有这把密钥",
    Trouble.MANY_KEYS: "令牌中有几把同名密钥",
    Trouble.UNSAFE_KEY: "这把密钥在密码设备中没有得到应有的保护",
    Trouble.WRONG_KEY: "令牌中此名称下是另一把密钥",
    Trouble.NOT_OFFERED: "密码设备不提供所需功能",
    Trouble.LOST: "密码设备没有应答；恢复后用同一命令再次运行即可继续",
}


def told(err: UnavailableError) -> Text:
    """Return what is not available, in both languages."""
    if not isinstance(err, DeviceError):
        return Text(f"所需的部件或服务不可用（{err}）", str(err))
    zh = _ZH[err.trouble] + (f"（{err.detail}）" if err.detail else "")
    if err.trouble is Trouble.NO_PIN:
        return Text(zh, f"{err}: --pin-file or ELICENSE_PIN")
    if err.trouble is Trouble.LOST:
        return Text(
            zh,
            f"the device does not answer ({err.detail}); run the same command again"
            " once it is back",
        )
    return Text(zh, str(err))


def nobody(_request: hsm.PinRequest) -> None:
    """Give no PIN: where nobody can be asked."""


@dataclass(frozen=True, slots=True)
class DeviceAccess:
    """A device for a new workspace, and who knows its PIN.

    Attributes:
        device: what ``elicense.toml`` will say of it.
        pin: gives the PIN at each login; forked workers call it too.
    """

    device: DeviceSettings
    pin: PinCallback


class DeviceKeys:
    """The keys of a workspace that are in a device; see :class:`DeviceSettings`.

    What goes wrong with the device is a DeviceError, which stops a whole run.
    """

    def __init__(self, settings: DeviceSettings, pin: PinCallback) -> None:
        """Take where they are and who knows the PIN."""
        self._uses = settings.keys
        place = hsm.Place(
            module=settings.module,
            token=settings.token,
            serial=settings.serial,
            sm2_mechanism=settings.sm2_mechanism,
        )
        self._device = hsm.Device(place, pin)

    def makes(self, use: str) -> bool:
        """Tell whether new keys of a use are made here."""
        return use in self._uses

    def make(self, use: str, suite: Suite) -> Signer:
        """Make a key of a use, which never leaves the device.

        Raises:
            WorkspaceError: keys of the suite are not made in a device.
            DeviceError: the device does not make it.
        """
        return _signers(use, suite).make(self._device, use)

    def open(self, use: str, key: PublicKey) -> Signer:
        """Return the signer of a key.

        Raises:
            WorkspaceError: keys of the suite are not used in a device, or it is another
                key.
            DeviceError: the device or the key cannot be used.
        """
        name = _name(use, key)
        signer = _signers(use, key.suite)(self._device, name)
        if signer.public_key != key:
            raise DeviceError(Trouble.WRONG_KEY, str(name))
        return signer

    def holds(self, use: str, key: PublicKey) -> bool:
        """Tell whether a key, or at least its public half, is here; needs no PIN.

        Raises:
            DeviceError: the device cannot be used.
        """
        return hsm.is_there(self._device, _name(use, key), key)

    def destroy(self, use: str, key: PublicKey) -> None:
        """Destroy a private key, and leave its public half as a mark; no other key.

        Raises:
            DeviceError: the device does not do it.
        """
        hsm.destroy(self._device, _name(use, key), key)

    def remove(self, use: str, key: PublicKey) -> None:
        """Remove the mark.

        Raises:
            DeviceError: the device does not do it.
        """
        hsm.remove(self._device, _name(use, key), key)


def check_suite(use: str, suite: Suite) -> None:
    """Refuse a suite whose keys are not kept in a device.

    Raises:
        WorkspaceError: it is neither ES256 nor SM2.
    """
    _signers(use, suite)


def _signers(use: str, suite: Suite) -> type[DeviceSigner] | type[Sm2DeviceSigner]:
    match suite:
        case Suite.ES256:
            return DeviceSigner
        case Suite.SM2:
            return Sm2DeviceSigner
        case _:
            raise WorkspaceError(
                Text(
                    f"密码设备中的密钥只支持 ES256 和 SM2，"
                    f"不支持 {suite.label}（{use}）",
                    f"keys in a device are ES256 or SM2, not {suite.label} ({use})",
                )
            )


def _name(use: str, key: PublicKey) -> KeyName:
    return KeyName(f"{use}-{key.kid.hex()}")
