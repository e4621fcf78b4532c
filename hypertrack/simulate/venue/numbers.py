"""Numbers as the venue writes them: decimal text with at least one decimal place."""


def wire_number(value: float) -> str:
    """Return the shortest text that reads back as the same number, never with an exponent.

    Source:
        Protocol, section 5: ``"84143.0"``, ``"0.00036"``.
    """
    text = repr(float(value))
    if "e" not in text:
        return text
    plain = f"{value:.12f}".rstrip("0")
    return plain + "0" if plain.endswith(".") else plain


def rounded(value: float, decimals: int) -> str:
    """Return the number at no more than these decimals, as the venue writes it."""
    return wire_number(round(value, decimals))


def price_text(value: float, max_decimals: int) -> str:
    """Return a price at five significant digits, at most ``max_decimals`` decimals.

    Source:
        Protocol, section 5; whole numbers are always allowed.
    """
    if value >= 10_000:
        return wire_number(float(round(value)))
    digits = float(f"{value:.5g}")
    return rounded(digits, max(max_decimals, 0))


def residual(value: float) -> str:
    """Return ten decimals of the number as it stands in memory, without trailing zeros.

    Source:
        Protocol, section 5: ``"-3695042.8999999999"``, ``"160794563.9261809886"``.
    """
    text = f"{value:.10f}".rstrip("0")
    return text + "0" if text.endswith(".") else text
