"""The commented files that `rapport new` begins with; all pass the check as they are."""

from __future__ import annotations

SCHEMAS = "../docs/schemas"
"""Where the folders of the shipped files have the JSON Schemas for editors."""

_PERSONA = """\
# A persona: who answers, what it knows, what it asks for. Saved, it is live within two seconds.
# Texts that customers see may be one text, or one for each language: {en: "…", zh: "…"}.
title: {en: "@TITLE@", zh: "@TITLE@"}
greeting: {en: "Hello! What can I help you with?", zh: "您好！有什么可以帮您？"}
suggestions:
  - {en: "What does it cost?", zh: "价格是多少？"}

# model: openai/gpt-5-mini        # without it: RAPPORT_MODEL, or the first provider whose key is set
# timezone: Europe/Berlin

# References: ${user.name}, ${user.trust}, ${user.locale}, ${persona.name}, ${conversation.id}.
prompt: |
  You help the visitors of our website. Answer what they ask, briefly and from what you know;
  say so when you do not know. The customer is called ${user.name}.

# Questions and answers, and files beside this one such as knowledge/pricing.md.
knowledge:
  - q: {en: "What do you offer?", zh: "你们提供什么？"}
    a: {en: "Write here what your company offers.", zh: "请在这里写明贵公司提供的产品。"}

# plugins: [customer_profile]     # files in the plugins' folder

collect:
  purpose: {en: "so that a colleague can get back to you", zh: "方便同事与您联系"}
  proactivity: 0.35               # 0 never asks … 1 eager
  qualified_when: [company]
  fields:
    - name: company
      type: text
      ask:
        en: "Which company are you with? Then I can be more specific."
        zh: "请问您在哪家公司？方便我介绍得更具体。"
    - name: email
      type: email
      sensitivity: 0.8
      ask:
        en: "Where may we send the details?"
        zh: "方便留一个邮箱吗？我们把资料发给您。"
"""

_PLUGIN = """\
# A plugin: functions over HTTP that the model may call. Name it under `plugins` of a persona.
kind: http
description: What @NAME@ is for
base_url: https://set-me.invalid/v1   # the address of your service
# headers: {Authorization: "Bearer ${secret.@SECRET@_TOKEN}"}   # set it in the environment

functions:
  # Called before every answer, because of force_call; the model sees the result.
  - name: get_@FUNCTION@
    description: What we know about this customer
    force_call: true
    cache_seconds: 30
    timeout_seconds: 5
    request: {method: GET, path: "/customers/${user.id}"}

  # Called by the model. `parameters` is all that it may fill in; ${user.id} is not among it.
  - name: set_@FUNCTION@
    description: Stores what the customer said about themselves
    effect: write
    allow: {trust: verified}
    parameters:
      type: object
      properties:
        company: {type: string, maxLength: 200, description: The company's name as the customer wrote it}
      additionalProperties: false
    request: {method: PUT, path: "/customers/${user.id}", body: {company: "${args.company}"}}
"""

_TABLE = """\
# A table of the server's own database as functions. Name this plugin under `plugins` of a persona.
kind: table
description: What @NAME@ is for
table: @TABLE@
create: true                      # make the table when it is not there
# database: ${secret.@SECRET@_DATABASE}   # another one: postgresql://…, mysql://… or sqlite:///…
key: {userid: "${user.id}"}       # filled by the server: nobody reads or writes another person's row
columns:
  company: {max: 200, description: "The customer's company, as they call it"}
  people: {type: integer, description: How many would use it}
functions:
  # Called before every answer, because of force_call; the model sees the row.
  get:
    name: get_@FUNCTION@
    description: What we know about this customer; empty values are unknown
    force_call: true
  set:
    name: set_@FUNCTION@
    description: Stores what the customer said about themselves. Pass only what they said

# `rapport test` runs these; rows are left as they were.
examples:
  - {function: set_@FUNCTION@, as_user: cust-1, args: {company: Harbour Light}}
  - {function: get_@FUNCTION@, as_user: cust-1, expect: {contains: Harbour Light}}
"""

