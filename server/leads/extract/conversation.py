"""The walk through a conversation: who asked what, which claim is the latest, what was passed over and why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from server.catalog.spec import CONTACT_TYPES, CollectField
from server.leads.extract import answers, mail, phone, told, wechat, when, whose
from server.leads.extract.asked import asked_in, asks_about_other
from server.leads.extract.claim import Claim
from server.leads.extract.digits import runs
from server.leads.extract.reading import Reading
from server.leads.extract.regions import day_first, regions
from server.leads.types import Extraction, Found, Missed, Said

MOST_CHARACTERS = 20_000
_PROMISE = re.compile(
    r"(?:[:,]|\bis|\bare|是|为|号码|电话|邮箱|微信|number|phone|email|e-mail|contact|wechat)[\s.。]*$"
)
_CORRECTS = re.compile(
    r"\W*(?:不对|错了|说错|写错|打错|不好意思|抱歉|更正|应该是|哦不|不是|no\b|sorry|oops|correction|"
    r"actually|i mean|wait|my mistake|typo|\*)"
)
_ENDS = re.compile(r"[\s.,。、…~-]*$")


@dataclass(frozen=True, slots=True)
class Setting:
    """What stays the same through one extraction."""

    fields: Sequence[CollectField]
    now: datetime
    timezone: str | None
    locale: str | None
    known: Mapping[str, str]
    catalogue: Sequence[str]

    def first(self, kind: str, asked: CollectField | None) -> CollectField | None:
        """The field of that type: the one asked for, else the first."""
        if asked and asked.type == kind:
            return asked
        return next((f for f in self.fields if f.type == kind), None)


@dataclass(slots=True)
class State:
    """What the walk knows so far."""

    asked: CollectField | None = None
    found: dict[str, Found] = field(default_factory=dict)
    missed: list[Missed] = field(default_factory=list)
    latest: CollectField | None = None
    partial: tuple[str, str, str | None] | None = None  # digits, as said, doubt
    earlier: str = ""
    about_other: bool = False
    by_others: str = ""
    by_customer: str = ""


def extract(
    messages: Sequence[Said],
    fields: Sequence[CollectField],
    *,
    asked: str | None,
    now: datetime,
    timezone: str | None,
    locale: str | None,
    known: Mapping[str, str] = {},
    catalogue: Sequence[str] = (),
) -> Extraction:
    """The latest value of each field that the customer told about themselves, and what was passed over.

    `asked` names the field asked for before the first message; later ones are read from the assistant's texts.
    `now` is when the messages were said, `timezone` the customer's IANA zone (times are resolved in it; without one,
    in UTC), `locale` such as zh-CN gives the region of numbers without a country code. `known` are normalised values
    that the lead has already, `catalogue` the product names that the persona knows. Never raises, whatever is said.
    """
    setting = Setting(fields, now, timezone, locale, known, catalogue)
    names = {f.name: f for f in fields}
    state = State(asked=names.get(asked or ""))
    question: str | None = None
    for place, said in enumerate(messages):
        if said.role == "customer":
            if question is not None:  # only the text right before an answer asks anything
                state.asked = names.get(asked_in(question, fields) or "")
                state.about_other, question = asks_about_other(question), None
            _listen(setting, state, Reading(said.text[:MOST_CHARACTERS], said.id or str(place)))
        else:
            question = said.text
            state.by_others = (state.by_others + "\n" + said.text)[-4000:]
    return Extraction(state.found, tuple(state.missed))


def _listen(setting: Setting, state: State, reading: Reading) -> None:
    before = dict(state.found)
    if state.asked is None and state.latest and _CORRECTS.match(reading.low):
        state.asked = state.latest
    state.latest = None
    reading.answering = state.asked is not None and state.asked.type in CONTACT_TYPES
    earlier = "his number is" if state.about_other else state.earlier
    _contacts(setting, state, reading, earlier)
    _times_and_choices(setting, state, reading, earlier)
    _texts(setting, state, reading, earlier)
    _missed_others(setting, state, reading)
    state.earlier = reading.low[-200:] if _PROMISE.search(reading.low[-60:]) else ""
    state.about_other = False
    state.by_customer = (state.by_customer + "\n" + reading.low)[-4000:]
    if state.asked and state.found.get(state.asked.name) is not before.get(state.asked.name):
        state.asked = None


def _contacts(setting: Setting, state: State, reading: Reading, earlier: str) -> None:
    asked = state.asked
    taken: list[tuple[int, int]] = []
    account = next((f for f in setting.fields if f.meaning == "account"), None)
    accounts = told.find("account", reading, (), earlier=earlier)
    if asked and asked is account and (bare := told.bare("account", reading)):
        accounts.append(bare)
    if target := setting.first("wechat", asked):
        claims = wechat.find(reading, asked=asked is target, earlier=earlier)
        named = [c for c in claims if not c.normalised.lstrip("+").isdigit()]
        if setting.first("phone", asked) and (named or wechat.same_as_phone(reading, asked=False)):
            claims = named  # a number beside an id of letters is the phone
        taken += _keep(setting, state, reading, target, claims)
    if target := setting.first("email", asked):
        claims = mail.find(reading, asked=asked is target, earlier=earlier)
        _keep(setting, state, reading, target, [c for c in claims if not _inside(c, taken, accounts)])
    if target := setting.first("phone", asked):
        waiting = asked if asked is target or (asked and asked.type in ("phone", "wechat")) else None
        claims = _phones(setting, state, reading, asked_now=asked is target, earlier=earlier)
        _keep(setting, state, reading, target, [c for c in claims if not _inside(c, taken, accounts)])
        _remember_partial(setting, state, reading, told_phone=waiting is not None, earlier=earlier)
    _same_as_phone(setting, state, reading)
    _alternative(setting, state, reading, earlier)


def _inside(claim: Claim, taken: Sequence[tuple[int, int]], accounts: Sequence[Claim]) -> bool:
    spans = [*taken, *((a.start, a.end) for a in accounts)]
    return any(start < claim.end and claim.start < end for start, end in spans)


def _phones(setting: Setting, state: State, reading: Reading, *, asked_now: bool, earlier: str) -> list[Claim]:
    places = regions(setting.locale, setting.timezone)
    if state.partial and (joined := _joined(state.partial, reading, places)):
        state.partial = None
        return [joined]
    claims = phone.find(reading, places, asked=asked_now, earlier=earlier)
    if asked_now and answers.refuses(reading):
        claims = [c for c in claims if c.plausible]
    return [replace(c, doubt=c.doubt or _echo(state, reading, c)) for c in claims]


def _echo(state: State, reading: Reading, claim: Claim) -> str | None:
    """The assistant's own number, said back."""
    digits = re.sub(r"\D", "", claim.value)
    if digits and digits in re.sub(r"\D", "", state.by_others) and digits not in re.sub(r"\D", "", state.by_customer):
        return whose.QUOTED if whose.owner_before(reading.before(claim.start)) != "own" else None
    return None


