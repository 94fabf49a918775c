"""Telephone numbers of the customer."""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from server.leads.extract import whose
from server.leads.extract.claim import Claim
from server.leads.extract.digits import Run, ascii_digits, runs
from server.leads.extract.reading import HIDDEN, Reading

_CUE = re.compile(
    r"(?P<not>(?:\b(?:order|tracking|parcel|package|shipment|waybill|invoice|receipt|ticket|case|"
    r"reference|ref|po|sku|serial|"
    r"part|model|version|ver|build|release|passport|identity|id card|id|ssn|licen[cs]e|card|"
    r"credit card|bank|iban|account|zip|"
    r"postcode|postal|vat|tax|code|otp|pin|price|cost|costs|budget|quote|amount|total|qq|ip|port|fax|"
    r"room|flight|employee|"
    r"member|customer|contract|batch|lot|item|product|plate|population|group|isbn|barcode|username|"
    r"user|login)\b"
    r"(?:\s*(?:numbers?|no\b\.?|id|code|#|address|card))*|#\s*$|[$€£¥]\s*$|\bno\.\s*$"
    r"|订单|单号|快递|运单|物流|发票|身份证|护照|银行卡|卡号|流水|合同|工单|编号|序列号|型号|版本|"
    r"验证码|邮编|税号|信用代码|学号|工号|"
    r"车牌|群号?|价格|报价|预算|金额|总价|数量|货号|条码|批次|账号|账户|用户名|传真|证件|保单|案件|"
    r"房间|航班|包裹|开户)(?:的?号码?)?)"
    r"|(?P<phone>\b(?:(?:my|our|contact|phone|mobile|cell|telephone|the|direct|work|home|office|"
    r"whatsapp|new|right|correct|best)\s+number|"
    r"number'?s?|phone|mobile|cell|cellphone|tel|telephone|call|ring|reach|whatsapp|dial|text|landline|"
    r"hotline|m|t|p|sms|contact)\b"
    r"|手机号?码?|电话号?码?|座机|固话|联系方式|联系号码|号码|联系我|联系|打给?我?|拨|致电|呼叫|热线|☎|"
    r"📱|📞|tel)"
)
_EXPLICIT = re.compile(
    r"(?:\b(?:number|phone|mobile|cell|tel|telephone|whatsapp|landline)\b|手机|电话|座机|号码)(?:号码?|"
    r"no\.?)?\s*(?:\b(?:is|are)\b|'s|:|是|为|=|就是)\s*"
    r"(?:still|just|now|actually|this|这个)?\s*$"
)
_UNIT = re.compile(
    r"\s*(?:元|块|万|亿|人民币|rmb\b|usd\b|dollars?\b|yuan\b|eur(?:os?)?\b|台|套|个|件|人|名|users?\b|"
    r"units?\b|pcs\b|pieces\b|people\b|"
    r"employees\b|%|kg\b|km\b|gb\b|mb\b|ms\b|次|条|年|月|点|robots?\b|seats?\b|licen[cs]es\b|[/:]\d|"
    r"\s*(?:am|pm)\b)"
)
_TAIL_NUMBER = re.compile(r"-(\d{1,6})$")
_EXTENSION = re.compile(
    r"[\s,;(]{0,3}(?:\bextension|\bextn?\.?|\bx(?=\s?\d)|分机号?|转|#|(?<=\d)-(?=\d))(?:\s*(?:number|"
    r"no\.?|is|是|"
    r":)){0,2}\s{0,2}(\d{1,6})(?!\d)"
)
_TRIM = re.compile(rf"[\s,;:.()·{HIDDEN}-]+$")
_CN_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")
_NAMED_AFTER = re.compile(
    r"\s*(?:,|\(|is|are|是|为)\s*(?:my|our|the|我的?)\s*(?:\w+\s)?(?:number|phone|cell|mobile|电话|手机|号码)"
)
_MASKED = re.compile(r"[ -]?[*x•]{2,8}[ -]?\d{2,4}(?!\d)")
_SERVICE = re.compile(r"\+86[48]00\d{7}")
_QUAD = re.compile(r"\s*\d{1,3}(?:\.\d{1,3}){3}\s*")
_DATE = re.compile(r"\(?(?:19|20)\d\d[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12]\d|3[01])(?!\d)")
_GROUPED = re.compile(r"(?:\+?1[ .-])?\(?\d{2,4}\)?[ .-]+\d{3,4}[ .-]*\d{3,4}")
_SEQUENCES = (
    "01234567890",
    "12345678901",
    "1234567890",
    "123456789",
    "0123456789",
    "9876543210",
    "98765432101",
)
_ALONE_EN = (
    "ok|okay|sure|yes|yeah|hi|hello|well|here|it's|its|it is|this is|that's|the number is|number|"
    "thanks|thank you|please|the|is|then|and|"
    "rest|ends with|here you go|no problem|so|of course"
)
_ALONE_ZH = (
    "好|好的|嗯|行|可以|给你|就是|这是|号码|号码是|谢谢|吧|哦|哈|还有|然后|后面|后面是|接着|"
    "剩下的|剩下的是|是|是的|对|没问题|当然"
)
_ALONE = re.compile(
    "(?>(?:(?:"
    + "|".join(sorted(_ALONE_EN.split("|"), key=len, reverse=True))
    + r")(?![a-z'])|"
    + "|".join(sorted(_ALONE_ZH.split("|"), key=len, reverse=True))
    + r")[\s,.!:。、~]*)*"
)


