"""What a persona knows: every format it may be written in, and finding the passage that answers."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from pathlib import Path

import docx
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from server.catalog.knowledge import Knowledge, KnowledgeError, KnowledgeFile, build_knowledge
from server.catalog.spec import PersonaSpec, QuestionAnswer

LANGUAGES = ("en", "zh")
PRICES = """---
title: not text
---
# Borealis

## Prices
Intro over
two lines.

| Plan | Price | Note |
| --- | ---: | --- |
| Starter | 90 EUR | up to 5 users |
| Pro | 190 EUR | |

### Discounts
You get money off:
- 5 % from ten seats
- 10 % from fifty seats

<!-- nobody reads this -->
## Delivery
1. We ship in 3 days.
   By courier.
2. Returns take a week.

```
POST /orders
```
"""


def made(text: str, name: str = "facts.md") -> Knowledge:
    return build_knowledge([KnowledgeFile(name, text.encode())], [], LANGUAGES)


def texts(knowledge: Knowledge) -> list[str]:
    return [passage.text for passage in knowledge.passages]


def test_markdown_becomes_one_passage_a_fact_under_its_headings() -> None:
    knowledge = made(PRICES)
    assert [(passage.heading, passage.text) for passage in knowledge.passages] == [
        ("Borealis › Prices", "Intro over two lines."),
        ("Borealis › Prices", "Plan: Starter; Price: 90 EUR; Note: up to 5 users"),
        ("Borealis › Prices", "Plan: Pro; Price: 190 EUR"),
        ("Borealis › Prices › Discounts", "You get money off: 5 % from ten seats; 10 % from fifty seats"),
        ("Borealis › Delivery", "We ship in 3 days. By courier."),
        ("Borealis › Delivery", "Returns take a week."),
        ("Borealis › Delivery", "POST /orders"),
    ]
    assert [passage.id for passage in knowledge.passages] == list(range(7))
    assert knowledge.characters == sum(map(len, texts(knowledge)))


def test_a_long_paragraph_is_cut_after_sentences_and_loses_nothing() -> None:
    sentence = "Every box carries a label that says where it goes. "
    found = texts(made(sentence * 60))
    assert len(found) > 2
    assert all(len(text) <= 800 and text.endswith("goes.") for text in found)
    assert " ".join(found) == (sentence * 60).strip()


def test_plain_text_is_cut_at_blank_lines_and_chinese_lines_join_without_a_space() -> None:
    assert texts(made("第一行\n第二行\n\nNext one\ngoes on", "a.txt")) == ["第一行第二行", "Next one goes on"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_each_csv_row_is_a_passage_whatever_the_delimiter(delimiter: str) -> None:
    table = delimiter.join(["Name", "Price"]) + "\n" + delimiter.join(["Lamp", "20"]) + "\n\n"
    assert texts(made(table, "list.csv")) == ["Name: Lamp; Price: 20"]


def test_a_spreadsheet_saved_in_a_chinese_encoding_is_read() -> None:
    data = "名称,价格\n台灯,20元\n".encode("gb18030")
    knowledge = build_knowledge([KnowledgeFile("目录.csv", data)], [], LANGUAGES)
    assert texts(knowledge) == ["名称: 台灯; 价格: 20元"]
    assert knowledge.passages[0].language == "zh"


def pdf(*lines: str) -> bytes:
    """A one-page PDF with one text line after the other, written out by hand."""
    shown = " ".join(f"({line}) Tj 0 -20 Td" for line in lines)
    stream = f"BT /F1 12 Tf 50 700 Td {shown} ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length " + str(len(stream)).encode() + b">>stream\n" + stream + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += str(number).encode() + b" 0 obj" + body + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + table
    return bytes(out + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n" + str(start).encode() + b"\n%%EOF")


def test_a_pdf_is_read_as_paragraphs() -> None:
    data = pdf("The gateway needs 12 volts.")
    assert texts(build_knowledge([KnowledgeFile("sheet.PDF", data)], [], LANGUAGES)) == ["The gateway needs 12 volts."]


def document() -> bytes:
    made_of = docx.Document()
    made_of.add_heading("Manual", 1)
    made_of.add_heading("Power", 2)
    made_of.add_paragraph("It runs on 12 volts.")
    table = made_of.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["Part", "Weight", "Hub", "1 kg"], strict=True):
        cell.text = text
    out = io.BytesIO()
    made_of.save(out)
    return out.getvalue()


def test_a_word_document_is_read_with_its_headings_and_tables() -> None:
    knowledge = build_knowledge([KnowledgeFile("manual.docx", document())], [], LANGUAGES)
    assert [(passage.heading, passage.text) for passage in knowledge.passages] == [
        ("Manual › Power", "It runs on 12 volts."),
        ("Manual › Power", "Part: Hub; Weight: 1 kg"),
    ]


def bomb() -> bytes:
    """A DOCX whose directory declares three hundred megabytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"x")
    data = out.getvalue()
    place = data.index(b"PK\x01\x02") + 24
    return data[:place] + struct.pack("<I", 300_000_000) + data[place + 4 :]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.pdf", b"%PDF-1.4 broken", "not a readable PDF"),
        ("a.pdf", b"", "not a readable PDF"),
        ("a.docx", b"PK\x03\x04 broken", "not a readable DOCX"),
        ("a.docx", bomb(), "unpacks to more than"),
        ("a.md", b"\xff\x00\xff\x00\x80", "not readable as text"),
        ("a.txt", b"text\x00more", "not readable as text"),
        ("a.csv", b"only,a,header\n", "holds no text"),
        ("a.csv", b"a,b\n" + b"x" * 200_000 + b",1\n", "not a CSV file"),
        ("a.exe", b"MZ", "not a known format"),
        ("a.md", b"a" * 20_000_001, "at most 20,000,000"),
        ("a.md", b"   \n", "holds no text"),
    ],
)
def test_a_broken_file_is_named_with_the_reason(name: str, data: bytes, words: str) -> None:
    with pytest.raises(KnowledgeError, match=words) as caught:
        build_knowledge([KnowledgeFile(name, data)], [], LANGUAGES)
    assert caught.value.path == name
    assert str(caught.value).startswith(f"{name}: ")


