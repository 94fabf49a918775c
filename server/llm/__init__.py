"""Models: one request in, a stream of text and whole function calls out, whoever answers.

Behind `Models` are the stand-in, litellm's vendors, and lanes that are handed in; before an answer has begun,
a model that fails gives way to the next. The room holds the table of vendors and reads keys and addresses
from the operator alone. It never decides what to say, never runs a function, never keeps a conversation, and
never lets an error out that is not a ModelFault with its secrets removed.
"""

from server.llm.models import Completion, Models, VendorStatus
from server.llm.standin import StandIn
from server.llm.tokens import estimate_tokens
from server.llm.types import (
    Brief,
    Delta,
    FaultKind,
    Finish,
    FinishReason,
    Function,
    FunctionCall,
    Lane,
    Message,
    ModelFault,
    Passage,
    Piece,
    Request,
    Role,
    Switched,
    Usage,
)
from server.llm.vendors import Vendor, Vendors, load_vendors

__all__ = [
    "Brief",
    "Completion",
    "Delta",
    "FaultKind",
    "Finish",
    "FinishReason",
    "Function",
    "FunctionCall",
    "Lane",
    "Message",
    "ModelFault",
    "Models",
    "Passage",
    "Piece",
    "Request",
    "Role",
    "StandIn",
    "Switched",
    "Usage",
    "Vendor",
    "VendorStatus",
    "Vendors",
    "estimate_tokens",
    "load_vendors",
]