def parse(digits: str, regions: tuple[str, ...]) -> PhoneNumber | None:
    """The valid number that these digits are in the first region where they are one, else None."""
    if digits.startswith("00") and len(digits) > 10:
        digits = "+" + digits[2:]
    if digits.startswith("+"):
        return _valid(digits, None)
    for region in regions:
        if number := _valid(digits, region):
            return number
    mobile = _CN_MOBILE.fullmatch(digits)
    return _valid(mobile[1], "CN") if mobile else None


def _valid(digits: str, region: str | None) -> PhoneNumber | None:
    if not 7 <= len(digits) <= 18:
        return None
    try:
        number = phonenumbers.parse(digits, region)
    except NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def e164(number: PhoneNumber) -> str:
    """+8613816250974: no extension, no spaces."""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _nonsense(digits: str) -> bool:
    plain = digits.lstrip("+")
    return len(set(plain[-8:])) == 1 or plain in _SEQUENCES or plain[-11:] in _SEQUENCES


def alone(reading: Reading, start: int, end: int) -> bool:
    """Whether nothing but politeness and signs stands around `start:end`."""
    return is_polite(reading.low[:start][-80:]) and is_polite(reading.low[end : end + 80])


def is_polite(text: str) -> bool:
    """Whether a piece of text says nothing of its own."""
    bare = re.sub(r"[^\w'一-鿿]+", " ", text).strip()
    return not bare or (len(text) < 80 and _ALONE.fullmatch(bare + " ") is not None)


def _cue(before: str) -> str | None:
    found = list(_CUE.finditer(before))
    return found[-1].lastgroup if found else None


_OF_PRICE = re.compile(r"[$€£¥]\s*$|price|cost|budget|quote|amount|total|价|预算|金额|数量")
_LABELS = re.compile(r"[\s:#.=()-]*(?:(?:is|was|no|nr|number|id|code|号码?|是|为|码)[\s:#.=]*){0,3}")


def _is_labelled_otherwise(before: str) -> bool:
    """Whether the word right before says that the digits are an order, a card, a serial number."""
    found = list(_CUE.finditer(before))
    last = found[-1] if found else None
    return (
        last is not None
        and last.lastgroup == "not"
        and not _OF_PRICE.search(last[0])
        and _LABELS.fullmatch(before, last.end()) is not None
    )


def _windows(reading: Reading, run: Run) -> Iterator[Run]:
    """The run itself, then shorter stretches of its groups, the longest first."""
    yield run
    if tail := _TAIL_NUMBER.search(reading.text, run.start, run.end):
        yield Run(ascii_digits(reading.text[run.start : tail.start()]), run.start, tail.start())
    text = reading.text[run.start : run.end]
    parts = [(m.start(), m.end()) for m in re.finditer(r"\S+", text)]
    if run.spoken or not 1 < len(parts) <= 8:
        return
    spans = sorted(((a, b) for a in range(len(parts)) for b in range(a, len(parts))), key=lambda s: (s[0] - s[1], s[0]))
    for first, last in spans[1:]:
        start, end = parts[first][0], parts[last][1]
        yield Run(ascii_digits(text[start:end]), run.start + start, run.start + end)


def _best(reading: Reading, run: Run, regions: tuple[str, ...]) -> tuple[Run, PhoneNumber] | None:
    for part in _windows(reading, run):
        number = parse(part.digits, regions)
        if number and (
            part == run or _CN_MOBILE.fullmatch(part.digits) or part.digits[0] == "+" or _tail(reading, part)
        ):
            return part, number
    return None


