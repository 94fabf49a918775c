"""litellm is loaded late, by one file, and asks nobody outside."""

from __future__ import annotations

import ast
import asyncio
import json
import subprocess
import sys
from pathlib import Path

from tests.llm.wires import KEY, Answer, WireServer

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, json, logging, os, sys
logging.basicConfig(level=logging.DEBUG)
reached = []
def watch(event, arguments):
    if event == "socket.connect":
        reached.append(str(arguments[1]))
    if event == "socket.getaddrinfo":
        reached.append(str(arguments[0]))
sys.addaudithook(watch)
from server.llm import Function, Message, Request, load_vendors
from server.llm.litellm_lane import LitellmLane
early = "litellm" in sys.modules
async def main():
    lane = LitellmLane(load_vendors(environ=os.environ))
    function = Function("f", "d", {"type": "object", "properties": {}})
    request = Request([Message("user", "my canary question")], [function])
    said = []
    for model in ("openai/gpt-5-mini", "anthropic/claude-haiku-4-5", "openai/none", "openai/gpt-4o"):
        try:
            said.append([type(piece).__name__ async for piece in lane.stream(model, request)])
        except Exception as error:
            said.append(type(error).__name__)
    await lane.close()
    return said
print(json.dumps({"early": early, "said": asyncio.run(main()), "reached": reached}))
"""


async def test_nothing_outside_is_reached_at_import_or_in_calls(wire: WireServer) -> None:
    wire.script("gpt-5-mini", Answer("Fine."))
    wire.script("claude-haiku-4-5", Answer("Fine.", usage=None))
    wire.script("gpt-4o", Answer("Fine.", usage=None))
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={"PATH": "", "LITELLM_LOG": "DEBUG", "HOME": "/nonexistent", **wire.environ},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert KEY not in done.stderr
    assert "canary" not in done.stderr
    assert "litellm" not in done.stderr.lower()
    [line] = done.stdout.splitlines()
    found = json.loads(line)
    assert found["early"] is False
    assert found["said"] == [["Delta", "Finish"], ["Delta", "Finish"], "ModelFault", ["Delta", "Finish"]]
    assert found["reached"]
    assert all("127.0.0.1" in place for place in found["reached"])


def test_one_file_alone_imports_litellm() -> None:
    naming = {
        path.relative_to(ROOT).as_posix()
        for folder in ("server", "console")
        for path in (ROOT / folder).rglob("*.py")
        if _imports_litellm(path.read_text("utf-8"))
    }
    assert naming == {"server/llm/litellm_lane.py"}


def _imports_litellm(code: str) -> bool:
    tree = ast.parse(code)
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            names = [str(part.value) for part in node.args if isinstance(part, ast.Constant)]
        if any(name.split(".")[0] == "litellm" for name in names):
            return True
    return False
