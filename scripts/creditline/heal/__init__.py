"""A home is healed from its publications: what signed manifests prove is put back where it was lost, byte for byte."""

from creditline.heal.home import Healing, Lost, heal

__all__ = ["Healing", "Lost", "heal"]
