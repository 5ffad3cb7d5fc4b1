"""Backups of services' schemas with PostgreSQL's own programs, and the way back.

A backup is a folder: `lotsennetz.dump` (`pg_dump`, custom format), `manifest.json` (what is in it, by table) and
`SHA256SUMS`. `programs.py` finds the programs, `manifest.py` says what is in a backup and whether it is whole,
`making.py` makes one, `restoring.py` brings one back; `remembered.py` keeps, beside the backups, what a restore must
not bring back.
"""
