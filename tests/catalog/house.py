"""One installation to test with: its folders, its sample files, and its catalogs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from server.catalog import Catalog
from server.clock import Clock
from server.settings import Settings
from server.storage import Database

PERSONA = """\
# Who greets visitors.
title: {en: "Guide", zh: 向导}
greeting: {en: "Hello!", zh: "你好！"}
prompt: |  # tuned by the marketers
  You help visitors of Harbour Light.
  The customer is called ${user.name}.
knowledge:
  - knowledge/pricing.md
plugins: [customer_profile]
collect:
  into: customer_profile
  fields:
    - {name: company, type: text}  # first
    - {name: phone, type: phone}
"""

PROFILE = """\
kind: table
table: profile
key: {userid: "${user.id}"}
columns:
  company: {type: text, max: 200}
  phone: {}
functions:
  get: {name: get_customer_profile, force_call: true}
  set: {name: set_customer_profile}
"""

CRM = """\
base_url: https://crm.example.com/v1
headers: {Authorization: "Bearer ${secret.CRM_TOKEN}"}
functions:
  - name: find_customer
    description: Looks up a customer
    parameters:
      type: object
      properties: {company: {type: string}}
      additionalProperties: false
    request: {path: "/customers", query: {company: "${args.company}", by: "${user.id}"}}
"""


@dataclass
class House:
    """The folders of one installation, and what its catalogs are made of."""

    root: Path
    database: Database
    seconds: float = 0.0
    secrets: set[str] = field(default_factory=lambda: {"CRM_TOKEN"})

    @property
    def personas(self) -> Path:
        return self.root / "personas.d"

    @property
    def plugins(self) -> Path:
        return self.root / "plugins.d"

    @property
    def settings(self) -> Settings:
        return Settings(
            data_dir=self.root / "data", personas_dir=self.personas, plugins_dir=self.plugins, model="standin"
        )

    def open(self) -> Catalog:
        clock = Clock(monotonic=lambda: self.seconds)
        return Catalog.open(self.settings, self.database, clock, has_secret=self.secrets.__contains__)

    def persona(self, text: str | bytes, name: str = "guide.yaml") -> Path:
        return write(self.personas / name, text)

    def plugin(self, text: str | bytes, name: str) -> Path:
        return write(self.plugins / name, text)


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path
