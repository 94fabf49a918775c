"""Who is asking: tokens, customer tokens, roles, the rule on each route, and the server's own keys.

A credential is looked up by the SHA-256 of the whole token at every request, so an ended one is dead at once.
This room decides who somebody is; what a plugin function may do for them is decided in `server.plugins`.
"""

from server.auth.authority import Authority
from server.auth.caller import Caller, Role
from server.auth.customer import CustomerClaims, CustomerKeys
from server.auth.keys import Keys, load_keys
from server.auth.rules import ADMIN, DEVELOPER, EDITOR, PUBLIC, VIEWER, VISITOR, VISITOR_OR_VIEWER, rule_of
from server.auth.tokens import digest_of, mint

__all__ = [
    "ADMIN",
    "DEVELOPER",
    "EDITOR",
    "PUBLIC",
    "VIEWER",
    "VISITOR",
    "VISITOR_OR_VIEWER",
    "Authority",
    "Caller",
    "CustomerClaims",
    "CustomerKeys",
    "Keys",
    "Role",
    "digest_of",
    "load_keys",
    "mint",
    "rule_of",
]
