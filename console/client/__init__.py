"""The one way from the console to the server: typed calls by HTTP, a module for each noun of the API.

It never keeps anything between calls, and a call ends in an answer, `ServerAway`, `SignedOut` or `Refused`.
"""

from console.client.api import Api, connect
from console.client.errors import FieldError, Refused, ServerAway, SignedOut
from console.client.shape import Page, Problem, Shape

__all__ = ["Api", "FieldError", "Page", "Problem", "Refused", "ServerAway", "Shape", "SignedOut", "connect"]
