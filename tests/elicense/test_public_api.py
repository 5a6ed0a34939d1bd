"""The names that other people's code relies on; a change here is a change for them."""

import importlib
import os
import subprocess
import sys

import pytest

import elicense

NAMES = """
    ApplicationError BatchPolicy Catalog Changed Check Claims Code Decision
    DeviceAccess DeviceSettings
    ElicenseError Event EventKind GOV Grounds Holder Hub Identifier Indication Issued
    IssuingProfile LEAN License LicenseType MetadataKeys NotPassedError NotReleasedError
    Organization Outcome Problem ProfileError Reason Request SEALED_ONLY STANDARD Scope
    Seen Shown Standing State Text TrustState ValidationPolicy Validity Verdict
    Workspace admit metadata sample validate validate_image validate_pdf validate_text
"""
PACKAGES = {
    "esign": """
        Check Code DevelopmentAuthority ESignError GmAuthority Indication MalformedError
        PublicKey Seal SealAppearance SealGrant SealIdentity SealReport
        SealRequest SealSpec Signer SoftwareSigner Suite UnavailableError
        VerificationError
    """,
    "elicense.catalog": """
        Agreement Background COMMON_KEYS COPIES Catalog Checked CheckpointRule ChoicesBy
        Enforce FieldKind FieldRule HolderRule LabelBy LicenseType NumberKind NumberRule
        ORIGINS OnlyFor PhotoRule Presentation ValidityRule check_application describe
        parse_application
    """,
    "elicense.validating": """
        MAX_TIMESTAMPS NotPassedError Scope Verdict validate validate_attested
        validate_image validate_pdf validate_text
    """,
    "elicense.trust": """
        BACKDATING BUNDLE_PURPOSE Bundle CLOCK_TOLERANCE FORMAT FORMAT_CLOSING
        FORMAT_GM KeyGrant
        KeyPurpose ListEntry MAX_BUNDLE_BYTES OrganizationEntry Period ROOT_PURPOSE
        RollbackError RootChain RootStatement SealEntry Seen SignedStatement
        SnapshotSighting Source Statement Succession TimestampAuthority TrustState
        admit admit_lists
        fingerprints_in no_trust sign_bundle sign_handover sign_root_statement
    """,
    "elicense.issuing": """
        AwaitingSealError Batch BatchPolicy Issued IssuingDesk NotReleasedError
        Operation Outcome Reconciled ReprintError Reprinted Request SampleError
        UnreadError Waiting issue issue_many reconcile reprint validate_own
    """,
    "elicense.document": """
        DocumentParts OnePassPress PlainPress Press SealArt Sheet lay_out render
    """,
    "elicense.fonts": """
        Advances EM Face FaceError FontSet Metrics STANDARD Subset Typeface face
        is_ideograph open_face subset to_unicode
    """,
    "esign.timestamps": """
        MAX_TOKEN_BYTES Timestamp UNSTATED_ACCURACY UnverifiedTimestamp obtain
        open_response read request token_in verify verify_path
    """,
    "elicense.register": """
        Adopted Allocation AsOf Build Change Claim DIGEST_BYTES LIST_CAPACITY
        LIST_FILL_MAX LIST_ID_MAX ListFullError Named Output PlaceTakenError Publication
        Register RequestKey Reservation ReserveRequest Row SALT_BYTES SERIAL_MAX
        SealOrder SnapshotMark Status
    """,
    "elicense.sealing": """
        Actors Allowed Coverage Grant Kind NOBODY Pinned Refusal Refused Scenario
        SealDesk SealEvent SealEventError SealEventKind SealForm SealIdError SealInquiry
        SealPolicy SealReason SealRecord SealRefusedError SealState SealStore SealUse
        SealVerdict UseLine Withdrawn check coverage decide read_policy read_trust
    """,
    "esign.hsm": """
        Device DeviceError DeviceSigner KeyName PinCallback PinRequest Place
        Sm2DeviceSigner Trouble destroy is_there remove
    """,
    "esign.pades": """
        AnyIdentity GmCmsIdentity GmSealIdentity NoSealError OnePassSealer Seal
        SealAppearance SealGrant SealIdentity SealObject SealReport SealRequest
        SealedPdf Stock SubFilter read seal stock_of validate
    """,
}
HEAVY = (
    "PIL",
    "cryptography",
    "fontTools",
    "pikepdf",
    "pyhanko",
    "pypdfium2",
    "reportlab",
    "sqlite3",
    "zxingcpp",
)


def test_the_public_names_are_these() -> None:
    assert sorted(elicense.__all__) == sorted(NAMES.split())
    assert len(set(elicense.__all__)) == len(elicense.__all__)


@pytest.mark.parametrize("name", sorted(NAMES.split()))
def test_a_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(elicense, name)
    assert value is getattr(elicense, name)
    if callable(value):
        assert value.__doc__


@pytest.mark.parametrize(("package", "names"), PACKAGES.items(), ids=PACKAGES)
def test_the_names_of_a_package_are_these(package: str, names: str) -> None:
    module = importlib.import_module(package)
    assert sorted(module.__all__) == sorted(names.split())
    assert all(hasattr(module, name) for name in module.__all__)


def test_a_name_that_is_not_public_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = elicense.nothing
    assert dir(elicense) == sorted(elicense.__all__)


def run(code: str) -> str:
    """Run a program in a fresh interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stderr == ""
    return done.stdout


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, elicense, esign;"
        f" print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert run(code) == "[]\n"


def test_every_name_comes_by_a_star_import() -> None:
    code = "from elicense import *; print(validate.__name__, STANDARD.check_face)"
    assert run(code) == "validate True\n"


def test_a_program_that_only_verifies_loads_neither_drawing_nor_sealing() -> None:
    heavy = ("pyhanko", "reportlab", "elicense.issuing", "elicense.register.sqlite")
    code = (
        "import sys; from elicense import validate_text, admit, STANDARD;"
        f" print([name for name in {heavy!r} if name in sys.modules])"
    )
    assert run(code) == "[]\n"
