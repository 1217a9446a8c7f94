"""Spark: the words that features and decision are written with, as SQL. Integers only; ANSI mode makes an overflow an error."""

from __future__ import annotations

CUSTOMER, ACCOUNT = "customer_key", "account_key"


def minor(amount: str) -> str:
    """An amount of two decimals in minor units."""
    return f"cast({amount} * 100 as bigint)"


def quotient(numerator: str, denominator: str) -> str:
    """Rounded down; null where there is nothing to divide by. Denominators are never negative."""
    divisor = f"nullif({denominator}, 0)"
    return f"((({numerator}) - pmod({numerator}, {divisor})) div {divisor})"


def bp(numerator: str, denominator: str) -> str:
    """A share in basis points."""
    return quotient(f"10000 * ({numerator})", denominator)


def within(days: int, until: int = 0, ago: str = "ago") -> str:
    """Of the last days up to the night."""
    return f"({ago} >= {until} and {ago} < {days})"
