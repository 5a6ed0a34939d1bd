"""Takes the first page of a PDF for a background."""

import io
import math

import pikepdf
from pikepdf import Array, Dictionary, Pdf, Stream

from elicense.background import effort, spelled
from elicense.background.objects import Copier
from elicense.background.refusals import RefusedError, refused
from elicense.errors import CatalogError
from elicense.model import Text
from esign.errors import MalformedError

MAX_FILE = 1 << 20
"""Bytes of a background's file; every license of the type carries its page."""
PAPER = 0.5
"""Largest difference between its page and the type's paper, in points."""
_MAX_TREE = 32  # levels of a page tree
_CATALOG = frozenset({
    "/Type", "/Pages", "/Version", "/Lang", "/Metadata", "/OutputIntents",
    "/MarkInfo", "/StructTreeRoot", "/PageMode", "/PageLayout", "/PageLabels",
    "/ViewerPreferences", "/Outlines", "/PieceInfo", "/Extensions",
})  # fmt: skip
"""Entries of the catalog that draw nothing and stay behind."""
_PAGE = frozenset({
    "/Type", "/Parent", "/Resources", "/MediaBox", "/CropBox", "/BleedBox",
    "/TrimBox", "/ArtBox", "/Contents", "/Group", "/Rotate", "/Metadata",
    "/PieceInfo", "/LastModified", "/StructParents", "/Tabs", "/Trans", "/Dur",
    "/Thumb", "/ID",
})  # fmt: skip
NO_PDF = (
    pikepdf.PikepdfError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a file raises that is a PDF in name only."""


def take(data: bytes, name: str, size: tuple[float, float]) -> bytes:
    """Return a PDF of one page that draws what the first page of another draws.

    It holds copies of what that page draws with and nothing else. Refused are layers,
    reference XObjects, outside streams, scripts, actions, annotations, form fields,
    attached files, encryption, signatures, fonts that are not embedded and Type 3
    fonts, inks, filters but FlateDecode and DCTDecode (ASCII ones around them are
    taken off), turned pages, whatever else ISO 19005-3 forbids of objects, names and
    depths that no sealed file has, and what would keep a viewer busy without end.
    Outlines and widths of fonts are NOT checked.

    Args:
        data: the file.
        name: what it is called, for the error.
        size: width and height of the type's paper in points.

    Returns:
        PDF bytes; the same file and size give the same page.

    Raises:
        CatalogError: naming the file and what was found.
    """
    try:
        return _taken(data, size)
    except RefusedError as err:
        raise _error(name, err.found.zh, err.found.en) from err
    except pikepdf.PasswordError as err:
        raise _error(name, "加密", "encryption") from err
    except (MalformedError, *NO_PDF) as err:
        raise CatalogError(
            Text(f"底图 {name} 无法读取", f"background {name}: it can not be read")
        ) from err


def _error(name: str, zh: str, en: str) -> CatalogError:
    return CatalogError(
        Text(f"底图 {name} 不能使用：其中有{zh}", f"background {name}: it has {en}")
    )


def _taken(data: bytes, size: tuple[float, float]) -> bytes:
    """Copy the page of a file into a new one."""
    if len(data) > MAX_FILE:
        raise RefusedError("过多的字节", f"more than {MAX_FILE} bytes")
    with (
        pikepdf.open(
            io.BytesIO(data), attempt_recovery=False, suppress_warnings=True
        ) as source,
        pikepdf.new() as target,
    ):
        if source.is_encrypted:
            raise RefusedError("加密", "encryption")
        _check_catalog(source.Root)
        page = source.pages[0].obj
        _check_page(page, size)
        copier = Copier(target)
        content = b"\n".join(map(copier.decoded, _streams(page)))
        resources = _inherited(page, "/Resources")
        operators, table = copier.page(
            content, Dictionary() if resources is None else resources
        )
        target.add_blank_page(page_size=size)
        made = target.pages[0].obj
        made.MediaBox = Array([0, 0, round(size[0], 3), round(size[1], 3)])
        made.Resources = table
        made.Contents = target.make_indirect(Stream(target, operators))
        if "/Group" in page:
            made.Group = copier.copy(page.Group, "group", 0)
        drawn = target.pages[0].as_form_xobject()
        spelled.check(drawn)
        effort.check(drawn)
        return saved(target)


def saved(pdf: Pdf) -> bytes:
    """Return a file, the same bytes for the same objects; streams are deflated."""
    out = io.BytesIO()
    pdf.save(
        out,
        compress_streams=True,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
        deterministic_id=True,
    )
    return out.getvalue()


def _check_catalog(root: pikepdf.Object) -> None:
    """Refuse what acts, asks, hides or carries files."""
    for key in sorted(root.keys()):
        if key in ("/Names", "/Dests"):
            names = root[key].keys() if key == "/Names" else ()
            for kind in sorted(set(names) - {"/Dests"}):
                raise refused(kind)
        elif key not in _CATALOG:
            raise refused(key)


def _check_page(page: pikepdf.Object, size: tuple[float, float]) -> None:
    """Refuse a page that is turned, cropped, scaled, of another size, or that acts."""
    for key in sorted(page.keys()):
        if key not in _PAGE:
            raise refused(key)
    if _inherited(page, "/Rotate") not in (None, 0):
        raise RefusedError("旋转的页面（/Rotate）", "a page that is turned (/Rotate)")
    for key in ("/MediaBox", "/CropBox"):
        box = _inherited(page, key)
        if box is None and key == "/CropBox":
            continue
        found = [float(value) for value in box.as_list()] if box is not None else []
        expected = (0, 0, *size)
        if len(found) != len(expected) or not all(
            math.isfinite(seen) and abs(seen - wanted) <= PAPER
            for seen, wanted in zip(found, expected, strict=True)
        ):
            paper = f"0 0 {size[0]:.1f} {size[1]:.1f}"
            raise RefusedError(
                f"与版式纸张尺寸不同的页面（{key}，应为 {paper}）",
                f"a page of another size than the layout ({key}, expected {paper})",
            )


def _inherited(page: pikepdf.Object, key: str) -> pikepdf.Object | None:
    """Return an entry of a page or of what it stands under (7.7.3.4)."""
    node: pikepdf.Object | None = page
    for _ in range(_MAX_TREE):
        if node is None or key in node:
            break
        node = node.get("/Parent")
    return None if node is None else node.get(key)


def _streams(page: pikepdf.Object) -> list[Stream]:
    """Return the content streams of a page."""
    found = page.get("/Contents")
    items = found.as_list() if isinstance(found, Array) else [found]
    streams = [item for item in items if isinstance(item, Stream)]
    if len(streams) != len([item for item in items if item is not None]):
        raise RefusedError("损坏的内容", "contents that are no stream")
    return streams
