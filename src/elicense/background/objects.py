"""Copies the objects that a background draws with, one kind at a time."""

import base64
import io
import zlib
from collections.abc import Callable
from decimal import Decimal

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image

from elicense.background import operators
from elicense.background.digest import (
    MAX_DEPTH,
    MAX_INFLATED,
    MAX_VALUES,
    inflated,
)
from elicense.background.refusals import RefusedError, refused
from elicense.background.tables import BLEND_MODES, CHOICES, KINDS, Kind

MAX_OBJECTS = 500
"""Dictionaries and streams; a file of ours may have 2 000 objects."""
MAX_CONTENT = 2 << 20
"""Bytes of all content streams, decoded; they are parsed."""
MAX_PIXELS = 9_000_000
"""Pixels of one image, A4 at 300 dpi."""
_DECIMALS = Decimal("0.00001")
_SYMBOLIC = 4  # flag of a font descriptor (ISO 32000-1, table 123)
_REGULAR = frozenset(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-_."
)
_KEPT_FILTERS = ("/FlateDecode", "/DCTDecode")
_FONT_FILES = {"/FontFile", "/FontFile2", "/FontFile3"}
_ENCODINGS = ("/WinAnsiEncoding", "/MacRomanEncoding")


class Copier:
    """Copies into one new file; what was copied once is shared."""

    def __init__(self, target: Pdf) -> None:
        """Copy into a file."""
        self._target = target
        self._made: dict[tuple[tuple[int, int], str], pikepdf.Object | None] = {}
        self._objects = MAX_OBJECTS
        self._bytes = MAX_INFLATED
        self._content = MAX_CONTENT
        self._values = MAX_VALUES
        self._rules: dict[str, Callable[[pikepdf.Object, int], object]] = {
            "plain": self._plain,
            "colour": self._colour,
            "mask": self._mask,
            "soft mask": self._soft_mask,
            "blend": self._blend,
            "intent": self._intent,
            "functions": self._functions,
            "descendants": self._descendants,
            "encoding": self._encoding,
            "encoding of codes": self._encoding_of_codes,
            "font name": self._font_name,
            "glyphs": self._glyphs,
        }

    def page(
        self, content: bytes, resources: pikepdf.Object
    ) -> tuple[bytes, pikepdf.Object]:
        """Return the page's own content and its resources, copied.

        Args:
            content: all its content streams, decoded and joined.
            resources: its table of resources.

        Raises:
            RefusedError: something is not allowed.
        """
        return self._drawing(content, resources, 0)

    def copy(self, value: pikepdf.Object, kind: str, depth: int) -> object:
        """Return a copy of a value that must be of a kind.

        Raises:
            RefusedError: it is not, or holds what is not allowed.
        """
        self._step(depth)
        if kind in self._rules:
            return self._rules[kind](value, depth)
        if kind.startswith("*"):
            return self._named(value, kind[1:], depth)
        if kind in CHOICES:
            kind = _chosen(value, kind)
        if not value.is_indirect:
            return self._whole(value, kind, depth)
        key = (value.objgen, kind)
        if key not in self._made:
            self._made[key] = None
            made = self._whole(value, kind, depth)
            self._made[key] = self._target.make_indirect(made)
        known = self._made[key]
        if known is None:
            raise RefusedError("自我包含的对象", "an object within itself")
        return known

    def _step(self, depth: int) -> None:
        """Count one value; the same one counts each time that it is referred to."""
        self._values -= 1
        if depth > MAX_DEPTH:
            raise RefusedError("嵌套过深", "objects nested too deep")
        if self._values < 0:
            raise RefusedError("过多的值", f"more than {MAX_VALUES} values")

    def _whole(self, value: pikepdf.Object, name: str, depth: int) -> pikepdf.Object:
        """Return a copy of a dictionary or stream, with its entries."""
        self._objects -= 1
        if self._objects < 0:
            raise RefusedError("对象过多", f"more than {MAX_OBJECTS} objects")
        kind = KINDS[name]
        if isinstance(value, Stream) != kind.is_stream or not isinstance(
            value, Dictionary | Stream
        ):
            raise RefusedError(f"{name} 的类型不对", f"a {name} of another type")
        if name in ("form", "tiling") and isinstance(value, Stream):
            return self._form(value, kind, depth)
        made = self._entries(value, kind, depth)
        if name in _CHECKS:
            _CHECKS[name](value)
        if not isinstance(value, Stream):
            return Dictionary(made)
        return self._stream(value, made, name)

    def _entries(
        self, value: pikepdf.Object, kind: Kind, depth: int
    ) -> dict[str, object]:
        made = {}
        for key in sorted(value.keys()):
            if key in kind.left_out or key.startswith("/PTEX."):
                continue
            if kind.is_stream and key in ("/Filter", "/DecodeParms"):
                continue
            if key not in kind.entries:
                raise refused(key)
            made[key] = self.copy(value[key], kind.entries[key], depth + 1)
        for key in kind.needs:
            if key not in value:
                raise RefusedError(f"缺少 {key}", f"{key} is missing")
        return made

    def _form(self, value: Stream, kind: Kind, depth: int) -> Stream:
        """Return a copy of a form or tile with what its operators draw with."""
        rest = Kind(
            {key: kind.entries[key] for key in kind.entries if key != "/Resources"},
            kind.needs,
            kind.left_out | {"/Resources"},
            is_stream=True,
        )
        made = self._entries(value, rest, depth)
        found = value.get("/Resources", Dictionary())
        content, made["/Resources"] = self._drawing(self._decoded(value), found, depth)
        return self._deflated(content, made)

    def _drawing(
        self, content: bytes, resources: pikepdf.Object, depth: int
    ) -> tuple[bytes, pikepdf.Object]:
        """Return operators and their resources without fonts that draw nothing."""
        self._content -= len(content)
        if self._content < 0:
            raise RefusedError("内容流过大", "content streams that are too large")
        tables = dict(resources.items())
        fonts = dict(tables.pop("/Font", Dictionary()).items())
        embedded = {name: fonts[name] for name in fonts if _is_embedded(fonts[name])}
        names = {
            key: frozenset(table.keys())
            for key, table in {**tables, "/Font": Dictionary(fonts)}.items()
            if isinstance(table, Dictionary)
        }
        data = operators.checked(content, names, frozenset(fonts) - frozenset(embedded))
        if embedded:
            tables["/Font"] = Dictionary(embedded)
        return data, self._whole(Dictionary(tables), "resources", depth + 1)

    def _named(self, value: pikepdf.Object, kind: str, depth: int) -> Dictionary:
        """Return a copy of a dictionary whose keys are free names."""
        if not isinstance(value, Dictionary) or isinstance(value, Stream):
            raise RefusedError("资源表类型不对", "a table of resources of another type")
        made = {}
        for key in sorted(value.keys()):
            operators.check_size(Name(key))
            made[key] = self.copy(value[key], kind, depth + 1)
        return Dictionary(made)

    # Streams.

    def _stream(
        self, value: Stream, made: dict[str, object], name: str
    ) -> pikepdf.Object:
        """Return a copy of a stream that is no content stream."""
        if name != "image":
            return self._deflated(self._decoded(value), made)
        filters, data = _peeled(value)
        if filters == ["/DCTDecode"]:
            _check_jpeg(data, value)
            self._bytes -= len(data)
            return Stream(self._target, data, Filter=Name.DCTDecode, **_bare(made))
        parms = _only(value.get("/DecodeParms"))
        if isinstance(parms, Dictionary):
            _check_predictor(parms)
            made["/DecodeParms"] = self._plain(parms, 0)
        if filters == ["/FlateDecode"]:
            self._count(inflated(data, self._bytes))
        else:
            self._count(data)
            data = zlib.compress(data, 9)
        return Stream(self._target, data, Filter=Name.FlateDecode, **_bare(made))

    def _decoded(self, value: Stream) -> bytes:
        """Return what a stream holds, without filters."""
        filters, data = _peeled(value)
        if isinstance(_only(value.get("/DecodeParms")), Dictionary):
            raise refused("/DecodeParms")
        if filters == ["/DCTDecode"]:
            raise refused(filters[0])
        if filters and data:  # some writers deflate nothing to nothing
            data = inflated(data, self._bytes)
        self._count(data)
        return data

    def decoded(self, value: Stream) -> bytes:
        """Return what a content stream of the page holds."""
        return self._decoded(value)

    def _count(self, data: bytes) -> None:
        self._bytes -= len(data)
        if self._bytes < 0:
            raise RefusedError("数据流过大", "streams that are too large")

    def _deflated(self, data: bytes, made: dict[str, object]) -> Stream:
        packed = zlib.compress(data, 9)
        return Stream(self._target, packed, Filter=Name.FlateDecode, **_bare(made))

    # Rules of values that are more than one kind.

    def _plain(self, value: object, depth: int) -> object:
        """Return numbers, names, texts, and arrays and dictionaries of these."""
        self._step(depth)
        operators.check_size(value)
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, Decimal):
            # Writers differ in how they print more decimals than a page needs.
            return value.quantize(_DECIMALS).normalize() + 0
        if isinstance(value, Name):
            return Name(str(value))
        if isinstance(value, pikepdf.String):
            return pikepdf.String(bytes(value))
        if isinstance(value, Array):
            return Array([self._plain(item, depth + 1) for item in value.as_list()])
        if isinstance(value, Dictionary) and not isinstance(value, Stream):
            for key in value.keys():  # noqa: SIM118  it is not a dict
                operators.check_size(Name(key))
            return Dictionary(
                {key: self._plain(item, depth + 1) for key, item in value.items()}
            )
        raise RefusedError("数据流所在位置不对", "a stream where none belongs")

    def _colour(self, value: pikepdf.Object, depth: int) -> object:
        """Return a colour space that needs no output intent but ours (6.2.4)."""
        if isinstance(value, Name):
            if str(value) not in operators.SPACES:
                raise refused(str(value))
            return value
        parts = list(value.as_list()) if isinstance(value, Array) else []
        head = str(parts[0]) if parts and isinstance(parts[0], Name) else ""
        made: list[object] = [Name(head)] if head else []
        match head, len(parts):
            case (("/DeviceGray" | "/DeviceRGB" | "/Pattern"), 1):
                pass
            case "/ICCBased", 2:
                made.append(self.copy(parts[1], "profile", depth + 1))
            case (("/CalGray" | "/CalRGB" | "/Lab"), 2):
                made.append(self.copy(parts[1], "calibrated", depth + 1))
            case "/Pattern", 2:
                made.append(self.copy(parts[1], "colour", depth + 1))
            case "/Indexed", 4:
                made.append(self.copy(parts[1], "colour", depth + 1))
                made.append(self._plain(parts[2], depth + 1))
                table = "data" if isinstance(parts[3], Stream) else "plain"
                made.append(self.copy(parts[3], table, depth + 1))
            case _:
                raise RefusedError(
                    f"颜色空间 {head}", f"a colour space that is not allowed: {head}"
                )
        return Array(made)

    def _mask(self, value: pikepdf.Object, depth: int) -> object:
        """Return a mask of an image: colours, or another image (8.9.6)."""
        kind = "image" if isinstance(value, Stream) else "plain"
        return self.copy(value, kind, depth)

    def _soft_mask(self, value: pikepdf.Object, depth: int) -> object:
        if value == Name("/None"):
            return value
        return self.copy(value, "soft mask dictionary", depth)

    def _blend(self, value: pikepdf.Object, depth: int) -> object:
        modes = value.as_list() if isinstance(value, Array) else [value]
        if not {str(mode) for mode in modes} <= BLEND_MODES:
            raise RefusedError("未知的混合模式", "an unknown blend mode")
        return self._plain(value, depth)

    def _intent(self, value: pikepdf.Object, depth: int) -> object:
        if str(value) not in operators.INTENTS:
            raise RefusedError("未知的呈现意图", "an unknown rendering intent")
        return self._plain(value, depth)

    def _functions(self, value: pikepdf.Object, depth: int) -> object:
        if isinstance(value, Array):
            return Array(
                [self.copy(item, "function", depth + 1) for item in value.as_list()]
            )
        return self.copy(value, "function", depth)

    def _descendants(self, value: pikepdf.Object, depth: int) -> object:
        items = list(value.as_list()) if isinstance(value, Array) else []
        if len(items) != 1:
            raise RefusedError("字体应有一个子字体", "a font without one descendant")
        return Array([self.copy(items[0], "descendant", depth + 1)])

    def _encoding(self, value: pikepdf.Object, depth: int) -> object:
        if isinstance(value, Dictionary):
            return self.copy(value, "differences", depth)
        return self._plain(value, depth)

    def _encoding_of_codes(self, value: pikepdf.Object, depth: int) -> object:
        if str(value) not in ("/Identity-H", "/Identity-V"):
            raise RefusedError(
                "字体的编码不是 Identity", "a font whose encoding is not Identity"
            )
        return self._plain(value, depth)

    def _font_name(self, value: pikepdf.Object, depth: int) -> object:
        """Return the name of a face; of its characters those that a license spells."""
        if not isinstance(value, Name):
            raise RefusedError("损坏的字体名称", "a font name that is none")
        octets = str(value)[1:].encode()
        name = "".join(
            chr(octet) if octet in _REGULAR else f"_{octet:02X}" for octet in octets
        )
        return self._plain(Name(f"/{name}"), depth)

    def _glyphs(self, value: pikepdf.Object, depth: int) -> object:
        return self.copy(value, "data" if isinstance(value, Stream) else "plain", depth)


