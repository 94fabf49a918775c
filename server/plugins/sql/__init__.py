"""The executor `sql`: questions over tables of a database, read only and each customer among their own rows."""

from server.plugins.sql.functions import described_functions, load

__all__ = ["described_functions", "load"]