_OPENAPI = """\
# Operations of an OpenAPI or Swagger description as functions. Name this plugin under `plugins` of a persona.
kind: openapi
description: What @NAME@ is for
spec: https://set-me.invalid/openapi.json   # an address, or a file beside this one; read again when it changes
# base_url: https://set-me.invalid/v1       # instead of the description's own servers
# operations: [listOrders, createOrder]     # default: every GET
# auth: {bearer: "${secret.@SECRET@_TOKEN}"}
# bind: {userId: "${user.id}"}              # parameters that the server fills, and the model never sees
# functions:
#   createOrder: {name: order, effect: write, confirm: true, allow: {trust: verified}}
"""

_SQL = """\
# Questions in SQL, read only. Name this plugin under `plugins` of a persona.
kind: sql
description: What @NAME@ is for
database: ${secret.@SECRET@_DATABASE}       # postgresql://…, mysql://… or sqlite:///…
dialect: postgresql                       # postgresql, mysql (MariaDB too) or sqlite
tables: [orders]                          # nothing else can be read
bind: {userid: "${user.id}"}              # put into every statement: only rows of this customer
limits: {rows: 50, seconds: 2}
functions:
  # The model sees tables and columns, and writes one SELECT of its own.
  describe: {name: describe_@FUNCTION@, description: The tables and columns that can be asked}
  query: {name: query_@FUNCTION@, description: One SELECT over the orders of this customer}
statements:
  # A fixed statement: the model fills nothing but its parameters.
  - name: find_@FUNCTION@
    description: Orders of this customer in one state
    sql: SELECT id, state, total FROM orders WHERE state = :state ORDER BY id DESC
    parameters:
      type: object
      properties: {state: {type: string, enum: [open, sent, paid]}}
      required: [state]
      additionalProperties: false
"""

_MCP = """\
# Tools of an MCP server. Name this plugin under `plugins` of a persona.
# A tool is used only once it was approved: in the console, or with `rapport approve @NAME@`.
kind: mcp
description: What @NAME@ is for
url: https://set-me.invalid/mcp           # streamable HTTP; or `command:` with RAPPORT_ALLOW_STDIO=1
# auth: {bearer: "${secret.@SECRET@_TOKEN}"}
tools: [search_orders]                    # the only ones that may be used
bind: {user_id: "${user.id}"}             # filled by the server in every tool, and the model never sees it
functions:
  search_orders:
    effect: read                          # what a server says of itself is not believed; default write
    description: Looks for orders of this customer
"""

_KINDS = {"http": _PLUGIN, "table": _TABLE, "openapi": _OPENAPI, "sql": _SQL, "mcp": _MCP}


def new_persona(name: str, schemas: str = SCHEMAS) -> str:
    """A commented persona to begin with; `schemas` is the folder or address of the schemas for editors."""
    title = name.replace("_", " ").replace("-", " ").strip().title() or name
    return _first_line(schemas, "persona") + _PERSONA.replace("@TITLE@", title)


def new_plugin(name: str, kind: str = "http", schemas: str = SCHEMAS) -> str:
    """A commented plugin of a kind to begin with; its address is one to fill in."""
    word = name.replace("-", "_").strip("_") or "service"
    text = _first_line(schemas, "plugin") + _KINDS[kind].replace("@NAME@", name).replace("@FUNCTION@", word[:50])
    secret = word.upper() if word[0].isalpha() else f"S_{word.upper()}"
    table = (word if word[0].isalpha() else f"t_{word}")[:63].lower()
    return text.replace("@SECRET@", secret).replace("@TABLE@", table)


def _first_line(schemas: str, kind: str) -> str:
    return f"# yaml-language-server: $schema={schemas}/{kind}.json\n"
