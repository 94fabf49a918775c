"""The account that the customer has registered: "my account is ada_1815", 注册账号是…."""

from __future__ import annotations

import re

from server.leads.extract.claim import Claim
from server.leads.extract.phrases import (
    claim_of,
    matches,
)
from server.leads.extract.reading import Reading
from server.leads.extract.words import words

_ACCOUNT = [
    re.compile(
        r"\b(?:my|our|the|registered|login|user|account|existing|console)\s?(?:registered |existing |"
        r"login |user |company |console )?(?:account|username|user ?name|login|user ?id|"
        r"account ?(?:name|id|number)|handle)(?: name| id| number)?\s*"
        r"(?:is|:|=|would be|was|called)\s*(?:called |named |under |registered (?:as|with|under) |"
        r"\")?(?P<v>[A-Za-z0-9][A-Za-z0-9_.@+\-]{1,63})", re.I),
    re.compile(r"\b(?:registered|signed up|sign in|log in|logged in|login|registered an account|"
               r"account registered|signed in|created (?:an|my) account|sign up)\s+(?:as|with|under|"
               r"using|by|via)\s+(?:the )?(?:my )?(?:account |username |user |email |e-mail |name |"
               r"number |phone )?"
               r"(?P<v>[A-Za-z0-9][A-Za-z0-9_.@+\-]{2,63})", re.I),
    re.compile(r"\baccount[,;:]? (?:it'?s|it is|called|named) (?P<v>[A-Za-z0-9][A-Za-z0-9_.@+\-]{1,63})", re.I),
    re.compile(r"(?:^|[\n,;.]\s?)(?:account|username|user ?name|user id|login)(?: name|"
               r" id)?\s?[:=]\s?(?P<v>[A-Za-z0-9][A-Za-z0-9_.@+\-]{1,63})", re.I),
    re.compile(
        r"(?:注册(?:的|过的|用的)?)?(?:的)?(?:账号|帐号|账户|帐户|用户名|登录名|登陆名|控制台账号|"
        r"用户id)(?:名|名称|id)?\s*(?:就是|是|为|叫做?|:|=)?\s*(?:我?注册(?:的|"
        r"时用的)?)?\s*(?P<v>[A-Za-z0-9][A-Za-z0-9_.@+\-]{1,63})", re.I),
    re.compile(r"(?:用|以|拿)\s?(?P<v>[A-Za-z0-9][A-Za-z0-9_.@+\-]{2,63})\s?(?:这个)?(?:邮箱|手机号?|"
               r"账号)?(?:注册|登录|登陆)", re.I),
    re.compile(r"注册(?:时|的时候)?(?:用)?的?(?:是|用的是|邮箱是|"
               r"手机号?是)\s?(?P<v>[A-Za-z0-9][A-Za-z0-9_.@+\-]{2,63})", re.I),
]  # fmt: skip
_WORDS = ("account", "user", "log", "sign", "handle", "registered", "账", "帐", "用户", "登", "注册", "控制台")
_FOR_ANOTHER = re.compile(r"\b(?:should|needs?|wants?|must) (?:to )?(?:get|have|be given|receive)\b[^.;]{0,20}$")
_NOT_ACCOUNT = words("not an account")
_BANK = re.compile(
    r"\b(?:bank|iban|savings|checking|credit|swift|paypal)\b[^.]{0,20}$|银行[^,。]{0,8}$|开户[^,。]{0,6}$"
)


def find(reading: Reading, earlier: str) -> list[Claim]:
    found: list[Claim | None] = []
    if not reading.has(_WORDS):
        return []
    for pattern in _ACCOUNT:
        for match in matches(pattern, reading.text):
            text = match["v"].rstrip(".-+")
            if (
                text.lower() in _NOT_ACCOUNT
                or _FOR_ANOTHER.search(reading.low[max(0, match.start() - 40) : match.start()])
                or len(text) < 2
                or _BANK.search(reading.low[max(0, match.start() - 30) : match.start("v")])
            ):
                continue
            if text.isalpha() and text.lower().endswith(("ed", "ing")) and not re.search("[:=是]", match[0]):
                continue
            found.append(claim_of(reading, match.start("v"), match.start("v") + len(text), earlier))
    claims = [claim for claim in found if claim]
    return list({claim.start: claim for claim in claims}.values())


def is_bare(text: str, low: str, whole: bool) -> bool:
    return (
        bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.@+\-]{2,63}", text))
        and low not in _NOT_ACCOUNT
        and (whole or bool(re.search(r"[\d_@]", text)))
    )
