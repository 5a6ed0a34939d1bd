"""Issue a license, verify it twice, revoke it, publish, and verify it again."""

from pathlib import Path

from elicense import Grounds, Reason, Workspace, sample, validate_text
from esign import clock

ORGAN = {"name": "示例市行政审批局", "code": "11990100000000027A"}
data = sample("food-business", clock.now())  # a complete invented application
with Workspace.create(Path("office"), **ORGAN) as office:
    issued = office.issue("food-business", data, number="990100202611210001")
    Path("license.pdf").write_bytes(issued.pdf)
    print("PDF:", office.validate(issued.pdf).message.en)
    qr = validate_text(issued.qr_text, office.trust(), clock.now())
    print("QR:", qr.message.en)
    office.revoke(issued.license.identifier, Grounds(reason=Reason.CANCELLED))
    office.publish()
    print("PDF:", office.validate(issued.pdf).message.en)
