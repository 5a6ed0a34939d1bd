"""What each kind of object of a background may hold, as closed tables.

An entry's rule names a kind of this file, or one of the rules in `objects`: ``plain``
values, ``*kind`` for a dictionary of names, and others. Sections are those of
ISO 32000-1; clauses those of ISO 19005-3.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of dictionary or stream.

    Attributes:
        entries: its entries and the rules of their values.
        needs: entries that must be there.
        left_out: entries that draw nothing and do not come along.
        is_stream: whether it is a stream.
    """

    entries: Mapping[str, str]
    needs: tuple[str, ...] = ()
    left_out: frozenset[str] = field(default_factory=frozenset)
    is_stream: bool = False


def _plain(names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), "plain")


_ABOUT = frozenset(
    {"/Metadata", "/PieceInfo", "/LastModified", "/StructParent", "/StructParents"}
)
_STREAM = _ABOUT | {"/Length", "/DL"}
_MAPPED = {"/Matrix": "plain", "/BBox": "plain"}
_FONT = _plain("/Type /Subtype")
_FONT |= {"/BaseFont": "font name", "/FontDescriptor": "descriptor"}
_SHADING = _plain("/ShadingType /Background /BBox /AntiAlias")
_SHADING |= {"/ColorSpace": "colour"}
_COLOUR = _plain("/WhitePoint /BlackPoint /Gamma /Matrix /Range")

