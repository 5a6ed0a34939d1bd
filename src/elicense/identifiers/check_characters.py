"""Check characters of ISO/IEC 7064 (GB/T 17710): MOD 37,36 and MOD 11,10."""

ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FOREIGN = 0xFF
_VALUES = bytes(
    ALPHANUMERIC.index(chr(byte)) if chr(byte) in ALPHANUMERIC else _FOREIGN
    for byte in range(256)
)
# One step of ISO/IEC 7064 MOD 37,36 for every product (1 to 36) and value: looked up,
# because a verifier takes some sixty steps for every license.
MOD_37_36_STEPS = tuple(
    bytes(((product + value) % 36 or 36) * 2 % 37 for value in range(36))
    for product in range(37)
)


def check_mod_37_36(body: str) -> str:
    """Return the check character of ISO/IEC 7064 MOD 37,36 (GB/T 17710).

    Args:
        body: characters of 0-9A-Z.

    Raises:
        ValueError: another character occurs.
    """
    return ALPHANUMERIC[(37 - product_of(36, body)) % 36]


def product_of(product: int, body: str) -> int:
    """Return the product of MOD 37,36 after more characters."""
    values = body.encode("ascii").translate(_VALUES)
    if _FOREIGN in values:
        raise ValueError("expected characters of 0-9A-Z")
    for value in values:
        product = MOD_37_36_STEPS[product][value]
    return product


def check_mod_11_10(body: str) -> str:
    """Return the check digit of ISO/IEC 7064 MOD 11,10 (GB/T 17710).

    Args:
        body: characters of 0-9.

    Raises:
        ValueError: another character occurs.
    """
    product = 10
    for char in body:
        product = ((product + "0123456789".index(char)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)