def _chosen(value: pikepdf.Object, kind: str) -> str:
    """Return the kind that an entry tells."""
    key, kinds = CHOICES[kind]
    told = value.get(key) if isinstance(value, Dictionary | Stream) else None
    name: object = str(told) if isinstance(told, Name) else told
    if name not in kinds:
        if name == "/Type3":
            raise refused("/CharProcs")
        raise RefusedError(f"{kind} 的 {key} 不支持", f"a {kind} of another {key}")
    return kinds[name]


def _is_embedded(font: pikepdf.Object) -> bool:
    """Tell whether a font's program stands in the file; a Type 3 font has none."""
    if not isinstance(font, Dictionary) or font.get("/Subtype") == "/Type3":
        return True  # refused by its own name when it is copied
    below = font.get("/DescendantFonts")
    if isinstance(below, Array) and len(below.as_list()):
        font = below[0]
    told = font.get("/FontDescriptor") if isinstance(font, Dictionary) else None
    return isinstance(told, Dictionary) and bool(_FONT_FILES & set(told.keys()))


def _peeled(value: Stream) -> tuple[list[str], bytes]:
    """Return at most one filter and the bytes under it.

    ASCII filters around it, which reportlab puts there, are taken off (7.4.2, 7.4.3).
    """
    for key in ("/F", "/FFilter", "/FDecodeParms"):
        if key in value:
            raise refused(key)
    told = value.get("/Filter")
    items = told.as_list() if isinstance(told, Array) else [told]
    filters = [str(item) for item in items if item is not None]
    data = value.read_raw_bytes()
    while filters and filters[0] in ("/ASCII85Decode", "/ASCIIHexDecode"):
        data = _from_ascii(data, filters.pop(0))
    if len(filters) > 1 or not set(filters) <= set(_KEPT_FILTERS):
        other = next((name for name in filters if name not in _KEPT_FILTERS), "/Filter")
        raise refused(other)
    return filters, data


