"""Whether a well-formed delivery can be true: who is in it, how it moved, how much it holds, whether it is tonight's, and
whether the ledger agrees. Figures of tonight are compared with those of the last trusted nights (`expectations/figures/figures.yml`)."""

from creditline.gate.plausible.judgement import FIGURE_TABLE, Finding, lay_figures, read_figures, read_findings
from creditline.gate.plausible.measure import Measured
from creditline.gate.plausible.usual import keep_figures, kept_figures

__all__ = [
    "FIGURE_TABLE",
    "Finding",
    "Measured",
    "keep_figures",
    "kept_figures",
    "lay_figures",
    "read_figures",
    "read_findings",
]
