"""The command ``types``."""

import json

import click

from elicense import samples
from elicense.catalog import (
    ORIGINS,
    Catalog,
    CheckpointRule,
    Enforce,
    FieldRule,
    LicenseType,
    NumberKind,
    NumberRule,
    PhotoRule,
    describe,
)
from elicense.catalog.schema import json_schema
from elicense.cli import options, report
from elicense.cli.usage import WrongUsageError
from elicense.model import Text
from esign import clock


@click.command("types")
@click.argument("name", metavar="[TYPE]", required=False)
@options.as_json
@click.option(
    "--sample",
    is_flag=True,
    help="Print a complete invented application (示例申请), issuable as it stands.",
)
@click.option(
    "--schema",
    is_flag=True,
    help="Print the JSON Schema (draft 2020-12) of an application.",
)
@options.common
def types_command(
    *, name: str | None, as_json: bool, sample: bool, schema: bool
) -> None:
    """List the license types (证照类型), or show one type's fields and rules.

    Types under types/ of a workspace join the built-in ones.
    """
    catalog = _catalog()
    if (sample or schema) and (name is None or as_json + sample + schema > 1):
        raise WrongUsageError(
            Text(
                "--sample 与 --schema 需要给出 TYPE，本身就是 JSON，且不能同时使用",
                "--sample and --schema need a TYPE, are JSON already, and are not used"
                " together",
            )
        )
    if name is None:
        _print_list(catalog, as_json=as_json)
        return
    license_type = catalog.get(name)
    if sample:
        application = samples.sample_of(license_type, clock.now())
        report.line(json.dumps(application, ensure_ascii=False, indent=1))
    elif schema:
        report.line(json.dumps(json_schema(license_type), ensure_ascii=False, indent=1))
    elif as_json:
        report.json_line(describe(license_type))
    else:
        _print_type(license_type)


def _catalog() -> Catalog:
    folder = options.own_folder()
    if folder is None or not any((folder / "types").glob("*.toml")):
        return Catalog.builtin()
    # A workspace's own types are read by the workspace, whose engines are heavy.
    from elicense.folder import load_catalog  # noqa: PLC0415  see above

    return load_catalog(folder)


def _print_list(catalog: Catalog, *, as_json: bool) -> None:
    found = [catalog.get(name) for name in catalog.names()]
    if as_json:
        report.json_line([describe(item) for item in found])
        return
    report.table(
        [Text("类型", "type"), Text("名称", "title"), Text("有效期", "validity")],
        [[item.name, _title(item), report.chosen(_validity(item))] for item in found],
    )


def _title(license_type: LicenseType) -> str:
    title = license_type.title
    return title.zh if title.zh == title.en else f"{title.zh} {title.en}"


def _validity(license_type: LicenseType) -> Text:
    years = license_type.validity.years
    if years is None:
        return Text("按申请填写", "as the application says")
    if license_type.validity.enforce is Enforce.WARN:
        return Text(f"{years} 年（更晚仅提示）", f"{years} years (a later end: warned)")
    noun = "year" if years == 1 else "years"
    return Text(f"{years} 年", f"{years} {noun}")


def _checkpoint(rule: CheckpointRule) -> Text:
    zh, en = (
        (f"{rule.years} 年", f"{rule.years} years")
        if rule.years
        else (f"{rule.months} 个月", f"{rule.months} months")
    )
    if not rule.once:
        return Text(f"{rule.kind}，每 {zh}", f"{rule.kind}, every {en}")
    extended = (
        Text(
            f"，最多延期 {rule.max_extensions} 次",
            f", put off {rule.max_extensions} times at most",
        )
        if rule.extended_field
        else Text("", "")
    )
    return Text(
        f"{rule.kind}，{zh}内一次{extended.zh}",
        f"{rule.kind}, once within {en}{extended.en}",
    )


def _print_type(license_type: LicenseType) -> None:
    report.rows(
        [
            (Text("类型", "type"), f"{license_type.name} ({license_type.version})"),
            (Text("名称", "title"), _title(license_type)),
            (Text("证照类型代码", "type code"), license_type.code),
            (Text("有效期", "validity"), report.chosen(_validity(license_type))),
            *(
                (Text("期间核查", "checkpoint"), report.chosen(_checkpoint(item)))
                for item in license_type.checkpoints
            ),
        ]
    )
    report.line("")
    heads = (
        Text("字段", "field"),
        Text("名称", "label"),
        Text("必填", "required"),
        Text("内容", "content"),
        Text("在二维码中", "in QR"),
    )
    report.table(heads, [*_common(license_type), *map(_field, license_type.fields)])


