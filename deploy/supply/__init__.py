"""What the hub is made of: read from the locks and the installed packages, for `make sbom`, `licences` and `audit`."""
