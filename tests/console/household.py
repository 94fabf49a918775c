"""Who works in the house of which the pictures are taken, and what it is connected to."""

from __future__ import annotations

from tests.console.house import House

CRM = """\
# yaml-language-server: $schema=../docs/schemas/plugin.json
kind: http
description: Companies that the sales team knows
base_url: https://crm.example.com/v1
headers: {Authorization: "Bearer ${secret.CRM_TOKEN}"}
functions:
  - name: find_company
    description: What the sales team knows of a company
    allow: {trust: claimed}
    parameters:
      type: object
      properties: {company: {type: string, description: The company's name, maxLength: 100}}
      required: [company]
      additionalProperties: false
    request: {method: GET, path: /companies, query: {name: "${args.company}"}}
  - name: book_demo
    description: Books a demonstration
    effect: write
    confirm: true
    limits: {per_turn: 1, per_conversation: 2}
    parameters:
      type: object
      properties: {day: {type: string, description: The day they chose, maxLength: 40}}
      required: [day]
      additionalProperties: false
    request: {method: POST, path: /demos, body: {day: "${args.day}"}}
"""


def settle(house: House) -> None:
    """Connects a service with its secret, and stores one that nothing uses any more."""
    developer = {"authorization": f"Bearer {house.session('developer')}"}
    for name, hosts in (("CRM_TOKEN", ["crm.example.com"]), ("COURIER_KEY", ["api.courier.example:8443"])):
        body = {"value": "an-invented-value", "hosts": hosts}
        house.api.put(f"/secrets/{name}", json=body, headers=developer).raise_for_status()
    (house.folder / "plugins.d" / "crm.yaml").write_text(CRM, "utf-8")