KINDS: Mapping[str, Kind] = {
    "resources": Kind(  # 7.8.3
        {
            "/Font": "*font",
            "/XObject": "*xobject",
            "/ExtGState": "*state",
            "/ColorSpace": "*colour",
            "/Pattern": "*pattern",
            "/Shading": "*shading",
        },
        left_out=frozenset({"/ProcSet"}),
    ),
    "group": Kind(  # 11.6.6; clause 6.2.10
        _plain("/Type /S /I /K") | {"/CS": "colour"}, ("/S",)
    ),
    "form": Kind(  # 8.10; clause 6.2.9
        {
            **_plain("/Type /Subtype /FormType"),
            **_MAPPED,
            "/Resources": "resources",
            "/Group": "group",
        },
        ("/BBox",),
        _STREAM | {"/Name"},
        is_stream=True,
    ),
    "image": Kind(  # 8.9.5; clause 6.2.8
        {
            **_plain("/Type /Subtype /Width /Height /BitsPerComponent /ImageMask"),
            **_plain("/Decode /Interpolate /Intent /Matte"),
            "/ColorSpace": "colour",
            "/Mask": "mask",
            "/SMask": "image",
        },
        ("/Width", "/Height"),
        _STREAM | {"/Name"},
        is_stream=True,
    ),
    "tiling": Kind(  # 8.7.3
        {
            **_plain("/Type /PatternType /PaintType /TilingType /XStep /YStep"),
            **_MAPPED,
            "/Resources": "resources",
        },
        ("/BBox", "/Resources"),
        _STREAM,
        is_stream=True,
    ),
    "gradient": Kind(  # 8.7.4
        _plain("/Type /PatternType /Matrix") | {"/Shading": "shading"}, ("/Shading",)
    ),
    "by function": Kind(  # 8.7.4.5.2
        _SHADING | _plain("/Domain /Matrix") | {"/Function": "functions"}
    ),
    "along a line": Kind(  # 8.7.4.5.3 and .4
        _SHADING | _plain("/Domain /Coords /Extend") | {"/Function": "functions"}
    ),
    "samples": Kind(  # 7.10.2
        _plain("/FunctionType /Domain /Range /Size /BitsPerSample /Order")
        | _plain("/Encode /Decode"),
        left_out=_STREAM,
        is_stream=True,
    ),
    "exponential": Kind(_plain("/FunctionType /Domain /Range /C0 /C1 /N")),  # 7.10.3
    "stitching": Kind(  # 7.10.4
        _plain("/FunctionType /Domain /Range /Bounds /Encode")
        | {"/Functions": "functions"}
    ),
    "calculator": Kind(  # 7.10.5
        _plain("/FunctionType /Domain /Range"), left_out=_STREAM, is_stream=True
    ),
    "state": Kind(  # 8.4.5; clause 6.2.5
        {
            **_plain("/Type /LW /LC /LJ /ML /D /FL /SM /SA /CA /ca /AIS /TK"),
            **_plain("/OP /op"),
            "/RI": "intent",
            "/BM": "blend",
            "/SMask": "soft mask",
        }
    ),
    "soft mask dictionary": Kind(  # 11.6.5.2
        _plain("/Type /S /BC") | {"/G": "form"}, ("/S", "/G")
    ),
    "Type0": Kind(  # 9.7.6; clause 6.2.11.3
        _plain("/Type /Subtype")
        | {
            "/BaseFont": "font name",
            "/Encoding": "encoding of codes",
            "/DescendantFonts": "descendants",
            "/ToUnicode": "data",
        },
        ("/DescendantFonts", "/Encoding"),
        frozenset({"/Name"}),
    ),
    "descendant": Kind(  # 9.7.4
        _FONT | _plain("/CIDSystemInfo /DW /W /DW2 /W2") | {"/CIDToGIDMap": "glyphs"},
        ("/FontDescriptor", "/CIDSystemInfo"),
    ),
    "simple": Kind(  # 9.6; clause 6.2.11.6
        _FONT
        | _plain("/FirstChar /LastChar /Widths")
        | {"/Encoding": "encoding", "/ToUnicode": "data"},
        ("/FontDescriptor", "/FirstChar", "/LastChar", "/Widths"),
        frozenset({"/Name"}),
    ),
    "descriptor": Kind(  # 9.8; clause 6.2.11.4
        {
            "/FontName": "font name",
            **_plain("/Type /FontFamily /FontStretch /FontWeight /Flags"),
            **_plain("/FontBBox /ItalicAngle /Ascent /Descent /Leading /CapHeight"),
            **_plain("/XHeight /StemV /StemH /AvgWidth /MaxWidth /MissingWidth"),
            **dict.fromkeys(("/FontFile", "/FontFile2", "/FontFile3"), "font file"),
        },
        ("/Flags",),
        frozenset({"/CIDSet", "/CharSet", "/Lang"}),
    ),
    "font file": Kind(  # 9.9
        _plain("/Length1 /Length2 /Length3 /Subtype"), (), _STREAM, is_stream=True
    ),
    "differences": Kind(_plain("/Type /BaseEncoding /Differences")),  # 9.6.6
    "profile": Kind(  # 8.6.5.5; clause 6.2.4.2
        _plain("/N /Range"), ("/N",), _STREAM | {"/Alternate"}, is_stream=True
    ),
    "calibrated": Kind(_COLOUR, ("/WhitePoint",)),  # 8.6.5
    "data": Kind({}, (), _STREAM | {"/Type", "/CMapName", "/CIDSystemInfo"}, True),  # noqa: FBT003  a table
}

CHOICES: Mapping[str, tuple[str, Mapping[object, str]]] = {
    "xobject": ("/Subtype", {"/Image": "image", "/Form": "form"}),
    "pattern": ("/PatternType", {1: "tiling", 2: "gradient"}),
    "shading": (
        "/ShadingType",
        {1: "by function", 2: "along a line", 3: "along a line"},
    ),
    "function": (
        "/FunctionType",
        {0: "samples", 2: "exponential", 3: "stitching", 4: "calculator"},
    ),
    "font": (
        "/Subtype",
        {"/Type0": "Type0", "/TrueType": "simple", "/Type1": "simple"},
    ),
}
"""Kinds that one entry tells apart."""
BLEND_MODES = frozenset({
    "/Normal", "/Compatible", "/Multiply", "/Screen", "/Overlay", "/Darken",
    "/Lighten", "/ColorDodge", "/ColorBurn", "/HardLight", "/SoftLight",
    "/Difference", "/Exclusion", "/Hue", "/Saturation", "/Color", "/Luminosity",
})  # fmt: skip
"""Clause 6.2.10."""
