"""What every service stands on: HTTP, SQL, time. Knows no city and imports no service."""