_COPY = Text("正副本", "copy")
_EXTERNAL = Text("外部二维码", "external code")
_EXTERNAL_IS = Text("文本，或二维码图片的 base64", "a text, or a QR image in base64")


def _number(rule: NumberRule) -> Text:
    """Return where the number comes from, and what of it is checked."""
    prefix = f"{rule.prefix} + " if rule.prefix else ""
    warned = _warned(rule.enforce)
    check = Text("，末位校验（GB/T 17710）", ", checked (GB/T 17710)")
    check = check if rule.check else Text("", "")
    kinds = {
        NumberKind.SUPPLIED: Text(
            f"任意文本，最多 {rule.max_length} 字符", f"any text ≤ {rule.max_length}"
        ),
        NumberKind.HOLDER_CODE: Text(
            f"{prefix}持证主体代码，自动得出", f"{prefix}the holder's code, derived"
        ),
        NumberKind.PATTERN: Text(
            f"{rule.says.zh}{check.zh}{warned.zh}",
            f"{rule.says.en}{check.en}{warned.en}",
        ),
    }
    kind = kinds[rule.kind]
    return Text(f"{rule.kind}：{kind.zh}", f"{rule.kind}: {kind.en}")


def _warned(enforce: Enforce) -> Text:
    """Return the mark of a rule that only warns."""
    if enforce is Enforce.WARN:
        return Text("（不符仅提示）", " (else a warning)")
    return Text("", "")


def _common(license_type: LicenseType) -> list[list[str]]:
    """Return the rows of the fields that every type has."""
    holders, number = license_type.holders, license_type.number
    day = report.chosen(Text("日期 YYYY-MM-DD", "day YYYY-MM-DD"))
    count = "1" if holders.max_count == 1 else f"1-{holders.max_count}"
    people = f"{count}: name, code ({'|'.join(holders.code_types)})"
    if holders.roles:
        people += f", role ({'|'.join(holders.roles)})"
    given = "" if number.kind is NumberKind.HOLDER_CODE else "✓"
    open_ended = license_type.validity.years is None
    last = Text("最后一日；长期写 null", "the last day; null for 长期")
    common = [
        ["holders", report.chosen(license_type.holder_label), "✓", people, "✓"],
        [
            "number",
            report.chosen(license_type.number_label),
            given,
            report.chosen(_number(number)),
            "✓",
        ],
        ["issue_date", report.chosen(Text("发证日期", "issue date")), "", day, "✓"],
        ["valid_from", report.chosen(Text("有效期起", "first day")), "", day, "✓"],
        [
            "valid_until",
            report.chosen(Text("有效期至", "last day")),
            "✓" if open_ended else "",
            report.chosen(last) if open_ended else day,
            "✓",
        ],
        ["origin", report.chosen(Text("来源", "origin")), "", "|".join(ORIGINS), ""],
        ["copy", report.chosen(_COPY), "", "|".join(license_type.copies), ""],
        ["external_qr", report.chosen(_EXTERNAL), "", report.chosen(_EXTERNAL_IS), ""],
    ]
    if license_type.has_photo:
        needed = "✓" if license_type.photo is PhotoRule.REQUIRED else ""
        content = report.chosen(Text("JPEG 或 PNG 的 base64", "JPEG or PNG in base64"))
        common.append(
            ["photo", report.chosen(Text("照片", "photo")), needed, content, ""]
        )
    return common


def _field(rule: FieldRule) -> list[str]:
    needed = "✓" if rule.required else ""
    if rule.only_for is not None:
        # Needed, or there at all, where another field says so.
        needed = f"{'✓ ' * rule.required}{rule.only_for.field}"
    in_qr = "✓" if rule.in_qr else ""
    if rule.qr_length:
        in_qr = f"✓ ≤ {rule.qr_length}"
    return [rule.key, report.chosen(rule.label), needed, _content(rule), in_qr]


def _content(rule: FieldRule) -> str:
    """Return what a field takes: its kind, choices or form, and how many."""
    content = str(rule.kind)
    if rule.columns:
        names = ", ".join(f"{item.key} ({_content(item)})" for item in rule.columns)
        content += f": {names}"
    elif rule.choices:
        content = "|".join(rule.choices) + report.chosen(_warned(rule.enforce))
    elif rule.says is not None:
        warned = _warned(rule.enforce)
        content = report.chosen(
            Text(f"{rule.says.zh}{warned.zh}", f"{rule.says.en}{warned.en}")
        )
    elif rule.kind.value in ("text", "texts"):
        content += f" ≤ {rule.max_length}"
    if rule.only_for is not None:
        content += f" [{rule.only_for.field}={'|'.join(rule.only_for.values)}]"
    return f"{content} × {rule.max_count}" if rule.kind.is_array else content
