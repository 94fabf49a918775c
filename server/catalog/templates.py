"""The commented files that `rapport new` begins with; both pass the check as they are."""

from __future__ import annotations

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


def new_persona(name: str) -> str:
    """A commented persona to begin with."""
    return _PERSONA.replace("@TITLE@", name.replace("_", " ").replace("-", " ").strip().title() or name)


def new_plugin(name: str) -> str:
    """A commented plugin to begin with; its address is one to fill in."""
    word = name.replace("-", "_").strip("_") or "service"
    text = _PLUGIN.replace("@NAME@", name).replace("@FUNCTION@", word[:60])
    return text.replace("@SECRET@", word.upper() if word[0].isalpha() else f"S_{word.upper()}")