def _from_ascii(data: bytes, name: str) -> bytes:
    text = b"".join(data.split())
    try:
        if name == "/ASCII85Decode":
            return base64.a85decode(text.removeprefix(b"<~").removesuffix(b"~>"))
        return base64.b16decode(text.removesuffix(b">").upper())
    except ValueError as err:
        raise RefusedError("损坏的数据流", "a damaged stream") from err


def _only(parms: object) -> object:
    """Return the parameters of the last filter; of ASCII filters there are none."""
    if isinstance(parms, Array):
        return parms.as_list()[-1] if len(parms.as_list()) else None
    return parms


def _check_predictor(parms: Dictionary) -> None:
    known = {"/Predictor", "/Colors", "/BitsPerComponent", "/Columns"}
    if not set(parms.keys()) <= known:
        raise refused("/DecodeParms")


def _bare(made: dict[str, object]) -> dict[str, object]:
    """Return entries as keywords for a new stream."""
    return {key.removeprefix("/"): value for key, value in made.items()}


def _check_jpeg(data: bytes, image: pikepdf.Object) -> None:
    """Refuse a JPEG that is not what its dictionary says."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as opened:
            size, mode = opened.size, opened.mode
    except (OSError, Image.DecompressionBombError) as err:
        raise RefusedError("损坏的 JPEG", "a damaged JPEG") from err
    if mode not in ("RGB", "L"):
        raise refused("/DeviceCMYK")
    if size != (int(image.Width), int(image.Height)):
        raise RefusedError("JPEG 的尺寸不符", "a JPEG of another size than it says")


def _check_image(image: pikepdf.Object) -> None:
    """Refuse what clause 6.2.8 forbids of images, and too large ones."""
    width, height = int(image.Width), int(image.Height)
    if not (width > 0 and height > 0 and width * height <= MAX_PIXELS):
        raise RefusedError("图像过大", f"an image of more than {MAX_PIXELS} pixels")
    if image.get("/Interpolate") not in (None, False):
        raise refused("/Interpolate")
    if "/Intent" in image and str(image.Intent) not in operators.INTENTS:
        raise RefusedError("未知的呈现意图", "an unknown rendering intent")


def _check_descriptor(descriptor: pikepdf.Object) -> None:
    if len(_FONT_FILES & set(descriptor.keys())) != 1:
        raise RefusedError("未嵌入的字体", "a font that is not embedded")


def _check_simple(font: pikepdf.Object) -> None:
    """Refuse encodings of TrueType fonts that clause 6.2.11.6 forbids."""
    if font.Subtype != "/TrueType":
        return
    encoding = font.get("/Encoding")
    if int(font.FontDescriptor.get("/Flags", 0)) & _SYMBOLIC:
        wrong = encoding is not None
    elif isinstance(encoding, Dictionary):
        base = str(encoding.get("/BaseEncoding"))
        wrong = base not in _ENCODINGS or "/Differences" in encoding
    else:
        wrong = str(encoding) not in _ENCODINGS
    if wrong:
        raise RefusedError(
            "TrueType 字体的编码不符合 PDF/A", "a TrueType font with another encoding"
        )


def _check_descendant(font: pikepdf.Object) -> None:
    """Refuse a CIDFontType2 without its map of glyphs (6.2.11.3.2)."""
    if font.get("/Subtype") == "/CIDFontType2" and "/CIDToGIDMap" not in font:
        raise RefusedError("缺少 /CIDToGIDMap", "/CIDToGIDMap is missing")


def _check_profile(profile: pikepdf.Object) -> None:
    """Refuse profiles of inks (6.2.4.2)."""
    if profile.N not in (1, 3):
        raise refused("/DeviceCMYK")


def _check_group(group: pikepdf.Object) -> None:
    if group.S != "/Transparency":
        raise RefusedError("未知的组", "an unknown group")


_CHECKS: dict[str, Callable[[pikepdf.Object], None]] = {
    "image": _check_image,
    "descriptor": _check_descriptor,
    "simple": _check_simple,
    "descendant": _check_descendant,
    "profile": _check_profile,
    "group": _check_group,
}
