"""The command ``show``."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from elicense import attachments, files, payload, qr, record
from elicense.catalog import Catalog
from elicense.cli import options, report
from elicense.cli.place import open_workspace
from elicense.cli.usage import WrongUsageError
from elicense.dates import instant_text
from elicense.errors import UnknownTypeError
from elicense.events import Event
from elicense.folder import load_catalog
from elicense.gbt36903 import MetadataKeys, metadata
from elicense.model import FieldValue, License, Text
from elicense.policy import MAX_INPUT_BYTES
from elicense.register import AsOf
from elicense.standing import Standing
from elicense.workspace import Shown, Workspace
from esign import clock, pades
from esign.errors import MalformedError

_LABELS = {
    "identifier": Text("证照标识", "identifier"),
    "number": Text("证照编号", "number"),
    "title": Text("证照名称", "title"),
    "issue_date": Text("发证日期", "issue date"),
    "valid_from": Text("有效期起", "valid from"),
    "valid_until": Text("有效期至", "valid until"),
    "origin": Text("来源", "origin"),
    "copy": Text("正副本", "copy"),
    "case": Text("办件编号", "case"),
}


@click.command("show")
@click.argument("name", metavar="ID|FILE")
@click.option(
    "--at",
    callback=options.instant,
    metavar="TIME",
    help="Also where it stood then: by effect (valid), and by what had been recorded"
    " (known). A day stands for 00:00 UTC+8.",
)
@click.option(
    "--gbt36903",
    "keys",
    type=click.Choice([keys.value for keys in MetadataKeys]),
    help="JSON in the element names of GB/T 36903 instead: Chinese, pinyin, English.",
)
@options.as_json
@options.common
def show_command(
    *, name: str, at: datetime | None, keys: str | None, as_json: bool
) -> None:
    """Show what a license says, its history and its QR.

    ID is an identifier (证照标识) or a license number (证照编号); a number that names
    several shows all of them, oldest first. FILE is a PDF: what it says is shown and
    not verified. For the issuing organ's own eyes: ids stand in clear.
    """
    names = None if keys is None else MetadataKeys(keys)
    _check_usage(Path(name), at, names, as_json=as_json)
    if Path(name).is_file():
        _show_file(Path(name), names, as_json=as_json)
        return
    now = clock.now()
    with open_workspace() as workspace:
        if names is not None:
            _show_metadata(workspace, name, names)
            return
        found = [workspace.show(item, now) for item in workspace.find(name)]
        past = None if at is None else workspace.register.at(at)
        for shown in found:
            view = None if past is None else _Past.of(past, shown)
            if as_json:
                report.json_line(_to_json(shown, view))
            else:
                _print(shown, view, workspace.catalog)


def _check_usage(
    path: Path, at: datetime | None, names: MetadataKeys | None, *, as_json: bool
) -> None:
    """Refuse options that do not go together."""
    if at is not None and path.is_file():
        raise WrongUsageError(
            Text("--at 只用于登记库中的证照", "--at asks the register, not a file")
        )
    if names is not None and (as_json or at is not None):
        raise WrongUsageError(
            Text(
                "--gbt36903 不能与 --json 或 --at 同时使用",
                "--gbt36903 goes with neither --json nor --at",
            )
        )


def _show_metadata(workspace: Workspace, name: str, keys: MetadataKeys) -> None:
    """Print every license that a name means, each as one JSON object."""
    now = clock.now()
    for identifier in workspace.find(name):
        report.json_line(workspace.metadata(identifier, keys, at=now))
        _note_specimen(workspace.show(identifier, now).license)


def _note_specimen(license_: License) -> None:
    """Say of a specimen that it is one, which its metadata cannot say."""
    if license_.specimen:
        label, worth = report.specimen()
        report.note(Text(f"{label.zh}：{worth}", f"{label.en}: {worth}"))


@dataclass(frozen=True, slots=True)
class _Past:
    """Where a license stood at an instant."""

    at: datetime
    valid: Standing
    known: Standing

    @classmethod
    def of(cls, register: AsOf, shown: Shown) -> "_Past":
        name = shown.license.identifier
        return cls(register.at, register.valid(name), register.known(name))


def _standing_json(standing: Standing) -> dict[str, object]:
    code, event = standing.code, standing.event
    return {
        "state": standing.state.value,
        "code": None if code is None else code.text,
        "successor": standing.successor,
        "event": None if event is None else event.seq,
    }


def _to_json(shown: Shown, past: _Past | None) -> dict[str, object]:
    return {
        "identifier": shown.license.identifier,
        "number": shown.license.draft.number,
        "state": shown.state.value,
        **(
            {}
            if past is None
            else {
                "as_of": {
                    "at": instant_text(past.at),
                    "valid": _standing_json(past.valid),
                    "known": _standing_json(past.known),
                }
            }
        ),
        "previous": shown.license.previous,
        "successor": shown.row.successor,
        "published": shown.published,
        "qr_text": shown.qr_text,
        "record": record.view(shown.license),
        "history": [_whole_event_json(event) for event in shown.history],
    }


def event_json(event: Event) -> dict[str, object]:
    """Return an event as JSON has it, without its decision and note.

    Those may name persons; only ``show`` prints them.
    """
    why, until = event.reason, event.until
    return {
        "seq": event.seq,
        "kind": event.kind.value,
        "reason": None if why is None else why.code,
        "effective_at": instant_text(event.effective_at),
        "recorded_at": instant_text(event.recorded_at),
        "until": None if until is None else until.isoformat(),
        "successor": event.successor,
    }


def _whole_event_json(event: Event) -> dict[str, object]:
    decision = event.decision
    return {
        **event_json(event),
        "decision": None if decision is None else decision.to_json(),
        "note": event.note,
    }


def _versions(shown: Shown) -> list[report.Row]:
    pairs = [
        (Text("前一版本", "version before"), shown.license.previous),
        (Text("新版本", "new version"), shown.row.successor),
    ]
    return [(label, name) for label, name in pairs if name is not None]


def _past_rows(past: _Past | None) -> list[report.Row]:
    if past is None:
        return []
    when = report.moment(past.at)
    return [
        (Text(f"{when} 依效力", f"{when} valid"), _stood(past.valid)),
        (Text(f"{when} 依登记", f"{when} known"), _stood(past.known)),
    ]


def _stood(standing: Standing) -> str:
    if standing.code is None:
        return report.chosen(Text("当时尚未签发", "not issued yet"))
    successor = f" → {standing.successor}" if standing.successor else ""
    return f"{standing.code.text}{successor}"


def _print(shown: Shown, past: _Past | None, catalog: Catalog) -> None:
    report.rows(
        [
            *_license_rows(shown.license, catalog),
            *_versions(shown),
            (Text("状态", "state"), report.chosen(shown.state.text)),
            *_past_rows(past),
            (Text("已发布", "published"), report.yes_or_no(answer=shown.published)),
        ]
    )
    report.line(report.chosen(Text("经历", "history")))
    for event in shown.history:
        report.line(f"  {report.plain(_event_line(event))}")
    _print_qr(shown.qr_text)


def _event_line(event: Event) -> str:
    parts = [report.moment(event.recorded_at), report.chosen(event.kind.text)]
    if event.reason is not None:
        parts.append(f"{event.reason.code} {event.reason.text.zh}")
    if event.effective_at != event.recorded_at:
        since = report.moment(event.effective_at)
        parts.append(report.chosen(Text(f"自 {since} 起", f"from {since}")))
    if event.until is not None:
        parts.append(f"→ {event.until}")
    if event.decision is not None:
        parts.append(f"{event.decision.document} {event.decision.number}")
    return "  ".join([*parts, event.note]).rstrip()


def _license_rows(license_: License, catalog: Catalog) -> list[report.Row]:
    view = record.view(license_)
    found = [
        (label, _value(view[key])) for key, label in _LABELS.items() if key in view
    ]
    found += [
        (
            Text(item.role or "持证主体", item.role or "holder"),
            f"{item.name} {item.code}",
        )
        for item in license_.draft.holders
    ]
    issuer = license_.issuer
    found.append((Text("发证机关", "issuer"), f"{issuer.name} {issuer.code}"))
    found += [
        (Text(f"应{item.kind}日期", f"{item.kind} due"), item.due.isoformat())
        for item in license_.draft.checkpoints
    ]
    labels = _labels(license_, catalog)
    found += [
        (
            labels.get(key, Text(key, key)),
            _field_value(value),
        )
        for key, value in license_.draft.fields.items()
    ]
    if license_.specimen:
        found.append(report.specimen())
    return found


def _field_value(value: FieldValue) -> str:
    """Return a field's value on one line; of a row the values of its columns."""
    if isinstance(value, str):
        return value
    return "；".join(
        item if isinstance(item, str) else " ".join(item.values()) for item in value
    )