def _joined(partial: tuple[str, str, str | None], reading: Reading, places: tuple[str, ...]) -> Claim | None:
    here = runs(reading)
    tail = re.fullmatch(r"\D*?(\d{2,8})\D*", reading.text) if not here else None
    start, end, digits = (here[0].start, here[0].end, here[0].digits) if len(here) == 1 else (0, 0, "")
    if tail:
        start, end, digits = tail.start(1), tail.end(1), tail[1]
    if not digits or not phone.alone(reading, start, end):
        return None
    number = phone.parse(partial[0] + digits, places)
    if number is None or phone.parse(digits, places):
        return None
    value = f"{partial[1]} {reading.raw[start:end]}"
    return Claim(start, end, value, phone.e164(number), doubt=partial[2])


def _remember_partial(setting: Setting, state: State, reading: Reading, *, told_phone: bool, earlier: str) -> None:
    here = runs(reading)
    last = here[-1] if here else None
    pending, state.partial = state.partial, None
    if not last or not _ENDS.fullmatch(reading.text, last.end) or not 3 <= len(last.digits.lstrip("+")) <= 10:
        return
    if phone.parse(last.digits, regions(setting.locale, setting.timezone)):
        return
    lone = phone.alone(reading, last.start, last.end)
    said = reading.raw[last.start : last.end]
    if pending and lone:
        state.partial = (pending[0] + last.digits, f"{pending[1]} {said}", pending[2])
    elif lone or told_phone or phone.names_a_phone(reading, last.start):
        state.partial = (last.digits, said, whose.doubt(reading, last.start, last.end, earlier=earlier))


def _same_as_phone(setting: Setting, state: State, reading: Reading) -> None:
    target = setting.first("wechat", state.asked)
    span = wechat.same_as_phone(reading, asked=state.asked is target) if target else None
    if not target or not span:
        return
    numbers = [f.name for f in setting.fields if f.type == "phone"]
    said = next((state.found[name] for name in numbers if name in state.found and state.found[name].plausible), None)
    known = next((setting.known[name] for name in numbers if name in setting.known), None)
    if said:
        claim = Claim(span[0], span[1], said.value, said.normalised)
    elif known:
        claim = Claim(span[0], span[1], known, known)
    else:
        return
    _keep(setting, state, reading, target, [claim])


def _alternative(setting: Setting, state: State, reading: Reading, earlier: str) -> None:
    """A bare WeChat id in answer to a question that offered WeChat instead."""
    asked = state.asked
    other = next((f for f in setting.fields if asked and f.name == asked.alternative), None)
    if (
        asked
        and other
        and other.type == "wechat"
        and asked.type != "text"
        and (claim := wechat.bare_id(reading, earlier))
    ):
        _keep(setting, state, reading, other, [claim])


