"""Creditline: a nightly warehouse that decides consumer credit limits and answers for its decisions."""
