"""Catalog: what the YAML files say. Personas and plugins are read with positions, checked, and served live
with their last good version; versions, drafts and publishing stand on the same load. It never calls a plugin
or a model, and nothing it hands out changes afterwards.
"""

from __future__ import annotations

from server.catalog.catalog import Catalog, LoadedPersona, LoadedPlugin, PersonaState, PluginState
from server.catalog.knowledge import Knowledge
from server.catalog.problems import Problem
from server.catalog.versions import VersionInfo

__all__ = [
    "Catalog",
    "Knowledge",
    "LoadedPersona",
    "LoadedPlugin",
    "PersonaState",
    "PluginState",
    "Problem",
    "VersionInfo",
]