def _times_and_choices(setting: Setting, state: State, reading: Reading, earlier: str) -> None:
    for target in setting.fields:
        asked = state.asked is target
        if target.type == "datetime" and (target is setting.first("datetime", state.asked)):
            before = state.found.get(target.name)
            claims = when.find(
                reading,
                asked=asked,
                now=setting.now,
                timezone=setting.timezone,
                day_first=day_first(setting.locale, setting.timezone),
                carried=before.normalised if before else setting.known.get(target.name),
                earlier=earlier,
            )
            _keep(setting, state, reading, target, claims)
        elif target.type == "number":
            _keep(setting, state, reading, target, answers.number(reading, target, asked=asked))
        elif target.type == "choice":
            _keep(setting, state, reading, target, answers.choice(reading, target, asked=asked))


def _texts(setting: Setting, state: State, reading: Reading, earlier: str) -> None:
    asked, taken = state.asked, False
    for target in setting.fields:
        if target.type != "text":
            continue
        claims = (
            told.find(target.meaning, reading, setting.catalogue, earlier=earlier, asked=asked is target)
            if target.meaning
            else []
        )
        taken = bool(_keep(setting, state, reading, target, claims)) or taken
    told_now = {name for name, found in state.found.items() if found.message_id == reading.id}
    if asked and asked.type == "text" and asked.name not in told_now:
        _bare_answer(setting, state, reading, asked, other_told=taken)


_NAMES_ITSELF = re.compile(
    r"\W*(?:(?:well|so|ok|hi|hello)\W+)?(?:(?:my\s+(?:full\s+|first\s+)?(?P<name>name)|(?:my|our|the)\s+"
    r"(?:(?P<company>company|firm)|(?P<account>account)|(?P<contact>phone|mobile|number|e-?mail|mail|wechat)))"
    r"(?:\s+(?:number|name|address|id))?\s*(?:'s|is|:)|(?P<zh_name>我叫|我的?名字)|"
    r"(?P<zh_company>(?:我们?)?公司(?:名字?|名称)?(?:是|叫))|(?P<zh_account>(?:我们?的?)?账号)|"
    r"(?P<zh_contact>(?:我的?)?(?:电话|手机|微信|邮箱)(?:号码?)?(?:是|:)))"
)
_MEANT = {
    "name": "name",
    "zh_name": "name",
    "company": "company",
    "zh_company": "company",
    "account": "account",
    "zh_account": "account",
    "contact": None,
    "zh_contact": None,
}
"""What a message that names its own field tells; it is no answer to a question for another."""


def _bare_answer(setting: Setting, state: State, reading: Reading, target: CollectField, *, other_told: bool) -> None:
    named = _NAMES_ITSELF.match(reading.low)
    if named and _MEANT[next(name for name, found in named.groupdict().items() if found)] != target.meaning:
        return
    claim = told.bare(target.meaning, _without_contacts(state, reading) if target.meaning != "account" else reading)
    if claim is None or (other_told and target.meaning is None):
        return
    if target.meaning != "account" and any(
        f.message_id == reading.id and _overlaps(reading, f, claim) for f in state.found.values()
    ):
        return
    _keep(setting, state, reading, target, [claim])


def _without_contacts(state: State, reading: Reading) -> Reading:
    """The message with commas in the place of what it gave for other fields."""
    raw = reading.raw
    for one in state.found.values():
        if one.message_id == reading.id and len(one.value) > 3:
            raw = raw.replace(one.value, "," * len(one.value), 1)
    return Reading(raw, reading.id)


def _overlaps(reading: Reading, found: Found, claim: Claim) -> bool:
    start = reading.raw.find(found.value)
    return start >= 0 and start < claim.end and claim.start < start + len(found.value)


def _keep(
    setting: Setting, state: State, reading: Reading, target: CollectField, claims: Sequence[Claim]
) -> list[tuple[int, int]]:
    """Stores the last claim that is the customer's own, notes the others; the places of all of them."""
    for claim in claims:
        if claim.doubt:
            _pass_over(state, reading, target, claim)
            continue
        before = state.found.get(target.name)
        if before and before.plausible and not claim.plausible and before.message_id == reading.id:
            continue
        state.latest = target
        state.found[target.name] = Found(
            target.name,
            claim.value,
            claim.normalised,
            quote=reading.quote(claim.start, claim.end),
            message_id=reading.id,
            confidence=claim.confidence,
            plausible=claim.plausible,
        )
    return [(claim.start, claim.end) for claim in claims]


def _pass_over(state: State, reading: Reading, target: CollectField, claim: Claim) -> None:
    stored = state.found.get(target.name)
    if claim.doubt == whose.NEGATED and stored and stored.normalised == claim.normalised:
        del state.found[target.name]
    if len(state.missed) < 100:
        state.missed.append(Missed(claim.value, claim.doubt or "", reading.id, target.name))


def _missed_others(setting: Setting, state: State, reading: Reading) -> None:
    """Contact data for which no field is there."""
    if (span := wechat.qq(reading)) and not any(
        f.message_id == reading.id and f.value in reading.raw[span[0] : span[1]] for f in state.found.values()
    ):
        state.missed.append(
            Missed(reading.raw[span[0] : span[1]], "It is a QQ number, and no field holds one.", reading.id)
        )
