"""What the readers take: any bytes give a value or MalformedError, soon."""

import functools
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esign import der, ses, sm2
from esign.errors import MalformedError
from esign.ses import elements
from esign.ses.elements import Notes
from esign.verdict import Code, Indication
from tests.esign.ses_world import (
    DIGEST,
    NOW,
    SIGNED,
    bits,
    code_of_seal,
    info_of,
    resealed,
    seal_2014,
    signature_2014,
    token,
    utc_time,
    world,
)
from tests.support import vectors

READERS = (ses.read_seal, ses.read_signature, ses.read_signed_data)
LIMIT_SECONDS = 5  # DESIGN, section 2.11


def reads(data):
    """Feed bytes to every public decoder; whatever else is raised fails the test."""
    for read in READERS:
        for lenient in (False, True):
            try:
                value = read(data, lenient=lenient)
            except MalformedError:
                continue
            assert lenient or value.oddities == ()
            assert read(data, lenient=True) is not None
    trust = world().trust()
    for report in (
        ses.validate_seal(data, trust, NOW),
        ses.validate_signature(data, DIGEST, trust, NOW, lenient=True),
        ses.validate_signed_data(data, b"document", trust, NOW, lenient=True),
    ):
        assert report.indication in set(Indication) - {Indication.NOT_CHECKED}


def small_seal(**changes):
    return world().seal(picture=replace(world().draft.picture, data=b"p"), **changes)


@functools.cache
def samples():
    seal = small_seal(version=5, extensions=(ses.Extension("1.2.3", False, b"x"),))
    old = seal_2014(world().maker, world().draft)
    stamp = token(world().service, b"value", SIGNED)
    return (
        seal,
        ses.add_timestamp(ses.read_seal(seal), stamp),
        world().signature(small_seal(by_digest=True)),
        old,
        signature_2014(old, world().signer, utc_time(SIGNED)),
        stamp,
    )


def test_every_third_party_file_is_hostile_input_to_every_decoder():
    files = [path for path in sorted(vectors("ses").rglob("*")) if path.is_file()]
    assert len(files) >= 13
    for path in files:
        reads(path.read_bytes())


@given(st.binary(max_size=200))
def test_any_bytes(data):
    reads(data)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_edit_of_a_good_file(data):
    sample = data.draw(st.sampled_from(samples()))
    start = data.draw(st.integers(0, len(sample)))
    end = data.draw(st.integers(start, min(len(sample), start + 40)))
    put = data.draw(st.binary(max_size=40))
    edited = sample[:start] + put + sample[end:]
    reads(edited)
    if edited not in samples():
        report = ses.validate_seal(edited, world().trust(), NOW)
        assert report.indication is not Indication.PASSED
        report = ses.validate_signature(edited, DIGEST, world().trust(), NOW)
        assert report.indication is not Indication.PASSED


@given(st.data())
def test_a_strict_reading_is_a_lenient_one_without_a_note(data):
    sample = data.draw(st.sampled_from(samples()[:3]))
    read = ses.read_signature if sample == samples()[2] else ses.read_seal
    assert read(sample) == read(sample, lenient=True)


