"""Heal a home from its publications: put back lost files that signed manifests prove, byte by byte."""

from creditline.heal.home import Healing, Lost, heal

__all__ = ["Healing", "Lost", "heal"]
