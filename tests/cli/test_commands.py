"""The `rapport` command as people and scripts use it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import jwt
import pytest

from tests.running import ADMIN, ISSUER, RAPPORT, SECRET, clean_environment


def rapport(
    home: Path, *words: str, stdin: str = "", expect: int | None = 0, **env: str
) -> subprocess.CompletedProcess[str]:
    settings = {
        "RAPPORT_DATA_DIR": str(home / "data"),
        "RAPPORT_ADMIN_TOKEN": ADMIN,
        "RAPPORT_CUSTOMER_KEYS": f"{ISSUER}={SECRET}",
        **env,
    }
    done = subprocess.run(
        [str(RAPPORT), *words],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=home,
        env=clean_environment(**settings),
        timeout=120,
    )
    if expect is not None:
        assert done.returncode == expect, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done


def test_a_chat_in_a_script_answers_a_line_a_message_and_keeps_the_lead(home: Path) -> None:
    done = rapport(home, "chat", "guide", stdin="What does it cost?\nWe are Harbour Light Robotics\n")
    answers = done.stdout.splitlines()
    assert len(answers) == 2
    assert "CNY" in answers[0]
    leads = [json.loads(line) for line in rapport(home, "leads", "export", "--format", "jsonl").stdout.splitlines()]
    assert leads[0]["fields"]["company"]["quote"] == "We are Harbour Light Robotics"
    assert "Harbour Light Robotics" in rapport(home, "leads", "export").stdout


def test_a_chat_as_a_verified_user_is_bound_to_them(home: Path) -> None:
    rapport(home, "chat", "guide", "--as", "cust-77", stdin="We are Harbour Light Robotics\n")
    shown = json.loads(rapport(home, "call", "customer_profile.get_customer_profile", "--as", "cust-77").stdout)
    assert shown["status"] == "ok"
    assert shown["result"] == {"company": "Harbour Light Robotics"}
    other = json.loads(rapport(home, "call", "customer_profile.get_customer_profile", "--as", "cust-78").stdout)
    assert other["result"] == {}


def test_a_refused_call_ends_with_one(home: Path) -> None:
    args = '{"userid": "someone", "company": "x"}'
    done = rapport(home, "call", "customer_profile.set_customer_profile", "--args", args, expect=1)
    assert json.loads(done.stdout)["status"] == "refused"


def test_extract_shows_what_would_be_captured_and_stores_nothing(home: Path) -> None:
    done = rapport(
        home, "extract", "guide", "--locale", "zh", "--timezone", "Asia/Shanghai", stdin="我的电话是13816250974\n"
    )
    assert json.loads(done.stdout)["fields"]["phone"]["normalised"] == "+8613816250974"
    assert not (home / "data" / "rapport.db").exists()


def test_extract_knows_what_was_asked_and_when(home: Path) -> None:
    now = "2026-11-23T09:00:00+08:00"
    done = rapport(
        home,
        *("extract", "guide", "--asked", "meeting_time", "--now", now, "--timezone", "Asia/Shanghai"),
        stdin="下周二下午三点\n",
    )
    assert json.loads(done.stdout)["fields"]["meeting_time"]["normalised"] == "2026-12-01T15:00:00+08:00"


def test_new_files_pass_the_check_and_a_typo_is_told_with_its_place(home: Path) -> None:
    assert rapport(home, "new", "persona", "mine").stdout.strip() == "personas.d/mine.yaml"
    rapport(home, "new", "plugin", "shop")
    rapport(home, "check")
    rapport(home, "new", "persona", "mine", expect=1)
    path = home / "personas.d" / "mine.yaml"
    path.write_text("promt: hello\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    done = rapport(home, "check", expect=1)
    assert any(
        line.startswith("personas.d/mine.yaml:1:1: ") and "did you mean `prompt`" in line
        for line in done.stdout.splitlines()
    )
    assert json.loads(rapport(home, "check", "--format", "json", expect=1).stdout)


OPERATION = {"operationId": "listOrders", "responses": {"200": {"description": "Orders"}}}
SHOP = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "servers": [{"url": "https://shop.example.com"}],
    "paths": {"/orders": {"get": OPERATION}},
}


@pytest.mark.parametrize("kind", ["http", "table", "openapi", "sql", "mcp"])
def test_a_new_plugin_of_each_kind_passes_the_strict_check_once_filled_in(home: Path, kind: str) -> None:
    rapport(home, "new", "plugin", "shop", "--kind", kind)
    rapport(home, "check")
    file = home / "plugins.d" / "shop.yaml"
    text = file.read_text(encoding="utf-8")
    assert text.splitlines()[0] == "# yaml-language-server: $schema=http://127.0.0.1:8000/schemas/plugin.json"
    assert f"\nkind: {kind}\n" in text
    (home / "plugins.d/descriptions").mkdir()
    (home / "plugins.d/descriptions/shop.json").write_text(json.dumps(SHOP), encoding="utf-8")
    text = text.replace("https://set-me.invalid/openapi.json", "descriptions/shop.json")
    file.write_text(text.replace("set-me.invalid", "shop.example.com"), encoding="utf-8")
    rapport(home, "check", "plugins.d/shop.yaml", "--strict", SHOP_DATABASE="postgresql://a:b@db.example.com/shop")


def test_a_new_file_beside_the_schemas_names_them_there(home: Path) -> None:
    (home / "docs/schemas").mkdir(parents=True)
    rapport(home, "new", "persona", "mine")
    first = (home / "personas.d/mine.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=../docs/schemas/persona.json"


def test_schemas_and_tokens(home: Path) -> None:
    assert "collect" in json.loads(rapport(home, "schema", "persona").stdout)["properties"]
    assert rapport(home, "schema", "plugin").stdout.startswith("{")
    token = rapport(home, "token", "--user", "cust-1", "--customer", "--name", "Ada").stdout.strip()
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience="rapport", issuer=ISSUER)
    assert (claims["sub"], claims["name"]) == ("cust-1", "Ada")
    assert rapport(home, "token", "--user", "program", "--role", "viewer").stdout.startswith("rk_")
    link = rapport(home, "signin-link", "--user", "ada@example.com").stdout.strip()
    assert link.startswith("http://127.0.0.1:8501/signin?token=rl_")
    refused = rapport(home, "signin-link", "--user", "ben@example.com", expect=1)
    assert "--role viewer, editor, developer or admin" in refused.stderr
    rapport(home, "db", "upgrade")


@pytest.mark.parametrize(
    ("words", "env", "says"),
    [
        (["serve"], {"RAPPORT_LOG_LEVEL": "loud"}, "RAPPORT_LOG_LEVEL"),
        (["serve"], {"RAPPORT_ALLOW_HOSTS": "crm"}, "RAPPORT_ALLOW_HOSTS"),
        (["serve"], {"RAPPORT_CUSTOMER_KEYS": "shop=short"}, "RAPPORT_CUSTOMER_KEYS"),
        (["serve"], {"RAPPORT_DATABASE_URL": "mysql://x/y"}, "RAPPORT_DATABASE_URL"),
        (["serve"], {"RAPPORT_DATABASE_URL": "postgresql://127.0.0.1:1/none"}, "cannot be opened"),
        (["serve"], {"RAPPORT_PERSONAS_DIR": "nowhere"}, "RAPPORT_PERSONAS_DIR"),
        (["serve"], {"RAPPORT_DATA_DIR": "/proc/none"}, "RAPPORT_DATA_DIR"),
        (["serve", "--port", "0"], {}, "port"),
        (["chat"], {}, "Missing argument"),
        (["call", "nonsense"], {}, "PLUGIN.FUNCTION"),
    ],
)
def test_wrong_usage_is_one_clear_line(home: Path, words: list[str], env: dict[str, str], says: str) -> None:
    done = rapport(home, *words, expect=2, **env)
    assert says in done.stderr
    if not words[1:] and words != ["chat"]:
        assert len(done.stderr.strip().splitlines()) == 1


def test_a_busy_port_is_one_clear_line(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = rapport(home, "serve", "--port", str(port), expect=2)
    assert done.stderr.strip() == (
        f"rapport: Port {port} on 127.0.0.1 is busy: stop what listens there, or choose another with --port."
    )


def test_an_unknown_persona_is_one_clear_line(home: Path) -> None:
    done = rapport(home, "chat", "nobody", stdin="hi\n", expect=1)
    assert "There is no persona `nobody`" in done.stderr


def test_env_file_is_read(home: Path) -> None:
    (home / ".env").write_text("RAPPORT_LOG_LEVEL=loud\n", encoding="utf-8")
    done = rapport(home, "serve", expect=2)
    assert "RAPPORT_LOG_LEVEL" in done.stderr


def test_the_data_folder_is_for_its_owner_alone(home: Path) -> None:
    rapport(home, "chat", "guide", stdin="hi\n", RAPPORT_ADMIN_TOKEN="")
    for name in ("admin-token", "secret-key"):
        assert oct(os.stat(home / "data" / name).st_mode & 0o777) == "0o600"