HOSTILE = {
    "two megabytes of empty elements": b"\x05\x00" * (1 << 20),
    "two megabytes of empty sequences in one": der.tlv(
        der.SEQUENCE, b"\x30\x00" * ((1 << 20) - 8)
    ),
    "deep nesting": b"\x30\x80" * (1 << 20),
    "a length that nothing follows": b"\x30\x84\xff\xff\xff\xff" + bytes(1000),
    "more than the limit": bytes(ses.MAX_SIGNATURE_BYTES + 1),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_bytes_cost_little(what):
    begun = time.perf_counter()
    reads(HOSTILE[what])
    assert time.perf_counter() - begun < LIMIT_SECONDS


def test_lists_beyond_their_limits_are_refused_soon():
    entry = der.tlv(der.OCTETS, b"c")
    listed = der.tlv(der.SEQUENCE, entry * 600_000)
    info = info_of(small_seal())
    header, identifier, said, picture = der.children(info, der.SEQUENCE, 4, 4)
    kind, name, way, _, *times = der.children(said, der.SEQUENCE, 7, 7)
    said = der.tlv(der.SEQUENCE, kind, name, way, listed, *times)
    seal = resealed(
        der.tlv(der.SEQUENCE, header, identifier, said, picture), world().maker
    )
    begun = time.perf_counter()
    reads(seal)
    assert time.perf_counter() - begun < LIMIT_SECONDS
    with pytest.raises(MalformedError, match="more than 64"):
        ses.read_seal(seal)


def swapped(old, new):
    """Return a seal that is signed rightly, with other bytes of the same length."""
    assert len(old) == len(new)
    info = info_of(small_seal())
    assert info.count(old) == 1
    return resealed(info.replace(old, new), world().maker)


REFUSED = {
    "a header that is not ES": (b"\x16\x02ES", b"\x16\x02SE"),
    "a day that does not exist": (b"20250102000000Z", b"20250230000000Z"),
    "an hour that does not exist": (b"20250102000000Z", b"20250102250000Z"),
    "a time in letters": (b"20250102000000Z", b"2025010200000OZ"),
    "an identifier that is not ASCII": (
        b"\x16\x0e37030000001721",
        b"\x16\x0e3703000000172\xb2",
    ),
    "a list of a third kind": (b"\x02\x01\x01\x30\x82", b"\x02\x01\x03\x30\x82"),
    "an end before the beginning": (b"20290102000000Z", b"20240102000000Z"),
    "a name that is not UTF-8": ("测试".encode(), b"\xff\xfe\xff\xfe\xff\xfe"),
    "a picture without width": (b"\x02\x01\x2a\x02", b"\x02\x01\x00\x02"),
    "a negative number": (b"\x02\x01\x2a\x02", b"\x02\x01\xaa\x02"),
    "a name of another tag": (b"\x0c\x1e", b"\x04\x1e"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_no_reading_takes(what):
    seal = swapped(*REFUSED[what])
    for lenient in (False, True):
        with pytest.raises(MalformedError):
            ses.read_seal(seal, lenient=lenient)
    report = ses.validate_seal(seal, world().trust(), NOW)
    assert (report.code, len(report.checks)) == (Code.MALFORMED, 1)


def test_what_only_a_lenient_reading_takes():
    made = {
        ses.Oddity.STRING_KIND: swapped(b"\x16\x0e3703", b"\x13\x0e3703"),
        ses.Oddity.VERSION: swapped(b"\x02\x01\x04\x16", b"\x02\x01\x03\x16"),
        ses.Oddity.RAW_SIGNATURE: resealed(info_of(small_seal()), world().maker, bytes),
        ses.Oddity.LENGTH: longer_head(small_seal()),
    }
    for oddity, seal in made.items():
        with pytest.raises(MalformedError):
            ses.read_seal(seal)
        assert code_of_seal(seal) is Code.UNSUPPORTED
        assert code_of_seal(seal, lenient=True) is Code.VALID
        assert ses.read_seal(seal, lenient=True).oddities == (oddity,)


def longer_head(seal):
    content = der.inner(seal, der.SEQUENCE)
    return b"\x30\x84" + len(content).to_bytes(4, "big") + content


TIMES = {
    "20250102030405Z": (datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC), ()),
    "20250102110405+0800": (
        datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC),
        (ses.Oddity.TIME_FORM,),
    ),
    "20250102030405.75Z": (
        datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC),
        (ses.Oddity.TIME_FORM,),
    ),
    "20250102110405": (
        datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC),
        (ses.Oddity.LOCAL_TIME,),
    ),
}


@pytest.mark.parametrize("shown", TIMES)
def test_the_forms_of_a_time(shown):
    instant, oddities = TIMES[shown]
    notes = Notes(lenient=True)
    element = der.tlv(der.TIME, shown.encode())
    assert elements.time(element, der.TIME, notes) == instant
    assert notes.found == oddities
    strict = Notes(lenient=False)
    if oddities:
        with pytest.raises(MalformedError):
            elements.time(element, der.TIME, strict)
    else:
        assert elements.time(element, der.TIME, strict) == instant


@pytest.mark.parametrize(
    "shown", ["00010101000000+2359", "99991231235959-2359", "20250102030405+9999", ""]
)
def test_a_time_that_nobody_can_have(shown):
    with pytest.raises(MalformedError):
        elements.time(der.tlv(der.TIME, shown.encode()), der.TIME, Notes(lenient=True))


@given(
    st.integers(0, 2), st.lists(st.integers(0, 1 << 70), max_size=8), st.integers(0, 39)
)
def test_an_object_identifier_comes_back(first, rest, second):
    dotted = ".".join(map(str, (first, second, *rest)))
    element = elements.write_oid(dotted)
    if len(element) - 2 > elements.MAX_OID_BYTES:
        with pytest.raises(MalformedError):
            elements.oid(element, Notes(lenient=False))
    else:
        assert elements.oid(element, Notes(lenient=False)) == dotted


TIME_INFOS = {
    "a UTCTime": (utc_time(SIGNED), ()),
    "a GeneralizedTime": (der.tlv(der.TIME, b"20260501083000Z"), ()),
    "the text of a UTCTime": (b"260501083000Z", (ses.Oddity.TIME_FORM,)),
    "date and time of day": (
        b"2026-05-01 16:30:00",
        (ses.Oddity.TIME_FORM, ses.Oddity.LOCAL_TIME),
    ),
}


