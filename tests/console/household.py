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


PEOPLE = (("ann.birk@kelvarda.example", "editor"), ("li.wei@kelvarda.example", "developer"))


def settle(house: House) -> None:
    """Connects a service with its secret, invites people, makes keys, and lets them look at a lead."""
    tokens = {role: {"authorization": f"Bearer {house.session(role)}"} for role in ("admin", "developer", "editor")}
    for name, hosts in (("CRM_TOKEN", ["crm.example.com"]), ("COURIER_KEY", ["api.courier.example:8443"])):
        body = {"value": "an-invented-value", "hosts": hosts}
        house.api.put(f"/secrets/{name}", json=body, headers=tokens["developer"]).raise_for_status()
    (house.folder / "plugins.d" / "crm.yaml").write_text(CRM, "utf-8")
    for email, role in PEOPLE:
        house.api.post("/accounts", json={"email": email, "role": role}, headers=tokens["admin"]).raise_for_status()
    website = {"name": "Website", "role": "editor", "trust": "verified", "personas": ["guide"]}
    for body in (website, {"name": "Nightly export", "role": "viewer"}):
        house.api.post("/keys", json=body, headers=tokens["admin"]).raise_for_status()
    lead = house.api.get("/leads", params={"limit": 1}, headers=tokens["editor"]).json()["items"][0]["id"]
    house.api.get(f"/leads/{lead}", headers=tokens["editor"]).raise_for_status()
    house.api.get("/leads.csv", headers=tokens["editor"]).raise_for_status()
