"""What a customer is told of an amount, whoever tells it: a notice, or the call centre."""

from __future__ import annotations

from decimal import Decimal

NOTHING_TO_BORROW = {"zh": "现在不能借款，因为：{reason}。", "en": "Nothing can be borrowed now, because: {reason}."}


def is_least(amount: Decimal, floor: Decimal, reference_limit: Decimal) -> bool:
    """Whether a limit is no more than a credit outcome leaves anybody: a customer must not take it for money to borrow."""
    return amount <= floor < reference_limit
