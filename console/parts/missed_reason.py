"""Why contact data was said and not stored, in the visitor's language."""

from __future__ import annotations

from typing import Final

from console.visit import say, say_of

REASONS: Final = {
    "It belongs to somebody else, not to the customer.": "other",
    "It was said as an example.": "example",
    "It was said in a supposition.": "supposed",
    "The customer said that this is not it.": "negated",
    "It is an instruction to the assistant, not something told about oneself.": "command",
    "It repeats what somebody else said.": "quoted",
    "Nothing says that it is the customer's own.": "unsaid",
    "It stands in a question, and nothing says that it is the customer's own.": "question",
    "The customer wrote to it, called it or heard from it: it is not their own.": "report",
    "Nobody reads mail at that address.": "no_reply",
    "It is a general address, and nothing says that it is the customer's own.": "general_address",
    "It is no e-mail address that works.": "broken_address",
    "The time is in the past.": "past",
    "It is a QQ number, and no field holds one.": "qq",
    "Some of its digits are hidden.": "hidden_digits",
    "It is a service line, and nothing says that it is the customer's own.": "service_line",
    "This persona has no field for an e-mail address.": "no_email_field",
    "This persona has no field for a phone number.": "no_phone_field",
    "This persona has no field for a WeChat ID.": "no_wechat_field",
    "Said before signing in, and it differs from what the verified customer's lead holds.": "differs",
}


def reason_in_words(reason: str) -> str:
    """The server's sentence as ours; a neutral one for a sentence that is not known here."""
    known = REASONS.get(reason)
    return say_of("leads.reason", known) if known else say("leads.reason.unknown")
