"""Creditline: a nightly warehouse that decides consumer credit limits and explains each one."""