def _tail(reading: Reading, part: Run) -> bool:
    return bool(_GROUPED.search(reading.text[part.start : part.end])) and len(part.digits) >= 10


def _shaped(reading: Reading, run: Run, number: PhoneNumber) -> bool:
    """Whether it looks like a telephone number without being called one."""
    text = reading.text[run.start : run.end]
    national = str(number.national_number)
    return (
        run.digits[0] == "+"
        or run.digits.startswith("00")
        or bool(_CN_MOBILE.fullmatch(run.digits) and number.country_code == 86)
        or (run.digits[0] == "0" and len(national) >= 9)
        or bool(_GROUPED.fullmatch(text.strip()) and len(national) >= 9)
    )


def _is_mobile(run: Run, number: PhoneNumber) -> bool:
    """Whether its digits alone say that it is a telephone number: a mobile of China, or a country code."""
    return run.digits[0] == "+" or bool(_CN_MOBILE.fullmatch(run.digits) and number.country_code == 86)


def _is_something_else(reading: Reading, run: Run) -> bool:
    text = reading.text[run.start : run.end]
    left, right = reading.text[max(0, run.start - 1) : run.start], reading.low[run.end : run.end + 12]
    return (
        bool(_QUAD.fullmatch(text) or _DATE.match(text) or _UNIT.match(right))
        or left in ("#", "$", "€", "£", "¥", "@", "/", "=", "_", "*", "%", "^")
        or (left == "-" and reading.text[max(0, run.start - 2) : run.start - 1].isalpha() and run.start > 1)
        or (right[:1].isascii() and right[:1].isalpha() and not run.spoken)
        or right[:1] in ("@", "_", "*")
        or (right[:1] == "." and right[1:2].isalnum())
    )


def find(reading: Reading, regions: tuple[str, ...], *, asked: bool, earlier: str) -> list[Claim]:
    """The telephone numbers of one message, in order, each with the reason why it may not be stored."""
    claims = (_claim(reading, run, regions, asked, earlier) for run in runs(reading))
    return [claim for claim in claims if claim]


def _claim(reading: Reading, run: Run, regions: tuple[str, ...], asked: bool, earlier: str) -> Claim | None:
    before = reading.before(run.start)[-120:]
    cue = _cue(before)
    best = _best(reading, run, regions)
    part = best[0] if best else run
    if hidden := _MASKED.match(reading.low, run.end):
        value = reading.raw[run.start : hidden.end()]
        return Claim(run.start, hidden.end(), value, value, doubt="Some of its digits are hidden.")
    if _is_something_else(reading, part):
        return None
    if cue == "not" and (not best or not _is_mobile(part, best[1]) or _is_labelled_otherwise(before)):
        return None
    if not best or _nonsense(run.digits):
        return _nonsense_claim(reading, run, asked, before, earlier)
    number = best[1]
    if not (
        _shaped(reading, part, number)
        or cue == "phone"
        or asked
        or _NAMED_AFTER.match(reading.low, part.end)
        or alone(reading, part.start, part.end)
    ):
        return None
    end = part.end
    if extension := _EXTENSION.match(reading.low, end):
        end = extension.end()
    reason = whose.doubt(reading, part.start, end, earlier=earlier)
    if not reason and _SERVICE.fullmatch(e164(number)) and whose.owner_before(before) != "own":
        reason = "It is a service line, and nothing says that it is the customer's own."
    return Claim(part.start, end, _value(reading, part.start, end), e164(number), doubt=reason)


def _value(reading: Reading, start: int, end: int) -> str:
    return _TRIM.sub("", reading.raw[start:end].strip())


def _nonsense_claim(reading: Reading, run: Run, asked: bool, before: str, earlier: str) -> Claim | None:
    told = _EXPLICIT.search(before) is not None
    if not (told or (asked and alone(reading, run.start, run.end))) or len(run.digits) > 20:
        return None
    value = _value(reading, run.start, run.end)
    reason = whose.doubt(reading, run.start, run.end, earlier=earlier)
    return Claim(run.start, run.end, value, value, plausible=False, confidence=0.3, doubt=reason)


def names_a_phone(reading: Reading, start: int) -> bool:
    """Whether the words before `start` call what follows a telephone number."""
    return _cue(reading.before(start)[-120:]) == "phone"
