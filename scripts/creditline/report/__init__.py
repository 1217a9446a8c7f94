"""Regulatory reports as CSV and XLSX with control files."""

from creditline.report.write import ReportFile, catalogue, write_reports

__all__ = ["ReportFile", "catalogue", "write_reports"]