def _labels(license_: License, catalog: Catalog) -> dict[str, Text]:
    """Return the labels of a license's fields; none where its type is not known."""
    draft = license_.draft
    try:
        kind = catalog.get(draft.type_name, draft.type_version)
    except UnknownTypeError:
        return {}
    return {rule.key: kind.label_of(rule, draft.fields) for rule in kind.fields}


def _value(value: object) -> str:
    return "长期" if value is None else str(value)


def _print_qr(text: str) -> None:
    if text:
        report.line(qr.to_terminal(qr.encode(text)))
        report.line(text)


def _show_file(path: Path, names: MetadataKeys | None, *, as_json: bool) -> None:
    """Show what a PDF says of itself; nothing of it is verified."""
    data = files.read(path, MAX_INPUT_BYTES)
    if len(data) > MAX_INPUT_BYTES:
        raise MalformedError(f"{path.name}: more than {MAX_INPUT_BYTES} bytes")
    sealed_at = pades.read(data).sealed_at
    found = attachments.read(data)
    license_, _ = record.decode(found.record)
    payload.open_token(found.token)
    text = payload.qr_text(found.token)
    report.note(
        Text(
            "以下内容未经核验，核验请用 elicense verify",
            "not verified: what follows is what the file says; use elicense verify",
        )
    )
    if as_json:
        report.json_line(_file_json(license_, text))
        return
    folder = options.own_folder()
    catalog = Catalog.builtin() if folder is None else load_catalog(folder)
    if names is not None:
        type_ = catalog.describing(license_)
        report.json_line(metadata(license_, type_, keys=names, sealed_at=sealed_at))
        _note_specimen(license_)
        return
    report.rows(_license_rows(license_, catalog))
    _print_qr(text)


def _file_json(license_: License, qr_text: str) -> dict[str, object]:
    return {
        "identifier": license_.identifier,
        "number": license_.draft.number,
        "state": None,
        "verified": False,
        "qr_text": qr_text,
        "record": record.view(license_),
        "history": [],
    }
