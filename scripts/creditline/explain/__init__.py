"""Say why a limit is what it is, to one audience in one language."""

from creditline.explain.account import AUDIENCES, explain_account
from creditline.explain.text import explanation_text
from creditline.explain.words import LANGUAGES

__all__ = ["AUDIENCES", "LANGUAGES", "explain_account", "explanation_text"]
