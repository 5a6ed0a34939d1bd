"""The command ``types``."""

import json

import click

from elicense import samples
from elicense.catalog import (
    ORIGINS,
    Catalog,
    FieldRule,
    LicenseType,
    NumberKind,
    NumberRule,
    PhotoRule,
    describe,
)
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
@options.common
def types_command(*, name: str | None, as_json: bool, sample: bool) -> None:
    """List the license types (证照类型), or show one type's fields and rules.

    Types under types/ of a workspace join the built-in ones.
    """
    catalog = _catalog()
    if sample and (name is None or as_json):
        raise WrongUsageError(
            Text(
                "--sample 需要给出 TYPE，且本身就是 JSON",
                "--sample needs a TYPE and is JSON already: leave --json out",
            )
        )
    if name is None:
        _print_list(catalog, as_json=as_json)
        return
    license_type = catalog.get(name)
    if sample:
        application = samples.sample(license_type.name, clock.now())
        report.line(json.dumps(application, ensure_ascii=False, indent=1))
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
    return Text(f"{years} 年", f"{years} years")


def _print_type(license_type: LicenseType) -> None:
    report.rows(
        [
            (Text("类型", "type"), f"{license_type.name} ({license_type.version})"),
            (Text("名称", "title"), _title(license_type)),
            (Text("证照类型代码", "type code"), license_type.code),
            (Text("有效期", "validity"), report.chosen(_validity(license_type))),
            *(
                (
                    Text("期间核查", "checkpoint"),
                    report.chosen(
                        Text(
                            f"{item.kind}，每 {item.years} 年",
                            f"{item.kind}, every {item.years} years",
                        )
                    ),
                )
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


def _number(rule: NumberRule) -> Text:
    """Return where the number comes from, and what of it is checked."""
    prefix = f"{rule.prefix} + " if rule.prefix else ""
    kinds = {
        NumberKind.SUPPLIED: Text(
            f"任意文本，最多 {rule.max_length} 字符", f"any text ≤ {rule.max_length}"
        ),
        NumberKind.HOLDER_CODE: Text(
            f"{prefix}持证主体代码，自动得出", f"{prefix}the holder's code, derived"
        ),
        NumberKind.FOOD_BUSINESS: Text(
            "JY、13 位数字、1 位校验码（GB/T 17710）",
            "JY, 13 digits, a check digit (GB/T 17710)",
        ),
    }
    kind = kinds[rule.kind]
    return Text(f"{rule.kind}：{kind.zh}", f"{rule.kind}: {kind.en}")


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
    ]
    if license_type.has_photo:
        needed = "✓" if license_type.photo is PhotoRule.REQUIRED else ""
        content = report.chosen(Text("JPEG 或 PNG 的 base64", "JPEG or PNG in base64"))
        common.append(
            ["photo", report.chosen(Text("照片", "photo")), needed, content, ""]
        )
    return common


def _field(rule: FieldRule) -> list[str]:
    content = str(rule.kind)
    if rule.choices:
        content = "|".join(rule.choices)
    elif rule.kind.value in ("text", "texts"):
        content += f" ≤ {rule.max_length}"
    if rule.kind.is_array:
        content += f" × {rule.max_count}"
    marks = ["✓" if flag else "" for flag in (rule.required, rule.in_qr)]
    return [rule.key, report.chosen(rule.label), marks[0], content, marks[1]]