@pytest.mark.parametrize("what", TIME_INFOS)
def test_the_time_of_a_signature_of_2014(what):
    value, oddities = TIME_INFOS[what]
    data = signature_2014(
        seal_2014(world().maker, world().draft), world().signer, value
    )
    signature = ses.read_signature(data, lenient=True)
    assert (signature.time, signature.oddities) == (SIGNED, oddities)
    if oddities:
        with pytest.raises(MalformedError):
            ses.read_signature(data)


def test_a_seal_of_another_version_inside_a_signature_is_odd():
    tbs, *rest = der.children(world().signature(), der.SEQUENCE, 4, 4)
    version, _, *fields = der.children(tbs, der.SEQUENCE, 5, 5)
    for seal in (world().seal(version=5), seal_2014(world().maker, world().draft)):
        mixed = der.tlv(
            der.SEQUENCE, der.tlv(der.SEQUENCE, version, seal, *fields), *rest
        )
        with pytest.raises(MalformedError, match="version"):
            ses.read_signature(mixed)
        read = ses.read_signature(mixed, lenient=True)
        assert read.oddities == (ses.Oddity.VERSION,)
        assert read.seal.oddities == ()


def test_three_fields_are_neither_version():
    tbs, certificate, algorithm, _ = der.children(
        world().signature(), der.SEQUENCE, 4, 4
    )
    data = der.tlv(der.SEQUENCE, tbs, certificate, algorithm)
    for read in (ses.read_seal, ses.read_signature):
        with pytest.raises(MalformedError, match="three fields"):
            read(data, lenient=True)


def test_no_personal_data_is_in_a_repr_or_an_error():
    seal = ses.read_seal(world().seal(name="张三"))
    assert "张三" not in repr(seal)
    assert repr(seal.certificates[0])[2:20] not in repr(seal)
    broken = resealed(info_of(seal.der)[:-1], world().maker)
    with pytest.raises(MalformedError) as caught:
        ses.read_seal(broken)
    assert "张三" not in str(caught.value)


def test_bit_strings_end_with_a_byte():
    info = info_of(small_seal())
    good = bits(sm2.to_der(world().maker.sign(info)))
    certificate = der.tlv(der.OCTETS, world().maker.certificate)
    algorithm = bytes.fromhex("06082a811ccf55018375")
    for value in (good[:2] + b"\x01" + good[3:], der.tlv(der.BITS, b"\x00")):
        seal = der.tlv(der.SEQUENCE, info, certificate, algorithm, value)
        with pytest.raises(MalformedError, match="BIT STRING"):
            ses.read_seal(seal, lenient=True)


NUMBERS = {
    "one byte": (b"\x2a", 42, ()),
    "a zero too many": (b"\x00\x2a", 42, (ses.Oddity.INTEGER,)),
    "below zero": (b"\xaa", None, ()),
    "too large": (b"\x7f" * 5, None, ()),
    "nine bytes": (bytes(9), None, ()),
    "no byte": (b"", None, ()),
}


@pytest.mark.parametrize("what", NUMBERS)
def test_numbers(what):
    octets, value, oddities = NUMBERS[what]
    notes, element = Notes(lenient=True), der.tlv(der.INTEGER, octets)
    if value is None:
        with pytest.raises(MalformedError):
            elements.number(element, notes)
    else:
        assert (elements.number(element, notes), notes.found) == (value, oddities)
    if value is None or oddities:
        with pytest.raises(MalformedError):
            elements.number(element, Notes(lenient=False))


def test_a_number_behind_a_longer_head():
    notes = Notes(lenient=True)
    assert elements.number(b"\x02\x81\x01\x2a", notes) == 42
    assert notes.found == (ses.Oddity.LENGTH,)


BOOLEANS = {b"\xff": (True, ()), b"\x01": (True, 1), b"\x00": (False, 1)}


def test_booleans():
    for octet, (value, odd) in BOOLEANS.items():
        notes = Notes(lenient=True)
        assert elements.boolean(der.tlv(der.BOOLEAN, octet), notes) is value
        assert notes.found == ((ses.Oddity.BOOLEAN,) if odd else ())
    for octets in (b"", b"\xff\xff"):
        with pytest.raises(MalformedError, match="one byte"):
            elements.boolean(der.tlv(der.BOOLEAN, octets), Notes(lenient=True))


def test_the_other_kind_of_time_is_odd():
    notes = Notes(lenient=True)
    assert elements.time(utc_time(SIGNED), der.TIME, notes) == SIGNED
    assert notes.found == (ses.Oddity.TIME_KIND,)
    with pytest.raises(MalformedError):
        elements.time(utc_time(SIGNED), der.TIME, Notes(lenient=False))


def test_a_certificate_beyond_its_size_is_refused():
    with pytest.raises(ValueError, match="8192"):
        small_seal(signers=(bytes(9000),))
