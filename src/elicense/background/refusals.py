"""What a background may not have, and how it is told."""

from elicense.model import Text


class RefusedError(Exception):
    """A background has something that a license may not carry.

    Internal to this package: whoever opened the file adds its name.
    """

    def __init__(self, zh: str, en: str) -> None:
        """Keep what was found, in both languages."""
        super().__init__(en)
        self.found = Text(zh, en)


_LAYER = Text("可选内容（图层）", "optional content (a layer)")
_OUTSIDE = Text("外部文件中的数据流", "a stream in an outside file")
_ACTION = Text("脚本或动作", "a script or an action")
_NOTES = Text("批注或表单域", "annotations or form fields")
_FILES = Text("附件", "embedded files")
_OPI = Text("替代图像", "another image in its place")
NAMED = {
    "/OC": _LAYER,
    "/OCProperties": _LAYER,
    "/Properties": Text("标记内容的属性表", "property lists of marked content"),
    "/Ref": Text("引用外部文件的 XObject", "a reference XObject"),
    "/F": _OUTSIDE,
    "/FFilter": _OUTSIDE,
    "/FDecodeParms": _OUTSIDE,
    "/A": _ACTION,
    "/AA": _ACTION,
    "/JS": _ACTION,
    "/JavaScript": _ACTION,
    "/OpenAction": _ACTION,
    "/PS": _ACTION,
    "/Annots": _NOTES,
    "/AcroForm": _NOTES,
    "/NeedsRendering": _NOTES,
    "/AF": _FILES,
    "/EmbeddedFiles": _FILES,
    "/Collection": _FILES,
    "/Perms": Text("签名", "a signature"),
    "/OPI": _OPI,
    "/Alternates": _OPI,
    "/TR": Text("传递函数", "a transfer function"),
    "/TR2": Text("传递函数", "a transfer function"),
    "/HT": Text("半色调", "a halftone"),
    "/UserUnit": Text("自定单位", "a unit of its own"),
    "/CharProcs": Text("Type 3 字体", "a Type 3 font"),
    "/DeviceCMYK": Text("CMYK 颜色", "CMYK colours"),
}
"""Entries and names with a phrase of their own; others are told by their name."""


def refused(name: str) -> RefusedError:
    """Return the error for an entry, a name or an operator."""
    if name in NAMED:
        phrase = NAMED[name]
        return RefusedError(f"{phrase.zh}（{name}）", f"{phrase.en} ({name})")
    shown = name if name.isascii() and name.isprintable() else "(?)"
    return RefusedError(f"不允许的 {shown}", f"{shown}, which is not allowed")