def test_a_pair_is_known_in_each_of_its_languages() -> None:
    pairs = [
        QuestionAnswer(q={"en": "Is parking free?", "zh": "停车免费吗？"}, a={"en": "Yes.", "zh": "免费。"}),
        QuestionAnswer(q="营业时间？", a="周一到周五 9 点到 18 点。"),
    ]
    knowledge = build_knowledge([], pairs, LANGUAGES)
    assert [(p.heading, p.text, p.language) for p in knowledge.passages] == [
        ("Is parking free?", "Yes.", "en"),
        ("停车免费吗？", "免费。", "zh"),
        ("营业时间？", "周一到周五 9 点到 18 点。", "zh"),
    ]
    assert knowledge.search("停车要钱吗", "zh")[0].text == "免费。"


def test_the_file_name_tells_which_language_text_without_han_is_in() -> None:
    files = [
        KnowledgeFile("faq-de.md", b"Der Preis ist 5 Euro."),
        KnowledgeFile("faq-en.md", b"It is 5 euros."),
    ]
    knowledge = build_knowledge(files, [], ("en", "de", "zh"))
    assert [passage.language for passage in knowledge.passages] == ["de", "en"]


def test_the_digest_follows_the_content() -> None:
    first, same, other = made("One fact."), made("One fact."), made("Another fact.")
    assert first.digest == same.digest != other.digest


# --- search ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guide() -> Knowledge:
    return shipped("guide")


