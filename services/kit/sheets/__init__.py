"""Spreadsheets as offices have them: XLSX, ODS and CSV as tables, headers by their names, cells as values."""