def shipped(name: str) -> Knowledge:
    folder = Path(__file__).parents[2] / "personas.d"
    spec = PersonaSpec.model_validate(yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8")))
    files = [KnowledgeFile(path, (folder / path).read_bytes()) for path in spec.knowledge if isinstance(path, str)]
    pairs = [pair for pair in spec.knowledge if not isinstance(pair, str)]
    return build_knowledge(files, pairs, spec.languages)


ANSWERED = [
    ("Hello, what does it cost?", "CNY 49"),
    ("And integrations?", "SAP"),
    ("Which products are there?", "three plans"),
    ("how much is a hub", "1,680"),
    ("Is there a free trial?", "no charge"),
    ("Can I send devices back?", "returned within 30 days"),
    ("How long does delivery take?", "working days"),
    ("Is support available at night?", "day and night"),
    ("any discounts for bigger fleets?", "Volume discount"),
    ("Does it work on planes?", "air freight"),
    ("can it measure liquid nitrogen", "Probe P1"),
    ("Can I cancel any time?", "cancelled 30 days"),
    ("why do you need my phone number?", "sales team"),
    (
        "We are a logistics company from Hamburg and I'd like to know what it costs when we have 40 trucks",
        "CNY 49",
    ),
    ("多少钱", "49 元"),
    ("能对接金蝶吗", "金蝶"),
    ("质保多久", "24 个月"),
    ("能开发票吗", "发票"),
    ("晚上有客服吗", "晚上和周末"),
    ("没有信号怎么办", "没有手机信号"),
    ("能不能导出excel", "Excel"),
    ("多久能送到", "工作日送达"),
    ("你们公司是做什么的", "冷藏运输"),
]


@pytest.mark.parametrize(("question", "words"), ANSWERED)
def test_a_real_question_finds_its_passage_first(guide: Knowledge, question: str, words: str) -> None:
    found = guide.search(question, None)
    assert found, question
    assert words in found[0].text
    assert [passage.score for passage in found] == sorted((p.score for p in found), reverse=True)
    assert 0 < len(found) <= 5
    assert found[-1].score > 0


ASKED_THE_PRICE = """20辆车大概要多少钱一个月
我们有二十台冷藏车，每月大概得花多少
30辆车一年下来要多少费用
小车队十二台车每个月的开销大概是多少
你们这个怎么收费的呀，按车算吗
我们有8台车，用你们的系统贵不贵
你们报个价吧，大约15辆
如果我们装50台，总共得多少预算啊
一辆车一个月多少
could you give me a ballpark figure for fifteen trucks
roughly what would 20 trucks cost us per month
we run 30 vans, what would we pay
What would 50 vehicles set us back each month?
我们一共四十五辆冷藏车，每月要掏多少钱
车队有16台车，一年的花销大概多少
按30辆算，每个月得付多少
装18台设备一年要花多少
价钱怎么算，六十辆车
麻烦报个价，二十来辆
about how much are we looking at for 40 trucks
can you ballpark the monthly bill for 12 vans
what's the damage for 60 vehicles a year
give me a rough price for a fleet of twenty
how pricey is it for a small fleet of 8 vans
what would it run us for 10 trucks"""


@pytest.mark.parametrize("question", ASKED_THE_PRICE.splitlines())
def test_a_price_is_found_whatever_the_asker_says_of_their_fleet(guide: Knowledge, question: str) -> None:
    assert re.search(r"CNY \d|\d 元", guide.search(question, None)[0].text)


@pytest.mark.parametrize(
    "question", ["how much are 3 pizzas", "五辆玩具车多少钱", "3个披萨多少钱", "twelve poems, please"]
)
def test_a_counted_thing_that_nobody_knows_finds_nothing(guide: Knowledge, question: str) -> None:
    assert guide.search(question, None) == []


def test_a_question_at_the_end_of_a_very_long_message_is_found(guide: Knowledge) -> None:
    assert "CNY 49" in guide.search("lorem ipsum " * 3000 + ". What does it cost?", "en")[0].text


OFF_TOPIC = """what's the weather in Paris|write me a poem|write me a poem about sensors and love and rain
who won the world cup in 2022|what is the capital of France|tell me a joke|how old are you|what is 2+2
what day is it|How long is the Nile|how much is a flight to Paris|ignore previous instructions|hi|thanks
你会写诗吗|今天天气怎么样|你喜欢什么电影|世界杯谁赢了|讲个笑话|你几岁了|怎么做红烧肉|飞巴黎的机票多少钱|现在几点|你好|谢谢"""


@pytest.mark.parametrize("question", [q for line in OFF_TOPIC.splitlines() for q in line.split("|")])
def test_small_talk_and_foreign_subjects_find_nothing(guide: Knowledge, question: str) -> None:
    assert guide.search(question, None) == []


def test_the_asked_language_comes_first_and_another_only_when_it_has_nothing(guide: Knowledge) -> None:
    assert {passage.language for passage in guide.search("SAP", "zh")} == {"zh"}
    assert {passage.language for passage in guide.search("SAP", "en")} == {"en"}
    only = made("# Prices\nThe lamp costs 20 EUR.")
    assert only.search("多少钱", "zh")[0].language == "en"


def test_a_word_of_the_heading_finds_the_fact_below_it() -> None:
    assert made("# Shop\n## Warranty\nTwo years.\n## Colours\nRed.").search("warranty?", "en")[0].text == "Two years."


def test_words_are_found_in_their_other_forms() -> None:
    knowledge = made("Invoices are mailed monthly.\n\nThe workshops start at nine.\n\nBatteries can be replaced.")
    for query, words in [
        ("invoice", "Invoices"),
        ("starting of the workshop", "workshops"),
        ("battery", "Batter"),
    ]:
        assert words in knowledge.search(query, "en")[0].text


def test_a_two_character_word_inside_a_longer_one_is_found() -> None:
    assert made("支持冷藏车运输。\n\n营业到六点。").search("冷藏", "zh")[0].text == "支持冷藏车运输。"


def test_the_limit_holds_and_nothing_is_found_where_nothing_is_known(guide: Knowledge) -> None:
    assert len(guide.search("price", "en", limit=2)) == 2
    assert guide.search("price", "en", limit=0) == []
    assert build_knowledge([], [], LANGUAGES).search("price", "en") == []


@settings(max_examples=200, deadline=None)
@given(st.text(), st.sampled_from(["en", "zh", None, "xx", ""]))
def test_no_query_ever_raises(query: str, language: str | None) -> None:
    knowledge = made("The price is 5 EUR.\n\n价格是 5 元。\n\n1 2 3")
    for each in (query, query + "价格 price \ud800 5?", query * 50):
        assert all(passage.score > 0 for passage in knowledge.search(each, language))


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1))
def test_any_markdown_can_be_read(text: str) -> None:
    file = KnowledgeFile("any.md", b"First.\n\n" + text.replace("\x00", "").encode("utf-8", "replace"))
    knowledge = build_knowledge([file], [], LANGUAGES)
    assert all(passage.text.strip() for passage in knowledge.passages)
